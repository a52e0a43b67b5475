"""Stable cluster ids: from night to night, and where a published date finds other clusters."""

from typing import Any

import numpy as np
import pytest

from integration.warehouse import COLUMNS, Laboratory, make_spec, moment, people
from kindred.segments.identity.stable_ids import stable_ids
from kindred.warehouse.keys import KeyType

BEFORE, AS_OF = "2026-01-31T02:00", "2026-02-01T02:00"
PLANE = "customer_id bigint, updated_at timestamptz, x float8, y float8"
APART = {
    "features": {"x": "numeric", "y": "numeric"},
    "labels": [],
    "clustering": {
        "kmeans": {"k": 6},
        "hdbscan": {"min_cluster_size": 20, "min_samples": 5},
    },
}


def well_apart(first: int, count: int, when: str) -> list[tuple[Any, ...]]:
    """Customers around the corners of a grid, twenty deviations from each other."""
    rng = np.random.default_rng(first)
    corner = rng.integers(0, 6, size=count)
    points = np.column_stack([corner % 3, corner // 3]) * 20 + rng.normal(size=(count, 2))
    return [(first + i, moment(when), float(x), float(y)) for i, (x, y) in enumerate(points)]


def ids_of(laboratory: Laboratory, algorithm: str) -> list[dict[int, int]]:
    """Customer -> cluster of each snapshot, in their order."""
    rows = laboratory.query(
        "select as_of, customer_id, cluster_id from bi.clusters where algorithm = %s", [algorithm]
    )
    moments = sorted({row[0] for row in rows})
    return [{row[1]: row[2] for row in rows if row[0] == as_of} for as_of in moments]


def share_kept(laboratory: Laboratory, algorithm: str) -> float:
    """Of the customers of both snapshots, the share that is in the same cluster."""
    before, after = ids_of(laboratory, algorithm)
    assert set(before) <= set(after)
    return float(np.mean([before[customer] == after[customer] for customer in before]))


@pytest.fixture(scope="module", params=["the same customers", "5 % new customers"])
def nights(request: pytest.FixtureRequest, make_laboratory: Any) -> tuple[Laboratory, bool]:
    """Two nights of customers who are well apart; the second has some more, or none."""
    is_grown = request.param == "5 % new customers"
    laboratory = make_laboratory()
    laboratory.fill("customers", PLANE, well_apart(1, 600, "2026-01-30T12:00"))
    if is_grown:
        laboratory.append("customers", well_apart(1001, 30, "2026-01-31T12:00"))
    spec = make_spec(**APART)
    laboratory.fit(spec, BEFORE)
    laboratory.run(spec, BEFORE)
    laboratory.run(spec, AS_OF)
    return laboratory, is_grown


@pytest.mark.parametrize("algorithm", ["kmeans", "hdbscan"])
def test_customers_who_did_not_change_keep_their_clusters(
    nights: tuple[Laboratory, bool], algorithm: str
) -> None:
    laboratory, is_grown = nights
    before, after = ids_of(laboratory, algorithm)
    assert len(after) - len(before) == (30 if is_grown else 0)
    assert set(before.values()) - {-1} == set(range(6))
    if is_grown:
        assert share_kept(laboratory, algorithm) >= 0.95
    else:
        assert before == after
    events = laboratory.query(
        "select distinct event from bi.cluster_lineage_current where algorithm = %s", [algorithm]
    )
    assert events == [("kept",)]


@pytest.mark.parametrize("newcomers", [pytest.param(0, marks=pytest.mark.soak), 20])
def test_kmeans_keeps_customers_who_are_not_apart(laboratory: Laboratory, newcomers: int) -> None:
    rows = people(420)
    late = [(row[0], moment("2026-01-31T12:00"), *row[2:]) for row in rows[400 : 400 + newcomers]]
    laboratory.fill("customers", COLUMNS, [*rows[:400], *late])
    spec = make_spec(clustering={"algorithms": ["kmeans"]})
    laboratory.fit(spec, BEFORE)
    laboratory.run(spec, BEFORE)
    laboratory.run(spec, AS_OF)
    assert share_kept(laboratory, "kmeans") >= (0.95 if newcomers else 1.0)


@pytest.mark.parametrize("newcomers", [pytest.param(0, marks=pytest.mark.soak), 100])
def test_kmeans_keeps_customers_of_one_cloud(laboratory: Laboratory, newcomers: int) -> None:
    """Where every cut of the customers is as good as another, nights begin where the fit ended."""
    rng = np.random.default_rng(6)
    when = ["2026-01-30T12:00"] * 2000 + ["2026-01-31T12:00"] * newcomers
    rows = [(i, moment(day), *map(float, rng.normal(size=2))) for i, day in enumerate(when, 1)]
    laboratory.fill("customers", PLANE, rows)
    clustering = {"algorithms": ["kmeans"], "kmeans": {"k": 12}}
    spec = make_spec(**APART | {"clustering": clustering, "index": "exact"})
    laboratory.fit(spec, BEFORE)
    laboratory.run(spec, BEFORE)
    laboratory.run(spec, AS_OF)
    assert share_kept(laboratory, "kmeans") >= (0.95 if newcomers else 1.0)
    [(kept, k)] = laboratory.query(
        "select count(*), max(array_length(centers, 1)) from kindred.kmeans_centers"
    )
    assert (kept, k) == (1, 12)


def test_kmeans_starts_alike_whichever_date_is_first(
    laboratory: Laboratory, make_laboratory: Any
) -> None:
    laboratory.fill("customers", COLUMNS, people(400, days=30, first="2026-01-03T12:00"))
    spec = make_spec(clustering={"algorithms": ["kmeans"]})
    other = make_laboratory(beside=laboratory)
    for one, dates in ((laboratory, (BEFORE, AS_OF)), (other, (AS_OF, BEFORE))):
        one.fit(spec, "2026-01-20T02:00")
        for as_of in dates:
            one.run(spec, as_of)
    assert laboratory.hashes() == other.hashes()
    centers = "select encoder_version, settings, centers from kindred.kmeans_centers"
    assert laboratory.query(centers) == other.query(centers)


def test_a_cluster_born_on_a_second_run_takes_no_id_of_one_that_ended(
    laboratory: Laboratory,
) -> None:
    laboratory.fill("customers", COLUMNS, people(100))
    for as_of in (BEFORE, AS_OF):
        laboratory.run(make_spec(clustering={"algorithms": ["kmeans"]}), as_of)
    customers = np.array([*range(1, 101), 1001, 1002], dtype=np.int64)
    labels = np.array([0] * 100 + [1] * 2, dtype=np.int32)  # all in one, and two newcomers
    with laboratory.deployment.warehouse("test", "kindred") as database:
        first, second = (
            stable_ids(database, KeyType.BIGINT, "kmeans", moment(AS_OF), customers, labels)
            for _ in range(2)
        )
    assert (first.reference, first.lineage_from) == (moment(AS_OF), moment(BEFORE))
    events = {event.event: event for event in first.lineage}
    assert events["born"].to_cluster_id == 4
    assert events["kept"].shared == events["kept"].from_size
    merged = [event for event in first.lineage if event.event == "merged"]
    survivor = events["kept"].to_cluster_id
    assert {event.from_cluster_id for event in merged} == set(range(4)) - {survivor}
    assert {event.to_cluster_id for event in merged} == {survivor}
    assert len(first.lineage) == 5
    np.testing.assert_array_equal(first.cluster_ids, second.cluster_ids)
    assert first.lineage == second.lineage


def test_a_night_without_an_algorithm_does_not_end_its_clusters(laboratory: Laboratory) -> None:
    laboratory.fill("customers", COLUMNS, people(200))
    for as_of, algorithms in zip(
        (BEFORE, AS_OF, "2026-02-02T02:00"),
        (["kmeans", "hdbscan"], ["hdbscan"], ["kmeans"]),
        strict=True,
    ):
        laboratory.run(make_spec(clustering={"algorithms": algorithms}), as_of)
    assert share_kept(laboratory, "kmeans") == 1.0
    lineage = laboratory.query(
        "select distinct event, reference_as_of from bi.cluster_lineage_current"
    )
    assert lineage == [("kept", moment(BEFORE))]
    pairs = laboratory.query(
        "select distinct algorithm, from_as_of, to_as_of from bi.cluster_movements order by 1"
    )
    assert pairs == [
        ("hdbscan", moment(BEFORE), moment(AS_OF)),
        ("kmeans", moment(BEFORE), moment("2026-02-02T02:00")),
    ]
