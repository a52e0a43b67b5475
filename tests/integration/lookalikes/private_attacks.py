"""What a reader who knows the private values of some customers makes of all that ``bi`` offers.

The reader knows one private number and one private category of the ``known`` customers, and every
public value. Each attack returns what it takes for the values of all customers, or None where it
finds nothing to work with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Query = Callable[..., list[tuple[Any, ...]]]
Guess = tuple[Floats, Floats]
"""Numbers (n,), and scores of the categories (n, categories)."""

GRID = np.linspace(-3, 3, 61)
ROUNDS = 300
SEEDS = 20
TARGETS = 40


@dataclass(frozen=True)
class Reader:
    """A session of ``bi_reader`` and what he knows.

    ``public`` (n, p): the public columns, as the encoder scales them, whatever that is: the reader
    finds it out from the contributions. ``numbers`` (n,) standardised and ``categories`` (n,) are
    used of ``known`` customers alone, except to score an attack. Customers are 1 to n.
    """

    query: Query
    public: Floats
    numbers: Floats
    categories: NDArray[np.int64]
    known: NDArray[np.int64]

    @property
    def one_hot(self) -> Floats:
        """Categories as (n, categories)."""
        return np.eye(self.categories.max() + 1)[self.categories]

    @property
    def targets(self) -> NDArray[np.int64]:
        """Some of those whose values are not known."""
        return np.setdiff1d(np.arange(len(self.public)), self.known)[:TARGETS]

    def apart(self) -> Floats:
        """Squared public distances of all pairs, (n, n)."""
        return np.square(self.public[:, None] - self.public[None]).sum(axis=2)

    def errors(self, guess: Guess) -> tuple[float, float]:
        """Mean absolute error of the numbers, and share of wrong categories."""
        numbers, scores = (part[self.targets] for part in guess)
        wrong = scores.argmax(axis=1) != self.categories[self.targets]
        return float(np.abs(numbers - self.numbers[self.targets]).mean()), float(wrong.mean())

    def regress(self, features: Floats, rows: NDArray[np.int64] | None = None) -> Guess:
        """Ridge regression on public columns and further features of known customers."""
        rows = self.known if rows is None else rows
        x = np.column_stack([self.public, features])
        x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1)
        x = np.column_stack([np.ones(len(x)), x])
        y = np.column_stack([self.numbers, self.one_hot])[rows]
        ridge = np.diag([1e-9] + [1.0] * (x.shape[1] - 1))
        found = x @ np.linalg.solve(x[rows].T @ x[rows] + ridge, x[rows].T @ y)
        return found[:, 0], found[:, 1:]


def from_public_columns(reader: Reader) -> Guess:
    """The guess to compare with: nothing but the public columns."""
    return reader.regress(np.empty((len(reader.public), 0)))


def from_explained_pairs(reader: Reader) -> Guess | None:
    """The private part of each pair, from contributions, or from the shares of the others."""
    rows = reader.query(
        "select r, t, sum(contribution) filter (where value_a is not null),"
        " sum(share) filter (where value_a is not null)"
        " from unnest(%s) as r, unnest(%s) as t, lateral bi.explain_pair(r, t) group by 1, 2",
        ((reader.known[:6] + 1).tolist(), (reader.targets + 1).tolist()),
    )
    private = np.full((len(reader.public),) * 2, np.nan)
    for known, other, contribution, share in rows:
        if share:
            private[other - 1, known - 1] = contribution / share - contribution
    return _by_distances(reader, private)


def from_similar_customers(reader: Reader) -> Guess | None:
    """Distances of known customers, or those that the similarities stand for, less the rest."""
    return _by_distances(reader, _distances(reader) ** 2 - reader.apart())


def from_lookalikes(reader: Reader) -> Guess | None:
    """The same from the table."""
    found = np.full((len(reader.public),) * 2, np.nan)
    for a, b, distance, similarity in reader.query(
        "select customer_id, lookalike_id, distance, similarity from bi.lookalikes_current"
    ):
        value = 1 / similarity - 1 if distance is None else distance
        found[a - 1, b - 1] = found[b - 1, a - 1] = value
    return _by_distances(reader, found**2 - reader.apart())


def from_orders(reader: Reader) -> Guess:
    """Bisecting: which of any two known customers is nearer, by a condition that picks them out."""
    place = np.zeros((len(reader.public),) * 2)
    rows = reader.query(
        "select t, found.lookalike_id, row_number() over (partition by t)"
        " from unnest(%s) as t,"
        ' lateral bi.similar_customers(t, 1000, \'{"age": {"min": -1000}}\') as found',
        ((reader.targets + 1).tolist(),),
    )
    for target, other, rank in rows:
        place[target - 1, other - 1] = rank
    scale, apart, known = _scale(reader), reader.apart(), reader.known[:30]
    number, hot = _candidates(reader)
    first, second = map(np.array, zip(*combinations(range(len(known)), 2), strict=True))
    private = _private(reader, scale, number, hot)[:, : len(known)]
    numbers, scores = from_public_columns(reader)
    for row in reader.targets:
        whole = apart[row, known] + private
        is_nearer = whole[:, first] < whole[:, second]
        agrees = is_nearer == (place[row, known[first]] < place[row, known[second]])
        _take(row, agrees.mean(axis=1), number, hot, numbers, scores)
    return numbers, scores


def from_ranks_of_lookalikes(reader: Reader) -> Guess:
    """All private numbers at once, such that all lists have the order that is shown."""
    lists: dict[int, list[int]] = {}
    for a, b in reader.query(
        "select customer_id, lookalike_id from bi.lookalikes_current order by customer_id, rank"
    ):
        lists.setdefault(a - 1, []).append(b - 1)
    apart, guess = reader.apart(), from_public_columns(reader)
    triples = []
    for row, others in lists.items():
        triples += [(row, *pair) for pair in pairwise(others)]
        outside = [x for x in np.argsort(apart[row])[:40] if x != row and x not in others]
        triples += [(row, others[-1], other) for other in outside]
    at, near, far = np.array(triples).T
    values = np.sqrt(0.5) * (guess[0] + np.random.default_rng(0).normal(0, 0.3, len(apart)))
    truth = np.sqrt(0.5) * reader.numbers
    step, square = np.zeros(len(values)), np.zeros(len(values))
    values[reader.known] = truth[reader.known]
    for turn in range(ROUNDS):
        to_near, to_far = values[at] - values[near], values[at] - values[far]
        is_wrong = apart[at, near] + to_near**2 > apart[at, far] + to_far**2
        slope = np.zeros(len(values))
        for rows, slopes in ((at, to_near - to_far), (near, -to_near), (far, to_far)):
            slope += np.bincount(rows, is_wrong * slopes, len(values))
        step, square = 0.9 * step + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        values -= 0.02 * (1 - turn / ROUNDS) * step / (np.sqrt(square) + 1e-8)
        values[reader.known] = truth[reader.known]
    return values / np.sqrt(0.5), guess[1]


def from_lists(reader: Reader) -> Guess:
    """What the known customers in somebody's list have, and those in whose lists he is."""
    near = np.zeros((len(reader.public),) * 2)
    for a, b in reader.query("select customer_id, lookalike_id from bi.lookalikes_current"):
        near[a - 1, b - 1] = near[b - 1, a - 1] = 1
    near = (near + 0.3 * (near @ near > 0))[:, reader.known]
    has_any = near.sum(axis=1, keepdims=True) > 0
    weights = near / np.where(has_any, near.sum(axis=1, keepdims=True), 1)
    numbers, scores = from_public_columns(reader)
    mean = weights @ np.column_stack([reader.numbers, reader.one_hot])[reader.known]
    return np.where(has_any[:, 0], mean[:, 0], numbers), np.where(has_any, mean[:, 1:], scores)


