"""Memory of tasks: refused with the figures, or worked in smaller blocks, never a surprise."""

import logging

import pytest

from benchmarks import memory
from benchmarks.memory import Place, measure, processes
from benchmarks.report import Report
from integration.warehouse import COLUMNS, make_spec, people
from kindred.errors import SettingsError
from kindred.run.base_memory import SMALLEST_BLOCK
from kindred.run.context import open_run
from kindred.run.memory import with_fitting_blocks
from kindred.tasks import run_task

AS_OF = "2026-01-25T02:00"
FORECASTING = {
    "fit_encoder",
    "encode",
    "plan_graph",
    "search_graph",
    "merge_graph",
    "build_embeddings",
    "cluster",
    "profile_clusters",
    "load_lookalikes",
    "place_customers",
}
WITHOUT_BLOCKS = ("plan_graph", "search_graph", "merge_graph", "cluster")
SPEC = make_spec(clustering={"algorithms": ["kmeans", "hdbscan", "dbscan", "ivfflat"]})


def test_every_heavy_task_refuses_what_it_has_no_memory_for(laboratory):
    laboratory.fill("customers", COLUMNS, people(120))
    parts = {
        "search_graph": [{"shard": 0}],
        "cluster": [{"algorithm": str(name)} for name in SPEC.clustering.algorithms],
        "load_lookalikes": [{"part": 0}],
    }
    refused = set()

    def starve(stage, run):
        if stage not in FORECASTING - refused:
            return
        laboratory.environment["KINDRED_MEMORY_LIMIT_MB"] = "200"
        starved = open_run(laboratory.deployment, "default", run.as_of)
        del laboratory.environment["KINDRED_MEMORY_LIMIT_MB"]
        for part in parts.get(stage, [{}]):
            with pytest.raises(SettingsError, match="a task may take 200 MB; raise") as caught:
                run_task(starved, stage, **part)
            assert "MB of memory are forecast" in str(caught.value)
        refused.add(stage)

    laboratory.run(SPEC, AS_OF, before=starve)
    assert refused == FORECASTING
    [(status, forecasts)] = laboratory.query("select status, stage_forecast_mb from bi.snapshots")
    assert status == "published"
    assert set(forecasts) == FORECASTING
    assert min(forecasts.values()) > 200


def test_blocks_shrink_to_what_fits_and_change_nothing(laboratory, make_laboratory, caplog):
    laboratory.fill("customers", COLUMNS, people(2_500))
    laboratory.run(SPEC, AS_OF)
    tight = make_laboratory(beside=laboratory)
    # As much as the tasks take that have no blocks: those of the others get a few megabytes.
    [(forecasts,)] = laboratory.query("select stage_forecast_mb from bi.snapshots")
    whole = max(forecasts[stage] for stage in WITHOUT_BLOCKS)
    tight.environment["KINDRED_MEMORY_LIMIT_MB"] = str(whole + 1)
    with caplog.at_level(logging.WARNING):
        tight.run(SPEC, AS_OF)
    assert "(KINDRED_BLOCK_ROWS), a task may take" in caplog.text
    assert tight.hashes() == laboratory.hashes()


@pytest.mark.parametrize(
    ("limit", "rows"),
    [(0, 50_000), (1_000, 50_000), (461, 31_457), (402, SMALLEST_BLOCK)],
)
def test_rows_of_a_block_are_those_that_fit(laboratory, limit, rows):
    laboratory.fill("customers", COLUMNS, people(20))
    run = laboratory.begin(SPEC, AS_OF)
    laboratory.environment["KINDRED_MEMORY_LIMIT_MB"] = str(limit)
    run = open_run(laboratory.deployment, "default", run.as_of)
    fitting = with_fitting_blocks(run, "encode", "work", 400, row_bytes=2_000)
    assert fitting.settings.block_rows == rows
    assert fitting.build == run.build


def test_small_blocks_that_do_not_fit_are_refused(laboratory):
    laboratory.fill("customers", COLUMNS, people(20))
    run = laboratory.begin(SPEC, AS_OF)
    laboratory.environment["KINDRED_MEMORY_LIMIT_MB"] = "400"
    run = open_run(laboratory.deployment, "default", run.as_of)
    with pytest.raises(SettingsError, match=r"work: 401 MB of memory are forecast, .* 400 MB"):
        with_fitting_blocks(run, "encode", "work", 400, row_bytes=2_000)


@pytest.mark.soak
@pytest.mark.parametrize("n", [1_000, 6_000])
def test_forecasts_are_above_what_is_measured_and_below_twice_that(make_database, tmp_path, n):
    place = Place(make_database("shop"), make_database("warehouse"), str(tmp_path))
    report = Report("memory", {"n": n})
    with processes(reused=True) as pool:
        measure(report, place, n, 16, pool)
    assert [target for target in report.targets if not target.holds] == []
    forecast = {row["what"].split()[0] for row in report.measurements if row["forecast_mb"]}
    assert forecast == FORECASTING
    assert {row["what"] for row in report.measurements} >= {"extract", "validate", "publish"}
    assert {row["night"] for row in report.measurements} == {1, len(memory.NIGHTS)}
