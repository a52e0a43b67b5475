"""Whatever happens on the way, the tables are the same in the end: rerun, reordered, killed."""

import itertools
import threading
from dataclasses import replace

import numpy as np
import pytest

from integration.killing import Killer
from integration.warehouse import COLUMNS as CUSTOMERS
from integration.warehouse import make_spec, moment, people
from kindred.tasks import run_task

FIRST, SECOND = "2026-01-18T02:00", "2026-01-20T02:00"
COLUMNS = CUSTOMERS + ", gone boolean"
SPEC = make_spec(source={"history": "versions", "tombstone": "gone"})


def history():
    """A source with changes, deletions, repeats, customers who are alike, and rows to refuse."""
    rows = [(*row, False) for row in people(300)]
    alike = [(1000 + i, *rows[7][1:]) for i in range(12)]
    when = moment("2026-01-18T09:00")
    changed = [(i, when, 4e4 + i, 50, True, "NY", False, False) for i in (1, 5)]
    when = moment("2026-01-19T09:00")
    gone = [(i, when, None, None, None, None, None, True) for i in (2, 3)]
    when = moment("2026-01-05T09:00")
    refused = [
        (None, when, 1.0, 30, True, "CA", False, False),
        (5000, None, 1.0, 30, True, "CA", False, False),
        (5001, when, float("nan"), 30, True, "CA", False, False),
        (5002, when, 1.0, 30, True, "CA", False, False),
        (5002, when, 2.0, 30, True, "CA", False, False),
        (5003, moment("2026-01-19T09:30"), float("inf"), 30, True, "CA", False, False),
    ]
    return rows + alike + rows[20:25] + changed + gone + refused


