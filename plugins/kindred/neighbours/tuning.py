"""Tune the number of lists to search for a target recall, from the lists of true neighbours."""

from dataclasses import dataclass

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
    """Train lists, and choose the cheapest search that reaches the target.

    This needs no list search: a true neighbour is found if its list is among the probes, and the
    truth gives the lists of all true neighbours of a sample.
    """
    points = searchable(vectors[distinct.first_rows[distinct.content_order]], metric)
    trained = train_lists(points, seed=seed, threads=threads)
    lists = Lists(trained.centroids, distinct.content_order[trained.order], trained.starts)
    own, neighbours = truth.rows[truth.tuning], truth.neighbours[truth.tuning]
    list_of_row = _list_of_row(len(vectors), distinct, lists)
    sample = _Sample(
        searchable(vectors[own], metric), list_of_row[own], list_of_row[neighbours], metric
    )
    width, probes, recall = _cheapest(sample, lists.centroids, target_recall, threads)
    is_product = metric is Metric.INNER_PRODUCT
    near = nearest_lists(lists.centroids, width, is_product=is_product, threads=threads)
    return Tuned(lists, near, probes, recall)


@dataclass(frozen=True)
class _Sample:
    """Sampled vectors, the list of each, and the lists of its true neighbours (sample, k)."""

    queries: np.ndarray
    own_lists: np.ndarray
    neighbour_lists: np.ndarray
    metric: Metric


def _list_of_row(rows: int, distinct: Distinct, lists: Lists) -> np.ndarray:
    list_of = np.empty(len(lists.order), dtype=np.int32)
    list_of[lists.order] = np.repeat(np.arange(len(lists.centroids)), np.diff(lists.starts))
    out = np.full(rows, -1, dtype=np.int32)
    out[distinct.members] = np.repeat(list_of, distinct.sizes)
    return out


def _cheapest(
    sample: _Sample, centroids: np.ndarray, target_recall: float, threads: int
) -> tuple[int, int, float]:
    """The number of near lists, the probes and the recall of the cheapest search."""
    lists = len(centroids)
    width, best, lowest = min(NARROWEST, lists), (lists, lists, 1.0), np.inf
    while True:
        ranks = _ranks(sample, centroids, width, threads)
        probes, recall = _fewest_probes(ranks, width, target_recall)
        is_enough = recall >= target_recall
        cost = width * COST_OF_NEAR_LIST + probes * LIST_SIZE
        if is_enough and cost < lowest:
            best, lowest = (width, probes, recall), cost
        elif is_enough or width == lists:
            return best
        width = min(2 * width, lists)


def _ranks(sample: _Sample, centroids: np.ndarray, width: int, threads: int) -> np.ndarray:
    """The rank from 0 of the probe that finds each true neighbour, else ``width``; int32."""
    is_product = sample.metric is Metric.INNER_PRODUCT
    out = np.empty(sample.neighbour_lists.shape, dtype=np.int32)

    def rank(start: int, stop: int) -> None:
        near = all_near[start:stop]
        queries, chosen = sample.queries[start:stop, None], centroids[near]
        scores = -(queries * chosen).sum(2) if is_product else np.square(queries - chosen).sum(2)
        order = np.argsort(scores, axis=1, kind="stable")
        ranks = np.empty_like(order)
        np.put_along_axis(ranks, order, np.arange(width)[None], axis=1)
        for column, wanted in enumerate(sample.neighbour_lists[start:stop].T):
            is_there = near == wanted[:, None]
            found = ranks[np.arange(len(near)), is_there.argmax(axis=1)]
            out[start:stop, column] = np.where(is_there.any(axis=1), found, width)

    all_near = nearest_lists(
        centroids, width, is_product=is_product, rows=sample.own_lists, threads=threads
    )
    pieces = cut(len(out), max(1, SCORES_AT_ONCE // width))
    in_threads(rank, pieces, threads, "choosing probes")
    return out


def _fewest_probes(ranks: np.ndarray, width: int, target_recall: float) -> tuple[int, float]:
    """The fewest probes whose recall exceeds the target by the margin; all if none does."""
    found = np.zeros((len(ranks), width + 1), dtype=np.int32)
    np.add.at(found, (np.arange(len(ranks))[:, None], ranks), 1)
    shares = found[:, :width].cumsum(axis=1) / ranks.shape[1]
    recalls = shares.mean(axis=0)
    margins = STANDARD_ERRORS * shares.std(axis=0) / len(ranks) ** 0.5
    reached = recalls - margins >= target_recall
    probes = int(reached.argmax()) + 1 if reached.any() else width
    return probes, float(recalls[probes - 1])
