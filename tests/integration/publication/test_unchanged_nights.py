"""Nights in which nothing has changed share the rows of the night before, and nobody can tell."""

from collections.abc import Callable
from pathlib import Path

import pytest

from integration.leaving import SECRET
from integration.unchanged import (
    FIRST,
    FOURTH,
    SECOND,
    SPEC,
    THIRD,
    change,
    computing,
    kill_in,
    partitions,
    random_nights,
    shown,
    statuses,
)
from integration.warehouse import COLUMNS, Laboratory, make_spec, moment, people
from kindred import tasks
from kindred.backfills.backfill_plan import plan_backfill
from kindred.erasure.task import erase, request_erasure
from kindred.errors import ArtefactError, DataError
from kindred.history.erasure_key import VARIABLE
from kindred.publication import promotion
from kindred.publication.prune import Retention, prune
from kindred.publication.shared_partitions import stored_as_of
from kindred.publication.withdraw import withdraw
from kindred.run import builds
from kindred.run.context import open_run
from kindred.run.latest_only import Snapshots
from kindred.segments.identity.relink import relink
from kindred.tasks import TASKS, run_task

Copy = Callable[[Laboratory], Laboratory]


@pytest.fixture(scope="module")
def one_night(make_laboratory: Callable[..., Laboratory]) -> Laboratory:
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(120))
    laboratory.run(SPEC, FIRST)
    return laboratory


@pytest.fixture(scope="module")
def two_nights(one_night: Laboratory, copy_laboratory: Copy) -> Laboratory:
    """The second of which has changed nothing."""
    laboratory = copy_laboratory(one_night)
    laboratory.run(SPEC, SECOND)
    return laboratory


@pytest.fixture(scope="module")
def computed(one_night: Laboratory, copy_laboratory: Copy) -> Laboratory:
    """The same two nights, each computed."""
    laboratory = copy_laboratory(one_night)
    with computing():
        laboratory.run(SPEC, SECOND)
    return laboratory


@pytest.fixture
def shop(two_nights: Laboratory, copy_laboratory: Copy) -> Laboratory:
    return copy_laboratory(two_nights)


def test_nothing_is_computed_and_readers_find_the_same(
    two_nights: Laboratory, computed: Laboratory
) -> None:
    assert two_nights.hashes() == computed.hashes()
    for as_of in (FIRST, SECOND, None):
        assert shown(two_nights, as_of) == shown(computed, as_of)
    shares = two_nights.query("select as_of, unchanged_since from bi.snapshots order by 1")
    assert shares == [(moment(FIRST), None), (moment(SECOND), moment(FIRST))]
    assert {slug for _, slug in partitions(two_nights)} == {"20260201t020000"}
    [(stages,)] = two_nights.query(
        "select stage_seconds from bi.snapshots where as_of = %s", (moment(SECOND),)
    )
    skipped = {name for name, task in TASKS.items() if task.needs_change}
    assert stages.keys() == TASKS.keys() - skipped
    # A customer's segment can be asked for, as on any other night.
    query = "select lookalike_id from bi.similar_customers(1, 5, null, 'kmeans', 0) order by 1"
    assert two_nights.query(query) == computed.query(query) != []


def test_a_damaged_profile_is_made_again_by_the_task_that_the_message_names(
    one_night: Laboratory, copy_laboratory: Copy
) -> None:
    laboratory = copy_laboratory(one_night)
    run = laboratory.run(SPEC, SECOND, until="publish")
    damaged = Path(run.folder.path, "profiles", "facts.json")
    damaged.write_bytes(damaged.read_bytes()[:50])
    with pytest.raises(ArtefactError, match=r"damaged: .*; clear task 'validate' with its down"):
        run_task(run, "publish")
    with run.warehouse("publish") as warehouse:
        builds.record_failure(
            warehouse, run.as_of, run_id=run.build.run_id, task="publish", failure="damaged"
        )
    for stage in ("validate", "quality_gate", "publish"):
        run_task(open_run(laboratory.deployment, "default", run.as_of), stage)
    current = "select unchanged_since from bi.snapshots where is_current"
    assert laboratory.query(current) == [(moment(FIRST),)]


def test_what_would_compute_alone_is_skipped_too(two_nights: Laboratory) -> None:
    run = open_run(two_nights.deployment, "default", moment(SECOND))
    assert run_task(run, "cluster", algorithm="kmeans") is None
    assert "nothing has changed since" in str(tasks.reason_to_skip(run, "encode"))
    assert tasks.reason_to_skip(run, "publish") is None
    assert run_task(run, "publish") == {"published": False}


def with_fills(laboratory: Laboratory) -> None:
    laboratory.query("update kindred.version_fills set fills = fills + 1")