def from_audiences(reader: Reader) -> Guess:
    """Scores for seeds with high and with low numbers, and with either category."""
    by_number = reader.known[np.argsort(reader.numbers[reader.known])]
    hot = reader.categories[reader.known]
    groups = [by_number[:SEEDS], by_number[-SEEDS:]]
    groups += [reader.known[hot == category][:SEEDS] for category in range(hot.max() + 1)]
    features = np.full((len(reader.public), len(groups)), np.nan)
    for column, seeds in enumerate(groups):
        rows = reader.query(
            "select customer_id, score from bi.lookalike_audience(%s, 10000)",
            ((seeds + 1).tolist(),),
        )
        for customer, score in rows:
            features[customer - 1, column] = score
    features[np.isnan(features)] = 0.9
    rest = np.setdiff1d(reader.known, by_number[[*range(SEEDS), *range(-SEEDS, 0)]])
    numbers = reader.regress(features[:, :2], rest)[0]
    return numbers, reader.regress(features[:, 2:])[1]


def from_segments(reader: Reader) -> Guess | None:
    """Segments, and how firmly customers belong to them."""
    columns = []
    for algorithm in ("kmeans", "hdbscan"):
        rows = reader.query(
            "select cluster_id, coalesce(nearest_cluster_id, -1), coalesce(membership, 0)"
            " from bi.clusters_current where algorithm = %s order by customer_id",
            (algorithm,),
        )
        if not rows:
            continue
        ids, nearest, membership = np.array(rows, dtype=float).T
        member, near = ((x[:, None] == np.unique(x)).astype(float) for x in (ids, nearest))
        columns += [member, near, member * membership[:, None]]
    return reader.regress(np.column_stack(columns)) if columns else None


