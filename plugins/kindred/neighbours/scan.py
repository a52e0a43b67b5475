"""Exact nearest points by compiled float32 scans; unproved results are recomputed in float64."""

import numpy as np

from kindred.neighbours.candidate_rows import KINDS, nearest_rows
from kindred.neighbours.distances import PAIRS_AT_ONCE
from kindred.neighbours.products import nearest_by_products
from kindred.neighbours.sketches import UNIT, Slack, find_axes, scan_sketches
from kindred.neighbours.threads import cut, in_threads
from kindred.neighbours.tiles import make_tiles, scan_tiles, searchable
from kindred.spec.metrics import Metric

TILE = 128
"""Points per tile: 16 KB at 32 dimensions, half of a core's L1 cache."""

SKETCH_TILE = 256
"""Sketches per tile. With 128, a call per tile and query takes a fifth of the time."""

QUERIES_AT_ONCE = 256

SKETCHED_FROM = 30_000
"""Points from which it is tried whether sketches save time; to find their axes takes .1 s."""


class PointScan:
    """Distinct, eligible points prepared for scans."""

    def __init__(self, points: np.ndarray, metric: Metric, threads: int = 1) -> None:
        self._points = points
        self._metric = metric
        self._threads = threads
        self._searchable = searchable(points, metric)
        self._longest, self._axes = 0.0, None
        if metric is Metric.INNER_PRODUCT:  # of which a part of the dimensions bounds nothing
            self._longest = float(_lengths(points).max(initial=0.0))
        elif len(points) >= SKETCHED_FROM:
            self._axes = find_axes(self._searchable)
        tiled, size = self._searchable, TILE
        if self._axes is not None:
            size = SKETCH_TILE
            tiled = self._axes.sketch(tiled)
            longest = self._axes.longest(self._searchable)
            self._slack = Slack.of(self._searchable.shape[1], longest)
        starts = np.append(np.arange(0, len(points), size), len(points)).astype(np.int64)
        self._tiles = make_tiles(tiled, starts, metric)

    @property
    def is_sketched(self) -> bool:
        """Whether most points are ruled out by their sketches."""
        return self._axes is not None

    def nearest(self, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Like `products.nearest_by_products`, with the same results.

        More candidates than needed are kept. A result is proved if, even with rounding errors, the
        score of the last candidate shows that no other point can be near enough. Queries without
        such a proof are searched again by matrix products in float64.
        """
        count = min(count, len(self._points))
        kept = min(count + max(8, count // 4), len(self._points))
        indices = np.empty((len(queries), count), dtype=np.int32)
        distances = np.empty((len(queries), count), dtype=np.float32)
        is_proved = np.empty(len(queries), dtype=np.bool_)

        def search(start: int, stop: int) -> None:
            block = np.ascontiguousarray(queries[start:stop])
            found, worst = self._candidates(block, kept)
            rows, nearest = indices[start:stop], distances[start:stop]
            every = np.arange(len(self._points) + 1, dtype=np.int64)
            nearest_rows(
                KINDS[self._metric], block, self._points, found, every, every, rows, nearest
            )
            is_proved[start:stop] = self._is_proved(block, worst, nearest[:, -1])

        pieces = cut(len(queries), QUERIES_AT_ONCE)
        in_threads(search, pieces, self._threads, "scanning everything for true neighbours")
        if kept < len(self._points) and not is_proved.all():
            doubtful = np.flatnonzero(~is_proved)
            again = nearest_by_products(self._points, self._metric, queries[doubtful], count)
            indices[doubtful], distances[doubtful] = again
        return indices.astype(np.int64), distances

    def _candidates(self, queries: np.ndarray, kept: int) -> tuple[np.ndarray, np.ndarray]:
        scores = np.full((len(queries), kept), np.inf, dtype=np.float32)
        ids = np.full((len(queries), kept), -1, dtype=np.int32)
        tiles = self._tiles
        prepared = searchable(queries, self._metric)
        if self._axes is None:
            scan_tiles(
                prepared, tiles.values, tiles.offsets, tiles.starts, tiles.is_product, scores, ids
            )
        else:
            scan_sketches(
                prepared,
                self._axes.sketch(prepared),
                self._searchable,
                tiles.values,
                tiles.offsets,
                tiles.starts,
                self._slack.relative,
                self._slack.absolute,
                scores,
                ids,
            )
        return ids, scores[:, -1].astype(np.float64)

    def _is_proved(self, queries: np.ndarray, worst: np.ndarray, kth: np.ndarray) -> np.ndarray:
        """Whether all points that were not kept are farther than the last neighbour, in float32.

        The error of a sum of d float32 terms is less than (d + 3) units of the sum of their
        absolute values (Higham 2002, section 3.1); the bounds below are twice that. Differences
        have an error of one unit, so for l2 the error is relative to the distance.
        """
        bound = 2.0 * UNIT * (queries.shape[1] + 3)
        kth = kth.astype(np.float64)
        rounded = kth + 4.0 * UNIT * np.abs(kth)
        with np.errstate(invalid="ignore"):
            if self._metric is Metric.INNER_PRODUCT:
                error = bound * _lengths(queries) * self._longest + 1e-30
                proved = worst - error > rounded
            else:
                least = np.sqrt(worst * (1.0 - bound))
                if self._metric is Metric.COSINE:
                    # Each unit vector has an error of one unit, and |x - y|^2 = 2 (1 - cos).
                    least, rounded = least - 8.0 * UNIT, np.sqrt(2.0 * rounded + 1e-14)
                proved = (least > rounded) & (worst > 1e-30)
        return np.asarray(proved & np.isfinite(worst))


def _lengths(vectors: np.ndarray) -> np.ndarray:
    out = np.empty(len(vectors), dtype=np.float64)
    for start, stop in cut(len(vectors), PAIRS_AT_ONCE):
        out[start:stop] = np.linalg.norm(vectors[start:stop].astype(np.float64), axis=1)
    return out
