"""Specs and releases that change between nights: what BI reads, and what is refused."""

import shutil
import subprocess
from dataclasses import replace

import psycopg2
import pytest

from integration.bi_login import login_of, read
from integration.laboratory_state import state
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.backfills.fit import fit
from kindred.erasure.task import erase
from kindred.errors import DataError, PreflightError, SpecError
from kindred.preparation.doctor import examine
from kindred.publication.withdraw import withdraw
from kindred.run.context import open_run
from kindred.spec.clustering import Algorithm
from kindred.warehouse import bi_objects, statements
from local.postgres import binary

DAYS = [f"2026-02-{day:02d}T02:00" for day in range(1, 7)]
SMALL = {"algorithms": ["kmeans"], "kmeans": {"k": 2}}
FIRST = make_spec(private=["age"], publish_distances=True, clustering=SMALL)
OTHER = make_spec(
    metric="cosine",
    private=["income"],
    publish_distances=True,
    features={"income": {"kind": "numeric", "weight": 3}, "age": "numeric", "is_active": "boolean"},
    clustering=SMALL,
)
# Names of segments and shares of a pair are not compared: what becomes private leaves both at once.
SHOWN = {
    "lookalikes": "select * from bi.lookalikes order by as_of, customer_id, rank",
    "lookalikes_current": "select * from bi.lookalikes_current order by customer_id, rank",
    "similar": "select * from bi.similar_customers(1, 5)",
    "pair": "select column_name, contribution from bi.explain_pair(1, 2) order by 1",
    "clusters": "select * from bi.clusters_current order by customer_id",
    "profiles": "select cluster_id, column_name, value, mean, share, low, high, effect"
    " from bi.cluster_profiles order by 1, 2, 3",
    "summary": "select algorithm, cluster_id, label, customers, medoid_id, outcomes"
    " from bi.cluster_summary order by cluster_id",
    "quality": "select * from bi.column_quality where state = 'published' order by 1, 3",
    "values": "select column_name, value_a from bi.explain_pair(1, 2) where value_a is not null",
}


def shown(server, laboratory, *names):
    rows = {name: read(server, laboratory, SHOWN[name]) for name in names or SHOWN}
    return {name: [row for row in found if "income" not in row] for name, found in rows.items()}


def filtered(server, laboratory, column):
    """Whether a reader may filter by a column."""
    query = "select count(*) from bi.similar_customers(1, 5, jsonb_build_object(%s, null))"
    try:
        read(server, laboratory, query, [column])
    except psycopg2.errors.RaiseException:
        return False
    return True


def columns_shown(server, laboratory):
    values = {name for name, _ in read(server, laboratory, SHOWN["values"])}
    profiled = {
        name for (name,) in read(server, laboratory, "select column_name from bi.cluster_profiles")
    }
    return {"age", "income"} & values, {"age", "income"} & profiled