ATTACKS: tuple[Callable[[Reader], Guess | None], ...] = (
    from_explained_pairs,
    from_similar_customers,
    from_lookalikes,
    from_orders,
    from_ranks_of_lookalikes,
    from_lists,
    from_audiences,
    from_segments,
)


def _distances(reader: Reader) -> Floats:
    found = np.full((len(reader.public),) * 2, np.nan)
    for known, other, distance, similarity in reader.query(
        "select r, found.* from unnest(%s) as r, lateral bi.similar_customers(r, 1000) as found",
        ((reader.known + 1).tolist(),),
    ):
        found[other - 1, known - 1] = 1 / similarity - 1 if distance is None else distance
    return found


def _scale(reader: Reader) -> Floats:
    """What a unit of the number, and another category, add to a squared distance.

    The encoder makes both add as much as any public column does, on the average of all pairs.
    """
    frequency = reader.one_hot[reader.known].mean(axis=0)
    return np.array([0.5, 1 / (1 - np.square(frequency).sum())])


def _candidates(reader: Reader) -> tuple[Floats, NDArray[np.int64]]:
    number, hot = np.meshgrid(GRID, np.arange(reader.one_hot.shape[1]), indexing="ij")
    return number.ravel(), hot.ravel()


def _private(reader: Reader, scale: Floats, number: Floats, hot: NDArray[np.int64]) -> Floats:
    """The private part of the squared distance of every candidate to every known customer."""
    of_number = np.square(number[:, None] - reader.numbers[reader.known])
    return scale[0] * of_number + scale[1] * (hot[:, None] != reader.categories[reader.known])


def _by_distances(reader: Reader, private: Floats) -> Guess | None:
    """The values that fit the private parts of squared distances best; NaN where not known."""
    if not np.isfinite(private[reader.targets][:, reader.known]).any():
        return None
    number, hot = _candidates(reader)
    numbers, scores = from_public_columns(reader)
    expected = _private(reader, _scale(reader), number, hot)
    for row in reader.targets:
        seen = np.isfinite(private[row, reader.known])
        if seen.any():
            error = np.abs(expected[:, seen] - private[row, reader.known[seen]]).mean(axis=1)
            _take(row, -error, number, hot, numbers, scores)
    return numbers, scores


def _take(
    row: int,
    fits: Floats,
    number: Floats,
    hot: NDArray[np.int64],
    numbers: Floats,
    scores: Floats,
) -> None:
    best = fits >= fits.max() - 1e-12
    numbers[row] = number[best].mean()
    scores[row] = np.bincount(hot[best], minlength=scores.shape[1])
