"""The fewest probes by few measurements, and the interval of a recall."""

import numpy as np
import pytest

from kindred.serving.probes import BLOCK, SampledRecall, choose_probes, recall_interval


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


class Index:
    """An index that finds customer i's neighbours in the lists 1, 2, 3, ...; counts the queries."""

    def __init__(self, homes: np.ndarray) -> None:
        self.homes, self.queries = homes, 0

    def shares_of(self, chosen: np.ndarray, probes: int) -> np.ndarray:
        self.queries += len(chosen)
        return (self.homes[chosen] <= probes).mean(axis=1)

    def recall(self, probes: int) -> float:
        return float((self.homes <= probes).mean())

    def sampled(self, target_recall: float, *, grows: bool = True) -> SampledRecall:
        return SampledRecall(len(self.homes), target_recall, self.shares_of, grows)


def index(seed: int = 1, customers: int = 2_000, mean: float = 5.0) -> Index:
    """Neighbours of a customer are in alike lists, so that the shares of customers differ."""
    random = np.random.default_rng(seed)
    reach = random.gamma(2.0, mean / 2.0, (customers, 1))
    return Index(1 + random.poisson(reach, (customers, 10)))


@pytest.mark.parametrize("planned", [3, 13, 17, 40])
def test_few_queries_choose_the_probes_that_all_of_them_would(planned):
    asked = index()
    fewest = next(p for p in range(1, 100) if asked.recall(p) >= 0.95)
    sampled = asked.sampled(0.95)
    assert choose_probes(lambda p: sampled.measure(p)[0], planned, 100, 0.95) == fewest
    assert asked.queries < 3 * len(asked.homes)


def test_a_recall_far_from_the_target_is_that_of_one_block():
    asked = index()
    assert asked.sampled(0.95).measure(5)[1] == BLOCK
    recall, customers = asked.sampled(0.95).measure(100)
    assert (recall, customers) == (1.0, BLOCK)


def test_a_customer_with_all_neighbours_is_not_asked_again_with_more_probes():
    asked = index()
    near = asked.recall(13)
    sampled = asked.sampled(near)
    sampled.measure(13)
    assert asked.queries == 2_000
    asked.queries = 0
    recall, customers = sampled.measure(14)
    assert recall == pytest.approx((asked.homes[:customers] <= 14).mean())
    assert asked.queries == (asked.homes[:customers] > 13).any(axis=1).sum()


def test_an_index_whose_recall_may_fall_is_asked_about_everybody():
    asked = index()
    sampled = asked.sampled(0.9, grows=False)
    for probes in (10, 11):
        asked.queries = 0
        _, customers = sampled.measure(probes)
        assert asked.queries == customers


def test_a_perfect_target_is_missed_by_one_customer():
    homes = np.ones((2_000, 10), dtype=np.int64)
    homes[1_300, 0] = 2
    asked = Index(homes)
    recall, _ = asked.sampled(1.0).measure(1)
    assert recall < 1.0
    assert asked.sampled(1.0).measure(2) == (1.0, 2_000)


def test_hardly_any_sample_ends_on_the_wrong_side():
    wrong = 0
    for seed in range(300):
        asked = index(seed, mean=4.0)
        probes = next(p for p in range(1, 100) if asked.recall(p) >= 0.95)
        for tried in (probes, probes - 1):
            is_enough = asked.sampled(0.95).measure(tried)[0] >= 0.95
            wrong += is_enough != (asked.recall(tried) >= 0.95)
    assert wrong <= 12
