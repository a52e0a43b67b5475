"""What readers count by EXPLAIN (ANALYZE) of audiences and results that they do not see."""

import re

import pytest

from integration.audiences.audience_scene import LABEL
from integration.audiences.results_scene import OVER
from integration.bi_login import read
from integration.warehouse import moment

SCANNED = re.compile(r"on audience_\w+ .*actual rows=([\d.]+)")


@pytest.fixture
def scene(judged, copy_laboratory):
    """A copy of a night with an export, its results, and audiences that share members."""
    return copy_laboratory(judged)


def scanned(server, laboratory, view, condition):
    """Rows that come out of the tables of audiences where a reader asks for a condition."""
    query = f"explain (analyze, timing off) select * from {view} where {condition}"  # noqa: S608
    lines = [line for (line,) in read(server, laboratory, query)]
    return [float(found[1]) for line in lines if (found := SCANNED.search(line))]


def test_no_condition_is_tried_on_what_is_hidden(scene, server):
    scene.query("insert into kindred.private_columns (column_name) values (%s)", [LABEL])
    assert read(server, scene, "select count(*) from bi.audience_results") == [(0,)]
    for view, condition in (
        ("audience_results", "member_outcomes {} 0"),
        ("audience_results", "control_before {} 0"),
        ("audience_overlap", "audience = 'plain' and customers {} 1"),
        ("audience_quality", "audience = 'buyers' and recall {} 0.2"),
    ):
        more, less = (
            scanned(server, scene, f"bi.{view}", condition.format(sign)) for sign in (">=", "<")
        )
        assert more == less != [], (view, condition)


def test_nobody_learns_who_was_in_a_withdrawn_snapshot(scene, server):
    scene.query(
        "update kindred.snapshots set status = 'withdrawn' where as_of = %s", [moment(OVER)]
    )
    members = "select customer_id from kindred.audience_members where as_of = %s"
    [(inside,)] = scene.query(f"{members} limit 1", [moment(OVER)])
    [(outside,)] = scene.query(
        "select customer_id from kindred.customer_embeddings"  # noqa: S608
        f" where customer_id not in ({members}) limit 1",
        [moment(OVER)],
    )
    found = [
        scanned(server, scene, "bi.audience_members", f"as_of = '{OVER}Z' and customer_id = {one}")
        for one in (inside, outside)
    ]
    assert found[0] == found[1]


def test_the_reason_of_one_that_failed_is_hidden_with_its_label(
    exportable, copy_laboratory, server
):
    laboratory = copy_laboratory(exportable)
    told = (
        "select status, reason ~ 'are seeds or excluded' from bi.audiences_current"
        " where audience = 'buyers'"
    )
    assert read(server, laboratory, told) == [("nobody in the pool", True)]
    laboratory.query("insert into kindred.private_columns (column_name) values (%s)", [LABEL])
    assert read(server, laboratory, told) == [("not shown", False)]
    # A reason that names a column which has become private since.
    laboratory.query(
        "update kindred.audiences set reason = 'few.yaml: column ''wage'' is odd'"
        " where audience = 'few'"
    )
    told = "select reason from bi.audiences_current where audience = 'few'"
    assert "'wage'" in read(server, laboratory, told)[0][0]
    laboratory.query("insert into kindred.private_columns (column_name) values ('wage')")
    [(reason,)] = read(server, laboratory, told)
    assert "wage" not in reason
    assert "it names a column that is private" in reason
