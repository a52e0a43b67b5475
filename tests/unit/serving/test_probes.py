"""The fewest probes by few measurements, and the interval of a recall."""

import numpy as np
import pytest

from kindred.serving.probes import choose_probes, recall_interval, tuning_customers


@pytest.mark.parametrize("planned", [1, 7, 20, 63, 64])
@pytest.mark.parametrize("fewest", [1, 2, 6, 7, 8, 31, 63, 64])
def test_the_fewest_probes_that_reach_the_target(planned, fewest):
    asked = []

    def recall_of(probes: int) -> float:
        asked.append(probes)
        return 0.9 if probes < fewest else 0.96

    assert choose_probes(recall_of, planned, 64, 0.95) == fewest
    assert len(asked) == len(set(asked)) <= 12
    assert all(1 <= probes <= 64 for probes in asked)


def test_a_good_plan_costs_two_measurements():
    asked = []
    recall = {4: 0.94, 5: 0.95}
    assert choose_probes(lambda p: asked.append(p) or recall[p], 5, 100, 0.95) == 5
    assert asked == [5, 4]


def test_all_lists_where_none_reaches():
    assert choose_probes(lambda probes: 0.5, 3, 40, 0.95) == 40
    assert choose_probes(lambda probes: 0.5, 99, 40, 0.95) == 40


def test_the_interval_holds_the_true_recall_19_times_of_20():
    random = np.random.default_rng(5)
    everyone = random.binomial(10, 0.95, 100_000) / 10
    true = everyone.mean()
    ends = [recall_interval(random.choice(everyone, 500)) for _ in range(1_000)]
    covered = np.mean([low <= true <= high for low, high in ends])
    assert 0.92 <= covered <= 0.98


def test_a_perfect_sample_does_not_prove_a_perfect_index():
    assert recall_interval(np.ones(300)) == (0.99, 1.0)
    assert recall_interval(np.ones(2)) == (0.0, 1.0)


def test_the_interval_stays_within_0_and_1():
    low, high = recall_interval(np.array([0.0, 1.0, 1.0]))
    assert 0.0 <= low < high <= 1.0


@pytest.mark.parametrize(
    ("rows", "customers"), [(1_000, 300), (200_000, 800), (1_000_000, 4_000), (10_000_000, 4_000)]
)
def test_more_customers_of_a_large_table_choose(rows, customers):
    assert tuning_customers(rows) == customers
