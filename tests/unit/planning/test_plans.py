"""Plans of nights: what more workers, customers and columns change, and what they do not."""

import json
from dataclasses import replace

import pytest

from kindred.errors import SettingsError
from kindred.planning.constants import Constants, read_constants
from kindred.planning.limits import findings_of, most_customers
from kindred.planning.night_tasks import UNCOMPUTED, tasks_of, upstream
from kindred.planning.plan import _turns, plan_night
from kindred.planning.sizes import sizes_of
from kindred.planning.task_memory import forecast_of
from kindred.planning.work import work_of
from kindred.planning.workload import Night, usual_spec
from kindred.run.base_memory import BASE_MEGABYTES
from kindred.spec.clustering import Algorithm
from kindred.spec.model import spec_from_dict
from unit.planning.plan_cases import GIGABYTE, constants, machines, night

LARGE = {"workers": 8, "memory_mb": 512 * GIGABYTE}


def planned(customers=1_000_000, kind="changed", on=None, **changes):
    return plan_night(night(customers, kind=kind, **changes), machines(**(on or {})), constants())


def stages(plan):
    return {stage.task.name: stage for stage in plan.stages}


def test_a_night_runs_all_tasks_each_after_those_it_waits_for():
    found = tasks_of(planned().sizes)
    before = set()
    for task in found:
        assert set(task.after) <= before, task
        before.add(task.name)
    assert {task.task_id for task in found} == set(upstream(usual_spec(columns=1)))
    clusters = [task.name for task in found if task.task_id == "cluster"]
    assert clusters == ["cluster kmeans", "cluster hdbscan"]
    [profiles] = [task for task in found if task.name == "profile_clusters"]
    assert profiles.after == ("cluster kmeans", "cluster hdbscan")


def test_a_quiet_night_computes_nothing():
    plan = planned(kind="quiet")
    assert not {stage.task.task_id for stage in plan.stages} & set(UNCOMPUTED)
    assert [one.job.task for one in plan.path][-4:] == [
        "quality_gate",
        "publish",
        "clean_up",
        "finish",
    ]
    assert plan.artefacts == {}
    assert plan.seconds < planned().seconds / 3


def test_processor_time_is_the_drivers_times_the_constants():
    plan = planned(2_000_000, kind="first", dimensions=50)
    work = stages(plan)["encode"].work
    assert work.worker_seconds == pytest.approx(0.5 + 2 * 20 * 0.2 + 2 * 50 * 0.02)
    assert work.database_seconds == pytest.approx(2 * 20 * 0.1)
    assert {(t.resource, t.driver, t.amount) for t in work.terms} == {
        ("worker", "task", 1), ("worker", "cells", 40), ("worker", "values", 100),
        ("database", "cells", 40),
    }  # fmt: skip
    kmeans = stages(plan)["cluster kmeans"].work
    assert kmeans.worker_seconds == pytest.approx(1 + 9 * 2e6 * 8 * (50 + 16) / 1e9)


def test_drift_is_measured_by_scheduled_nights_and_takes_what_reading_takes():
    drift, by_hand = (
        stages(planned(measures_drift=it))["fit_encoder"].work for it in (True, False)
    )
    assert drift.database_seconds == pytest.approx(20 * 0.1)
    assert drift.worker_seconds == pytest.approx(0.1 + 20 * 0.2)
    assert by_hand.database_seconds == 0
    assert stages(planned())["fit_encoder"].memory_mb > 460


def test_more_workers_shorten_what_is_divided_and_nothing_else():
    few, many = (planned(10**7, on=LARGE | {"workers": n}) for n in (1, 16))
    for name in ("search_graph", "load_lookalikes"):
        assert stages(many)[name].seconds < stages(few)[name].seconds / 1.5, name
        assert stages(many)[name].task.instances > 1
    for name in ("encode", "plan_graph", "merge_graph", "extract", "validate"):
        assert stages(many)[name].seconds == pytest.approx(stages(few)[name].seconds), name
    assert few.seconds * 0.5 < many.seconds < few.seconds
    assert many.worker_hours > few.worker_hours
    assert many.busy_hours < 16 * many.worker_hours


