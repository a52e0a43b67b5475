"""Train an audience: choose the best of several methods, rank the pool, and measure it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.audiences.calibration import Calibration, calibrate
from kindred.audiences.choice import found
from kindred.audiences.comparison import Comparison, Ranked, compare, rank
from kindred.audiences.contrasts import contrast_warnings
from kindred.audiences.findings import SPECIFIC, outside_warning, seed_warnings, share_outside
from kindred.audiences.folds import remixed, sample
from kindred.audiences.kinds import kinds_of
from kindred.audiences.methods import Family
from kindred.audiences.overlap import overlap_warning, pool_weights
from kindred.audiences.people import People, people_of
from kindred.audiences.populations import LEAST_SEEDS, Populations, Truth
from kindred.audiences.quality import customers_of, quality_rows, row_at
from kindred.audiences.reasons import reasons_of
from kindred.audiences.state import model_state
from kindred.audiences.trained import Trained
from kindred.run.threads import one_library_thread

Columns = Callable[[NDArray[np.integer]], pd.DataFrame]
"""The raw values of the public columns of some customers, one row each, in the order asked for."""

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

MOST_COMPARED, USUAL = 0.5, 0.1
"""The largest size at which methods are compared, and the least if there are larger ones: where
everybody is listed, the best are still meant."""

CONTRAST = 4  # purpose of hashes
CONTRASTED = 20_000
"""People whose columns outside the features are compared, and asked people and pool."""


def train(
    vectors: NDArray[np.float32],
    populations: Populations,
    hashes: NDArray[np.uint64],
    sizes: Sequence[float],
    *,
    blocks: Mapping[str, tuple[int, int]],
    labels: Columns | None = None,
    threads: int = 1,
) -> Trained:
    """Train an audience.

    Parameters
    ----------
    vectors : ndarray of float32, shape (customers, dimensions)
        The snapshot's, or their public part; may be mapped from disk.
    populations : Populations
        Seeds are told from ``others``; without these, from all who are neither seeds nor excluded.
    hashes : ndarray of uint64, shape (customers,)
        A keyed hash of each customer. It decides folds, samples and ties, so that the order of the
        rows does not.
    sizes : sequence of float
        Shares of the pool, ascending, in (0, 1].
    blocks : mapping of str to (int, int)
        Each public column's [start, stop) slice of the vectors.
    labels : callable, optional
        Public columns that are not encoded, without those that define the seeds, of some rows; a
        difference between seeds and pool in one of them is warned of.
    threads : int
        Changes no result.

    Raises
    ------
    AudienceError
        There are fewer than 20 seeds, nobody to rank, or nobody to tell the seeds from.
    """
    people = people_of(populations, hashes)
    # The order of a library's sums depends on how many threads it has.
    with one_library_thread():
        if populations.contacted is not None:
            people = people.weighted(pool_weights(vectors, people, hashes, threads))
        comparison = compare(vectors, people, compared_size(sizes), threads)
        ranked = rank(vectors, comparison, threads)
        warnings = _warnings(vectors, populations, hashes, labels)
        return _described(vectors, comparison, ranked, sizes, blocks, warnings, threads)


def compared_size(sizes: Sequence[float]) -> float:
    """The size at which the methods are compared: the largest one that can tell them apart.

    All methods find all seeds in the whole pool, and most in most of it.
    """
    telling = [size for size in sizes if size <= MOST_COMPARED]
    return max(telling) if len(telling) == len(sizes) else max([*telling, USUAL])


def _described(
    vectors: Vectors,
    comparison: Comparison,
    ranked: Ranked,
    sizes: Sequence[float],
    blocks: Mapping[str, tuple[int, int]],
    warnings: Sequence[str],
    threads: int,
) -> Trained:
    """What a comparison and its ranking mean for readers."""
    people, order, judges = comparison.people, ranked.order, ranked.judges
    pool = len(order)
    counts = tuple(customers_of(size, pool) for size in sizes)
    members = order[: counts[-1]]
    calibration = _calibration(people, ranked)
    probabilities = None
    if calibration is not None:
        probabilities = calibration.probabilities(ranked.places[order])
    quality = quality_rows(
        sizes, comparison.places, people.judges, comparison.method_per_fold, probabilities, pool
    )
    own = row_at(quality, comparison.size)
    kinds = kinds_of(
        comparison.examples,
        comparison.hits,
        comparison.settings.get(Family.NEAREST, 1),
        size=comparison.size,
        is_lifted=own.lift_low is not None and own.lift_low > 1.0,
    )
    places = comparison.places[comparison.method]
    is_top = found(places, people.judges.seeds, SPECIFIC)
    specific = float(np.average(is_top, weights=people.judges.seed_weights))
    return Trained(
        method=comparison.method.name,
        order=judges.rows[members],
        scores=ranked.places[members],
        percentiles=100.0 * (1.0 - np.arange(len(members)) / pool),
        probabilities=None if probabilities is None else probabilities[: len(members)],
        pool=pool,
        sizes=tuple(sizes),
        counts=counts,
        cutoffs=tuple(float(ranked.places[members[count - 1]]) for count in counts),
        quality=quality,
        calibration=() if calibration is None else calibration.rows,
        brier=None if calibration is None else calibration.brier,
        brier_base=None if calibration is None else calibration.brier_base,
        columns=tuple(blocks),
        reasons=_reasons(vectors, comparison, ranked, members, blocks, threads),
        warnings=(
            *seed_warnings(people.seeds, own, specific),
            *people.warnings,
            *overlap_warning(people.judges.seed_weights),
            *kinds.warnings,
            *warnings,
        ),
        state=model_state(comparison, kinds, calibration),
    )


def _reasons(
    vectors: Vectors,
    comparison: Comparison,
    ranked: Ranked,
    members: NDArray[np.intp],
    blocks: Mapping[str, tuple[int, int]],
    threads: int,
) -> NDArray[np.int16]:
    """The columns that raise the members' scores most; ``members``: positions in ranked rows."""
    judges = ranked.judges
    parts = [
        (comparison.models[family], float(ranked.scores[family][ranked.order].std()))
        for family in comparison.method.families
    ]
    return reasons_of(parts, vectors, judges.rows[members], judges.folds[members], blocks, threads)


def _calibration(people: People, ranked: Ranked) -> Calibration | None:
    """The calibration by known answers: of everybody, or of all who were asked; else None.

    Only of those who meet the pool's conditions, unless too few do: the same place may mean another
    rate among people whom the conditions leave out.
    """
    if people.populations.others is None or people.populations.truth is Truth.NONE:
        return None
    used = people.is_inside
    if min((used & people.is_seed).sum(), (used & ~people.is_seed).sum()) < LEAST_SEEDS:
        used = np.ones_like(used)
    judges = ranked.judges
    at = np.searchsorted(judges.rows, people.examples[used])
    return calibrate(
        ranked.places[at], people.is_seed[used], people.weights[used], judges.folds[at]
    )


def _warnings(
    vectors: Vectors,
    populations: Populations,
    hashes: NDArray[np.uint64],
    labels: Columns | None,
) -> list[str]:
    """What seeds, pool and asked people say without a model."""
    mixed = remixed(hashes, CONTRAST)
    pool = sample(populations.pool, mixed, CONTRASTED)
    warnings: list[str] = []
    if labels is not None:
        seeds = sample(populations.seeds, mixed, CONTRASTED)
        warnings += contrast_warnings(labels(seeds), labels(pool))
    if populations.contacted is not None:
        asked = sample(populations.contacted, mixed, CONTRASTED)
        warnings += outside_warning(share_outside(vectors[asked], vectors[pool]))
    return warnings
