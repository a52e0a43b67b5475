"""Every kind of index: planned, built, measured, asked and watched by the same code."""

import re

import numpy as np
import psycopg2
import pytest
from psycopg2.extras import Json

from integration.warehouse import COLUMNS, make_spec, people
from kindred.errors import DataError, SettingsError
from kindred.serving.hnsw import SHARED_BYTES, HnswChoice, graph_memory_bytes
from kindred.serving.index_kinds import IndexKind
from kindred.serving.ivfflat_memory import MEGABYTE
from kindred.spec.index_methods import Method, Precision
from kindred.spec.metrics import Metric
from kindred.tasks import run_task
from kindred.warehouse.statements import compose

FIRST, SECOND = "2026-01-25T02:00", "2026-01-26T02:00"
CUSTOMERS = 2_000
OPERATORS = {"l2": "<->", "cosine": "<=>", "ip": "<#>"}
KINDS = [
    ("ivfflat", "half", "l2"),
    pytest.param(("ivfflat", "half", "cosine"), marks=pytest.mark.soak),
    pytest.param(("hnsw", "single", "l2"), marks=pytest.mark.soak),
    ("hnsw", "half", "cosine"),
    ("exact", "single", "l2"),
]


def spec_of(index="ivfflat", precision="single", metric="l2", **changes):
    kind = {"index": index, "index_precision": precision, "metric": metric}
    return make_spec(clustering={"algorithms": ["kmeans"]}, refit="never", **kind, **changes)


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def published(request, make_laboratory):
    """A published snapshot with an index of a kind."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(CUSTOMERS))
    laboratory.run(spec_of(*request.param), FIRST)
    return laboratory, *request.param


def exact(laboratory, customer, k, operator):
    return laboratory.query(
        f"""
        select e.customer_id, (e.embedding {operator} s.embedding) + 0 as distance
        from kindred.customer_embeddings as s, kindred.customer_embeddings as e
        where s.customer_id = %s and e.customer_id <> s.customer_id
        order by distance, customer_id limit %s
        """,  # noqa: S608
        (customer, k),
    )


def similar(laboratory, *given):
    marks = ", ".join(["%s"] * len(given))
    return laboratory.query(
        f"select lookalike_id, distance from bi.similar_customers({marks})",  # noqa: S608
        given,
    )


def test_a_build_shows_its_kind_and_how_good_it_is(published):
    laboratory, index, precision, _ = published
    [(method, shown, lists, probes, m, ef_search, used, recall, sweep, forecast)] = (
        laboratory.query(
            "select method, precision, lists, probes, m, ef_search, is_index_used, recall_at_k,"
            " probe_sweep, forecast_memory_mb from bi.index_builds"
        )
    )
    if index == "exact":
        assert (method, shown, used, sweep) == ("exact scan", None, None, None)
        return
    assert (method, shown, used) == (index, precision, True)
    assert recall >= 0.85  # of a small sample, and pgvector builds at random
    assert forecast >= 1
    if index == "hnsw":
        assert (lists, probes, m) == (None, None, 16)
        assert ef_search in [point["ef_search"] for point in sweep]
    else:
        assert (m, ef_search) == (None, None)
        assert probes in [point["probes"] for point in sweep]


def test_the_answers_are_near_the_exact_ones(published):
    """Distances are those of the whole vectors, whatever the index keeps of them."""
    laboratory, *_, metric = published
    shared = 0
    for customer in range(1, 41):
        found = similar(laboratory, customer, 5)
        truth = exact(laboratory, customer, CUSTOMERS, OPERATORS[metric])
        assert len(found) == 5
        assert found == sorted(found, key=lambda row: (row[1], row[0]))
        assert set(found) <= set(truth)
        shared += sum(distance <= truth[4][1] + abs(truth[4][1]) * 1e-6 for _, distance in found)
    assert shared / 200 >= 0.8


@pytest.mark.parametrize("k", [1, 1_000, 2 * CUSTOMERS])
def test_there_are_always_k(published, k):
    laboratory, *_ = published
    assert len(similar(laboratory, 2, k)) == min(k, CUSTOMERS - 1)


def test_a_filter_is_met(published):
    laboratory, *_ = published
    ids = {i for (i,) in laboratory.query("select customer_id from kindred.customer_versions"
                                          " where state = 'TX' and income < 25000")}  # fmt: skip
    found = similar(laboratory, 9, 12, Json({"state": "TX", "income": {"max": 25_000}}))
    assert len(found) == 12
    assert {customer for customer, _ in found} <= ids
    rare = similar(laboratory, 9, 12, Json({"income": {"max": 17_000}}))
    [(count,)] = laboratory.query(
        "select count(*) from kindred.customer_versions where income <= 17000 and customer_id <> 9"
    )
    assert len(rare) == min(12, count)


def test_the_callers_settings_are_as_they_were(published):
    laboratory, *_ = published
    with psycopg2.connect(laboratory.warehouse_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("select set_config('hnsw.ef_search', '7', false)")
        cursor.execute("select count(*) from bi.similar_customers(1, 3)")
        cursor.execute(
            "select current_setting('hnsw.ef_search'), current_setting('hnsw.iterative_scan'),"
            " current_setting('hnsw.max_scan_tuples'), current_setting('ivfflat.max_probes')"
        )
        assert cursor.fetchone() == ("7", "off", "20000", "32768")
    connection.close()


def test_another_night_keeps_it_and_another_kind_replaces_it(published):
    """Last, since it publishes: the canary asks this kind; then the spec asks for another."""
    laboratory, index, precision, metric = published
    laboratory.run(spec_of(index, precision, metric), SECOND)
    [(is_rebuilt, recall)] = laboratory.query("select is_rebuilt, recall_at_k from bi.index_checks")
    assert not is_rebuilt
    assert recall is None if index == "exact" else recall >= 0.85
    other = "ivfflat" if index == "hnsw" else "hnsw"
    laboratory.run(spec_of(other, "single", metric), SECOND)
    [(is_rebuilt, reason)] = laboratory.query("select is_rebuilt, reason from bi.index_checks")
    assert (is_rebuilt, f"asks for {other} (single, {metric})" in reason) == (True, True)
    serving = "select method from bi.index_builds where state = 'serving'"
    assert laboratory.query(serving) == [(other,)]
    assert len(similar(laboratory, 3, 5)) == 5


def test_a_graph_that_does_not_fit_is_refused_before_anything_is_made(laboratory):
    rng = np.random.default_rng(1)
    rows = [(n, "2026-01-20", *map(float, rng.normal(size=2))) for n in range(1, 3_001)]
    laboratory.fill(
        "customers", "customer_id bigint, updated_at timestamptz, a float8, b float8", rows
    )
    laboratory.environment["KINDRED_MAINTENANCE_WORK_MEM_MB"] = "1"
    spec = spec_of("hnsw", features={"a": "numeric", "b": "numeric"}, labels=[])
    run = laboratory.run(spec, FIRST, until="build_embeddings")
    with pytest.raises(
        SettingsError, match=r"HNSW index over 3000 vectors of 2.*m = 8.*is 1.*say 'index"
    ):
        run_task(run, "build_embeddings")
    assert laboratory.query("select count(*) from kindred.index_builds") == [(0,)]


@pytest.mark.parametrize(
    ("index", "precision", "allowed", "advice"),
    [
        ("hnsw", "single", 2_000, r"or say 'index_precision: half' or 'index: exact'"),
        ("ivfflat", "half", 4_000, "or say 'index: exact'"),
    ],
)
def test_a_vector_that_is_too_wide_is_refused_when_the_encoder_is_fitted(
    laboratory, index, precision, allowed, advice
):
    slots = allowed // 900 + 1
    names = [f"c{number}" for number in range(slots)]
    columns = ", ".join(f"{name} text" for name in names)
    rows = [(n, "2026-01-20", *[str(n % 1_000)] * slots) for n in range(2_000)]
    laboratory.fill("customers", f"customer_id bigint, updated_at timestamptz, {columns}", rows)
    feature = {"kind": "categorical", "max_categories": 1_000, "min_frequency": 1}
    spec = spec_of(index, precision, features=dict.fromkeys(names, feature), labels=[])
    with pytest.raises(
        DataError,
        match=rf"{slots * 1_001} dimensions, allowed are {allowed}; .* c0 1001, c1 1001.*{advice}",
    ):
        laboratory.fit(spec, FIRST)


@pytest.fixture(scope="module")
def table(make_database):
    """A session with a table of 7,000 vectors of 24 dimensions."""
    connection = psycopg2.connect(make_database("hnsw"))
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("create extension if not exists vector")
    cursor.execute("set max_parallel_maintenance_workers = 0")
    cursor.execute(
        "create table many as select n % 7000 as customer_id,"
        " array_agg(random())::real[]::vector(24) as embedding"
        " from generate_series(1, 168000) as n group by 1"
    )
    yield cursor
    connection.close()


@pytest.mark.parametrize(
    ("precision", "m"),
    [
        (Precision.SINGLE, 16),
        (Precision.HALF, 8),
        pytest.param(Precision.SINGLE, 8, marks=pytest.mark.soak),
        pytest.param(Precision.HALF, 16, marks=pytest.mark.soak),
    ],
)
def test_the_memory_forecast_of_a_graph_is_what_the_server_takes(table, m, precision):
    """The server tells after how many rows a small memory is full."""
    kind = IndexKind(Metric.L2, 24, Method.HNSW, precision)
    names = kind.index_names(HnswChoice(m, 32, 40, 1, 1.0))
    table.execute("set maintenance_work_mem = '3MB'")
    del table.connection.notices[:]
    table.execute(compose("serving/create_index", index="small", table="many", **names))
    table.execute("drop index small")
    [notice] = [text for text in table.connection.notices if "no longer fits" in text]
    [rows] = map(int, re.findall(r"after (\d+) tuples", notice))
    forecast = graph_memory_bytes(rows, 24, precision, m) - SHARED_BYTES
    assert forecast == pytest.approx(3 * MEGABYTE, rel=0.02)
