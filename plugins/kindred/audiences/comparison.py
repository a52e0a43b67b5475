"""Compare all methods on the held-out seeds, and rank the pool by the chosen one."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.choice import (
    Judges,
    Places,
    best_variants,
    choose,
    chosen_per_fold,
    found,
    places_of,
)
from kindred.audiences.crossfit import (
    CrossFit,
    Examples,
    Models,
    all_variants,
    cross_scores,
)
from kindred.audiences.folds import FOLDS
from kindred.audiences.methods import METHODS, Family, Method, Model
from kindred.audiences.people import People
from kindred.audiences.populations import LEAST_SEEDS

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Comparison:
    """All methods, cross-fitted and judged on the held-out seeds.

    ``models`` has one per fold of each family, of its best of all ``settings``; ``scores`` are
    those of the judges.
    """

    people: People
    examples: Examples
    models: dict[Family, list[Model]]
    settings: dict[Family, Any]
    scores: dict[Family, Floats]
    places: Places
    size: float

    @cached_property
    def hits(self) -> dict[Method, NDArray[np.bool_]]:
        """Which held-out seeds each method finds at the size of the comparison."""
        seeds = self.people.judges.seeds
        return {method: found(one, seeds, self.size) for method, one in self.places.items()}

    @cached_property
    def method(self) -> Method:
        """The chosen method."""
        return choose(self.hits, self.people.judges.seed_weights)

    @cached_property
    def method_per_fold(self) -> list[Method]:
        """The method that would be chosen without the seeds of each fold."""
        judges = self.people.judges
        return chosen_per_fold(self.hits, judges.folds[judges.seeds], judges.seed_weights)


@dataclass(frozen=True, eq=False)
class Ranked:
    """The pool in the order of the chosen method.

    ``order`` positions in the judges' rows; ``places`` of all of them; ``scores`` by family.
    """

    judges: Judges
    order: NDArray[np.intp]
    places: Floats
    scores: dict[Family, Floats]


def compare(vectors: Vectors, people: People, size: float, threads: int) -> Comparison:
    """Cross-fit and judge all methods; ``size``: the share at which they are compared."""
    has_others = len(people.examples) - people.seeds >= LEAST_SEEDS
    # Too few others to tell the seeds from: only the seeds' direction is left.
    families = list(Family) if has_others else [Family.CENTROID]
    examples = Examples(
        np.ascontiguousarray(vectors[people.examples], dtype=np.float32),
        people.is_seed,
        people.weights,
        people.folds[people.examples],
    )
    crossfit = CrossFit(examples, threads)
    judges, first = people.judges, crossfit.compared_folds()
    tried = crossfit.fit(all_variants(families), range(first))
    variants = best_variants(tried, vectors, judges, threads)
    settings = {family: setting for family, (_, setting) in variants.items()}
    wanted = {family: (setting,) for family, setting in settings.items()}
    rest: Models = crossfit.fit(wanted, range(first, FOLDS)) if first < FOLDS else {}
    models = {
        family: tried[variant] + rest.get(variant, []) for family, variant in variants.items()
    }
    scores = {
        family: cross_scores(fitted, vectors, judges.rows, judges.folds, threads)
        for family, fitted in models.items()
    }
    methods = [method for method in METHODS if set(method.families) <= models.keys()]
    places = places_of(methods, judges, scores)
    return Comparison(people, examples, models, settings, scores, places, size)


def rank(vectors: Vectors, comparison: Comparison, threads: int) -> Ranked:
    """Rank the whole pool by the chosen method."""
    people, method = comparison.people, comparison.method
    judges, scores = people.judges, comparison.scores
    if not people.has_whole_pool:
        judges = people.ranked
        scores = {
            family: cross_scores(
                comparison.models[family], vectors, judges.rows, judges.folds, threads
            )
            for family in method.families
        }
    own = {family: scores[family] for family in method.families}
    places = places_of([method], judges, own)[method]
    pool = np.flatnonzero(judges.reference > 0.0)
    order = pool[np.lexsort((judges.ties[pool], -places[pool]))]
    return Ranked(judges, order, places, own)
