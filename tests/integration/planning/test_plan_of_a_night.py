"""A plan beside a night that was run: the same forecasts, artefacts and tables."""

import json
from pathlib import Path

import pytest

from integration.warehouse import COLUMNS, make_spec, people
from kindred.planning.plan import plan_night
from kindred.planning.sizes import Growth
from kindred.planning.volumes import MEGABYTE
from kindred.planning.workload import Machines, Night, workload_of
from unit.planning.plan_cases import constants

CUSTOMERS = 3_000
AS_OF = "2026-02-01T02:00"
# A small table has more pages than its rows take, since the server adds many at a time.
ROWS = "select sum((pg_column_size(found) + 7) / 8 * 8 + 4) * 8192 / 8168 from kindred.{} as found"
INDEXES = "select pg_indexes_size(('kindred.' || %s)::regclass)"
SUFFIX = "_20260201t020000"
TABLES = {
    "customer_lookalikes": f"customer_lookalikes{SUFFIX}",
    "customer_clusters": f"customer_clusters{SUFFIX}",
    "customer_map": f"customer_map{SUFFIX}",
    "customer_versions": "customer_versions",
}


@pytest.fixture(scope="module", params=["exact", "lists"])
def night(make_laboratory, request):
    """A first night, searched exactly or by lists, and its plan."""
    laboratory = make_laboratory()
    laboratory.environment |= {"KINDRED_SHARD_ROWS": "1000", "KINDRED_GRAPH_THREADS": "1"}
    laboratory.environment |= {"KINDRED_MEMORY_LIMIT_MB": "4000"}
    laboratory.fill("customers", COLUMNS, people(CUSTOMERS))
    spec = make_spec()
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "lists":
            patch.setattr("kindred.neighbours.search_plan.EXACT_LIMIT", 1_000)
        run = laboratory.run(spec, AS_OF)
        [path] = laboratory.artefacts.glob("default/*/*/graph_plan/facts.json")
        parameters = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        plan = planned(laboratory, spec, parameters)
    return laboratory, run, plan, parameters


def planned(laboratory, spec, parameters):
    settings = laboratory.deployment.settings
    machines = Machines(
        workers=1, cores=1, slots=1, memory_mb=settings.memory_limit_mb, database_cores=1,
        database_memory_mb=4_000, network_mb=1e9, shard_rows=settings.shard_rows,
        block_rows=settings.block_rows,
        maintenance_work_mem_mb=settings.maintenance_work_mem_mb,
        kept_snapshots=10, graph_threads=settings.graph_threads,
    )  # fmt: skip
    workload = workload_of(
        spec, customers=CUSTOMERS, dimensions=parameters["dimensions"], night=Night.FIRST
    )
    # As many probes as this data wants, which no plan can know.
    probes = max(1, parameters["probes"])
    growth = {"near": Growth(1.0, 0.0), "index_probes": Growth(5.0, 0.0)}
    made = constants(growth=growth | {"probes": Growth(probes, 0.0)})
    known = {"is_refined": int(parameters["is_refined"])} if parameters["lists"] else {}
    return plan_night(workload, machines, made, **known)


def test_the_graph_is_as_large_as_planned(night):
    _, _, plan, parameters = night
    graph = plan.sizes.graph
    assert (graph.k, graph.shards) == (parameters["k"], parameters["shards"]) == (10, 2)
    assert (graph.lists > 0) == (parameters["lists"] > 0)
    # Lists of few customers are left out.
    assert parameters["lists"] <= graph.lists <= 1.3 * parameters["lists"]


def test_every_task_forecasts_the_memory_of_the_plan(night):
    laboratory, run, plan, _ = night
    [(recorded,)] = laboratory.query(
        "select stage_forecast_mb from bi.snapshots where as_of = %s", (run.as_of,)
    )
    found = {}
    for stage in plan.stages:
        name = stage.task.task_id
        found[name] = max(found.get(name, 0), stage.memory_mb)
    assert set(recorded) == {
        "fit_encoder", "encode", "plan_graph", "search_graph", "merge_graph",
        "build_embeddings", "cluster", "profile_clusters", "load_lookalikes", "place_customers",
    }  # fmt: skip
    assert {name: found[name] for name in recorded} == recorded


def test_artefacts_are_as_large_as_planned(night):
    laboratory, _, plan, _ = night
    measured = {}
    for path in Path(laboratory.artefacts).glob("default/*/*/*/*.npy"):
        name = path.parent.name.rsplit("_0", 1)[0]
        measured[name] = measured.get(name, 0) + path.stat().st_size
    assert plan.artefacts.keys() <= measured.keys()
    for name, size in plan.artefacts.items():
        assert size == pytest.approx(measured[name], rel=0.1, abs=4_000), name
    others = {name: size for name, size in measured.items() if name not in plan.artefacts}
    assert sum(others.values()) < 0.02 * sum(measured.values()), others


def test_the_tables_are_as_large_as_planned(night):
    laboratory, _, plan, _ = night
    predicted = plan.warehouse.snapshot | plan.warehouse.history
    assert predicted.keys() == TABLES.keys()
    for name, table in TABLES.items():
        assert predicted[name] == pytest.approx(size_of(laboratory, table), rel=0.1), name
    serving = sum(plan.warehouse.serving.values())
    # Every list of the index has pages of its own.
    pages = 1.5 * plan.sizes.index.lists * 8192
    found = size_of(laboratory, "customer_embeddings_g1")
    assert serving == pytest.approx(found, rel=0.1, abs=pages)


def size_of(laboratory, table):
    """Bytes of a table's rows, and of its indexes."""
    [(rows,)] = laboratory.query(ROWS.format(table))
    [(indexes,)] = laboratory.query(INDEXES, (table,))
    return float(rows) + float(indexes)


def test_the_plan_says_its_megabytes(night):
    plan = night[2]
    assert plan.written_mb > sum(plan.warehouse.snapshot.values()) / MEGABYTE