def test_a_mapped_task_ends_with_the_indexes_which_one_instance_builds():
    few, many = (planned(10**7, on=LARGE | {"workers": n}) for n in (8, 80))
    index = stages(few)["load_lookalikes"].work
    alone = 0.3 * 1.5 * index.database_seconds * 1.1 / 3
    assert stages(many)["load_lookalikes"].seconds >= alone


def test_the_path_adds_up_to_the_night():
    plan = planned(on={"workers": 2})
    waits = sum(
        later.began - earlier.ended
        for earlier, later in zip(plan.path, plan.path[1:], strict=False)
    )
    assert plan.path[0].began + waits + sum(o.seconds for o in plan.path) == pytest.approx(
        plan.seconds
    )
    assert sum(stage.path_seconds for stage in plan.stages) == pytest.approx(
        sum(one.seconds for one in plan.path)
    )


def test_one_machine_shares_its_cores_with_the_server():
    apart, together = (planned(on={"is_one": it, "network_mb": 1e9}) for it in (False, True))
    assert together.seconds > 1.05 * apart.seconds


@pytest.mark.parametrize("is_one", [False, True])
def test_artefacts_in_a_bucket_take_time_of_the_tasks_and_of_its_server(is_one):
    disk, bucket = (planned(on={"is_one": is_one, "has_bucket": it}) for it in (False, True))
    assert bucket.seconds > disk.seconds
    search, extract = (stages(bucket)[name] for name in ("search_graph", "extract"))
    moved, cost = search.moved, constants().bucket
    assert search.work.bucket_seconds == pytest.approx(
        search.task.instances * cost.starting
        + cost.read_mb * moved.read_mb
        + cost.written_mb * moved.written_mb
    )
    served = cost.served_mb * (moved.read_mb + moved.written_mb)
    assert search.work.store_seconds == pytest.approx(served if is_one else 0.0)
    assert extract.work == stages(disk)["extract"].work


def test_a_slow_network_makes_a_night_longer():
    fast, slow = (planned(10**7, on=LARGE | {"network_mb": mb}) for mb in (10_000, 50))
    assert slow.seconds > fast.seconds + 100
    moved = stages(slow)["search_graph"].moved
    assert moved.read_mb > stages(slow)["search_graph"].task.instances * 4_000


def test_a_full_night_writes_an_index_and_a_changed_one_a_difference():
    full, changed = planned(kind="full"), planned(kind="changed")
    index, difference = (stages(one)["build_embeddings"].work for one in (full, changed))
    assert "forecast seconds" in {term.driver for term in index.terms}
    assert {term.driver for term in difference.terms} == {"difference", "compared values"}
    assert full.written_mb > changed.written_mb
    assert full.wal_mb == pytest.approx(1.2 * full.written_mb)


def test_memory_is_what_the_tasks_forecast_and_expected_what_was_measured_of_it():
    plan = planned()
    merge = stages(plan)["merge_graph"]
    assert merge.memory_mb == forecast_of("merge_graph", plan.sizes).megabytes
    assert merge.peak_mb == pytest.approx(300 + 0.75 * (merge.memory_mb - BASE_MEGABYTES))
    assert plan.largest.task.name in ("merge_graph", "cluster hdbscan", "build_embeddings")


def test_blocks_shrink_before_a_task_is_refused():
    roomy, narrow = (
        forecast_of("encode", planned().sizes).on(machines(memory_mb=mb)) for mb in (24_000, 2_080)
    )
    assert narrow < roomy
    assert narrow <= 1_040


