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


def find_truth(
    vectors: np.ndarray,
    metric: Metric,
    k: int,
    distinct: Distinct,
    *,
    seed: int,
    tuning_size: int = TUNING_SAMPLE,
    measuring_size: int = MEASURING_SAMPLE,
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
    threads : int
        Does not change the result.
    """
    tuning, measuring = _draw(distinct, seed, tuning_size, measuring_size)
    rows = np.union1d(tuning, measuring)
    neighbours, distances = exact_neighbours(
        vectors[rows], vectors, metric, k, exclude=rows, distinct=distinct, threads=threads
    )
    return Truth(
        rows,
        neighbours.astype(np.int32),
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