def late(laboratory: Laboratory) -> None:
    """A row that would have been in the first night lands before the second."""
    change(laboratory, 5, "2026-01-31T12:00")
    laboratory.land(SPEC, "2026-02-01T12:00", full_extract=True)


def gone(laboratory: Laboratory) -> None:
    laboratory.query("delete from customers where customer_id = 3", source=True)


def other_machine(laboratory: Laboratory) -> None:
    laboratory.query(
        """update kindred.snapshot_builds set facts = facts || '{"machine_code": "other"}'"""
    )


def other_release(laboratory: Laboratory) -> None:
    laboratory.query("update kindred.snapshot_builds set release = '0.0.1'")


def begun_again(laboratory: Laboratory) -> None:
    laboratory.begin(SPEC, FIRST)


def dropped(laboratory: Laboratory) -> None:
    laboratory.query("drop table kindred.customer_clusters_20260201t020000")


REASONS = {
    "1 of 120 customers have changed": (lambda lab: change(lab, 5, "2026-02-01T12:00"), SPEC, {}),
    "0 of 119 customers have changed": (gone, SPEC, {}),
    "rows were late": (late, SPEC, {}),
    "values were filled in": (with_fills, SPEC, {}),
    "another kind of machine": (other_machine, SPEC, {}),
    "by another release": (other_release, SPEC, {}),
    "is being made again": (begun_again, SPEC, {}),
    "are gone": (dropped, SPEC, {}),
    "by another spec": (lambda lab: None, make_spec(k=4), {}),
    "a refit of the encoder is due": (
        lambda lab: lab.query(
            "update kindred.snapshot_builds set"
            " facts = jsonb_set(facts, '{quality,0,stability_index}', '9')"
        ),
        SPEC,
        {"may_refit": True},
    ),
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_has_changed_is_computed_and_the_log_says_why(
    one_night: Laboratory, copy_laboratory: Copy, caplog: pytest.LogCaptureFixture, reason: str
) -> None:
    alter, spec, changes = REASONS[reason]
    laboratory = copy_laboratory(one_night)
    alter(laboratory)
    with caplog.at_level("INFO"):
        run = laboratory.land(spec, SECOND, **changes)
    [found] = [r.getMessage() for r in caplog.records if "is computed: " in r.getMessage()][-1:]
    assert reason in found
    assert stored_as_of(run.build.facts) is None


def test_a_filled_value_is_counted(one_night: Laboratory, copy_laboratory: Copy) -> None:
    laboratory = copy_laboratory(one_night)
    laboratory.query("alter table customers add column region text default 'north'", source=True)
    features = {**SPEC.model_dump(mode="json")["features"], "region": "categorical"}
    laboratory.land(make_spec(features=features), SECOND, full_extract=True)
    assert laboratory.query("select fills > 0 from kindred.version_fills") == [(True,)]


def test_the_first_date_is_made_anew_and_the_other_keeps_its_rows(shop: Laboratory) -> None:
    shop.run(SPEC, THIRD)
    before = [shown(shop, as_of) for as_of in (SECOND, THIRD)]
    late(shop)
    died = kill_in(promotion, "_wait_for_planned_queries", lambda: shop.run(SPEC, FIRST))
    assert died
    assert [shown(shop, as_of) for as_of in (SECOND, THIRD)] == before
    shop.run(SPEC, FIRST)
    assert [shown(shop, as_of) for as_of in (SECOND, THIRD)] == before
    assert shop.query("select as_of, unchanged_since from bi.snapshots where is_current") == [
        (moment(THIRD), moment(SECOND))
    ]
    slugs = {"20260201t020000", "20260202t020000"}
    assert {slug for _, slug in partitions(shop)} == slugs
    again = shown(shop, FIRST)
    assert again != before[0]
    with computing():  # run again with no result of another night at hand, it is the same
        shop.run(SPEC, FIRST)
    assert shown(shop, FIRST) == again
    assert not shop.query("select 1 from pg_class where relname ~ '_copied$'")


def test_a_date_that_is_replaced_before_publish_is_not_shared(shop: Laboratory) -> None:
    shop.run(SPEC, THIRD, until="publish")
    change(shop, 5, "2026-01-31T12:00")
    shop.land(SPEC, "2026-02-01T12:00", full_extract=True)
    with computing():
        shop.run(SPEC, SECOND)
        shop.run(SPEC, FIRST)
    third = open_run(shop.deployment, "default", moment(THIRD))
    with pytest.raises(DataError, match="clear task 'validate' with its downstream"):
        run_task(third, "publish")
    shop.run(SPEC, THIRD)
    assert statuses(shop)[THIRD] == "published"


def test_rows_stay_as_long_as_a_night_shares_them(shop: Laboratory) -> None:
    before = shown(shop, SECOND)
    prune(shop.deployment, SPEC, Retention(1, 0), is_dry_run=False)
    assert statuses(shop) == {FIRST: "pruned", SECOND: "published"}
    assert shown(shop, SECOND) == {**before, "movements": []}
    assert shown(shop, None)["lookalikes"]
    change(shop, 5, "2026-02-02T12:00")
    shop.run(SPEC, THIRD)
    assert {slug for _, slug in partitions(shop)} == {"20260201t020000", "20260203t020000"}
    prune(shop.deployment, SPEC, Retention(1, 0), is_dry_run=False)
    assert {slug for _, slug in partitions(shop)} == {"20260203t020000"}


def test_withdraw_of_the_shared_date_and_of_what_came_after(shop: Laboratory) -> None:
    second = shown(shop, None)
    change(shop, 5, "2026-02-02T12:00")
    shop.run(SPEC, THIRD)
    shop.query("update kindred.index_builds set holds_as_of = null")  # only artefacts are left
    withdraw(shop.deployment, SPEC, moment(THIRD))
    assert shown(shop, None) == second
    withdraw(shop.deployment, SPEC, moment(FIRST))
    assert shown(shop, None) == {**second, "movements": []}
    shop.run(SPEC, FIRST)
    assert shown(shop, None) == second
    withdraw(shop.deployment, SPEC, moment(SECOND))
    assert shop.query("select as_of from bi.snapshots where is_current") == [(moment(FIRST),)]
    shop.run(SPEC, SECOND)
    assert shown(shop, None) == second


def test_an_erased_person_is_gone_from_every_date(
    shop: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    [(label,)] = shop.query(
        "select label from bi.clusters where as_of = %s and algorithm = 'kmeans'"
        " and customer_id = 7",
        (moment(SECOND),),
    )
    sizes = (
        "select as_of, customers from bi.cluster_summary where algorithm = 'kmeans' and label = %s"
        " order by 1"
    )
    before = shop.query(sizes, (label,))
    receipt = erase(shop.deployment, "default", request_erasure(shop.deployment, "default", "7"))
    assert len(receipt["snapshots"]) == 2
    assert shop.query(sizes, (label,)) == [(as_of, count - 1) for as_of, count in before]
    for view in ("lookalikes", "clusters"):
        query = f"select 1 from bi.{view} where customer_id = 7"  # noqa: S608
        assert shop.query(query) == []
    assert shop.query("select customers, erased_customers from bi.snapshots") == [(119, 1)] * 2
    counted = "select count(*) from bi.lookalikes where as_of = %s"
    [(second,)] = shop.query(counted, (moment(SECOND),))
    assert shop.query("select lookalikes from bi.snapshots") == [(second,)] * 2
    # The next night is computed: its lists are full again.
    run = shop.run(SPEC, THIRD)
    assert stored_as_of(run.build.facts) is None
    assert shop.query(counted, (moment(THIRD),)) == [(119 * 5,)]


def test_ids_that_are_relinked_stay_those_of_both_dates(shop: Laboratory) -> None:
    shop.query("update kindred.cluster_ids set cluster_id = cluster_id + 100")
    for table in ("customer_clusters", "cluster_profiles"):
        shop.query(f"update kindred.{table} set cluster_id = cluster_id + 100 where label >= 0")  # noqa: S608
    relink(shop.deployment, SPEC)
    ids = "select distinct algorithm, cluster_id from bi.clusters where as_of = %s order by 1, 2"
    first, second = (shop.query(ids, (moment(as_of),)) for as_of in (FIRST, SECOND))
    assert first == second
    names = "select algorithm, cluster_id from bi.cluster_summary where as_of = %s order by 1, 2"
    assert set(shop.query(names, (moment(SECOND),))) <= set(second)
    assert relink(shop.deployment, SPEC) == []


def test_a_forecast_is_made_from_nights_that_were_computed(shop: Laboratory) -> None:
    with shop.deployment.warehouse("test", "kindred") as database:
        assert [cost.as_of for cost in builds.costs(database)] == [moment(FIRST)]
    window = shop.request(SPEC, FOURTH).window
    [planned] = plan_backfill(shop.deployment, SPEC, [window], Snapshots.ALL).dates
    assert planned.megabytes
    assert planned.seconds


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(s, marks=pytest.mark.soak) for s in range(2, 60))]
)
def test_any_sequence_of_nights_equals_the_one_that_was_computed(
    make_laboratory: Callable[..., Laboratory], seed: int
) -> None:
    count = random_nights(make_laboratory(), make_laboratory(), seed, 4 if seed == 1 else 7)
    assert count or seed > 1