def test_what_does_not_fit_is_refused_with_the_figures():
    plan = planned(10**8, on={"workers": 32, "memory_mb": 16 * GIGABYTE})
    found = findings_of(plan, constants())
    assert [one.is_refusal for one in found] == sorted(
        (one.is_refusal for one in found), reverse=True
    )
    texts = {one.stage: one.text for one in found}
    memory = stages(plan)["cluster hdbscan"].memory_mb
    assert (
        f"it runs on one machine, and needs {memory / 1024:,.1f} GB: 8.0 GB are enough for"
        in (texts["cluster hdbscan"])
    )
    assert texts["search_graph"].startswith("each task needs 160.7 GB")
    overall = next(one.text for one in found if not one.stage)
    most = most_customers(plan, constants(), "cluster hdbscan", 8 * GIGABYTE)
    assert f"enough for {most:,} customers" in overall
    assert f"{-(-(10**8) // most)} spaces of up to {most:,} customers" in overall
    fits = replace(plan.sizes.night, customers=most)
    again = plan_night(fits, plan.sizes.machines, constants())
    assert not any(one.is_refusal for one in findings_of(again, constants()))


def test_the_limits_of_one_machine_are_said_where_they_hold_too():
    found = findings_of(planned(), constants())
    assert {one.stage for one in found if not one.is_refusal} >= {
        "cluster kmeans", "cluster hdbscan",
    }  # fmt: skip
    assert not any(one.is_refusal for one in found)


def texts_of(plan):
    return " | ".join(f"{one.stage}: {one.text}" for one in findings_of(plan, constants()))


def with_spec(**changes):
    return spec_from_dict(usual_spec(columns=20).model_dump(mode="json") | changes, where="test")


def test_an_index_too_large_for_the_server_is_advised_against():
    on = LARGE | {"database_memory_mb": 8 * GIGABYTE}
    said = texts_of(planned(3 * 10**7, on=on))
    assert "more than the server's 8.0 GB" in said
    assert "'index: exact'" in said
    assert "'index_precision: half'" in said
    assert "one per country" in said
    assert "'index_precision: half'" not in texts_of(
        planned(3 * 10**7, on=on, spec=with_spec(index_precision="half"))
    )
    said = texts_of(planned(3 * 10**7, on={"is_one": True, "memory_mb": 8 * GIGABYTE}))
    assert "the index has 11.8 GB, more than the machine's 8.0 GB: its build" in said
    exact = planned(3 * 10**7, on=on, spec=with_spec(index="exact"))
    assert "build_embeddings:" not in texts_of(exact)
    assert exact.warehouse.serving["its index"] == 0


def test_too_little_memory_for_an_index_is_refused_and_for_the_usual_lists_is_said():
    refused = planned(10**6, on={"maintenance_work_mem_mb": 1})
    assert "an index needs" in texts_of(refused)
    assert any(one.is_refusal for one in findings_of(refused, constants()))
    said = texts_of(planned(10**7, kind="full", on=LARGE))
    assert "3,162 are usual, which need" in said


@pytest.mark.parametrize(
    ("allowed", "spec"),
    [
        (2_000, {}),
        (2_000, {"index": "hnsw"}),
        (4_000, {"index_precision": "half"}),
        (16_000, {"index": "exact"}),
    ],
)
def test_vectors_too_wide_for_the_index_are_refused_as_the_night_refuses_them(allowed, spec):
    at_limit = planned(10_000, dimensions=allowed, on=LARGE, spec=with_spec(**spec))
    assert "fit_encoder" not in texts_of(at_limit)
    above = planned(10_000, dimensions=allowed + 1, on=LARGE, spec=with_spec(**spec))
    [found] = [one for one in findings_of(above, constants()) if one.stage == "fit_encoder"]
    assert found.is_refusal
    assert f"would have {allowed + 1:,} dimensions, allowed are {allowed:,}" in found.text
    assert "lower max_categories or components" in found.text
    assert ("'index_precision: half'" in found.text.split("in the spec")[1]) == (allowed == 2_000)
    assert ("'index: exact'" in found.text.split("in the spec")[1]) == (allowed < 16_000)


