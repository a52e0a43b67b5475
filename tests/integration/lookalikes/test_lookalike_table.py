"""The lookalike table: nothing missing is published, and one partition answers, by an index."""

import json
from contextlib import closing

import psycopg2
import pytest

from integration.unchanged import computing
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.errors import GateError
from kindred.run.context import open_run
from kindred.tasks import run_task
from kindred.warehouse.partitions import aside_name, partition_name

DATES = ("2026-01-24T02:00", "2026-01-25T02:00", "2026-01-26T02:00")
ASKED, CURRENT = DATES[1], DATES[2]
QUESTIONS = {
    "the list of a customer": (
        "select * from bi.lookalikes where as_of = %s and customer_id = %s order by rank",
        ("timestamptz", "bigint"),
        (ASKED, 17),
    ),
    "who has a customer among theirs": (
        "select * from bi.lookalikes where as_of = %s and lookalike_id = %s",
        ("timestamptz", "bigint"),
        (ASKED, 17),
    ),
    "the list of a customer at a date that shares it": (
        "select * from bi.lookalikes where as_of = %s and customer_id = %s order by rank",
        ("timestamptz", "bigint"),
        (CURRENT, 17),
    ),
    "who has a customer among theirs at such a date": (
        "select * from bi.lookalikes where as_of = %s and lookalike_id = %s",
        ("timestamptz", "bigint"),
        (CURRENT, 17),
    ),
    "the current list of a customer": (
        "select * from bi.lookalikes_current where customer_id = %s order by rank",
        ("bigint",),
        (17,),
    ),
    "who has a customer among theirs now": (
        "select * from bi.lookalikes_current where lookalike_id = %s",
        ("bigint",),
        (17,),
    ),
}
BY_INDEX = {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}


@pytest.fixture(scope="module")
def three_dates(make_laboratory):
    """The last of which has changed nothing, and shares the rows of the one before."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(800))
    with computing():
        for as_of in DATES[:2]:
            laboratory.run(make_spec(), as_of)
    laboratory.run(make_spec(), CURRENT)
    return laboratory


def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def explained(laboratory, statement, parameters=None):
    with closing(psycopg2.connect(laboratory.warehouse_dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"explain (analyze, format json) {statement}", parameters)
        [(found,)] = cursor.fetchall()
        return list(nodes(found[0]["Plan"]))


def prepared(laboratory, question):
    """The plan that a prepared statement keeps, whatever its parameters are."""
    statement, types, parameters = QUESTIONS[question]
    numbered = statement.replace("%s", "{}").format(*(f"${i + 1}" for i in range(len(types))))
    with closing(psycopg2.connect(laboratory.warehouse_dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute("set plan_cache_mode = force_generic_plan")
        cursor.execute(f"prepare asked ({', '.join(types)}) as {numbered}")
        places = ", ".join(["%s"] * len(parameters))
        cursor.execute(f"explain (analyze, format json) execute asked ({places})", parameters)
        [(found,)] = cursor.fetchall()
        assert "$1" in json.dumps(found)
        return list(nodes(found[0]["Plan"]))


def scans_of_lookalikes(plan):
    """Scans of partitions that were run at all."""
    return [
        node
        for node in plan
        if node.get("Relation Name", "").startswith("customer_lookalikes")
        and node["Actual Loops"] > 0
    ]


@pytest.mark.parametrize("way", ["plain", "prepared"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_one_partition_is_read_by_an_index(three_dates, question, way):
    statement, _, parameters = QUESTIONS[question]
    if way == "plain":
        plan = explained(three_dates, statement, parameters)
    else:
        plan = prepared(three_dates, question)
    scans = scans_of_lookalikes(plan)
    assert {node["Relation Name"] for node in scans} == {
        partition_name("customer_lookalikes", moment(ASKED))
    }
    # "known" asks whether the partition has any row at all.
    of_rows = [node for node in scans if not node["Alias"].startswith("known")]
    assert len(of_rows) == 1
    assert of_rows[0]["Node Type"] in BY_INDEX
    known = [node for node in scans if node not in of_rows]
    assert all(node["Actual Rows"] <= 1 for node in known)
    indexes = {node["Index Name"] for node in plan if "Index Name" in node}
    wanted = "lookalike_id" if "lookalike_id" in statement else "pkey"
    assert any(wanted in index for index in indexes if index.startswith("customer_lookalikes"))


def test_no_key_of_a_partition_begins_with_its_date(three_dates):
    """All rows have the same one, and comparing it makes the index take twice as long."""
    keys = three_dates.query("""
        select parent.relname, pg_get_indexdef(indexrelid) like '%as_of%', count(*) from pg_index
        join pg_inherits on inhrelid = indrelid
        join pg_class as parent on parent.oid = inhparent
        group by 1, 2 order by 1
    """)
    assert keys == [
        ("customer_clusters", False, 4),
        ("customer_lookalikes", False, 4),
        ("customer_map", False, 2),
    ]
    parents = "select count(*) from pg_index join pg_class on oid = indrelid where relkind = 'p'"
    assert three_dates.query(parents) == [(0,)]


def test_without_a_date_every_partition_is_read(three_dates):
    """So that the test above can fail."""
    plan = explained(three_dates, "select * from bi.lookalikes where customer_id = 17")
    read = {node["Relation Name"] for node in scans_of_lookalikes(plan)}
    assert read == {partition_name("customer_lookalikes", moment(as_of)) for as_of in DATES[:2]}


def test_the_reverse_look_up_finds_whoever_has_the_customer(three_dates):
    rows = three_dates.query(
        "select customer_id, count(*) from bi.lookalikes_current where lookalike_id = 17 group by 1"
    )
    every = three_dates.query("select customer_id, lookalike_id from bi.lookalikes_current")
    assert rows
    assert {customer for customer, _ in rows} == {who for who, other in every if other == 17}
    assert {times for _, times in rows} == {1}


@pytest.fixture(scope="module")
def before_the_gate(make_laboratory):
    """A night that is about to be checked."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(800))
    laboratory.run(make_spec(), CURRENT, until="quality_gate")
    return laboratory


