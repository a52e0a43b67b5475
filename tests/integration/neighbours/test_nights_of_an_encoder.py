"""Nights of one encoder share its lists, and search only where something has changed."""

import logging
import shutil
from datetime import timedelta

import numpy as np
import pytest

from integration.leaving import SECRET
from integration.warehouse import make_spec, moment
from kindred.artefacts.folder import snapshot_folders, snapshot_slug
from kindred.encoding.vectors import VECTORS
from kindred.erasure.task import erase, request_erasure
from kindred.history.erasure_key import VARIABLE
from kindred.neighbours import graph_artefacts
from kindred.neighbours.graph_artefacts import read_graph, read_plan, read_truth
from kindred.neighbours.recall import recall_of
from kindred.run.context import SEED

COLUMNS = (
    "customer_id bigint, updated_at timestamptz, x float8, y float8, z float8, kind text,"
    " gone boolean"
)
NIGHTS = tuple(f"2026-02-{day:02d}T02:00" for day in (1, 2, 3))
LEAVER = 77
SPEC = make_spec(
    source={"history": "versions", "tombstone": "gone"},
    features={"x": "numeric", "y": "numeric", "z": "numeric", "kind": "categorical"},
    labels=[],
    gates={"max_drift": 100.0},
    clustering={"algorithms": ["kmeans"]},
    target_recall=0.9,
)


def rows(customers, night, seed, gone=False):
    rng = np.random.default_rng(seed)
    when = moment(night) - timedelta(hours=12)
    for customer in customers:
        values = [None] * 4 if gone else [*map(float, rng.normal(size=3)), "abc"[customer % 3]]
        yield (customer, when + timedelta(seconds=customer), *values, gone)


@pytest.fixture(autouse=True)
def _small_lists(monkeypatch):
    monkeypatch.setattr("kindred.neighbours.search_plan.EXACT_LIMIT", 100)
    for module in ("list_training", "frozen_lists"):
        monkeypatch.setattr(f"kindred.neighbours.{module}.LIST_SIZE", 16)


@pytest.fixture
def town(make_laboratory):
    """Customers of three nights, of whom few change; the encoder is that of the first night."""
    laboratory = make_laboratory()
    everyone = range(1, 401)
    laboratory.fill("customers", COLUMNS, rows(everyone, NIGHTS[0], 1))
    laboratory.append("customers", rows((5, 130, 401), NIGHTS[1], 2))
    laboratory.append("customers", rows((LEAVER,), NIGHTS[1], 3, gone=True))
    laboratory.append("customers", rows((9, 402, 403), NIGHTS[2], 4))
    return laboratory


def copied(caplog):
    """How many customers each search took from an earlier graph."""
    found = [r.args[1] for r in caplog.records if "as in the earlier graph" in r.msg]
    caplog.clear()
    return found


def test_nights_in_any_order_equal_nights_from_nothing(town, make_laboratory, caplog, monkeypatch):
    caplog.set_level(logging.INFO, "kindred.neighbours")
    town.fit(SPEC, NIGHTS[0])
    first, second = (town.run(SPEC, night) for night in NIGHTS[:2])
    [number] = copied(caplog)
    assert 200 < number < 399
    assert read_plan(first).is_frozen
    assert read_plan(second).is_frozen
    # A date that is run again finds the graph of its first run.
    town.run(SPEC, NIGHTS[1])
    assert copied(caplog) == [400]

    # Who left before the second night is still in what the first one has handed on.
    monkeypatch.setenv(VARIABLE, SECRET)
    vectors = first.folder.read(VECTORS, "encode").arrays
    needle = vectors["vectors"][vectors["customers"] == LEAVER].tobytes()
    assert needle
    assert holding(town, needle)
    erase(town.deployment, "default", request_erasure(town.deployment, "default", str(LEAVER)))
    assert not holding(town, needle)
    assert second.folder.read(VECTORS, "encode")
    town.run(SPEC, NIGHTS[2], times=2)
    assert len(copied(caplog)) == 2

    other = make_laboratory(beside=town)
    monkeypatch.setattr(graph_artefacts, "CHANGED_SHARE", -1.0)
    other.fit(SPEC, NIGHTS[0])
    for night in reversed(NIGHTS):
        other.run(SPEC, night)
        # The next date that is filled in goes on from the last one.
        assert snapshot_slug(moment(night)) in snapshot_folders(str(other.artefacts), "default")
    erase(other.deployment, "default", request_erasure(other.deployment, "default", str(LEAVER)))
    assert not copied(caplog)
    assert town.hashes() == other.hashes()
    lists = "select settings, upper_centroids, centroids, rungs::text from kindred.graph_lists"
    assert (
        [tuple(map(bytes_of, row)) for row in town.query(lists)]
        == [tuple(map(bytes_of, row)) for row in other.query(lists)]
        != []
    )


def bytes_of(value):
    return bytes(value) if isinstance(value, memoryview) else value


def holding(laboratory, needle):
    return [path for path in laboratory.artefacts.rglob("*.npy") if needle in path.read_bytes()]


def test_a_shard_searches_everything_where_the_earlier_graph_has_gone(town, caplog):
    caplog.set_level(logging.INFO, "kindred.neighbours")
    town.fit(SPEC, NIGHTS[0])
    first = town.run(SPEC, NIGHTS[0])

    def remove(stage, run):
        if stage == "search_graph":
            shutil.rmtree(first.folder.path)

    run = town.run(SPEC, NIGHTS[1], before=remove, until="build_embeddings")
    assert not copied(caplog)
    graph = read_graph(run)
    assert (graph.neighbours >= 0).all()
    truth = read_truth(run)
    recall = recall_of(truth, SPEC.metric, graph.nearest(SPEC.k), is_tuned=True, seed=SEED)
    assert run.reopened().build.facts["recall"] == recall.recall_at_k >= 0.85


def test_encoders_of_earlier_releases_train_lists_on_every_snapshot(town):
    town.fit(SPEC, NIGHTS[0])
    town.query("update kindred.encoder_versions set freezes_lists = false")
    runs = [town.run(SPEC, night, until="merge_graph") for night in NIGHTS[:2]]
    plans = [read_plan(run) for run in runs]
    assert [(plan.method, plan.is_frozen) for plan in plans] == [("ivf", False)] * 2
    assert not np.array_equal(plans[0].arrays["centroids"], plans[1].arrays["centroids"])
    assert town.query("select * from kindred.graph_lists") == []
