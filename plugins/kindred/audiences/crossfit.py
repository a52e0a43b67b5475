"""Cross-fitting by customer: everybody is scored by a model that has not seen them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.boosting import Binned, fit_trees
from kindred.audiences.centroids import Centroids, fit_centroids
from kindred.audiences.folds import FOLDS, Rows
from kindred.audiences.methods import VARIANTS, Family, Model
from kindred.audiences.regression import fit_regressions
from kindred.neighbours.threads import cut, in_threads

ROWS_AT_ONCE = 1 << 15
COMPARED_SEEDS = 500
"""Held-out seeds on which the settings of a family are compared: as many folds as hold these."""

Floats = NDArray[np.float64]
Variant = tuple[Family, Any]
Models = dict[Variant, list[Model]]
"""Per family and setting one model per fold; each has not seen the people of its fold."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Those a model learns from, in hash order: seeds and others.

    ``vectors`` float32 (m, d); ``is_seed`` bool, ``weights`` float64 and ``folds`` int8 (m,).
    """

    vectors: NDArray[np.float32]
    is_seed: NDArray[np.bool_]
    weights: Floats
    folds: NDArray[np.int8]

    @cached_property
    def centroids(self) -> Callable[[int], Centroids]:
        """At most so many centroids of all of them; each number of them is fitted once."""
        return cache(partial(fit_centroids, self.vectors, self.is_seed, self.weights))


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Fits models to examples, fold by fold."""

    examples: Examples
    threads: int

    @cached_property
    def _binned(self) -> Binned:
        return Binned.of(self.examples.vectors)

    def compared_folds(self) -> int:
        """Folds on which the settings of a family are compared."""
        seeds = int(self.examples.is_seed.sum())
        return int(np.clip(-(-COMPARED_SEEDS * FOLDS // seeds), 1, FOLDS))

    def fit(self, wanted: Mapping[Family, Sequence[Any]], folds: Sequence[int]) -> Models:
        """Fit the settings of some families for some folds, in the order of the folds."""
        binned = self._binned if wanted.get(Family.BOOSTING) else None
        found: list[dict[Variant, Model]] = [{} for _ in folds]

        def work(start: int, stop: int) -> None:
            for at in range(start, stop):
                found[at] = self._fit_one(wanted, folds[at], binned)

        in_threads(work, cut(len(folds), 1), self.threads, "fitting models", "folds")
        return {variant: [models[variant] for models in found] for variant in found[0]}

    def _fit_one(
        self, wanted: Mapping[Family, Sequence[Any]], fold: int, binned: Binned | None
    ) -> dict[Variant, Model]:
        examples = self.examples
        rows = np.flatnonzero(examples.folds != fold).astype(np.int32)
        vectors = examples.vectors[rows]
        is_seed, weights = examples.is_seed[rows], examples.weights[rows]
        models: dict[Variant, Model] = {}
        for family in (Family.CENTROID, Family.NEAREST):
            for groups in wanted.get(family, ()):
                models[family, groups] = fit_centroids(vectors, is_seed, weights, groups)
        strengths = wanted.get(Family.REGRESSION, ())
        if strengths:
            fitted = fit_regressions(vectors, is_seed, weights, strengths)
            models |= {(Family.REGRESSION, s): m for s, m in zip(strengths, fitted, strict=True)}
        if binned is not None:
            for shape in wanted[Family.BOOSTING]:
                models[Family.BOOSTING, shape] = fit_trees(
                    binned, examples.is_seed, examples.weights, rows, shape
                )
        return models


def all_variants(families: Sequence[Family]) -> dict[Family, Sequence[Any]]:
    """All settings of some families."""
    return {family: VARIANTS[family] for family in families}


def cross_scores(
    models: Sequence[Model],
    vectors: NDArray[np.float32],
    rows: Rows,
    folds: NDArray[np.int8],
    threads: int,
) -> Floats:
    """Scores of some rows, each by the model of its fold; float64 (rows,).

    ``folds`` int8 (rows,): only those below the number of ``models``, others have score 0.
    """
    scores = np.zeros(len(rows))

    def work(start: int, stop: int) -> None:
        block = np.asarray(vectors[rows[start:stop]], dtype=np.float32)
        of_block = folds[start:stop]
        for fold, model in enumerate(models):
            inside = np.flatnonzero(of_block == fold)
            if len(inside):
                scores[start + inside] = model.scores(block[inside])

    in_threads(work, cut(len(rows), ROWS_AT_ONCE), threads, "scoring")
    return scores


def placed(
    scores: Floats, ties: NDArray[np.uint64], groups: NDArray[np.int8], reference: Floats
) -> Floats:
    """Where each score stands in the reference of its group, float64 (rows,) in (0, 1).

    The share of the reference that scores less: ``reference`` float64 (rows,) has the weights of
    its people, 0 for others, who are placed as if they were one more. Equal scores are ordered by
    ``ties``, so that no two stand at the same place of a group.
    """
    places = np.empty(len(scores))
    for group in np.unique(groups):
        inside = np.flatnonzero(groups == group)
        inside = inside[np.lexsort((ties[inside], scores[inside]))]
        weights = reference[inside]
        total = weights.sum()
        one = total / max(1, np.count_nonzero(weights))
        is_one_more = weights == 0.0
        below = np.cumsum(weights) - weights
        own = np.where(is_one_more, one, weights)
        whole = total + np.where(is_one_more, one, 0.0)
        places[inside] = (below + 0.5 * own) / np.where(whole > 0.0, whole, 1.0)
    return places
