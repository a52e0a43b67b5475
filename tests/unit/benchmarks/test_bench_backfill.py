"""The benchmark of backfills: CDNOW's versions from its purchases, and what its targets notice."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from benchmarks import backfill, cdnow
from benchmarks.backfilled import moves_back, others
from benchmarks.report import Report

FEBRUARY, MARCH = datetime(1997, 2, 1, tzinfo=UTC), datetime(1997, 3, 1, tzinfo=UTC)
LINES = """ customer_id  date number_of_cds  dollar_value
 00001 19970131  1   11.77
 00002 19970201  5   77.00
 00002 19970112  1   12.10
 00002 19970112  3    0.20
 00004 19970228 11    0.00
"""


@pytest.fixture
def purchases(tmp_path):
    path = tmp_path / cdnow.FILE
    path.write_text(LINES, encoding="utf-8")
    return cdnow.read_purchases(path)


def test_a_version_per_customer_and_purchase_date(purchases):
    found = cdnow.versions(purchases)
    assert list(found) == list(cdnow.TYPES)
    first, both, other = date(1997, 1, 12), date(1997, 2, 1), date(1997, 2, 28)
    january = date(1997, 1, 31)
    assert found.to_numpy().tolist() == [
        [1, january, january, january, 1, 11.77],
        [2, first, first, first, 1, 12.3],
        [2, both, first, both, 2, 89.3],
        [4, other, other, other, 1, 0.0],
    ]


def test_versions_do_not_depend_on_the_order_of_the_purchases(purchases):
    shuffled = purchases.sample(frac=1, random_state=3)
    assert cdnow.versions(shuffled).equals(cdnow.versions(purchases))


def test_some_of_the_customers(tmp_path, purchases):
    some = cdnow.read_purchases(tmp_path / cdnow.FILE, every=2)
    assert some[cdnow.KEY].tolist() == [2, 2, 2, 4]
    assert purchases[cdnow.KEY].nunique() == 3


def test_the_table_has_plain_values(purchases):
    table = cdnow.source_table(cdnow.versions(purchases))
    assert [column.name for column in table.columns] == list(cdnow.TYPES)
    assert {type(value) for column in table.columns for value in column.values} == {
        int,
        float,
        date,
    }


def test_counts_are_those_before_the_moment(purchases):
    expected = backfill.expected_counts(purchases, [cdnow.BEGINNING, FEBRUARY], [FEBRUARY, MARCH])
    assert expected == {FEBRUARY: (2, 2), MARCH: (3, 2)}


def test_months_go_on_in_the_next_year():
    months = cdnow.month_starts(cdnow.MONTHS + 1)
    assert (months[0], months[12]) == (cdnow.BEGINNING, datetime(1998, 1, 1, tzinfo=UTC))
    assert months[-1] == datetime(1998, 7, 1, tzinfo=UTC)


def test_each_way_has_its_space():
    specs = [cdnow.make_spec(name) for name in backfill.ORDERS]
    assert len({spec.dag_id for spec in specs}) == 4
    assert {spec.encoder_hash() for spec in specs} == {specs[0].encoder_hash()}


def test_moves_back_and_hashes_that_differ():
    assert moves_back([]) == moves_back([FEBRUARY, FEBRUARY, MARCH]) == 0
    assert moves_back([MARCH, FEBRUARY, MARCH, FEBRUARY]) == 2
    assert others({"a": "1", "b": "3"}, {"a": "1", "b": "2", "c": "4"}) == ["b", "c"]


EXPECTED = {FEBRUARY: (2, 2), MARCH: (3, 2)}
FORWARD = backfill.Way(
    "forward",
    seconds=20.0,
    tries=1,
    hashes={"customer_clusters": "a", "customer_lookalikes": "b"},
    links={"ids": "c"},
    published=EXPECTED,
    current={MARCH},
    moves=[FEBRUARY, MARCH],
    renumbered=0,
)
KILLED = replace(FORWARD, name="killed", tries=2)


def failed(*ways):
    report = Report("backfill", {}, machine={})
    backfill.compare(report, ways, EXPECTED)
    return [target.name for target in report.targets if not target.holds]


def test_equal_ways_reach_every_target():
    report = Report("backfill", {}, machine={})
    backfill.compare(report, [FORWARD, KILLED], EXPECTED)
    assert all(target.holds for target in report.targets)
    row = report.measurements[1]
    assert (row["what"], row["snapshots"], row["customers"]) == ("killed", 2, 3)
    assert (row["seconds_each"], row["equal_tables"], row["equal_links"]) == (10.0, "yes", "yes")


@pytest.mark.parametrize(
    ("changes", "noticed"),
    [
        ({"hashes": {**FORWARD.hashes, "customer_clusters": "x"}}, "tables unlike forward's"),
        ({"links": {"ids": "x"}}, "unlike forward's after relink"),
        ({"published": {**EXPECTED, FEBRUARY: (1, 2)}}, "snapshots unlike the file"),
        ({"published": {MARCH: (3, 2)}}, "snapshots unlike the file"),
        ({"moves": [MARCH, FEBRUARY, MARCH]}, "current moved backwards"),
        ({"moves": [FEBRUARY]}, "current is the newest"),
        ({"current": {FEBRUARY, MARCH}}, "current is the newest"),
        ({"tries": 1}, "tries of a killed task"),
    ],
)
def test_what_is_other_is_noticed(changes, noticed):
    assert failed(FORWARD, replace(KILLED, **changes)) == [f"killed: {noticed}"]


def test_dates_in_order_that_were_linked_anew_are_noticed():
    assert failed(replace(FORWARD, renumbered=1), KILLED) == ["forward: ids that relink changes"]
