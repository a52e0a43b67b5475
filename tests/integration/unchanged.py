"""Nights in which little or nothing changes, and what readers find after them."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np

from integration.movements import published, recounted
from integration.warehouse import COLUMNS, Laboratory, make_spec, moment, people
from kindred.publication import unchanged
from kindred.publication.withdraw import withdraw
from kindred.spec.model import Spec

FIRST, SECOND, THIRD, FOURTH = (f"2026-02-0{day}T02:00" for day in (1, 2, 3, 4))
SPEC = make_spec(source={"deletes": "compare_keys"})

VIEWS = {
    "lookalikes": "select * from bi.lookalikes{} as t where {}",
    "of one": "select * from bi.lookalikes{} as t where customer_id = 7 and {}",
    "reverse": "select * from bi.lookalikes{} as t where lookalike_id = 7 and {}",
    "clusters": "select * from bi.clusters{} as t where {}",
    "members": "select * from bi.clusters{} as t where cluster_id = 0 and {}",
    "map": "select * from bi.customer_map{} as t where {}",
    "faithful": "select * from bi.map_quality as t where {1}",
    "cells": "select * from bi.map_cells as t where {1}",
    "customers": "select * from bi.customers where {0} is not null",
    "summary": "select * from bi.cluster_summary{} as t where {}",
    "profiles": "select * from bi.cluster_profiles{} as t where {}",
    "lineage": "select * from bi.cluster_lineage{} as t where {}",
    "movements": "select t.*, to_as_of as as_of from bi.cluster_movements{} as t where {}",
    "distances": "select * from bi.lookalike_distances as t where {1}",
    "columns": "select * from bi.column_quality as t where {1}",
    "segments": "select * from bi.cluster_quality as t where {1}",
    "figures": "select as_of, customers, lookalikes, recall, recall_low, recall_high, history,"
    " encoder_version, rows_landed, rows_rejected, erased_customers from bi.snapshots where {1}",
    "similar": "select * from bi.similar_customers(1, 5) where {0} is not null",
    "like a group": "select * from bi.lookalike_audience(array(select generate_series(1, 40)), 9)"
    " where {0} is not null",
    "pair": "select * from bi.explain_pair(1, 2) where {0} is not null",
}


def shown(laboratory: Laboratory, as_of: str | None) -> dict[str, list[tuple[Any, ...]]]:
    """What every view says of a date, or, with None, of the current snapshot."""
    found = {}
    for name, query in VIEWS.items():
        is_function = "{0}" in query
        if is_function and as_of is not None:
            continue
        moment_column = "to_as_of" if name == "movements" else "as_of"
        wanted = f"{moment_column} = '{as_of}+00'"
        if as_of is None:
            wanted = f"{moment_column} = (select as_of from kindred.current_snapshot)"  # noqa: S608
        text = query.format("1" if is_function else "" if as_of else "_current", wanted)
        found[name] = sorted(laboratory.query(text), key=repr)
    return found


def partitions(laboratory: Laboratory) -> list[tuple[str, str]]:
    """Parent and slug of every attached partition."""
    rows = laboratory.query(
        "select inhparent::regclass::text, inhrelid::regclass::text from pg_inherits"
        " join pg_class on pg_class.oid = inhparent where relkind = 'p' and not inhdetachpending"
    )
    return [(parent, name.rpartition("_")[2]) for parent, name in rows]


def statuses(laboratory: Laboratory) -> dict[str, str]:
    """Date -> status of its snapshot."""
    rows = laboratory.query("select as_of at time zone 'UTC', status from bi.snapshots")
    return {as_of.strftime("%Y-%m-%dT%H:%M"): status for as_of, status in rows}


def change(laboratory: Laboratory, customer: int, when: str, income: float = 1.0) -> None:
    """A customer of the source changes."""
    laboratory.query(
        "update customers set income = %s, updated_at = %s where customer_id = %s",
        (income, moment(when), customer),
        source=True,
    )


@contextmanager
def computing() -> Iterator[None]:
    """Nothing is shared: every night is computed."""
    with patch.object(unchanged, "skip_unchanged", lambda run: {}):
        yield


def kill_in(module: ModuleType, function: str, work: Callable[[], object]) -> bool:
    """Do work in another process that dies where a function is called; returns whether it did."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def run() -> None:
        with patch.object(module, function, die):
            work()

    process = get_context("fork").Process(target=run)
    process.start()
    process.join(timeout=60)
    return process.exitcode == -signal.SIGKILL