@pytest.mark.parametrize(
    ("missing", "found"),
    [
        ("customer_id = 17", "3995 rows of 799 customers"),
        ("customer_id = 17 and rank = 3", "3999 rows of 799 customers"),
        ("rank = 5", "3200 rows of 800 customers"),
        ("true", "0 rows of 0 customers"),
    ],
)
def test_a_table_that_lacks_rows_is_not_published(before_the_gate, copy_laboratory, missing, found):
    laboratory = copy_laboratory(before_the_gate)
    run = open_run(laboratory.deployment, "default", moment(CURRENT))
    table = aside_name("customer_lookalikes", moment(CURRENT))
    laboratory.query(f"delete from kindred.{table} where {missing}")  # noqa: S608
    with pytest.raises(GateError, match=f"{found}, 4000 rows of 800 are expected"):
        run_task(run, "quality_gate")


def test_whoever_loads_the_last_part_indexes_the_table(make_laboratory):
    """Beside other tasks, whichever part is last; the gate finds it done."""
    laboratory = make_laboratory()
    laboratory.environment["KINDRED_SHARD_ROWS"] = "1000"
    laboratory.fill("customers", COLUMNS, people(2_100))
    spec = make_spec(index="exact", clustering={"algorithms": ["kmeans"]})
    run = laboratory.run(spec, CURRENT, until="load_lookalikes")
    table = aside_name("customer_lookalikes", moment(CURRENT))
    keys = f"select count(*) from pg_index where indrelid = 'kindred.{table}'::regclass"  # noqa: S608
    for part in (2, 0, 0):
        run_task(run, "load_lookalikes", part=part)
        assert laboratory.query(keys) == [(0,)]
    for _ in range(2):
        run_task(run, "load_lookalikes", part=1)
        assert laboratory.query(keys) == [(2,)]
    laboratory.run(spec, CURRENT)
    assert laboratory.query("select count(*) from bi.lookalikes_current") == [(5 * 2_100,)]
