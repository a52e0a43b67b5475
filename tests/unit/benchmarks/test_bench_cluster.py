"""The benchmark of segments at a handful of customers: every way, and what it reports."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from benchmarks import cluster, cluster_libraries, cluster_rivals
from benchmarks.customers import make_uneven
from benchmarks.report import Report
from kindred.segments.clusters import NOISE


@pytest.fixture
def vectors():
    """A few hundred customers in groups from dense to thin."""
    return make_uneven(1200, 8)[0]


@pytest.fixture
def alike(monkeypatch):
    """Calls in this process, without a limit."""

    def call(work, *arguments):
        return SimpleNamespace(result=work(*arguments), peak_rss_mb=1.0, cpu_seconds=1.0)

    for module in (cluster, cluster_libraries):
        monkeypatch.setattr(module, "measure_alone", call)
        monkeypatch.setattr(module, "measure_within", lambda limit, *given: call(*given))
    monkeypatch.setattr(cluster, "MIN_CLUSTER_SIZE", {"small": 25})


def test_uneven_groups_have_their_shares_and_spreads():
    vectors, groups = make_uneven(20_000, 4)
    assert vectors.dtype == np.float32
    assert (groups < 0).mean() == pytest.approx(0.03, abs=0.005)
    spreads = [vectors[groups == group].std(axis=0).mean() for group in range(25)]
    assert spreads[0] == pytest.approx(0.12, rel=0.1)
    assert spreads[24] == pytest.approx(0.6, rel=0.1)


def test_every_way_finds_nearly_the_same(vectors, tmp_path):
    path = cluster.save(str(tmp_path), "a few", vectors)
    assert cluster_rivals.make_graph(path, 20, 10, 1) > 0
    found = [
        cluster_rivals.library_hdbscan(path, 25, 10),
        cluster_rivals.kindred_hdbscan(path, 25, 10, 1),
        cluster_rivals.scikit_learn_hdbscan(path, 25, 10),
    ]
    assert found[0].clusters > 5
    assert 0.0 < found[0].noise_share < 0.5
    for other in found[1:]:
        assert adjusted_rand_score(found[0].labels, other.labels) > 0.99


def test_inertias_of_both_ways_are_alike(vectors, tmp_path):
    path = cluster.save(str(tmp_path), "a few", vectors)
    ours = cluster_rivals.kindred_kmeans(path, 25, 1)
    other = cluster_rivals.scikit_learn_kmeans(path, 25)
    assert (ours.labels != NOISE).all()
    assert ours.inertia == pytest.approx(other.inertia, rel=0.2)


def test_agreement_is_reported_with_its_targets(vectors, tmp_path, alike, monkeypatch):
    monkeypatch.setattr(cluster, "RIVALS", {"scikit-learn": cluster_rivals.scikit_learn_hdbscan})
    monkeypatch.setattr(cluster, "SIZES", (600, 1200))
    report = Report("cluster", {}, {})
    path = cluster.save(str(tmp_path), "small", vectors)
    cluster.measure_agreement(report, "small", path, SimpleNamespace(rivals=1, limit=60))
    assert [row["what"] for row in report.measurements] == [
        "small: hdbscan",
        "small: kindred",
        "small: scikit-learn",
    ]
    assert [target.name for target in report.targets] == [
        "small, 1,200: ARI",
        "small, 1,200: difference of noise shares",
        "small, 1,200: times faster",
    ]
    assert all(target.holds for target in report.targets[:2])


def test_mixed_customers_take_the_place_of_the_other_sets(tmp_path, alike, monkeypatch):
    monkeypatch.setattr(cluster, "SIZES", (400,))
    report = Report("cluster", {}, {})
    options = SimpleNamespace(data="mixed", rivals=0, limit=60, d=32)
    cluster.measure_sets(report, str(tmp_path), options)
    assert [row["what"] for row in report.measurements] == ["mixed: hdbscan", "mixed: kindred"]
    assert report.targets[0].name == "mixed, 400: ARI"


def test_many_and_kmeans_have_targets_of_time_and_memory(vectors, tmp_path, alike):
    report = Report("cluster", {}, {})
    path = cluster.save(str(tmp_path), "many", vectors)
    cluster.measure_kmeans(report, path, len(vectors))
    options = SimpleNamespace(data="customers", rivals=1, limit=60)
    cluster.measure_many(report, path, len(vectors), options)
    assert [row["what"] for row in report.measurements] == [
        "kmeans: kindred",
        "kmeans: scikit-learn",
        "many",
    ]
    assert [target.limit for target in report.targets] == [20.0, 1.01, 150.0, 8192.0]


def test_libraries_are_compared_on_the_same_customers_in_two_orders(
    vectors, tmp_path, alike, monkeypatch
):
    monkeypatch.setattr(cluster_libraries, "MIN_CLUSTER_SIZE", 25)

    def backwards(path, *sizes_and_more):
        """A library whose labels depend on the order of the rows."""
        labels = (np.arange(len(np.load(path))) // 400).astype(np.int32)
        return cluster_rivals.Found(labels, 1.0)

    monkeypatch.setattr(cluster_rivals, "fast_hdbscan", backwards)
    report = Report("cluster", {}, {})
    path = cluster.save(str(tmp_path), "both", vectors)
    cluster_libraries.measure_libraries(report, path, SimpleNamespace(rivals=1, limit=60))
    rows = {row["what"]: row for row in report.measurements}
    assert rows["Kindred, 1,200"]["ari"] > 0.99
    assert rows["Kindred, 1,200"]["again"] == 1.0
    assert rows["fast_hdbscan of the graph, repeatable, 1,200"]["again"] < 0.5
    assert rows["DBSCAN: scikit-learn, 1,200"]["ari"] > 0.99
    assert [(target.limit, target.holds) for target in report.targets] == [
        (0.98, True),
        (1.0, True),
    ]
