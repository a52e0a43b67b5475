"""Effect sizes and confidence intervals of differences."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
SMALL_EFFECT = 0.2
"""Effects below it are negligible: "small" in Cohen 1988 for d (p. 25) and for h (p. 184)."""

Floats = NDArray[np.float64]


def cohens_d(means: ArrayLike, everyone_mean: float, everyone_deviation: float) -> Floats:
    """Difference of means in standard deviations of all customers (Cohen 1988, chapter 2).

    Parameters
    ----------
    means : array_like of float, shape (clusters,)
    everyone_mean, everyone_deviation : float
        Mean and standard deviation of all customers. The latter takes the place of the pooled
        deviation in Cohen's d; with the clusters' own, a tight cluster would look more different.

    Returns
    -------
    ndarray of float64, shape (clusters,)
        NaN if the column is constant or a cluster has no value.
    """
    differences = np.asarray(means, dtype=np.float64) - everyone_mean
    if not everyone_deviation > 0.0:
        return np.full(differences.shape, np.nan)
    return np.asarray(differences / everyone_deviation)


def cohens_h(shares: ArrayLike, everyone_shares: ArrayLike) -> Floats:
    """Difference of two shares after 2 arcsin(sqrt(p)), comparable to d (Cohen 1988, chapter 6).

    Parameters
    ----------
    shares : array_like of float, shape (clusters, values)
    everyone_shares : array_like of float, shape (values,)
        From 0 to 1.

    Returns
    -------
    ndarray of float64, shape (clusters, values)
        From -pi to pi; NaN if no customer or every customer has the value, or a cluster's share is
        NaN.
    """
    known, everyone = np.asarray(shares, np.float64), np.asarray(everyone_shares, np.float64)
    effects = 2.0 * np.arcsin(np.sqrt(known)) - 2.0 * np.arcsin(np.sqrt(everyone))
    is_constant = (everyone <= 0.0) | (everyone >= 1.0)
    return np.asarray(np.where(is_constant, np.nan, effects))


def wilson_interval(successes: ArrayLike, customers: ArrayLike) -> tuple[Floats, Floats]:
    """95 % score interval of a share (Wilson 1927; Brown, Cai & DasGupta 2001, "Wilson").

    Parameters
    ----------
    successes, customers : array_like of int
        Shapes that broadcast.

    Returns
    -------
    low, high : ndarray of float64
        From 0 to 1; NaN for no customers.
    """
    # Imported here because most tasks never need it. The quantiles of scipy.stats are the same, but
    # to import that takes 0.6 s.
    from scipy.special import ndtri

    z = float(ndtri(0.5 + CONFIDENCE / 2.0))
    counts = np.asarray(customers, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.asarray(successes, dtype=np.float64) / counts
        middle = (shares + z * z / (2.0 * counts)) / (1.0 + z * z / counts)
        half = (z / (1.0 + z * z / counts)) * np.sqrt(
            shares * (1.0 - shares) / counts + z * z / (4.0 * counts * counts)
        )
        # At shares of 0 and 1 the formula gives exactly 0 and 1, except for rounding.
        low = np.where(shares <= 0.0, 0.0, middle - half)
        high = np.where(shares >= 1.0, 1.0, middle + half)
    is_known = counts > 0
    return np.where(is_known, low, np.nan), np.where(is_known, high, np.nan)


def mean_interval(
    means: ArrayLike, deviations: ArrayLike, customers: ArrayLike
) -> tuple[Floats, Floats]:
    """95 % interval of a mean by Student's t.

    Parameters
    ----------
    means, deviations : array_like of float
        Sample means and standard deviations (divisor n - 1).
    customers : array_like of int

    Returns
    -------
    low, high : ndarray of float64
        NaN for fewer than two customers.
    """
    from scipy.special import stdtrit

    counts = np.asarray(customers, dtype=np.float64)
    is_known = counts > 1
    safe = np.where(is_known, counts, 2.0)
    half = stdtrit(safe - 1.0, 0.5 + CONFIDENCE / 2.0) * np.asarray(deviations) / np.sqrt(safe)
    middle = np.asarray(means, dtype=np.float64)
    return np.where(is_known, middle - half, np.nan), np.where(is_known, middle + half, np.nan)