def test_idle_slots_and_extrapolation_are_said():
    said = texts_of(planned(3 * 10**6, on={"workers": 32}))
    assert "there are 3 shards (64 at most), and 32 workers" in said
    assert "a lower KINDRED_SHARD_ROWS makes more of them" in said
    assert "there is 1 shard (64 at most), and 3 workers" in texts_of(planned(on={"workers": 3}))
    assert "an extrapolation" in texts_of(planned(2 * 10**7, on=LARGE))
    assert "an extrapolation" not in said


def test_more_customers_than_rows_can_be_numbered_are_refused():
    message = "found 1,000,000,000,000, allowed are up to 2,147,483,647 per space, since rows are"
    with pytest.raises(SettingsError, match=message):
        planned(10**12)
    assert planned(2**31 - 1, on=LARGE).seconds > 0


def test_as_many_jobs_as_can_be_simulated_in_a_second_stand_for_all_instances():
    small = LARGE | {"shard_rows": 1_000}
    few, many = planned(2 * 10**6, on=small), planned(2**31 - 1, on=small)
    exact, merged = (stages(one)["load_lookalikes"] for one in (few, many))
    assert (exact.task.instances, merged.task.instances) == (2_000, 2_147_484)
    each = [one.busy_seconds / one.task.instances for one in (exact, merged)]
    assert 1 < each[1] / each[0] < 1_000
    assert sum(_turns(2_147_484, 16)) == sum(_turns(2_147_484, 5_000)) == 2_147_484
    assert [len(_turns(2_147_484, slots)) for slots in (16, 5_000)] == [2_000, 5_000]
    assert _turns(400, 16) == [1] * 400


def test_an_algorithm_that_was_not_measured_takes_what_a_like_one_takes():
    spec = usual_spec(columns=20, algorithms=[Algorithm.DBSCAN, Algorithm.IVFFLAT])
    plan = planned(spec=spec)
    assert stages(plan)["cluster dbscan"].work.cost == constants().tasks["cluster hdbscan"]
    assert stages(plan)["cluster ivfflat"].work.cost == constants().tasks["cluster kmeans"]
    assert "build_embeddings" in stages(plan)["cluster ivfflat"].task.after


def test_hdbscan_compares_all_customers_up_to_its_limit_on_one_thread():
    shipped, on = read_constants(), machines(cores=16)
    made = {
        count: plan_night(night(count, kind="first"), on, shipped) for count in (20_000, 20_001)
    }
    exact, graph = (stages(one)["cluster hdbscan"] for one in made.values())
    assert exact.work.worker_seconds == pytest.approx(63.4, rel=0.01)
    assert exact.seconds > 63.4
    assert graph.work.worker_seconds < 1
    assert made[20_000].seconds > made[20_001].seconds + 50
    half = night(10_000, kind="first")
    assert stages(plan_night(half, on, shipped))[
        "cluster hdbscan"
    ].work.worker_seconds == pytest.approx(63.4 / 4, rel=0.01)
    clustering = {"algorithms": ["hdbscan"], "hdbscan": {"exact_limit": 9_999}}
    lower = night(10_000, kind="first", spec=with_spec(clustering=clustering))
    assert stages(plan_night(lower, on, shipped))["cluster hdbscan"].work.worker_seconds < 1
    assert "exact pairs" in shipped.elsewhere


def test_constants_are_written_and_read_again():
    made = constants()
    assert Constants.from_json(json.loads(json.dumps(made.as_json()))) == made
    with pytest.raises(SettingsError, match="found format None, 1 is expected"):
        Constants.from_json({})


def test_the_constants_of_the_package_know_every_task_of_every_night():
    shipped = read_constants()
    for kind in Night:
        sizes = sizes_of(night(kind=kind), machines(), shipped.growth)
        for task in tasks_of(sizes):
            work = work_of(task, sizes, shipped)
            # What takes some hundredths of a second is not seen by the bench of whole nights.
            assert work.terms or task.name in ("finish", "list_algorithms", "prepare"), task.name
    assert shipped.most_customers >= 1_000_000
