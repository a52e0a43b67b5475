"""Segments from the neighbour graph, down to the tables."""

import pytest

from integration.warehouse import COLUMNS, make_spec, people
from kindred.errors import SettingsError
from kindred.run.context import open_run
from kindred.segments.task import cluster

AS_OF = "2026-02-01T02:00"
CLUSTERING = {
    "algorithms": ["kmeans", "hdbscan", "dbscan"],
    "kmeans": {"k": "auto", "k_max": 6},
    "hdbscan": {"min_cluster_size": 20, "min_samples": 5, "exact_limit": 100},
    "dbscan": {"min_samples": 6},
}


def test_every_algorithm_fills_the_table_and_tells_what_it_chose(laboratory):
    laboratory.fill("customers", COLUMNS, people(400))
    run = laboratory.run(make_spec(clustering=CLUSTERING), AS_OF, times=2)
    facts = run.build.facts
    assert facts["clusters_hdbscan"]["method"] == "hdbscan graph"
    assert facts["clusters_hdbscan"]["clusters"] >= 2
    assert facts["clusters_dbscan"]["eps"] > 0
    assert facts["graph_k"] == 12
    assert 2 <= facts["clusters_kmeans"]["k"] <= 6
    assert [entry["k"] for entry in facts["clusters_kmeans"]["k_curve"]] == [2, 3, 4, 5, 6]
    found = laboratory.query(
        "select algorithm, count(*), bool_and((cluster_id < 0) = (label < 0)) from"
        " kindred.customer_clusters group by 1 order by 1"
    )
    assert found == [("dbscan", 400, True), ("hdbscan", 400, True), ("kmeans", 400, True)]


def test_shards_change_no_segment(laboratory):
    laboratory.fill("customers", COLUMNS, people(2100))
    spec = make_spec(index="exact", clustering=CLUSTERING)
    laboratory.run(spec, AS_OF)
    first = laboratory.hashes()
    laboratory.environment |= {"KINDRED_SHARD_ROWS": "1000", "KINDRED_GRAPH_THREADS": "1"}
    seen = []
    laboratory.run(spec, AS_OF, before=lambda stage, run: seen.append(stage))
    assert seen.count("search_graph") == 2
    assert laboratory.hashes() == first


def test_a_machine_too_small_is_told_before_the_work(laboratory):
    laboratory.fill("customers", COLUMNS, people(100))
    spec = make_spec(clustering=CLUSTERING)
    run = laboratory.run(spec, AS_OF, until="cluster")
    laboratory.environment["KINDRED_MEMORY_LIMIT_MB"] = "100"
    run = open_run(laboratory.deployment, "default", run.as_of)
    for algorithm in CLUSTERING["algorithms"]:
        with pytest.raises(SettingsError, match=f"{algorithm}: .* forecast, a task may take 100"):
            cluster(run, algorithm)
