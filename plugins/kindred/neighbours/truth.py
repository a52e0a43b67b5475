"""The exact neighbours of one sample of customers, with which every approximate search compares."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from kindred.neighbours.distinct import Distinct
from kindred.neighbours.exact import exact_neighbours
from kindred.spec.metrics import Metric

TUNING_SAMPLE = 2_000
MEASURING_SAMPLE = 2_000

NONE = np.int32(-1)

TUNING_STREAM, MEASURING_STREAM = 0, 1
"""Random streams of the two parts, of the same seed."""


@dataclass(frozen=True)
class Truth:
    """Sampled customers as rows of the vectors, ascending, and their exact neighbours.

    ``rows`` int64 (sample,), ``neighbours`` int32 and ``distances`` float32 (sample, k'), sorted by
    (distance, row). ``tuning`` and ``measuring``, int64, are positions in the sample: those by
    which the graph's search is chosen (a customer may be there twice), and those by which results
    are published.
    """

    rows: np.ndarray
    neighbours: np.ndarray
    distances: np.ndarray
    tuning: np.ndarray
    measuring: np.ndarray

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The truth with the stored `arrays`."""
        return cls(**{field.name: np.asarray(arrays[field.name]) for field in fields(cls)})

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays that ``np.save`` can write without pickle."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def choosing(self) -> np.ndarray:
        """Positions of the customers by whom to choose anything: none of those who measure it."""
        return np.setdiff1d(self.tuning, self.measuring)

    @property
    def kth(self) -> np.ndarray:
        """Distance of the last exact neighbour of each customer, float32 (sample,)."""
        return np.asarray(self.distances[:, -1])


@dataclass(frozen=True)
class EarlierTruth:
    """The truth of another snapshot, for the customers whose vectors are the same.

    ``rows_now`` int32 (earlier rows,): their rows, -1 for all others; ascending. ``arrived`` int64:
    the rows of all others.
    """

    truth: Truth
    rows_now: np.ndarray
    arrived: np.ndarray

    def known(self, rows: np.ndarray) -> np.ndarray:
        """Positions of the rows whose nearest have all stayed as they were."""
        return np.flatnonzero(np.isin(rows, self._sampled()[0]))

    def nearest(
        self, vectors: np.ndarray, metric: Metric, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The exact neighbours of `known` rows: those they had, or nearer ones that arrived."""
        sampled, positions = self._sampled()
        then = positions[np.searchsorted(sampled, rows)]
        k = self.truth.neighbours.shape[1]
        found, distances = exact_neighbours(vectors[rows], vectors[self.arrived], metric, k)
        both = np.concatenate([self.rows_now[self.truth.neighbours[then]], self.arrived[found]], 1)
        both_distances = np.concatenate([self.truth.distances[then], distances], axis=1)
        order = np.lexsort((both, both_distances))[:, :k]
        nearest = np.take_along_axis(both, order, axis=1)
        return nearest.astype(np.int32), np.take_along_axis(both_distances, order, axis=1)

    def _sampled(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows now, ascending, and positions in the earlier sample, of those who can be told."""
        rows = self.rows_now[self.truth.rows]
        stayed = (self.rows_now[self.truth.neighbours] >= 0).all(axis=1) & (rows >= 0)
        return rows[stayed], np.flatnonzero(stayed)


def find_truth(
    vectors: np.ndarray,
    metric: Metric,
    k: int,
    distinct: Distinct,
    *,
    seed: int,
    tuning_size: int = TUNING_SAMPLE,
    measuring_size: int = MEASURING_SAMPLE,
    by_content: bool = False,
    earlier: EarlierTruth | None = None,
    threads: int = 1,
) -> Truth:
    """Sample customers to tune by and customers to measure by, and find their exact neighbours.

    One pass over all vectors serves both. If there are too few customers for both samples,
    everyone is in one of them.

    Parameters
    ----------
    vectors : ndarray of float32, shape (rows, dimensions)
    metric : Metric
    k : int
    distinct : Distinct
        The distinct eligible vectors.
    seed : int
    tuning_size, measuring_size : int
        0 if nothing will be tuned, or measured.
    by_content : bool
        Draw by a hash of each vector, so that another snapshot has the same customers in its
        sample, as far as they have not changed.
    earlier : EarlierTruth, optional
        The truth of another snapshot. Where it says who the nearest are, only arrivals are compared
        with them; the result is the same.
    threads : int
        Does not change the result.
    """
    is_large = len(distinct.members) > tuning_size + measuring_size
    if by_content and is_large:
        tuning, measuring = _draw_by_content(vectors, distinct, seed, tuning_size, measuring_size)
    else:
        tuning, measuring = _draw(distinct, seed, tuning_size, measuring_size)
    rows = np.union1d(tuning, measuring)
    width = max(0, min(k, len(distinct.members) - 1))
    neighbours = np.full((len(rows), width), NONE, dtype=np.int32)
    distances = np.empty((len(rows), width), dtype=np.float32)
    if earlier is not None and earlier.truth.neighbours.shape[1] == width:
        known = earlier.known(rows)
        neighbours[known], distances[known] = earlier.nearest(vectors, metric, rows[known])
    rest = np.flatnonzero((neighbours < 0).any(axis=1))
    neighbours[rest], distances[rest] = exact_neighbours(
        vectors[rows[rest]],
        vectors,
        metric,
        k,
        exclude=rows[rest],
        distinct=distinct,
        threads=threads,
    )
    return Truth(
        rows,
        neighbours,
        distances,
        np.searchsorted(rows, tuning),
        np.searchsorted(rows, measuring),
    )


def _draw(
    distinct: Distinct, seed: int, tuning_size: int, measuring_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to tune by and rows to measure by, int64."""
    members = np.sort(distinct.members).astype(np.int64)
    generator = np.random.default_rng([seed, MEASURING_STREAM])
    if len(members) <= tuning_size + measuring_size:
        share = measuring_size / max(1, tuning_size + measuring_size)
        measuring = generator.choice(members, round(share * len(members)), replace=False)
        return np.setdiff1d(members, measuring), np.sort(measuring)
    measuring = np.sort(generator.choice(members, measuring_size, replace=False))
    # Drawn in content order, so that the sample does not depend on the order of the customers.
    by_content = np.repeat(distinct.content_order, distinct.sizes[distinct.content_order])
    generator = np.random.default_rng([seed, TUNING_STREAM])
    points = by_content[np.sort(generator.choice(len(by_content), tuning_size, replace=False))]
    return distinct.first_rows[points].astype(np.int64), measuring


def _draw_by_content(
    vectors: np.ndarray, distinct: Distinct, seed: int, tuning_size: int, measuring_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to tune by and rows to measure by, int64: the lowest hashes of two halves."""
    generator = np.random.default_rng([seed, TUNING_STREAM])
    factors = generator.integers(0, 1 << 63, vectors.shape[1] + 1, dtype=np.uint64) * 2 + 1
    hashes = np.zeros(len(distinct.first_rows), dtype=np.uint64)
    for column, factor in zip(vectors.T, factors, strict=False):
        # Adding 0.0 makes equal what is equal: -0.0 becomes 0.0.
        words = (column[distinct.first_rows] + np.float32(0.0)).view(np.uint32)
        hashes += words.astype(np.uint64) * factor
    starts = distinct.starts[:-1]
    ordinals = np.arange(len(distinct.members)) - np.repeat(starts, distinct.sizes)
    keys = _mixed(np.repeat(hashes, distinct.sizes) + ordinals.astype(np.uint64) * factors[-1])
    order = np.argsort(keys)
    is_tuning = (keys[order] & np.uint64(1)).astype(np.bool_)
    members = distinct.members[order].astype(np.int64)
    return members[is_tuning][:tuning_size], members[~is_tuning][:measuring_size]


def _mixed(keys: np.ndarray) -> np.ndarray:
    """Well mixed bits: the finalizer of SplitMix64 (Steele, Lea & Flood 2014)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(keys ^ (keys >> np.uint64(31)))
