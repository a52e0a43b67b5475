"""The graph of the public part of the vectors."""

import numpy as np
import pytest

from kindred.neighbours.exact import exact_neighbours
from kindred.neighbours.public_graph import public_part, search_public
from kindred.spec.metrics import Metric

BLOCKS = {"a": (0, 2), "b": (2, 3), "c": (3, 6)}


def searched(vectors, metric, k=5):
    options = {"target_recall": 0.99, "exact": False, "seed": 1, "threads": 1}
    graph, recall = search_public(vectors, metric, k, **options)
    assert (recall.recall_at_k, recall.sample_size) == (1.0, graph.eligible.sum())
    return graph


@pytest.mark.parametrize("metric", list(Metric), ids=str)
def test_the_other_columns_change_nothing(metric):
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(300, 6)).astype(np.float32)
    others = vectors.copy()
    others[:, :3] = rng.normal(size=(300, 3))
    graphs = [searched(public_part(v, BLOCKS, ("a", "b")), metric) for v in (vectors, others)]
    assert np.array_equal(graphs[0].neighbours, graphs[1].neighbours)
    assert np.array_equal(graphs[0].distances, graphs[1].distances)
    rows = np.arange(300)
    found = exact_neighbours(vectors[:, 3:], vectors[:, 3:], metric, 5, exclude=rows)
    assert np.array_equal(graphs[0].neighbours, found[0])


def test_without_a_public_column_all_are_alike_or_have_no_direction():
    vectors = public_part(np.ones((20, 6), np.float32), BLOCKS, tuple(BLOCKS))
    assert not searched(vectors, Metric.L2).distances.any()
    assert not searched(vectors, Metric.COSINE).eligible.any()
