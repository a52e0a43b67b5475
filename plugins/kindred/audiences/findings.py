"""What readers are warned of: seeds, pool and asked people that a ranking can do little with."""

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.boosting import Binned, Shape, fit_trees
from kindred.audiences.regression import fit_regressions
from kindred.audiences.trained import QualityRow

FEW_SEEDS = 100
"""Seeds below which advertising platforms refuse an audience."""

SPECIFIC = 0.01
SPECIFIC_RECALL = 0.9
"""An audience is too specific if nine of ten held-out seeds stand above 99 % of the pool."""

ASKED_QUANTILE = 0.99
OUTSIDE = 0.1
"""Share of the pool beyond the asked people's last hundredth that is warned of: ten times
chance."""

PROPENSITY = Shape(3, 50, 0.2)


def seed_warnings(seeds: int, row: QualityRow, specific: float) -> tuple[str, ...]:
    """Too few seeds, a mass market, too specific an audience.

    ``row``: the quality at the size at which methods are compared; ``specific``: share of the
    held-out seeds within the pool's best `SPECIFIC`.
    """
    warnings = []
    if seeds < FEW_SEEDS:
        warnings.append(
            f"{seeds} seeds are few: with {FEW_SEEDS} and more the ranking and its measured lift"
            " are steadier"
        )
    if row.lift_low is not None and row.lift_low <= 1.0:
        warnings.append(
            f"mass market: the seeds look like the pool, and the best {100 * row.size:g} % of it"
            f" may hold no more of their kind than random people (lift {row.lift:.2f},"
            f" {row.lift_low:.2f} to {row.lift_high:.2f})"
        )
    if specific >= SPECIFIC_RECALL:
        warnings.append(
            f"too specific: {specific:.0%} of the seeds that were held out stand above"
            f" {1 - SPECIFIC:.0%} of the pool, so that hardly anybody there is like them; larger"
            " sizes hold other people"
        )
    return tuple(warnings)


def share_outside(asked: NDArray[np.float32], pool: NDArray[np.float32]) -> float:
    """The share of the pool that is less like the asked people than 99 % of these are.

    Both are vectors, float32 (rows, d), in hash order. Told apart by regression and by trees, which
    are fitted to every second row and judged on the others; the larger share counts.
    """
    vectors = np.concatenate([asked, pool])
    is_pool = np.arange(len(vectors)) >= len(asked)
    weights = np.where(is_pool, len(asked) / max(1, len(pool)), 1.0)
    place = np.where(is_pool, np.arange(len(vectors)) - len(asked), np.arange(len(vectors)))
    fitted, judged = place % 2 == 0, place % 2 == 1
    if min((judged & is_pool).sum(), (judged & ~is_pool).sum()) < 1 / (1 - ASKED_QUANTILE):
        return 0.0
    [regression] = fit_regressions(vectors[fitted], is_pool[fitted], weights[fitted], (0.1,))
    rows = np.flatnonzero(fitted).astype(np.int32)
    trees = fit_trees(Binned.of(vectors), is_pool, weights, rows, PROPENSITY)
    shares = []
    for model in (regression, trees):
        of_asked = model.scores(vectors[judged & ~is_pool])
        of_pool = model.scores(vectors[judged & is_pool])
        limit = np.quantile(of_asked, ASKED_QUANTILE, method="higher")
        shares.append(float((of_pool > limit).mean()))
    return max(shares)


def outside_warning(share: float) -> tuple[str, ...]:
    """The pool lies outside the asked people."""
    if share < OUTSIDE:
        return ()
    return (
        f"{share:.0%} of the pool are unlike nearly everybody who was asked: what the answers say"
        " of them is a guess, and so is the measured quality",
    )
