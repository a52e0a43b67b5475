"""Which of the seeds' segments a member is most like."""

import numpy as np
import pytest

from kindred.audiences.nearest_segments import nearest_segments
from kindred.spec.metrics import Metric

PLACES = np.array([[10, 0], [0, 10], [-10, 0]], dtype=np.float32)


def seeds_of(*counts):
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    noise = np.random.default_rng(2).normal(0, 0.5, (len(labels), 2))
    return (PLACES[labels] + noise).astype(np.float32), labels


@pytest.mark.parametrize("metric", list(Metric))
def test_members_are_told_the_segment_whose_seeds_are_nearest(metric):
    seeds, labels = seeds_of(30, 20, 10)
    members = (PLACES[[2, 0, 1, 1]] * 0.7).astype(np.float32)
    assert nearest_segments(seeds, labels, members, metric).tolist() == [2, 0, 1, 1]


def test_noise_and_segments_with_few_seeds_are_none():
    seeds, labels = seeds_of(20, 4, 20)
    labels[labels == 2] = -1
    assert nearest_segments(seeds, labels, PLACES, Metric.L2).tolist() == [0, 0, 0]
    labels[:] = -1
    assert nearest_segments(seeds, labels, PLACES, Metric.L2).tolist() == [-1, -1, -1]


def test_the_order_of_members_changes_nothing():
    seeds, labels = seeds_of(7, 9, 5)
    members = np.random.default_rng(3).normal(0, 8, (500, 2)).astype(np.float32)
    order = np.random.default_rng(4).permutation(500)
    found = nearest_segments(seeds, labels, members, Metric.L2)
    assert set(found) == {0, 1, 2}
    np.testing.assert_array_equal(
        nearest_segments(seeds, labels, members[order], Metric.L2), found[order]
    )
    assert nearest_segments(seeds, labels, members[:0], Metric.L2).shape == (0,)
