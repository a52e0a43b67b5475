"""Columns in which seeds and pool differ although no vector has them."""

import numpy as np
import pandas as pd

LARGE = 0.3
"""Difference of shares that is warned of: a third of the people differ for another reason than the
features."""

SURE = 4.0
"""Standard errors that a difference needs: with hundreds of columns, none by chance."""

NAMED = 20
"""Seeds that a value must have to be named."""

MISSING = "no value"


def contrast_warnings(seeds: pd.DataFrame, pool: pd.DataFrame) -> tuple[str, ...]:
    """One sentence per column in which the shares differ by `LARGE`.

    Of numbers the shares up to the value that divides them best are compared (Kolmogorov-Smirnov),
    of other columns the share of each value; of both, the share that has none.
    """
    found = [_contrast(str(column), seeds[column], pool[column]) for column in seeds]
    return tuple(sentence for sentence in found if sentence)


def _contrast(column: str, seeds: "pd.Series", pool: "pd.Series") -> str:
    if not len(seeds) or not len(pool):
        return ""
    what, ours, theirs, is_named = max(
        [_of_missing(seeds, pool), _of_values(seeds.dropna(), pool.dropna())],
        key=lambda found: abs(found[1] - found[2]),
    )
    common = (ours * len(seeds) + theirs * len(pool)) / (len(seeds) + len(pool))
    error = np.sqrt(common * (1.0 - common) * (1.0 / len(seeds) + 1.0 / len(pool)))
    if abs(ours - theirs) < LARGE or abs(ours - theirs) < SURE * error:
        return ""
    shares = f": {ours:.0%} of the seeds have {what}, and {theirs:.0%} of the pool"
    return (
        f"seeds and pool differ in {column!r}, which is no feature, so that the ranking does not"
        f" see it{shares if is_named else ''}"
    )


Found = tuple[str, float, float, bool]
"""What is compared, the shares of seeds and pool that have it, and whether it may be named."""


def _of_missing(seeds: "pd.Series", pool: "pd.Series") -> Found:
    return MISSING, float(seeds.isna().mean()), float(pool.isna().mean()), True


def _of_values(seeds: "pd.Series", pool: "pd.Series") -> Found:
    if seeds.empty or pool.empty:
        return MISSING, 0.0, 0.0, False
    if pd.api.types.is_numeric_dtype(seeds) and not pd.api.types.is_bool_dtype(seeds):
        return _of_numbers(seeds.to_numpy(np.float64), pool.to_numpy(np.float64))
    ours, theirs = (values.astype(str).value_counts() for values in (seeds, pool))
    names = ours.index.union(theirs.index)
    shares = ours.reindex(names).fillna(0) / len(seeds), theirs.reindex(names).fillna(0) / len(pool)
    at = int(np.argmax(np.abs(shares[0].to_numpy() - shares[1].to_numpy())))
    is_named = bool(ours.get(names[at], 0) >= NAMED)
    return repr(names[at]), float(shares[0].iloc[at]), float(shares[1].iloc[at]), is_named


def _of_numbers(seeds: np.ndarray, pool: np.ndarray) -> Found:
    ours, theirs = np.sort(seeds), np.sort(pool)
    values = np.unique(np.concatenate([ours, theirs]))
    shares = [np.searchsorted(x, values, side="right") / len(x) for x in (ours, theirs)]
    at = int(np.argmax(np.abs(shares[0] - shares[1])))
    # A quantile of the pool, since the dividing value itself may be one person's.
    share = float(shares[1][at])
    return f"the values of the lowest {share:.0%} of the pool", float(shares[0][at]), share, True
