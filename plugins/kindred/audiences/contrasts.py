"""Columns in which seeds and pool differ although no vector has them."""

import numpy as np
import pandas as pd

LARGE = 0.3
"""Difference of shares that is warned of: a third of the people differ for another reason than the
features."""

SURE = 4.0
"""Standard errors that a difference needs: with hundreds of columns, none by chance."""

FLAGS = (0.0, 1.0)
"""What booleans are read as."""

NAMED = 20
"""Seeds that a value must have to be named."""

MISSING = "no value"


def contrast_warnings(seeds: pd.DataFrame, pool: pd.DataFrame) -> tuple[str, ...]:
    """One sentence per column in which the shares differ by `LARGE`.

    Of numbers the shares up to the value that divides them best are compared (Kolmogorov-Smirnov),
    of other columns, and of numbers that are 0 and 1 alone, as booleans are, the share of each
    value; of all, the share that has none.
    """
    found = [_contrast(str(column), seeds[column], pool[column]) for column in seeds]
    return tuple(sentence for sentence in found if sentence)


def _contrast(column: str, seeds: "pd.Series", pool: "pd.Series") -> str:
    if not len(seeds) or not len(pool):
        return ""
    words, ours, theirs, is_named = max(
        [_of_missing(seeds, pool), _of_values(seeds.dropna(), pool.dropna())],
        key=lambda found: abs(found[1] - found[2]),
    )
    common = (ours * len(seeds) + theirs * len(pool)) / (len(seeds) + len(pool))
    error = np.sqrt(common * (1.0 - common) * (1.0 / len(seeds) + 1.0 / len(pool)))
    if abs(ours - theirs) < LARGE or abs(ours - theirs) < SURE * error:
        return ""
    return (
        f"seeds and pool differ in {column!r}, which is no feature, so that the ranking does not"
        f" see it{f': {words}' if is_named else ''}"
    )


Found = tuple[str, float, float, bool]
"""The difference in words, the shares of seeds and pool, and whether the words may be said."""


def _in_words(what: str, ours: float, theirs: float) -> str:
    return f"{ours:.0%} of the seeds have {what}, and {theirs:.0%} of the pool"


def _of_missing(seeds: "pd.Series", pool: "pd.Series") -> Found:
    ours, theirs = float(seeds.isna().mean()), float(pool.isna().mean())
    return _in_words(MISSING, ours, theirs), ours, theirs, True


def _of_values(seeds: "pd.Series", pool: "pd.Series") -> Found:
    if seeds.empty or pool.empty:
        return "", 0.0, 0.0, False
    if pd.api.types.is_numeric_dtype(seeds):
        values = seeds.to_numpy(np.float64), pool.to_numpy(np.float64)
        return (_of_flags if _are_flags(*values) else _of_numbers)(*values)
    ours, theirs = (values.astype(str).value_counts() for values in (seeds, pool))
    names = ours.index.union(theirs.index)
    shares = ours.reindex(names).fillna(0) / len(seeds), theirs.reindex(names).fillna(0) / len(pool)
    at = int(np.argmax(np.abs(shares[0].to_numpy() - shares[1].to_numpy())))
    is_named = bool(ours.get(names[at], 0) >= NAMED)
    share, other = float(shares[0].iloc[at]), float(shares[1].iloc[at])
    return _in_words(repr(names[at]), share, other), share, other, is_named


def _are_flags(seeds: np.ndarray, pool: np.ndarray) -> bool:
    return bool(np.isin(seeds, FLAGS).all() and np.isin(pool, FLAGS).all())


def _of_flags(seeds: np.ndarray, pool: np.ndarray) -> Found:
    """What most of the seeds say, yes or no."""
    is_yes = bool(seeds.mean() >= 0.5)
    ours, theirs = (float((values == is_yes).mean()) for values in (seeds, pool))
    words = _in_words(f"the value {'yes' if is_yes else 'no'}", ours, theirs)
    return words, ours, theirs, True


def _of_numbers(seeds: np.ndarray, pool: np.ndarray) -> Found:
    ours, theirs = np.sort(seeds), np.sort(pool)
    values = np.unique(np.concatenate([ours, theirs]))
    shares = [np.searchsorted(x, values, side="right") / len(x) for x in (ours, theirs)]
    at = int(np.argmax(np.abs(shares[0] - shares[1])))
    # A quantile of the pool, since the dividing value itself may be one person's.
    ours_below, below = (float(share[at]) for share in shares)
    end, ours_there, there = "lowest", ours_below, below
    if ours_below < below:
        end, ours_there, there = "highest", 1.0 - ours_below, 1.0 - below
    words = f"{ours_there:.0%} of the seeds are where the {end} {there:.0%} of the pool are"
    return words, ours_there, there, True
