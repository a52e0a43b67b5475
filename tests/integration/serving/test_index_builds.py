"""The index of a generation: planned before it is made, watched, measured on itself, noted."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import psycopg2
import pytest
from psycopg2 import errors, sql

from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.encoding.vectors import read_embeddings
from kindred.errors import DataError, SettingsError, UnreachableError
from kindred.neighbours.graph_artefacts import read_truth
from kindred.progress.steps import reported
from kindred.run.context import SEED, open_run
from kindred.serving import index_build, index_builds
from kindred.serving import index_plan as plan_module
from kindred.serving.index_kinds import IndexKind
from kindred.serving.index_plan import Candidate, forecast_mb, plan_index
from kindred.serving.index_quality import IndexProbe, measure_index
from kindred.serving.ivfflat_memory import build_memory_bytes, reported_mb
from kindred.serving.list_sizes import find_list_sizes
from kindred.spec.index_methods import Precision
from kindred.spec.metrics import Metric
from kindred.tasks import run_task
from kindred.warehouse.copy_writer import Column, Field, RowStream, encode_rows
from kindred.warehouse.database import Database, connect
from kindred.warehouse.keys import KeyType

AS_OF = "2026-01-25T02:00"
CUSTOMERS = 4_000
KMEANS = {"algorithms": ["kmeans"]}  # the cheapest, since no test looks at segments
FIGURES = (
    "method, lists, probes, k, target_recall, expected_recall, recall_at_k, recall_low,"
    " recall_high, recall_sample, p50_milliseconds, p95_milliseconds, query_milliseconds,"
    " is_index_used, probe_sweep, forecast_memory_mb, build_seconds, reason"
)


def build_row(laboratory) -> dict:
    names = FIGURES.replace(" ", "").split(",")
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    [row] = laboratory.query(sql.SQL("select {} from bi.index_builds").format(columns))
    return dict(zip(names, row, strict=True))


@pytest.fixture(scope="module")
def indexed(make_laboratory):
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(CUSTOMERS))
    laboratory.last_run = laboratory.run(make_spec(clustering=KMEANS), AS_OF)
    return laboratory


def test_everything_that_was_planned_and_measured_is_shown(indexed):
    row = build_row(indexed)
    assert (row["method"], row["k"], row["is_index_used"]) == ("ivfflat", 5, True)
    assert 1 <= row["probes"] < row["lists"] <= CUSTOMERS // 50
    assert 0 < row["recall_low"] <= row["recall_at_k"] <= row["recall_high"] <= 1
    assert row["recall_at_k"] == pytest.approx(row["expected_recall"], abs=0.06)
    assert row["recall_sample"] == 500
    assert 0 < row["p50_milliseconds"] <= row["p95_milliseconds"]
    assert row["reason"] == "the cheapest query of those measured"


def test_the_probes_are_the_fewest_that_reach_the_target(indexed):
    row = build_row(indexed)
    points = {point["probes"]: point for point in row["probe_sweep"]}
    assert points[row["probes"]]["recall"] >= row["target_recall"]
    if row["probes"] > 1:
        assert points[row["probes"] - 1]["recall"] < row["target_recall"]
    assert list(points) == sorted(points)
    assert all(p["p50_milliseconds"] <= p["p95_milliseconds"] for p in points.values())


def test_the_whole_plan_is_kept(indexed):
    [(plan,)] = indexed.query("select plan from kindred.index_builds")
    assert plan["chosen"] in plan["candidates"]
    assert plan["rows"] == CUSTOMERS
    assert len({candidate["lists"] for candidate in plan["candidates"]}) > 1


def test_the_measured_recall_is_that_of_the_function(indexed):
    """Exact neighbours by the server itself, for customers of another sample."""
    [(share,)] = indexed.query("""
        with asked as (
          select customer_id, embedding from kindred.customer_embeddings
          where customer_id % 27 = 0
        ), exact as materialized (
          select asked.customer_id, max(near.distance) as kth
          from asked cross join lateral (
            select e.embedding <-> asked.embedding as distance
            from kindred.customer_embeddings as e
            where e.customer_id <> asked.customer_id
            order by (e.embedding <-> asked.embedding) + 0 limit 5
          ) as near
          group by asked.customer_id
        )
        select avg((found.distance <= exact.kth * (1 + 1e-6))::int)::float8
        from exact cross join lateral bi.similar_customers(exact.customer_id, 5) as found
    """)
    row = build_row(indexed)
    assert share == pytest.approx(row["recall_at_k"], abs=0.06)


@pytest.fixture(scope="module")
def session(make_database):
    """A session with a table of 20,000 vectors of 16 dimensions."""
    connection = psycopg2.connect(make_database("index"))
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("create extension if not exists vector")
    cursor.execute("create table many (customer_id bigint, embedding vector(16))")
    vectors = np.random.default_rng(2).standard_normal((20_000, 16), dtype=np.float32)
    database = Database(connection)
    chunk = encode_rows(
        [Column(Field.INT8, np.arange(len(vectors))), Column(Field.VECTOR, vectors)]
    )
    database.copy_in("many", ["customer_id", "embedding"], RowStream([chunk]))
    cursor.execute("analyze many")
    yield database
    connection.close()


@pytest.mark.parametrize("lists", [20, 60, 150])
@pytest.mark.parametrize("operator_class", ["vector_l2_ops", "vector_cosine_ops", "halfvec_l2_ops"])
def test_the_memory_forecast_is_what_the_server_wants(session, lists, operator_class):
    """One kilobyte less is refused, with the forecast as the figure."""
    pages = pages_of(session)
    precision = Precision.HALF if operator_class.startswith("half") else Precision.SINGLE
    needed = build_memory_bytes(lists, 16, rows=20_000, pages=pages, precision=precision)
    vector = "(embedding::halfvec(16))" if precision is Precision.HALF else "embedding"
    statement = sql.SQL(
        "create index many_embedding_idx on many using ivfflat ({} {}) with (lists = {})"
    ).format(sql.SQL(vector), sql.SQL(operator_class), sql.Literal(lists))
    with session.connection.cursor() as cursor:
        cursor.execute("select set_config('maintenance_work_mem', %s, false)", (kb(needed, -1),))
        with pytest.raises(errors.ProgramLimitExceeded, match=f"is {reported_mb(needed)} MB"):
            cursor.execute(statement)
        cursor.execute("select set_config('maintenance_work_mem', %s, false)", (kb(needed, 0),))
        cursor.execute(statement)
        cursor.execute("drop index many_embedding_idx")
    assert forecast_mb(lists, 20_000, 16, precision) == pytest.approx(reported_mb(needed), rel=0.1)


def pages_of(session: Database) -> int:
    with session.connection.cursor() as cursor:
        cursor.execute("select pg_relation_size('many') / 8192")
        return cursor.fetchone()[0]


def kb(needed: int, more: int) -> str:
    return f"{needed // 1024 + more}kB"


def plan_of_many(session: Database, **changes):
    vectors = np.random.default_rng(2).standard_normal((20_000, 16), dtype=np.float32)
    settings = {"target_recall": 0.8, "memory_mb": 64, "seed": 1} | changes
    return plan_index(vectors, Metric.L2, 5, **settings)


def plan_of_lists(lists: int) -> Candidate:
    return Candidate(lists, 1, 0.0, 0.0, 0.0, 1, 0.0)


def build_watched(session):
    """Build an index, looking at its progress all the time; return what was said."""
    said = []
    plan = replace(plan_of_many(session), chosen=plan_of_lists(150))
    with reported("build_embeddings", said.append, pause_seconds=0.001):
        index_build.build_index(session, "many", plan, Metric.L2)
    with session.connection.cursor() as cursor:
        cursor.execute("drop index many_ivfflat")
    return said


def test_progress_is_told_by_a_second_session(session):
    start = (
        "build_embeddings: building many_ivfflat with lists = 150: statement serving/create_index:"
        " building an index: "
    )
    expected = ("k-means", r"tuples: [\d,]+ of 20,000 rows")
    phases: set[str] = set()
    for _ in range(5):  # on a busy machine, a phase may pass between two looks
        phases |= {line.removeprefix(start) for line in build_watched(session) if start in line}
        seen = [any(re.search(wanted, phase) for phase in phases) for wanted in expected]
        if all(seen):
            break
    assert all(seen), phases


def test_a_watcher_that_cannot_connect_stops_no_build(session, monkeypatch):
    def refuse(self):
        raise UnreachableError("too many clients")

    monkeypatch.setattr(Database, "beside", refuse)
    [*_, last] = build_watched(session)
    assert last.endswith(" s so far")


def test_a_server_that_wants_more_than_was_planned(session):
    plan = plan_of_many(session)
    short = type(plan)(**{**vars(plan), "memory_mb": 1})
    with pytest.raises(SettingsError, match=r"memory required is \d+ MB.*were forecast"):
        index_build.build_index(session, "many", short, Metric.L2)


@pytest.fixture(scope="module")
def unbuilt(make_laboratory):
    """A night that is about to build its index."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(1_200))
    laboratory.run(make_spec(), AS_OF, until="build_embeddings")
    return laboratory


