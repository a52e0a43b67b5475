"""Publish killed, run twice, run out of turn, taken up after a failure."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg2
import pytest

from integration.publishing import (
    CURRENT,
    build,
    day,
    opened,
    publish_day,
    published_rows,
)
from integration.warehouse import Laboratory, make_spec, moment
from kindred.encoding.vectors import read_embeddings
from kindred.errors import LockTimeoutError
from kindred.publication import promotion
from kindred.run import builds
from kindred.run.context import Run
from kindred.spec.model import Spec
from kindred.tasks import run_task
from kindred.warehouse.database import Database

Copy = Callable[[Laboratory], Laboratory]


def die(database: Database) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_between_steps(laboratory: Laboratory, number: int) -> None:
    """In another process: publish, killed after its first step has been committed."""

    def run() -> None:
        promotion._wait_for_planned_queries = die
        publish_day(laboratory, number)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join(timeout=30)
    assert process.exitcode == -signal.SIGKILL


def attached(laboratory: Laboratory) -> set[str]:
    rows = laboratory.query(
        "select inhrelid::regclass::text from pg_inherits"
        " where inhparent = 'kindred.customer_lookalikes'::regclass"
    )
    return {name for (name,) in rows}


VISIBLE = (
    "select to_jsonb(t)::text from bi.lookalikes as t union all"
    " select to_jsonb(t)::text from bi.lookalikes_current as t union all"
    " select to_jsonb(t)::text from bi.clusters as t union all"
    " select to_jsonb(t)::text from bi.clusters_current as t union all"
    " select to_jsonb(t)::text from bi.cluster_lineage as t union all"
    " select to_jsonb(t)::text from bi.cluster_profiles_current as t union all"
    " select to_jsonb(t)::text from bi.cluster_summary as t union all"
    " select to_jsonb(t)::text from bi.similar_customers(1, 5) as t union all"
    " select (to_jsonb(t) - 'stage_seconds' - 'stage_peak_mb')::text from bi.snapshots as t"
    " order by 1"
)


@pytest.mark.parametrize("published_before", [False, True], ids=["first snapshot", "a later one"])
def test_publish_killed_between_its_steps_shows_nothing_and_is_repaired(
    request: pytest.FixtureRequest, published_before: bool
) -> None:
    shop = request.getfixturevalue("built" if published_before else "shop")
    if not published_before:
        build(shop, make_spec(), 6)
    before = shop.query(VISIBLE)
    kill_between_steps(shop, 6)
    assert len(attached(shop)) == 1 + published_before
    assert shop.query(VISIBLE) == before
    assert publish_day(shop, 6) == {"published": True, "is_current": True}
    assert shop.query(CURRENT)[0] == (moment(day(6)), published_rows(shop)[str(moment(day(6)))][0])
    after = shop.hashes()
    assert publish_day(shop, 6) == {"published": False}
    assert shop.hashes() == after


def test_a_run_that_starts_again_after_such_a_kill_gives_the_same_tables(
    shop: Laboratory, make_laboratory: Callable[..., Laboratory]
) -> None:
    build(shop, make_spec(), 6)
    kill_between_steps(shop, 6)
    shop.run(make_spec(), day(6))
    other = make_laboratory(beside=shop)
    other.fit(make_spec(), day(5))
    other.run(make_spec(), day(6))
    assert shop.hashes() == other.hashes()


@pytest.mark.parametrize("stage", ["quality_gate", "publish"])
def test_the_last_tasks_can_be_cleared_after_the_publish(published: Laboratory, stage: str) -> None:
    before = published.hashes()
    run_task(opened(published, 5), stage)
    assert publish_day(published, 5) == {"published": False}
    assert published.hashes() == before


@pytest.fixture(scope="module")
def two_nights(original_night: Laboratory, copy_laboratory: Copy) -> dict[str, str]:
    """The tables after two days without a failure."""
    laboratory = copy_laboratory(original_night)
    laboratory.run(make_spec(), day(6))
    return laboratory.hashes()


@pytest.mark.parametrize(
    "failing",
    [
        "encode",
        "publish",
        *(pytest.param(s, marks=pytest.mark.soak) for s in ("load_lookalikes", "quality_gate")),
    ],
)
def test_a_failed_run_goes_on_where_it_stopped(
    shop: Laboratory, two_nights: dict[str, str], failing: str
) -> None:
    """Its clean_up and that of another run leave what its later tasks need."""

    def fail(stage: str, run: Run) -> None:
        if stage == failing:
            with run.warehouse("test") as warehouse:
                what = {"run_id": run.build.run_id, "task": failing, "failure": "out of memory"}
                builds.record_failure(warehouse, run.as_of, **what)
            run_task(run, "clean_up")
            shop.run(make_spec(), day(5))

    shop.run(make_spec(), day(6), before=fail)
    assert shop.hashes() == two_nights
    tables = shop.query("select relname from pg_class where relname ~ '(_next|landing_.*)$'")
    assert tables == []


PARTITIONS = (
    "select inhparent::regclass::text, inhrelid from pg_inherits"
    " where inhparent::regclass::text ~ '^kindred.customer_(clusters|lookalikes)$'"
)


def run_beside_a_reader(shop: Laboratory, spec: Spec) -> list[tuple[Any, ...]]:
    """Run a published date again while a transaction holds its tables; returns what that reads."""
    with closing(psycopg2.connect(shop.warehouse_dsn)) as reader, reader.cursor() as cursor:
        cursor.execute("select count(*) from bi.lookalikes_current, bi.clusters_current")
        hurried = replace(shop, environment={"KINDRED_LOCK_WAIT_SECONDS": "1"})
        hurried.run(spec, day(5))
        cursor.execute(CURRENT)
        return cursor.fetchall()


def test_a_date_that_has_not_changed_stays_as_it_is_and_waits_for_nobody(
    published: Laboratory,
) -> None:
    before, hashes = published.query(PARTITIONS), published.hashes()
    seen = published.query(CURRENT)
    assert run_beside_a_reader(published, make_spec()) == seen
    assert opened(published, 5).build.state == "published"
    assert published.query(PARTITIONS) == before
    assert published.hashes() == hashes
    assert published.query("select relname from pg_class where relname ~ '_next$'") == []
    run_task(opened(published, 5), "quality_gate")
    assert publish_day(published, 5) == {"published": False}


def test_only_the_table_that_has_changed_is_replaced(published: Laboratory) -> None:
    before = dict(published.query(PARTITIONS))
    with pytest.raises(LockTimeoutError):
        run_beside_a_reader(published, make_spec(k=3))
    assert dict(published.query(PARTITIONS)) == before
    assert publish_day(published, 5) == {"published": True, "is_current": True}
    after = dict(published.query(PARTITIONS))
    assert {name for name in after if after[name] != before[name]} == {
        "kindred.customer_lookalikes"
    }


@pytest.fixture(scope="module")
def twins(original_shop: Laboratory, copy_laboratory: Copy) -> Laboratory:
    """Two customers are alike, so that the distance to the nearest one is 0."""
    laboratory = copy_laboratory(original_shop)
    twin = "insert into customers select 9001, updated_at, income, age, is_active, state, churned"
    laboratory.query(f"{twin} from customers where customer_id = 1", source=True)
    laboratory.run(make_spec(), day(5), full_extract=True)
    return laboratory


@pytest.mark.parametrize(
    ("change", "is_other"),
    [
        ("update {} set distance = distance", False),
        ("delete from {} where customer_id = 1 and rank = 5", True),
        ("update {} set rank = 6 where customer_id = 1 and rank = 5", True),
        ("update {} set lookalike_id = 9999 where customer_id = 1 and rank = 5", True),
        ("update {} set distance = '-0' where customer_id = 1 and rank = 1", True),
    ],
    ids=["nothing", "a row less", "another key", "another value", "another bit"],
)
def test_one_row_is_enough_to_replace_a_table(
    twins: Laboratory, copy_laboratory: Copy, change: str, is_other: bool
) -> None:
    shop = copy_laboratory(twins)
    hashes = shop.hashes()
    shop.query(change.format("kindred.customer_lookalikes"))
    before = dict(shop.query(PARTITIONS))
    shop.run(make_spec(), day(5))
    assert shop.hashes() == hashes
    after = dict(shop.query(PARTITIONS))
    assert (after != before) == is_other


def assert_embeddings_are_the_vectors(laboratory: Laboratory, number: int) -> None:
    run = opened(laboratory, number)
    with run.warehouse("test") as warehouse:
        vectors = read_embeddings(run, run.key_type(warehouse))
    rows = laboratory.query(
        "select customer_id, embedding::text, updated_at, encoder_version"
        " from kindred.customer_embeddings order by customer_id"
    )
    assert [row[0] for row in rows] == vectors.customers.tolist()
    stored = np.array([json.loads(row[1]) for row in rows], dtype=np.float32)
    assert stored.tobytes() == np.ascontiguousarray(vectors.vectors).tobytes()
    microseconds = [int(row[2].timestamp() * 1e6) for row in rows]
    assert np.abs(np.array(microseconds) - vectors.updated_at).max() <= 1
    assert {row[3] for row in rows} == {vectors.encoder_version}


@pytest.mark.parametrize("rewrite_share", [1.0, 0.0], ids=["differences", "generations"])
def test_embeddings_staged_before_another_publish_are_staged_anew(
    published: Laboratory, rewrite_share: float
) -> None:
    """A customer who came and went between two snapshots must not be left behind."""
    spec = make_spec(rewrite_share=rewrite_share)
    published.append("customers", [(9_000, "2026-01-05 12:00+00", 1.0, 30, True, "CA", False)])
    build(published, spec, 6)
    published.query("delete from customers where customer_id = 9000", source=True)
    build(published, spec, 7)
    publish_day(published, 6)
    guest = "select count(*) from kindred.customer_embeddings where customer_id = 9000"
    assert published.query(guest) == [(1,)]
    publish_day(published, 7)
    assert_embeddings_are_the_vectors(published, 7)


def test_embeddings_staged_before_the_current_date_is_replaced_are_staged_anew(
    published: Laboratory,
) -> None:
    spec = make_spec(rewrite_share=1.0)
    build(published, spec, 6)
    published.append("customers", [(9_000, "2026-01-03 12:00+00", 1.0, 30, True, "CA", False)])
    published.run(spec, day(5), full_extract=True)
    publish_day(published, 6)
    assert_embeddings_are_the_vectors(published, 6)


def test_a_snapshot_of_the_past_leaves_what_is_current_alone(shop: Laboratory) -> None:
    shop.run(make_spec(), day(7))
    build(shop, make_spec(), 6)
    current = shop.query(CURRENT)
    assert publish_day(shop, 6) == {"published": True, "is_current": False}
    assert shop.query(CURRENT) == current
    assert_embeddings_are_the_vectors(shop, 7)
    assert len(shop.query("select distinct as_of from bi.lookalikes")) == 2
