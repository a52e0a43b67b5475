"""Choose the method that finds most held-out seeds, and of equally good ones the preferred."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.crossfit import Models, Variant, cross_scores, placed
from kindred.audiences.folds import FOLDS, Rows
from kindred.audiences.methods import Family, Method

Floats = NDArray[np.float64]
Places = dict[Method, Floats]


@dataclass(frozen=True, eq=False)
class Judges:
    """Those whose places are compared: held-out seeds, and those they are to stand out of.

    ``rows`` int32 and ``ties`` uint64 (m,). ``folds`` int8 (m,): whose model scores them;
    ``groups`` int8 (m,): among whom they are placed. ``reference`` float64 (m,): weights, 0 for
    those who do not belong to it. ``seeds`` intp: where the seeds are that count, in an order that
    is not that of the rows, since sums over them depend on it. ``seed_weights`` float64: how
    much each of these stands for, with mean 1; None if all are alike.
    """

    rows: Rows
    ties: NDArray[np.uint64]
    folds: NDArray[np.int8]
    groups: NDArray[np.int8]
    reference: Floats
    seeds: NDArray[np.intp]
    seed_weights: Floats | None = None

    def place(self, scores: Floats) -> Floats:
        """The place of each in the reference of its group, as `placed` returns it."""
        return placed(scores, self.ties, self.groups, self.reference)


def best_variants(
    models: Models, vectors: NDArray[np.float32], judges: Judges, threads: int
) -> dict[Family, Variant]:
    """The setting of each family that places held-out seeds highest: the area under the ROC curve.

    It is the mean of all places, and so less of a lottery than a lift.
    """
    best: dict[Family, tuple[float, Variant]] = {}
    for variant, fitted in models.items():
        inside = np.flatnonzero(judges.folds < len(fitted))
        rows, folds = judges.rows[inside], judges.folds[inside]
        places = np.empty(len(judges.rows))
        places[inside] = placed(
            cross_scores(fitted, vectors, rows, folds, threads),
            judges.ties[inside],
            judges.groups[inside],
            judges.reference[inside],
        )
        is_used = judges.folds[judges.seeds] < len(fitted)
        seeds, weights = judges.seeds[is_used], judges.seed_weights
        own = None if weights is None else weights[is_used]
        mean = float(np.average(places[seeds], weights=own)) if len(seeds) else 0.0
        if variant[0] not in best or mean > best[variant[0]][0]:
            best[variant[0]] = mean, variant
    return {family: variant for family, (_, variant) in best.items()}


def places_of(methods: Sequence[Method], judges: Judges, scores: Mapping[Family, Floats]) -> Places:
    """The places by each method; a blend's are those of the mean of its families' places."""
    of_family = {family: judges.place(found) for family, found in scores.items()}
    places = {}
    for method in methods:
        own = [of_family[family] for family in method.families]
        places[method] = own[0] if len(own) == 1 else judges.place(np.mean(own, axis=0))
    return places


def found(places: Floats, seeds: NDArray[np.intp], size: float) -> NDArray[np.bool_]:
    """Which held-out seeds stand within a share of the reference."""
    return np.asarray(places[seeds] >= 1.0 - size)


def weighted_mean(values: NDArray[Any], weights: Floats) -> tuple[float, float]:
    """The weighted mean of some values, and its standard error: that of a ratio of two sums."""
    mean = float(np.average(values, weights=weights))
    error = float(np.sqrt(np.square(weights * (values - mean)).sum()) / weights.sum())
    return mean, error


def choose(hits: Mapping[Method, NDArray[np.bool_]], weights: Floats | None = None) -> Method:
    """The first method that misses the best one by no more than a standard error.

    ``hits``: which held-out seeds each method finds, the preferred method first; ``weights``: of
    these seeds. The error is that of the difference, since all methods are judged on the same
    seeds.
    """
    means = {method: float(np.average(one, weights=weights)) for method, one in hits.items()}
    best = max(means, key=lambda method: means[method])  # the first of equal ones
    for method, one in hits.items():
        difference = hits[best].astype(np.float64) - one
        # Of a single seed no error is known.
        if weights is None:
            mean = difference.mean()
            error = float(difference.std(ddof=min(1, len(difference) - 1))) / len(difference) ** 0.5
        else:
            mean, error = weighted_mean(difference, weights)
        if mean <= error:
            return method
    return best


def chosen_per_fold(
    hits: Mapping[Method, NDArray[np.bool_]],
    folds: NDArray[np.int8],
    weights: Floats | None = None,
) -> list[Method]:
    """The choice without the seeds of each fold, as if that fold had not been seen.

    A chosen method's own hits are too many: it was chosen for them.
    """
    choices = []
    for fold in range(FOLDS):
        others = folds != fold if (folds != fold).any() else folds == fold
        own = None if weights is None else weights[others]
        choices.append(choose({method: one[others] for method, one in hits.items()}, own))
    return choices
