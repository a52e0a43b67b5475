"""The graph of candidates that lists found, after passes over neighbours' neighbours."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from kindred.errors import ArtefactError
from kindred.neighbours.distinct import drop_own
from kindred.neighbours.list_points import ListPoints
from kindred.neighbours.recall import found_shares
from kindred.neighbours.refining import refine
from kindred.neighbours.results import Candidates, NeighbourGraph, ShardResult
from kindred.neighbours.search import by_customer, merge_shards
from kindred.neighbours.search_plan import GraphPlan
from kindred.neighbours.threads import cut
from kindred.neighbours.truth import Truth

log = logging.getLogger(__name__)

MOST_PASSES = 3
"""Each further pass finds less than the one before; see docs/graph.md."""

POINTS_AT_ONCE = 1 << 18


def refine_graph(
    plan: GraphPlan,
    vectors: np.ndarray,
    parts: Iterable[Candidates],
    truth: Truth,
    target_recall: float,
    *,
    threads: int = 1,
) -> NeighbourGraph:
    """Merge the candidates of all shards into one graph.

    Parameters
    ----------
    plan : GraphPlan
        With ``is_refined``.
    vectors : ndarray of float32, shape (rows, dimensions)
    parts : iterable of Candidates
        One per shard, in order.
    truth : Truth
        With ``plan.recall_k`` neighbours.
    target_recall : float
        Passes go on, at most three, until the customers to tune by reach it; those to measure by
        have no say.
    threads : int
        Does not change the result.

    Raises
    ------
    ArtefactError
        A shard's vectors are missing, or there twice.
    """
    found = _joined(plan, parts)
    points = ListPoints(vectors, plan.distinct, plan.metric, plan.arrays["list_order"])
    sample = RecallSample.of(plan, points, truth, threads)
    for number in range(1, MOST_PASSES + 1):
        found = refine(points.searchable, found, threads=threads)
        recall = float(sample.shares(found).mean())
        log.info("pass %d over neighbours: the sample's recall is %.4f", number, recall)
        if recall >= target_recall:
            break
    return merge_shards(plan, _by_customer(plan, points, found, threads))


@dataclass(frozen=True)
class RecallSample:
    """Customers to tune by, as ``rows`` and positions in list order, and their exact k-th distance.

    ``rows`` and ``positions`` int64, ``kth`` float32, all (sample,).
    """

    plan: GraphPlan
    points: ListPoints
    rows: np.ndarray
    positions: np.ndarray
    kth: np.ndarray
    threads: int

    @classmethod
    def of(cls, plan: GraphPlan, points: ListPoints, truth: Truth, threads: int) -> Self:
        """The part of a truth that measures nothing; of few customers, everyone to tune by."""
        chosen = truth.choosing if len(truth.choosing) else truth.tuning
        rows = truth.rows[chosen]
        return cls(plan, points, rows, _positions_of(plan, rows), truth.kth[chosen], threads)

    def shares(self, found: Candidates) -> np.ndarray:
        """The share of each customer's neighbours that are among the candidates, float64."""
        plan, candidates = self.plan, found.points[self.positions]
        near = self.points.nearest(self.positions, candidates, plan.k + 1, threads=self.threads)
        distances = drop_own(near.rows, near.distances, self.rows)[1][:, : plan.recall_k]
        return found_shares(plan.metric, distances, self.kth)


def _joined(plan: GraphPlan, parts: Iterable[Candidates]) -> Candidates:
    count = len(plan.arrays["list_order"])
    shape = (count, plan.candidates)
    found = Candidates(0, np.empty(shape, dtype=np.int32), np.empty(shape, dtype=np.float32))
    filled = 0
    for part in parts:
        stop = part.start + len(part.points)
        if (part.start, part.points.shape[1]) != (filled, shape[1]) or stop > count:
            raise ArtefactError(
                f"neighbour graph: a shard has candidates of shape {part.points.shape} from vector"
                f" {part.start}, expected from {filled} and {shape[1]} of each; clear task"
                " 'search_graph'"
            )
        found.points[filled:stop], found.scores[filled:stop] = part.points, part.scores
        filled = stop
    if filled != count:
        raise ArtefactError(
            f"neighbour graph: {count - filled} of {count} vectors are missing; clear task"
            " 'search_graph'"
        )
    return found


def _positions_of(plan: GraphPlan, rows: np.ndarray) -> np.ndarray:
    """The position in list order of each row's vector, int64."""
    distinct, order = plan.distinct, plan.arrays["list_order"]
    position_of = np.empty(len(order), dtype=np.int64)
    position_of[order] = np.arange(len(order))
    of_rows = np.full(plan.rows, -1, dtype=np.int64)
    of_rows[distinct.members] = np.repeat(position_of, distinct.sizes)
    return np.asarray(of_rows[rows])


def _by_customer(
    plan: GraphPlan, points: ListPoints, found: Candidates, threads: int
) -> Iterator[ShardResult]:
    for start, stop in cut(len(found.points), POINTS_AT_ONCE):
        positions = np.arange(start, stop)
        nearest = points.nearest(positions, found.points[start:stop], plan.k + 1, threads=threads)
        yield by_customer(plan, nearest, start)