@pytest.fixture(scope="module")
def shop(make_laboratory, server):
    """One published night of the first spec."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(40))
    laboratory.run(FIRST, DAYS[0])
    return laboratory


def test_an_edited_spec_changes_what_bi_reads_in_publish_alone(shop, server):
    before = shown(server, shop)
    assert columns_shown(server, shop) == ({"income"}, {"income"})
    shop.fit(OTHER, DAYS[0], refit=True)
    shop.begin(OTHER, DAYS[1])
    assert shown(server, shop) == before, "but for income, which is private now"
    assert columns_shown(server, shop) == (set(), set()), "age may be read no earlier than publish"
    assert not filtered(server, shop, "income")
    assert not filtered(server, shop, "age")
    assert filtered(server, shop, "state"), "the new spec has no such column, the snapshot has"

    shop.run(OTHER, DAYS[1])
    assert columns_shown(server, shop)[0] == {"age"}
    assert filtered(server, shop, "age")
    assert not filtered(server, shop, "state")
    by_metric = "select distinct as_of, round((similarity - %s)::numeric, 5) from bi.lookalikes"
    assert shop.query(by_metric % "1 / (1 + distance)" + " where as_of < '2026-02-02'") == [
        (moment(DAYS[0]), 0)
    ], "a snapshot is read by its own metric"
    assert shop.query(by_metric % "(1 - distance)" + " where as_of > '2026-02-02'") == [
        (moment(DAYS[1]), 0)
    ]
    cosine = read(server, shop, "select * from bi.similar_customers(1, 5, metric => 'cosine')")
    assert shown(server, shop, "similar")["similar"] == cosine
    (parts,) = read(server, shop, "select sum(share) from bi.explain_pair(1, 2)")[0]
    assert parts == pytest.approx(1, abs=1e-6)


def test_going_back_to_the_first_spec_leaves_nothing_of_the_other(shop, server):
    assert shop.query("select metric from kindred.snapshots order by as_of") == [
        ("l2",),
        ("cosine",),
    ]
    shop.query("drop view bi.lookalikes_current")
    shop.query("drop function bi.explain_pair")
    shop.query(
        "create or replace view bi.rejected_rows as"
        " select ''::text as customer_id, now() as updated_at, 'altered'::text as reason"
    )
    shop.query("drop view bi.index_builds; create view bi.index_builds as select 1 as wrong")
    shop.query(
        "create view bi.of_a_newer_release as select 1 as one; insert into kindred.bi_objects"
        " values ('serving/bi/of_a_newer_release', 'text', 'definition')"
    )
    shop.query("create function bi.explain_pair(a bigint) returns int language sql as 'select 1'")
    shop.begin(FIRST, DAYS[2])
    assert shown(server, shop, "lookalikes_current")["lookalikes_current"], "back at once"
    shop.run(FIRST, DAYS[2])
    assert shown(server, shop, "pair")["pair"]
    assert shop.query("select count(*) from pg_proc where proname = 'explain_pair'") == [(1,)]
    assert shop.query("select to_regclass('bi.of_a_newer_release')") == [(None,)]
    assert columns_shown(server, shop)[0] == {"income"}
    l2 = read(server, shop, "select * from bi.similar_customers(1, 5, metric => 'l2')")
    assert shown(server, shop, "similar")["similar"] == l2
    assert read(server, shop, "select * from bi.rejected_rows") == []
    assert read(server, shop, "select count(*) from bi.index_builds where rows > 0") == [(3,)]

    withdraw(shop.deployment, FIRST, moment(DAYS[2]))
    assert columns_shown(server, shop)[0] == set(), "that of the withdrawn spec stays hidden"
    cosine = read(server, shop, "select * from bi.similar_customers(1, 5, metric => 'cosine')")
    assert shown(server, shop, "similar")["similar"] == cosine


def found_by_doctor(laboratory, monkeypatch, spec=FIRST):
    """What ``kindred doctor`` says beside OK."""
    dsns = {"kindred_source": laboratory.source_dsn, "kindred_warehouse": laboratory.warehouse_dsn}
    monkeypatch.setenv("KINDRED_ARTIFACTS", str(laboratory.artefacts))
    found = examine(dsns.__getitem__, "default", lambda space: spec)
    return {f.check: (f.outcome, f.message) for f in found if f.outcome != "ok"}


def test_a_warehouse_of_a_newer_release_is_refused_and_left_alone(shop, monkeypatch):
    run = shop.begin(FIRST, DAYS[3])
    shop.query("insert into kindred.applied_migrations values ('9999_of_the_future')")
    before = state(shop)
    named = "newer release of Kindred.*9999_of_the_future.*docs/upgrade.md"
    window = shop.request(FIRST, DAYS[3]).window
    for refused in (
        lambda: shop.begin(FIRST, DAYS[3]),
        lambda: open_run(shop.deployment, "default", run.as_of, run.build.run_id),
        lambda: fit(shop.deployment, FIRST, window),
        lambda: erase(shop.deployment, "default", 1),
        lambda: withdraw(shop.deployment, FIRST, moment(DAYS[1])),
    ):
        with pytest.raises(PreflightError, match=named):
            refused()
    assert state(shop) == before
    assert found_by_doctor(shop, monkeypatch)["release"][0] == "failure"
    shop.query("delete from kindred.applied_migrations where name like '9999%'")
    assert "release" not in found_by_doctor(shop, monkeypatch)


def test_a_build_is_not_continued_by_another_release(shop):
    run = shop.begin(FIRST, DAYS[3])
    opened = open_run(shop.deployment, "default", run.as_of, run.build.run_id)
    assert shop.query("select release from bi.snapshots where as_of = %s", [run.as_of]) == [
        (opened.build.release,)
    ]
    for release in ("0.1.0", None):
        shop.query("update kindred.snapshot_builds set release = %s", [release])
        with pytest.raises(DataError, match=r"begun by .* release.*clear task 'prepare'"):
            open_run(shop.deployment, "default", run.as_of, run.build.run_id)
    published = moment(DAYS[1])
    assert open_run(shop.deployment, "default", published).build.state == "published"
    shop.query("delete from kindred.applied_migrations where name like '0050%'")
    with pytest.raises(PreflightError, match=r"lacks migrations.*0050_.*clear task 'prepare'"):
        open_run(shop.deployment, "default", published)
    shop.query("insert into kindred.applied_migrations values ('0050_record_release')")


def run_program(name, *arguments):
    subprocess.run([binary(name), *arguments], check=True, stdout=subprocess.DEVNULL)


def test_a_restore_without_rights_is_put_right_by_the_next_night(
    shop, server, make_laboratory, tmp_path, monkeypatch
):
    """The commands of docs/operations.md."""
    restored, dump = make_laboratory(beside=shop, is_bare=True), tmp_path / "warehouse.dump"
    restored.query("create extension vector schema public")
    schemas = ("--schema=kindred*", "--schema=bi*")
    run_program("pg_dump", "--format=custom", *schemas, f"--file={dump}", shop.warehouse_dsn)
    into = f"--dbname={restored.warehouse_dsn}"
    run_program("pg_restore", "--no-owner", "--no-acl", "--exit-on-error", into, str(dump))
    assert restored.hashes() == shop.hashes()
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        shown(server, restored)
    outcome, message = found_by_doctor(restored, monkeypatch)["readers"]
    assert outcome == "warning"
    assert "PUBLIC has execute on function bi" in message
    restored.begin(FIRST, DAYS[5])
    assert shown(server, restored) == shown(server, shop)
    assert "readers" not in found_by_doctor(restored, monkeypatch)
    open_to_all = "select count(*) from pg_proc where pronamespace = 'bi'::regnamespace"
    open_to_all += " and has_function_privilege('public', oid, 'execute')"
    assert restored.query(open_to_all) == [(0,)]

    stranger = replace(restored, warehouse_dsn=login_of(server, restored))
    assert "belong to" in found_by_doctor(stranger, monkeypatch)["owner"][1]


def test_a_run_omits_no_algorithm_that_readers_see(shop):
    both = make_spec(clustering={"algorithms": ["kmeans", "hdbscan"]})
    published, earlier, later = DAYS[1], "2026-01-31T02:00", DAYS[4]
    for as_of in (published, later):
        with pytest.raises(SpecError, match="without hdbscan of the spec, but snapshot 2026-02-0"):
            shop.begin(both, as_of, algorithms=[Algorithm.KMEANS])
    more = [Algorithm.KMEANS, Algorithm.HDBSCAN, Algorithm.DBSCAN]
    shop.begin(both, later, algorithms=more)
    shop.begin(both, earlier, algorithms=[Algorithm.KMEANS])
    shop.begin(both, later, algorithms=[Algorithm.KMEANS], only_lands=True)


@pytest.fixture
def release(tmp_path, monkeypatch):
    """The statements of another release, to be changed."""
    folder = tmp_path / "sql"
    shutil.copytree(statements.sql_dir(), folder)
    monkeypatch.setattr(statements, "sql_dir", lambda: folder)
    statements.load.cache_clear()
    bi_objects._composed.clear()
    yield folder
    statements.load.cache_clear()
    bi_objects._composed.clear()


def test_what_bi_has_built_on_a_view_stops_the_release_that_must_drop_it(shop, server, release):
    shop.query(
        "create schema team;"
        " create view team.report as select as_of, rows from bi.index_builds;"
        " create view team.report_of_reports as select * from team.report"
    )
    changed = release / "serving/bi/index_builds.sql"
    changed.write_text(changed.read_text().replace("  as_of,", "  as_of::date as as_of,", 1))
    (release / "warehouse/migrations/9999_later.sql").write_text("create table later (id integer);")
    before = state(shop)
    with pytest.raises(PreflightError, match=r"bi.index_builds must be .*view team.report depends"):
        shop.begin(FIRST, DAYS[4])
    assert state(shop) == before

    shop.query("drop schema team cascade")
    typed = "select pg_typeof(as_of)::text from bi.index_builds limit 1"
    shop.begin(FIRST, DAYS[4])
    assert read(server, shop, typed) == [("timestamp with time zone",)]
    shop.query("delete from kindred.applied_migrations where name = '9999_later'")


def test_what_bi_has_built_on_a_view_stops_a_migration_that_must_drop_it(shop, server, release):
    (release / "warehouse/migrations/9998_widen.sql").write_text(
        "drop view {bi}.snapshots;\n"
        "alter table snapshots alter column recall type double precision;\n"
    )
    shop.query("create view kindred.mine as select recall from kindred.snapshots")
    shop.query("create view public.report as select as_of from bi.snapshots")
    before = state(shop)
    with pytest.raises(PreflightError, match=r"9998_widen changes must.*report depends on"):
        shop.begin(FIRST, DAYS[5])
    assert state(shop) == before
    shop.query("drop view public.report")
    with pytest.raises(PreflightError, match=r"9998_widen changes must.*mine depends on"):
        shop.begin(FIRST, DAYS[5])
    shop.query("drop view kindred.mine")
    shop.begin(FIRST, DAYS[5])
    assert read(server, shop, "select count(recall) > 1 from bi.snapshots") == [(True,)]


def test_no_statement_drops_what_others_have_built():
    for path in statements.sql_dir().rglob("*.sql"):
        assert "cascade" not in path.read_text(encoding="utf-8").lower(), path