@pytest.fixture
def laboratory_and_run(unbuilt, copy_laboratory):
    """A copy of it, and its run."""
    laboratory = copy_laboratory(unbuilt)
    return laboratory, open_run(laboratory.deployment, "default", moment(AS_OF))


def test_a_plan_of_an_earlier_release_left_no_truth(laboratory_and_run):
    """Withdrawing the first night after an upgrade stages the night before it again."""
    laboratory, run = laboratory_and_run
    shutil.rmtree(Path(run.folder.path) / "truth")
    run_task(run, "build_embeddings")
    row = build_row(laboratory)
    assert (row["recall_sample"], row["is_index_used"]) == (500, True)


@pytest.mark.parametrize("index", ["ivfflat", "hnsw"])
def test_an_index_of_this_name_made_by_hand(laboratory_and_run, index):
    """It is named and left alone, and the next try makes a generation of another name."""
    laboratory, run = laboratory_and_run
    if index == "hnsw":
        run = laboratory.run(make_spec(index=index), AS_OF, until="build_embeddings")
    laboratory.query(
        "create table kindred.mine (n int);"
        f"create index customer_embeddings_g1_{index} on kindred.mine (n)"
    )
    with pytest.raises(DataError, match=rf"g1_{index}.*already exists.*drop or rename it"):
        run_task(run, "build_embeddings")
    assert run_task(run, "build_embeddings")["generation"] == 2
    assert laboratory.query("select to_regclass('kindred.customer_embeddings_g1') is null") == [
        (True,)
    ]
    indexes = laboratory.query("select count(*) from pg_index where not indisvalid")
    assert indexes == [(0,)]


