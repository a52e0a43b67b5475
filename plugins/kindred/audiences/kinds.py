"""Seeds that are several kinds of people: noticed where one centroid finds fewer of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.centroids import Centroids
from kindred.audiences.crossfit import Examples
from kindred.audiences.methods import CENTROID, NEAREST, Method

SURE = 2.0
"""Standard errors by which several centroids must find more held-out seeds than one."""


Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Kinds:
    """The kinds of seeds: ``centroids`` has a direction for each; ``counts``: seeds of each."""

    centroids: Centroids
    counts: tuple[int, ...]
    warnings: tuple[str, ...]


def kinds_of(
    examples: Examples,
    hits: Mapping[Method, NDArray[np.bool_]],
    groups: int,
    *,
    size: float,
    is_lifted: bool,
) -> Kinds:
    """The kinds of seeds among the examples.

    ``hits``: which held-out seeds each method finds; ``groups``: centroids of the nearest-seeds
    method; ``size``: the share of the pool in which they are found. One kind unless these
    centroids find more than one centroid does and than chance would; or where the audience itself
    finds no more than chance, which ``is_lifted`` says: there one centroid may be worse than none.
    """
    several = (
        is_lifted
        and NEAREST in hits
        and _is_better(hits[NEAREST], hits[CENTROID])
        and _is_better(hits[NEAREST], np.full(len(hits[NEAREST]), size))
    )
    centroids = examples.centroids(groups if several else 1)
    found = centroids.groups(examples.vectors[examples.is_seed])
    counts = np.bincount(found, minlength=len(centroids.directions))
    if len(counts) < 2:
        return Kinds(centroids, (len(found),), ())
    shares = " and ".join(f"{count / len(found):.0%}" for count in sorted(counts, reverse=True))
    sentence = (
        f"the seeds are {len(counts)} kinds of people ({shares}): the nearest of as many centroids"
        f" finds {hits[NEAREST].mean():.0%} of those held out, one centroid"
        f" {hits[CENTROID].mean():.0%}; an audience for each kind may serve better"
    )
    return Kinds(centroids, tuple(map(int, counts)), (sentence,))


def _is_better(ours: NDArray[np.bool_], theirs: NDArray[np.bool_] | Floats) -> bool:
    difference = ours.astype(np.float64) - theirs
    error = float(difference.std(ddof=1)) / len(difference) ** 0.5
    return bool(difference.mean() > SURE * error)
