"""Tune the number of lists to search for a target recall, from the lists of true neighbours."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from kindred.neighbours.distinct import Distinct
from kindred.neighbours.inverted_lists import LIST_SIZE, Lists, Tuned, nearest_lists
from kindred.neighbours.list_training import train_lists
from kindred.neighbours.threads import cut, in_threads
from kindred.neighbours.tiles import searchable
from kindred.neighbours.truth import Truth
from kindred.spec.metrics import Metric

STANDARD_ERRORS = 3.0
"""Margin of the sample's recall above the target, in standard errors. Without a margin, the
published recall, which uses another sample, would often fall just short of the target; 3 standard
errors of one sample are about 2 of the difference between the two."""

SCORES_AT_ONCE = 1 << 17
"""Scores of queries against centroids per block: 16 MB of vectors at 32 dimensions."""

NARROWEST = 128
"""Initial number of near lists from which a point chooses its probes; doubled while it pays off."""

COST_OF_NEAR_LIST = 2.5
"""Cost of scoring and ranking one near list (5 ns) relative to a point of a probed list (2 ns)."""


def tune_lists(
    vectors: np.ndarray,
    distinct: Distinct,
    metric: Metric,
    truth: Truth,
    target_recall: float,
    *,
    seed: int,
    threads: int,
) -> Tuned:
    """Train lists, and choose the cheapest search that reaches the target."""
    points = content_points(vectors, distinct, metric)
    lists = train_lists(points, seed=seed, threads=threads)
    sample = Sample.of(vectors, distinct, metric, truth, lists)
    width, probes, recall = cheapest(sample, target_recall, threads)
    return tuned(distinct, metric, lists, width, probes, recall, threads)


def content_points(vectors: np.ndarray, distinct: Distinct, metric: Metric) -> np.ndarray:
    """The distinct vectors in content order, as `tiles.searchable` returns them."""
    return searchable(vectors[distinct.first_rows[distinct.content_order]], metric)


def tuned(
    distinct: Distinct,
    metric: Metric,
    lists: Lists,
    width: int,
    probes: int,
    recall: float,
    threads: int,
) -> Tuned:
    """Lists of points in content order as lists of distinct vectors, with their near lists."""
    is_product = metric is Metric.INNER_PRODUCT
    near = nearest_lists(lists.centroids, width, is_product=is_product, threads=threads)
    order = distinct.content_order[lists.order]
    return Tuned(Lists(lists.centroids, order, lists.starts), near, probes, recall)


@dataclass(frozen=True)
class Sample:
    """Sampled vectors, the list of each, and the lists of its true neighbours (sample, k).

    It needs no search to tell the recall: a true neighbour is found if its list is among the
    probes.
    """

    queries: np.ndarray
    own_lists: np.ndarray
    neighbour_lists: np.ndarray
    centroids: np.ndarray
    metric: Metric

    @classmethod
    def of(
        cls,
        vectors: np.ndarray,
        distinct: Distinct,
        metric: Metric,
        truth: Truth,
        lists: Lists,
    ) -> Self:
        """The tuning part of a truth; ``lists`` are those of points in content order."""
        own, neighbours = truth.rows[truth.tuning], truth.neighbours[truth.tuning]
        list_of = np.empty(len(lists.order), dtype=np.int32)
        of_points = np.repeat(np.arange(len(lists.centroids)), np.diff(lists.starts))
        list_of[distinct.content_order[lists.order]] = of_points
        of_rows = np.full(len(vectors), -1, dtype=np.int32)
        of_rows[distinct.members] = np.repeat(list_of, distinct.sizes)
        queries = searchable(vectors[own], metric)
        return cls(queries, of_rows[own], of_rows[neighbours], lists.centroids, metric)

    def recalls(self, width: int, threads: int) -> tuple[np.ndarray, np.ndarray]:
        """The recall of 1, 2, … ``width`` probes of so many near lists, and its standard error.

        Both float64 (width,).
        """
        ranks = self._ranks(width, threads)
        found = np.zeros((len(ranks), width + 1), dtype=np.int32)
        np.add.at(found, (np.arange(len(ranks))[:, None], ranks), 1)
        shares = found[:, :width].cumsum(axis=1) / ranks.shape[1]
        return shares.mean(axis=0), shares.std(axis=0) / len(ranks) ** 0.5

    def _ranks(self, width: int, threads: int) -> np.ndarray:
        """The rank from 0 of the probe that finds each true neighbour, else ``width``; int32."""
        is_product = self.metric is Metric.INNER_PRODUCT
        out = np.empty(self.neighbour_lists.shape, dtype=np.int32)

        def rank(start: int, stop: int) -> None:
            near = all_near[start:stop]
            queries, chosen = self.queries[start:stop, None], self.centroids[near]
            scores = -(queries * chosen).sum(2) if is_product else _squares(queries - chosen)
            order = np.argsort(scores, axis=1, kind="stable")
            ranks = np.empty_like(order)
            np.put_along_axis(ranks, order, np.arange(width)[None], axis=1)
            for column, wanted in enumerate(self.neighbour_lists[start:stop].T):
                is_there = near == wanted[:, None]
                found = ranks[np.arange(len(near)), is_there.argmax(axis=1)]
                out[start:stop, column] = np.where(is_there.any(axis=1), found, width)

        all_near = nearest_lists(
            self.centroids, width, is_product=is_product, rows=self.own_lists, threads=threads
        )
        in_threads(rank, cut(len(out), max(1, SCORES_AT_ONCE // width)), threads)
        return out


def cheapest(sample: Sample, target_recall: float, threads: int) -> tuple[int, int, float]:
    """The number of near lists, the probes and the recall of the cheapest search."""
    lists = len(sample.centroids)
    width, best, lowest = min(NARROWEST, lists), (lists, lists, 1.0), np.inf
    while True:
        recalls, errors = sample.recalls(width, threads)
        reached = recalls - STANDARD_ERRORS * errors >= target_recall
        # The fewest probes whose recall exceeds the target by the margin; all if none does.
        probes = int(reached.argmax()) + 1 if reached.any() else width
        recall = float(recalls[probes - 1])
        is_enough = recall >= target_recall
        cost = width * COST_OF_NEAR_LIST + probes * LIST_SIZE
        if is_enough and cost < lowest:
            best, lowest = (width, probes, recall), cost
        elif is_enough or width == lists:
            return best
        width = min(2 * width, lists)


def _squares(differences: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(differences).sum(2))