def test_too_little_memory_is_refused_before_anything_is_made(laboratory_and_run, monkeypatch):
    laboratory, run = laboratory_and_run
    monkeypatch.setattr(plan_module, "largest_lists", lambda *given, **named: 1)
    with pytest.raises(SettingsError, match=r"1200 vectors.*needs at least 1 MB.*nothing has been"):
        run_task(run, "build_embeddings")
    assert laboratory.query("select count(*) from kindred.index_builds") == [(0,)]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (people(300), "300 rows, an index wants 1000"),
        (
            [(n, *people(1)[0][1:]) for n in range(1, 1_501)],
            "1 distinct vectors, an index wants 50 a list and two lists",
        ),
    ],
    ids=["few rows", "equal rows"],
)
def test_no_index_where_a_scan_is_better(laboratory, rows, reason):
    laboratory.fill("customers", COLUMNS, rows)
    laboratory.run(make_spec(clustering=KMEANS), AS_OF)
    row = build_row(laboratory)
    assert (row["method"], row["reason"], row["probes"]) == ("exact scan", reason, None)
    assert laboratory.query("select count(*) from bi.similar_customers(1, 5)") == [(5,)]


def test_fewer_probes_find_less(indexed):
    """So the sweep measures the index, not the table."""
    run = indexed.last_run
    with run.warehouse("test") as warehouse:
        embeddings = read_embeddings(run, run.key_type(warehouse))
        [(table,)] = indexed.query("select table_name from kindred.index_builds")
        lists = build_row(indexed)["lists"]
        asked = IndexProbe(warehouse, table, embeddings, IndexKind(Metric.L2, 9), 5)
        built = index_build.BuiltIndex(f"{table}_ivfflat", lists, 1.0, 1)
        given = (asked, built, read_truth(run))
        quality = measure_index(*given, planned=1, most=lists, target_recall=1.0, seed=1)
        again = measure_index(*given, planned=1, most=lists, target_recall=1.0, seed=1)
    sweep = quality.sweep_as_json("probes")
    first = sweep[0]
    assert first["probes"] == 1
    assert first["recall"] < sweep[-1]["recall"]
    assert quality.recall_at_k > 0.99
    assert quality.search_value == again.search_value


def test_the_lists_that_are_kept_are_those_that_were_found(indexed):
    run = indexed.last_run
    vectors = read_embeddings(run, KeyType.BIGINT).vectors
    found = find_list_sizes(vectors, Metric.L2, seed=SEED)
    with run.warehouse("test") as warehouse:
        kept = index_builds.list_sizes(warehouse, 1)
    assert kept.centroids.tobytes() == found.centroids.tobytes()
    assert kept.sizes.tolist() == found.sizes.tolist()


def test_lists_that_were_kept_row_by_row_are_kept_on(make_database):
    centres = np.random.default_rng(1).normal(size=(3, 2)).astype(np.float32)
    options = {"connection_id": "test", "application_name": "test", "schema": "public"}
    with connect(make_database("lists"), **options) as database:
        database.execute(sql.SQL("create extension vector"))
        database.configure("public")
        for table in ("index_builds", "index_checks"):
            statement = sql.SQL("create table {} (generation integer)")
            database.execute(statement.format(sql.Identifier(table)))
        database.run("warehouse/migrations/0029_add_list_drift")
        rows = sql.SQL("insert into index_builds values (1, %s, '{5,0,7}'), (2, null, null)")
        database.execute(rows, (centres.ravel().tolist(),))
        database.run("warehouse/migrations/0037_keep_lists_as_vectors")
        kept = index_builds.list_sizes(database, 1)
        assert kept.centroids.tobytes() == centres.tobytes()
        assert kept.sizes.tolist() == [5, 0, 7]
        assert index_builds.list_sizes(database, 2) is None
