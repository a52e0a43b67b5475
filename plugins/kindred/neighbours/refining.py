"""A pass over the candidates' candidates, which finds most of the neighbours that probes missed.

Each vector is compared with the candidates of its candidates, and with vectors that have it, or one
of its candidates, among theirs: a neighbour of a neighbour is likely to be a neighbour (Dong, Moses
& Li 2011, "Efficient k-nearest neighbor graph construction for generic similarity measures"). A
pass reads only what was found before it, so its result does not depend on the order of the vectors.
"""

import numpy as np

from kindred.neighbours.compiled import compiled, compiled_for_sums
from kindred.neighbours.prefetching import prefetch_row
from kindred.neighbours.results import Candidates
from kindred.neighbours.threads import cut, in_threads
from kindred.neighbours.tiles import insert

HOLDERS = 16
"""A vector is also compared with those that have it among their candidates: at most so many, lowest
rank first. Without them, customers between crowds find few of their neighbours."""

OF_EACH = 16
HOLDERS_OF_EACH = 4
"""How many candidates, and how many holders, of each candidate or holder a vector is compared with.
Of nine choices tried, this one gave the most recall per second (docs/graph.md)."""

AHEAD = 8
"""How many of the others' vectors are being loaded: they lie all over the memory, and waiting for
them took more time than comparing them (docs/graph.md)."""

POINTS_AT_ONCE = 1 << 14


def refine(points: np.ndarray, found: Candidates, *, threads: int) -> Candidates:
    """Compare every vector with the candidates of its candidates.

    Parameters
    ----------
    points : ndarray of float32, shape (points, dimensions)
        As `tiles.searchable` returns them, in list order.
    found : Candidates
        Of all points. Their scores must be squared distances.
    threads : int
        Does not change the result.
    """
    holders = holders_of(found.points)
    refined, scores = np.empty_like(found.points), np.empty_like(found.scores)

    def compare(first: int, last: int) -> None:
        _compare(first, last, points, found.points, found.scores, holders, refined, scores)

    in_threads(
        compare, cut(len(points), POINTS_AT_ONCE), threads, "comparing candidates' candidates"
    )
    return Candidates(found.start, refined, scores)


@compiled
def holders_of(candidates: np.ndarray) -> np.ndarray:
    """The points that hold each point among their candidates, int32 (points, HOLDERS), -1: none.

    ``candidates`` int32 (points, width). Those that have it at a lower rank come first, then those
    at a lower position.
    """
    holders = np.full((len(candidates), HOLDERS), -1, dtype=np.int32)
    counts = np.zeros(len(candidates), dtype=np.uint8)
    for rank in range(candidates.shape[1]):
        for holder in range(len(candidates)):
            point = candidates[holder, rank]
            if point >= 0 and point != holder and counts[point] < HOLDERS:
                holders[point, counts[point]] = holder
                counts[point] += 1
    return holders


@compiled
def _compare(
    first: int,
    last: int,
    points: np.ndarray,
    candidates: np.ndarray,
    scores: np.ndarray,
    holders: np.ndarray,
    refined: np.ndarray,
    refined_scores: np.ndarray,
) -> None:
    seen = np.full(len(points), -1, dtype=np.int32)
    each = 1 + OF_EACH + HOLDERS_OF_EACH
    others = np.empty((candidates.shape[1] + HOLDERS) * each, dtype=np.int32)
    for own in range(first, last):
        _prefetch_candidates(min(own + 1, last - 1), candidates, holders)
        count = _others(own, candidates, holders, seen, others)
        refined[own], refined_scores[own] = candidates[own], scores[own]
        _keep_nearer(own, others[:count], points, refined, refined_scores)


@compiled
def _prefetch_candidates(own: int, candidates: np.ndarray, holders: np.ndarray) -> None:
    """Load the candidates and holders that `_others` will read for a point."""
    for via in candidates[own]:
        if via >= 0:
            prefetch_row(candidates, via)
            prefetch_row(holders, via)
    for via in holders[own]:
        if via >= 0:
            prefetch_row(candidates, via)
            prefetch_row(holders, via)


@compiled
def _others(
    own: int, candidates: np.ndarray, holders: np.ndarray, seen: np.ndarray, others: np.ndarray
) -> int:
    """Fill in whom to compare a point with, each once; return how many they are.

    ``seen`` int32 (points,): the last point for which each was seen.
    """
    width = candidates.shape[1]
    of_each = min(width, OF_EACH)
    seen[own] = own
    for a in range(width):
        if candidates[own, a] >= 0:
            seen[candidates[own, a]] = own
    count = 0
    for a in range(width + HOLDERS):
        via = candidates[own, a] if a < width else holders[own, a - width]
        if via < 0 or via == own:
            continue
        if seen[via] != own:
            seen[via] = own
            others[count] = via
            count += 1
        for b in range(of_each + HOLDERS_OF_EACH):
            point = candidates[via, b] if b < of_each else holders[via, b - of_each]
            if point >= 0 and seen[point] != own:
                seen[point] = own
                others[count] = point
                count += 1
    return count


@compiled
def _keep_nearer(
    own: int, others: np.ndarray, points: np.ndarray, best: np.ndarray, scores: np.ndarray
) -> None:
    last = best.shape[1] - 1
    limit = scores[own, last]
    for i in range(min(AHEAD, len(others))):
        prefetch_row(points, others[i])
    for i in range(len(others)):
        if i + AHEAD < len(others):
            prefetch_row(points, others[i + AHEAD])
        score = _squared_distance(points, own, others[i])
        if score < limit:
            insert(score, others[i], scores[own], best[own])
            limit = scores[own, last]


@compiled_for_sums
def _squared_distance(points: np.ndarray, one: int, other: int) -> np.float32:
    left, right = points[one], points[other]
    total = np.float32(0.0)
    for d in range(len(left)):
        difference = left[d] - right[d]
        total += difference * difference
    return total