@pytest.fixture(scope="module")
def plain(make_laboratory):
    """Both dates once, in order; the encoder is fitted before, as for a backfill."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, history())
    laboratory.fit(SPEC, SECOND)
    for as_of in (FIRST, SECOND):
        laboratory.run(SPEC, as_of)
    modes = laboratory.query("select facts #>> '{embeddings,mode}' from kindred.snapshot_builds")
    assert sorted(modes) == [("delta",), ("generation",)]
    return laboratory


@pytest.fixture(scope="module")
def fitted(plain, make_laboratory):
    laboratory = make_laboratory(beside=plain)
    laboratory.fit(SPEC, SECOND)
    return laboratory


@pytest.fixture
def another(fitted, copy_laboratory):
    """The same source and a warehouse with the encoder of the same date alone."""
    return copy_laboratory(fitted)


def test_what_is_compared_is_not_nothing(plain):
    counts = plain.query("""
        select as_of, customers, lookalikes, rows_landed, rows_rejected from bi.snapshots
        where status = 'published' order by as_of
    """)
    assert counts == [
        (moment(FIRST), 267, 1335, 15, 1),
        (moment(SECOND), 295, 1475, 17, 2),
    ]
    hashes = plain.hashes()
    assert len(set(hashes.values())) == len(hashes)
    negate = "update kindred.customer_lookalikes set distance = -distance where rank = 5"
    plain.query(negate)
    changed = plain.hashes()
    plain.query(negate)
    assert plain.hashes() == hashes
    assert {name for name in hashes if hashes[name] != changed[name]} == {
        "customer_lookalikes",
        "all",
    }


def test_every_stage_twice(plain, another):
    for as_of in (FIRST, SECOND):
        another.run(SPEC, as_of, times=2)
    assert another.hashes() == plain.hashes()


def test_the_whole_run_again(plain, copy_laboratory):
    another = copy_laboratory(plain)
    for as_of in (SECOND, FIRST):
        another.run(SPEC, as_of)
    assert another.hashes() == plain.hashes()


def test_backward(plain, another):
    for as_of in (SECOND, FIRST):
        another.run(SPEC, as_of)
    assert another.hashes() == plain.hashes()


@pytest.mark.parametrize(
    "dates", [(FIRST, SECOND), pytest.param((SECOND, FIRST), marks=pytest.mark.soak)]
)
def test_stage_by_stage_in_turn(plain, another, dates):
    runs = [replace(another).stages(SPEC, as_of) for as_of in dates]
    turns = [stages for stages in itertools.zip_longest(*runs) if None not in stages]
    assert [(a[0], b[0]) for a, b in turns[:2]] == [("extract",) * 2, ("validate",) * 2]
    assert another.hashes() == plain.hashes()


def test_at_the_same_time(plain, another):
    failures = []

    def run(as_of):
        try:
            replace(another).run(SPEC, as_of)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(as_of,)) for as_of in (SECOND, FIRST)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert another.hashes() == plain.hashes()


def test_small_blocks(plain, another):
    another.environment["KINDRED_BLOCK_ROWS"] = "7"
    for as_of in (FIRST, SECOND):
        another.run(SPEC, as_of)
    assert another.hashes() == plain.hashes()


def test_order_of_the_source_rows(plain, make_laboratory):
    laboratory = make_laboratory()
    rows = history()
    order = np.random.default_rng(8).permutation(len(rows))
    laboratory.fill("customers", COLUMNS, [rows[i] for i in order])
    laboratory.fit(SPEC, SECOND)
    for as_of in (FIRST, SECOND):
        laboratory.run(SPEC, as_of)
    assert laboratory.hashes() == plain.hashes()


def test_shards(make_laboratory):
    whole = make_laboratory()
    whole.fill("customers", CUSTOMERS, people(2_200))
    sharded = make_laboratory(beside=whole)
    sharded.environment["KINDRED_SHARD_ROWS"] = "1000"
    sharded.environment["KINDRED_BLOCK_ROWS"] = "333"
    sharded.environment["KINDRED_GRAPH_THREADS"] = "1"
    spec = make_spec(clustering={"algorithms": ["kmeans"]})
    for laboratory in (whole, sharded):
        laboratory.run(spec, "2026-02-01T02:00")
    assert len(list(sharded.artefacts.glob("**/graph_shard_*"))) == 2
    parts = "select count(*) from kindred.customer_lookalikes group by customer_id <= 1000"
    assert sorted(sharded.query(parts)) == [(5000,), (6000,)]
    assert sharded.hashes() == whole.hashes()
    index = sharded.query("select method, lists > 1, recall_at_k > 0.9 from bi.index_builds")
    assert index == [("ivfflat", True, True)]


def test_which_encoder_a_snapshot_is_given(laboratory):
    laboratory.fill("customers", COLUMNS, history())
    early, between, late = "2026-01-05T02:00", "2026-01-10T02:00", "2026-01-15T02:00"

    def version(as_of, **changes):
        return laboratory.begin(SPEC, as_of, may_fit=False, **changes).build.encoder_version

    oldest = laboratory.fit(SPEC, between)
    assert laboratory.fit(SPEC, late) == oldest, "one that is there is kept"
    newest = laboratory.fit(SPEC, late, refit=True)
    assert newest != oldest
    assert laboratory.fit(SPEC, late, refit=True) == newest, "as of one moment there is one"
    assert [version(as_of) for as_of in (early, between, FIRST)] == [oldest, oldest, newest]
    assert version(FIRST, encoder_version=oldest) == oldest
    laboratory.run(SPEC, FIRST, encoder_version=oldest)
    assert version(FIRST) == oldest, "what was recorded at publish stays"
    assert version(SECOND) == newest


@pytest.fixture
def killer(monkeypatch, server):
    killer = Killer(monkeypatch, server.dsn("postgres"))
    yield killer
    killer.close()


# What a second date and a second run of a date do in another way than the first.
DELTA = {"prepare", "extract", "validate", "build_embeddings", "publish", "clean_up"}
REPLACEMENT = {"prepare", "quality_gate", "publish", "clean_up"}


@pytest.mark.parametrize("every", [32, pytest.param(1, marks=pytest.mark.soak)])
def test_killed_at_every_step(plain, make_laboratory, killer, every):
    laboratory = make_laboratory(beside=plain)
    kills = {}

    def persist(stage, action):
        result, count = killer.persist(action, every)
        kills[stage] = kills.get(stage, 0) + count
        return result

    def run(as_of, killed=None):
        build = persist("prepare", lambda: laboratory.begin(SPEC, as_of))
        reference = {"space": SPEC.space, "as_of": build.as_of.isoformat()}
        for stage, arguments in laboratory.steps(build):

            def once(stage=stage, arguments=arguments):
                return run_task(laboratory.reopen(reference), stage, **arguments)

            is_killed = killed is None or stage in killed
            laboratory.last_result = persist(stage, once) if is_killed else once()

    persist("fit", lambda: laboratory.fit(SPEC, SECOND))
    run(FIRST)
    assert len(kills) == 18
    run(SECOND, killed=DELTA)
    assert laboratory.hashes() == plain.hashes()
    # So that one table has to be replaced, and the other one has not changed.
    laboratory.query("update kindred.customer_lookalikes set distance = distance + 1")
    run(SECOND, killed=REPLACEMENT)
    laboratory.run(SPEC, FIRST)
    assert laboratory.hashes() == plain.hashes()
    assert min(kills.values()) > 0
    assert sum(kills.values()) > 250 / every
    assert laboratory.query("""
        select relname from pg_class
        where relnamespace = 'kindred'::regnamespace and relkind = 'r' and not relispartition
          and relname ~ '_(20260|g[0-9])'
    """) == laboratory.query("select table_name from kindred.index_builds where state = 'serving'")


LONE = "customer_id bigint, updated_at timestamptz, income double precision, state text"


@pytest.mark.parametrize(
    ("customers", "k", "expected"),
    [
        (["1"], 5, 0),
        pytest.param(["1", "2"], 5, 1, marks=pytest.mark.soak),
        (["1", "2", "3", "4"], 5, 3),
        pytest.param(["1", "2", "3", "4", "5", "6"], 5, 5, marks=pytest.mark.soak),
        pytest.param(["1"] * 2, 5, 1, marks=pytest.mark.soak),
        pytest.param(["1"] * 30, 5, 5, marks=pytest.mark.soak),
        (["1"] * 30, 100, 29),
        ([None] * 30, 5, 5),
    ],
    ids=["one", "two", "fewer than k", "k + 1", "a pair", "all alike", "k of 100", "all missing"],
)
def test_few_customers_and_customers_alike(laboratory, customers, k, expected):
    spec = make_spec(features={"income": "numeric", "state": "categorical"}, labels=[], k=k)
    when = moment("2026-01-05T09:00")
    rows = [(i, when, income and float(income), income) for i, income in enumerate(customers)]
    laboratory.fill("customers", LONE, [])
    laboratory.append("customers", rows)
    laboratory.run(spec, FIRST)
    found = laboratory.query(
        "select customer_id, array_agg(lookalike_id::bigint order by rank), max(rank)"
        " from bi.lookalikes_current group by 1 order by 1"
    )
    assert len(found) == (len(customers) if expected else 0)
    for customer, others, last in found:
        assert last == len(others) == len(set(others)) == expected
        assert customer not in others
        if len(set(customers)) == 1:
            assert others == [i for i in range(len(customers)) if i != customer][:k]
    similar = laboratory.query("select count(*) from bi.similar_customers(0, %s)", (k,))
    assert similar == [(expected,)]
    clusters = laboratory.query(
        "select algorithm, count(*), count(distinct cluster_id) from bi.clusters_current"
        " group by 1 order by 1"
    )
    counts = [row[:2] for row in clusters]
    assert counts == [("hdbscan", len(customers)), ("kmeans", len(customers))]
    assert clusters[1][2] == min(4, len(set(customers)))
    assert laboratory.query("select recall from bi.snapshots") == [(1.0,)]
    laboratory.run(spec, SECOND)
    assert laboratory.query("select customers from bi.snapshots where is_current") == [
        (len(customers),)
    ]
