"""How much the segments of several nights together say about private columns.

Each night is another cut through the same private values. What is measured is the attack of a
reader who knows the public columns and the segments of every night, and the private values of half
of a sample of customers: from these it learns who gets into which segment, and asks of the others
which values explain all of their segments. Then the halves change places.
"""

import warnings
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.run.threads import one_library_thread
from kindred.segments.profiles.disclosure import LEAST_ERROR_SHARE
from kindred.warehouse.copy_writer import Array

SAMPLED = 4_000
"""Customers of a snapshot by whom its segments are judged. With four times as many, an attack on 30
dimensions and 20 segments left .47 of the error instead of .49."""
LEAST_SAMPLED = 40
"""Fewer say nothing of what a reader could learn."""
CANDIDATES = 128
"""Known customers whose values are tried: a third of a column's spread still holds forty."""
FEW_VALUES = 24
"""Numbers with so few values are guessed by value, others by how far they are from what the public
columns say."""
PARTS, LEAST_PART = 3, 20
"""Into how many clusters a segment is cut that need not be convex, and the customers of a part."""
TRUST = (1.0, 0.5, 0.25)
"""How independent of each other nights are taken to be: the best guess counts."""
LEAST_LOG_PROBABILITY = -8.0
STEPS = 60
PENALTY = 0.01
WIDE = 8
"""Numbers of more dimensions are not guessed by the median."""
BLOCK_ROWS = 256

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class PrivateColumn:
    """The values of a private column: float64 (n, width); one-hot if it ``is_category``."""

    values: Floats
    is_category: bool


@dataclass(frozen=True, eq=False)
class SeenNight:
    """What readers know of one snapshot about n customers of a sample.

    ``public`` float64 (n, d): their public columns. ``labels``: by algorithm their segments, int32
    (n,), noise is -1. ``is_there`` bool (n,): who was a customer.
    """

    public: Floats
    labels: Mapping[str, Labels]
    is_there: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Guess:
    """What the public columns say of a private one: each candidate is a value, or a distance.

    Values that are tried are ``center`` (n, width) plus ``known`` (m, width); ``log_odds`` (n, m):
    how much likelier each is for this customer than for any.
    """

    center: Floats
    known: Floats
    log_odds: Floats


