"""Nights of one encoder share its lists, and what is known of its sample."""

from datetime import timedelta

import numpy as np
import pytest

from integration.leaving import SECRET
from integration.warehouse import make_spec, moment
from kindred.artefacts.folder import snapshot_folders, snapshot_slug
from kindred.encoding.vectors import VECTORS
from kindred.erasure.task import erase, request_erasure
from kindred.history.erasure_key import VARIABLE
from kindred.neighbours import graph_artefacts, truth
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
def _small_lists_and_a_pass(monkeypatch):
    monkeypatch.setattr("kindred.neighbours.search_plan.EXACT_LIMIT", 100)
    for module in ("list_training", "frozen_lists"):
        monkeypatch.setattr(f"kindred.neighbours.{module}.LIST_SIZE", 16)
    # A pass finds little among so few customers.
    monkeypatch.setattr("kindred.neighbours.refining_gain.LEAST_GAIN", 0.0)


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


@pytest.fixture
def counted(monkeypatch):
    """How many customers of the sample were compared with everyone, and with arrivals only."""
    counts = []
    search = truth.exact_neighbours

    def counting(queries, base, *args, **options):
        counts.append(("everyone" if "exclude" in options else "arrivals", len(queries)))
        return search(queries, base, *args, **options)

    monkeypatch.setattr(truth, "exact_neighbours", counting)
    return counts


def test_nights_in_any_order_equal_nights_from_nothing(town, make_laboratory, counted, monkeypatch):
    town.fit(SPEC, NIGHTS[0])
    first = town.run(SPEC, NIGHTS[0])
    counted.clear()
    second = town.run(SPEC, NIGHTS[1])
    found = dict(counted)
    assert found["arrivals"] > 4 * found["everyone"] > 0
    assert read_plan(first).is_frozen
    assert read_plan(second).is_frozen
    assert read_plan(second).is_refined
    # A date that is run again finds the truth of its first run.
    counted.clear()
    town.run(SPEC, NIGHTS[1])
    assert dict(counted)["everyone"] == 0

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

    other = make_laboratory(beside=town)
    monkeypatch.setattr(graph_artefacts, "CHANGED_SHARE", -1.0)
    other.fit(SPEC, NIGHTS[0])
    counted.clear()
    for night in reversed(NIGHTS):
        other.run(SPEC, night)
        # The next date that is filled in goes on from the last one.
        assert snapshot_slug(moment(night)) in snapshot_folders(str(other.artefacts), "default")
    erase(other.deployment, "default", request_erasure(other.deployment, "default", str(LEAVER)))
    assert "arrivals" not in dict(counted)
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


def test_lists_of_an_earlier_release_reach_the_target_alone(town):
    town.fit(SPEC, NIGHTS[0])
    assert read_plan(town.run(SPEC, NIGHTS[0])).is_refined
    town.query("update kindred.graph_lists set candidate_recall = null")
    run = town.run(SPEC, NIGHTS[1], until="build_embeddings")
    assert read_plan(run).is_frozen
    assert not read_plan(run).is_refined
    graph, sample = read_graph(run), read_truth(run)
    assert (graph.neighbours >= 0).all()
    recall = recall_of(sample, SPEC.metric, graph.nearest(SPEC.k), is_tuned=True, seed=SEED)
    assert run.reopened().build.facts["recall"] == recall.recall_at_k >= 0.85


def test_encoders_of_earlier_releases_train_lists_on_every_snapshot(town):
    town.fit(SPEC, NIGHTS[0])
    town.query("update kindred.encoder_versions set freezes_lists = false")
    runs = [town.run(SPEC, night, until="merge_graph") for night in NIGHTS[:2]]
    plans = [read_plan(run) for run in runs]
    assert [(plan.method, plan.is_frozen) for plan in plans] == [("ivf", False)] * 2
    assert not np.array_equal(plans[0].arrays["centroids"], plans[1].arrays["centroids"])
    assert town.query("select * from kindred.graph_lists") == []