STAGES = ("fit_encoder", "merge_graph", "quality_gate", "publish", "clean_up")


def random_nights(shared: Laboratory, computed: Laboratory, seed: int, nights: int) -> int:
    """The same changes and runs in two spaces, one of which computes every night.

    Rows are inserted, changed, deleted, late, or stay as they are; dates come in any order, some
    again, some with a refit; runs end anywhere and begin again; the newest is withdrawn.

    Returns how many snapshots were shared, summed over the steps.
    """
    rng = np.random.default_rng(seed)
    spec = SPEC if seed % 2 else make_spec(source={"deletes": "compare_keys"}, private=["income"])
    customers = people(80, seed=seed)
    for laboratory in (shared, computed):
        laboratory.fill("customers", COLUMNS, customers)
        laboratory.fit(spec, FIRST)
    dates: list[int] = []
    count = 0
    for step in range(nights):
        kind = rng.choice(["nothing", "nothing", "change", "insert", "delete", "late"])
        day = int(rng.integers(2, 9)) if step else 2
        as_of = f"2026-02-{day:02d}T02:00"
        is_newest = all(day > other for other in dates)
        _alter(shared, computed, rng, str(kind), step, moment(as_of) - timedelta(hours=3))
        changes = {
            "run_id": f"night {step}",
            "full_extract": kind == "late",
            "may_refit": bool(is_newest and rng.random() < 0.2),
        }
        until = str(rng.choice(STAGES)) if rng.random() < 0.4 else None
        for laboratory in (shared, computed):
            _run(laboratory, spec, as_of, until, changes, is_computing=laboratory is computed)
        dates.append(day)
        count += len(shared.query("select 1 from bi.snapshots where unchanged_since is not null"))
        if is_newest and len(set(dates)) > 2 and rng.random() < 0.2:
            for laboratory in (shared, computed):
                withdraw(laboratory.deployment, spec, moment(as_of))
            dates = [other for other in dates if other != day]
        assert shared.hashes() == computed.hashes(), f"seed {seed}, step {step}"
        assert published(shared) == recounted(shared) == published(computed)
    return count


def _alter(
    shared: Laboratory,
    computed: Laboratory,
    rng: np.random.Generator,
    kind: str,
    step: int,
    when: Any,
) -> None:
    customer, income = int(rng.integers(1, 81)), float(rng.normal(40_000, 9_000))
    for laboratory in (shared, computed):
        if kind in ("change", "late"):
            late = moment("2026-01-31T11:00") + step * timedelta(hours=1)
            then = late if kind == "late" else when
            change(laboratory, customer, then.strftime("%Y-%m-%dT%H:%M"), income)
        elif kind == "insert":
            row = (1000 + step, when, income, 40, True, "CA", False)
            laboratory.append("customers", [row])
        elif kind == "delete":
            laboratory.query(
                "delete from customers where customer_id = %s", (customer,), source=True
            )


def _run(
    laboratory: Laboratory,
    spec: Spec,
    as_of: str,
    until: str | None,
    changes: dict[str, Any],
    *,
    is_computing: bool,
) -> None:
    def run() -> None:
        if until is not None:
            laboratory.run(spec, as_of, until=until, **changes)
        laboratory.run(spec, as_of, **changes)

    if is_computing:
        with computing():
            run()
    else:
        run()