class Attack:
    """A reader who guesses private columns of n customers, whose order must be random.

    ``public`` float64 (n, d) and ``columns`` are those of the newest night.
    """

    def __init__(self, public: Floats, columns: Mapping[str, PrivateColumn]) -> None:
        self._columns = columns
        self._candidates = min(CANDIDATES, len(public) // 2)
        even, odd = (np.arange(start, len(public), 2) for start in (0, 1))
        self._turns: list[tuple[Rows, Rows]] = [(even, odd), (odd, even)]
        self._guesses = [
            [_guess(public, column, known, asked, self._candidates) for column in columns.values()]
            for known, asked in self._turns
        ]
        self._private = np.column_stack([column.values for column in columns.values()])
        self._before = self._errors(self.nothing)

    @property
    def nothing(self) -> Floats:
        """What is known before any segment is: log-likelihoods of 0, (n, candidates)."""
        return np.zeros((len(self._private), self._candidates))

    def learn(self, night: SeenNight, algorithm: str, *, is_convex: bool) -> Floats:
        """How well each candidate explains the segments of a night: log-likelihoods.

        ``is_convex``: a segment is where its centroid is nearer than others, as of k-means.
        """
        with one_library_thread():
            return self._learn(night, night.labels[algorithm], is_convex=is_convex)

    def _learn(self, night: SeenNight, labels: Labels, *, is_convex: bool) -> Floats:
        found = self.nothing
        x = np.column_stack([night.public, self._private])
        for (known, asked), guesses in zip(self._turns, self._guesses, strict=True):
            known = known[night.is_there[known]]
            if len(np.unique(labels[known])) < 2:
                continue
            parts, label_of_part = _parts(x[known], labels[known], is_convex=is_convex)
            weights, offsets = _regression(x[known], parts, len(label_of_part))
            center = np.column_stack([night.public[asked], *(g.center for g in guesses)])
            added = np.column_stack([guess.known for guess in guesses])
            likely = _log_likelihoods(
                center @ weights + offsets,
                added @ weights[night.public.shape[1] :],
                label_of_part,
                labels[asked],
            )
            found[asked] = np.where(night.is_there[asked, None], likely, 0.0)
        return found

    def error_shares(self, evidence: Floats) -> dict[str, float]:
        """Per column the error that is left, as a share of that of guessing without segments.

        1 where the public columns say all there is to say.
        """
        shares = dict.fromkeys(self._columns, 1.0)
        for trust in TRUST:
            with one_library_thread():
                after = self._errors(trust * evidence)
            for name, before in self._before.items():
                if (before > 0).all():
                    shares[name] = min(shares[name], float((after[name] / before).min()))
        return shares

    def _errors(self, evidence: Floats) -> dict[str, Floats]:
        """Wrong guesses of categories; of numbers the root mean square and the mean error."""
        found: dict[str, list[Floats]] = {name: [] for name in self._columns}
        for (_, asked), guesses in zip(self._turns, self._guesses, strict=True):
            log_weights = sum((guess.log_odds for guess in guesses), evidence[asked])
            weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
            weights /= weights.sum(axis=1, keepdims=True)
            for (name, column), guess in zip(self._columns.items(), guesses, strict=True):
                measure = _wrong_guesses if column.is_category else _distances
                found[name].append(measure(column.values[asked], guess, weights))
        means = {name: np.concatenate(parts).mean(axis=0) for name, parts in found.items()}
        for name, column in self._columns.items():
            if not column.is_category:
                means[name][0] = np.sqrt(means[name][0])
        return means


def revealed_beside_newer(
    attack: Attack, nights: Iterable[SeenNight], convex: Collection[str]
) -> list[dict[str, list[str]]]:
    """What nights, newest first, would give away beside what is shown of newer ones.

    Returns per night the columns by algorithm; such an algorithm is taken to be hidden. ``convex``:
    those with convex segments.
    """
    shown = attack.nothing
    found: list[dict[str, list[str]]] = []
    seen: list[tuple[SeenNight, str]] = []
    for night in nights:
        found.append({})
        for algorithm in night.labels:
            if any(_is_same(night, algorithm, *other) for other in seen):
                continue
            evidence = shown + attack.learn(night, algorithm, is_convex=algorithm in convex)
            shares = attack.error_shares(evidence)
            revealed = [name for name, share in shares.items() if share < LEAST_ERROR_SHARE]
            if revealed:
                found[-1][algorithm] = revealed
            else:
                shown = evidence
                seen.append((night, algorithm))
    return found


def in_random_order(customers: Array) -> Rows:
    """Rows by a hash of their keys (n,): the same customers come first in every snapshot."""
    return np.argsort(pd.util.hash_array(customers), kind="stable")


def _is_same(night: SeenNight, algorithm: str, other: SeenNight, by: str) -> bool:
    """Whether a night says again what another has said."""
    return (
        algorithm == by
        and np.array_equal(night.labels[algorithm], other.labels[by])
        and np.array_equal(night.public, other.public)
    )


def _guess(
    public: Floats, column: PrivateColumn, known: Rows, asked: Rows, candidates: int
) -> _Guess:
    """What half of the customers says by regression on the public columns of the other half."""
    values, tried = column.values[known], known[:candidates]
    distinct, of_row = np.unique(values, axis=0, return_inverse=True)
    if not column.is_category and len(distinct) > FEW_VALUES:
        expected = _ridge(public[known], values, public)
        known_rest = column.values[tried] - expected[tried]
        return _Guess(expected[asked], known_rest, np.zeros((len(asked), len(tried))))
    hot = np.eye(len(distinct))[of_row.reshape(-1)]
    likely = np.maximum(_ridge(public[known], hot, public[asked]), 1 / len(known))
    odds = np.log(likely / likely.sum(axis=1, keepdims=True)) - np.log(hot.mean(axis=0))
    of_tried = of_row.reshape(-1)[:candidates]
    nowhere = np.zeros((len(asked), values.shape[1]))
    return _Guess(nowhere, column.values[tried], odds[:, of_tried])


def _ridge(x: Floats, y: Floats, wanted: Floats) -> Floats:
    middle, mean = x.mean(axis=0), y.mean(axis=0)
    apart = x - middle
    gram = apart.T @ apart + np.eye(x.shape[1])
    return np.asarray((wanted - middle) @ np.linalg.solve(gram, apart.T @ (y - mean)) + mean)


def _wrong_guesses(values: Floats, guess: _Guess, weights: Floats) -> Floats:
    taken = (weights @ guess.known).argmax(axis=1)
    return np.asarray(taken != values.argmax(axis=1), dtype=np.float64)[:, None]


def _distances(values: Floats, guess: _Guess, weights: Floats) -> Floats:
    """Squared distance to the mean guess, and absolute distance to the median one, (n, 2)."""
    rest = values - guess.center
    to_mean = rest - weights @ guess.known
    if values.shape[1] > WIDE:
        to_median = to_mean
    else:
        to_median = np.empty_like(rest)
        for dimension, known in enumerate(guess.known.T):
            order = np.argsort(known, kind="stable")
            middle = (np.cumsum(weights[:, order], axis=1) >= 0.5).argmax(axis=1)
            to_median[:, dimension] = rest[:, dimension] - known[order][middle]
    return np.column_stack([np.square(to_mean).sum(axis=1), np.abs(to_median).sum(axis=1)])


def _parts(x: Floats, labels: Labels, *, is_convex: bool) -> tuple[NDArray[np.intp], Labels]:
    """Convex parts of the segments: the part of each row, and the label of each part."""
    # Imported here because scipy.cluster takes time to import, and most tasks never need it.
    from scipy.cluster.vq import kmeans2

    if is_convex:
        classes, found = np.unique(labels, return_inverse=True)
        return found.astype(np.intp), classes
    found = np.zeros(len(labels), dtype=np.intp)
    label_of_part: list[int] = []
    for label in np.unique(labels).tolist():
        rows = np.flatnonzero(labels == label)
        start = x[rows[: np.clip(len(rows) // LEAST_PART, 1, PARTS)]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # equal rows make empty parts
            cut = kmeans2(x[rows], start, iter=10, minit="matrix")[1]
        used, part = np.unique(cut, return_inverse=True)
        found[rows] = len(label_of_part) + part
        label_of_part += [label] * len(used)
    return found, np.array(label_of_part, dtype=np.int32)


def _regression(x: Floats, parts: NDArray[np.intp], count: int) -> tuple[Floats, Floats]:
    """Multinomial logistic regression: weights (d, count) and offsets (count,)."""
    # Imported here because scipy.optimize takes time to import, and most tasks never need it.
    from scipy.optimize import minimize

    rows = np.arange(len(x))
    hot = np.eye(count)[parts]
    with_one = np.column_stack([x, np.ones(len(x))])
    means = (hot.T @ x) / hot.sum(axis=0)[:, None]
    start = np.vstack([2 * means.T, -np.square(means).sum(axis=1)])

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(start.shape)
        logits = with_one @ weights
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        sums = shares.sum(axis=1)
        value = np.log(sums).sum() - logits[rows, parts].sum() + PENALTY / 2 * (flat @ flat)
        slope = with_one.T @ (shares / sums[:, None] - hot)
        return float(value), slope.ravel() + PENALTY * flat

    found = minimize(
        loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
    ).x.reshape(start.shape)
    return found[:-1], found[-1]


def _log_likelihoods(
    of_customers: Floats, of_candidates: Floats, label_of_part: Labels, labels: Labels
) -> Floats:
    """Log-probabilities of labels by candidate (n, m), from logits (n, parts) and (m, parts)."""
    found = np.zeros((len(of_customers), len(of_candidates)))
    for start in range(0, len(found), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        logits = (of_customers[block, None] + of_candidates).astype(np.float32)
        shares = np.exp(logits - logits.max(axis=2, keepdims=True))
        is_own = labels[block, None] == label_of_part
        own = np.matmul(shares, is_own[:, :, None].astype(np.float32))[..., 0]
        with np.errstate(divide="ignore"):
            log_shares = np.log(own / shares.sum(axis=2))
        found[block] = np.maximum(log_shares, LEAST_LOG_PROBABILITY)
        found[block][~is_own.any(axis=1)] = 0.0  # a segment of nobody who is known
    return found
