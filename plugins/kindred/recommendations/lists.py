"""The top items of customers, from neighbours and from what everybody owns."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.encoding.items_block import MIN_BUYERS
from kindred.neighbours.results import ShardResult
from kindred.neighbours.threads import cut, in_threads
from kindred.recommendations.parameters import (
    MIN_BUYING_NEIGHBOURS,
    PSEUDO_NEIGHBOURS,
    Method,
    Parameters,
    similarities,
    weights_of,
)
from kindred.spec.metrics import Metric

ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Who owns what, and what may be recommended.

    Attributes
    ----------
    starts : ndarray of int64, shape (customers + 1,)
    owned : ndarray of int32
        Customer i owns the items ``owned[starts[i]:starts[i + 1]]``, ascending.
    shares : ndarray of float32, shape (items,)
        Each item's share of owners among the customers who own anything.
    may_be_listed : ndarray of bool, shape (items,)
        Available, and of at least `MIN_BUYERS` owners.
    popular : ndarray of int32
        The items that may be listed, most owners first, then in the order of the items.
    """

    starts: NDArray[np.int64]
    owned: NDArray[np.int32]
    shares: NDArray[np.float32]
    may_be_listed: NDArray[np.bool_]
    popular: NDArray[np.int32]

    @classmethod
    def of(cls, purchases: Any, available: NDArray[np.bool_] | None = None) -> Self:
        """From purchases, csr_array (customers, items) as `purchases_of` returns it.

        ``available`` (items,): which items are offered; all of them by default.
        """
        items = purchases.shape[1]
        owners = np.bincount(purchases.indices, minlength=items)
        customers = int((np.diff(purchases.indptr) > 0).sum())
        may_be_listed = owners >= MIN_BUYERS
        if available is not None:
            may_be_listed &= available
        order = np.argsort(-owners, kind="stable")
        return cls(
            np.asarray(purchases.indptr, dtype=np.int64),
            np.asarray(purchases.indices, dtype=np.int32),
            (owners / max(1, customers)).astype(np.float32),
            may_be_listed,
            order[may_be_listed[order]].astype(np.int32),
        )

    def listable(self, items: Any) -> Any:
        """Those entries of a csr_array (customers, items) whose items may be listed."""
        is_kept = self.may_be_listed[items.indices]
        ends = np.concatenate([[0], np.cumsum(is_kept)])[items.indptr]
        return sparse.csr_array((items.data[is_kept], items.indices[is_kept], ends), items.shape)


@dataclass(frozen=True, eq=False)
class Recommendations:
    """The top items of some customers, best first.

    ``rows`` int32 (m,): customers. (m, n) each: ``items`` int32, -1 for none; ``scores`` float32,
    comparable within a customer and method; ``bought_by`` int32: how many of the neighbours own the
    item, 0 for popular items and repurchases; ``methods`` int8, as `Method`. ``counted`` int32
    (m,): the neighbours that were asked, so that ``bought_by / counted`` is the share behind a
    lift.
    """

    rows: NDArray[np.int32]
    items: NDArray[np.int32]
    scores: NDArray[np.float32]
    bought_by: NDArray[np.int32]
    methods: NDArray[np.int8]
    counted: NDArray[np.int32]

    def lifts(self, catalogue: Catalogue) -> NDArray[np.float32]:
        """Share among the neighbours over everyone's share, (m, n); NaN without neighbours."""
        everyone = catalogue.shares[self.items]
        near = self.bought_by / np.maximum(1, self.counted)[:, None]
        is_known = (self.items >= 0) & (self.bought_by > 0)
        out = np.full(self.items.shape, np.nan, dtype=np.float32)
        return np.divide(near, everyone, out=out, where=is_known, casting="same_kind")

    def with_due(self, due: Any) -> "Recommendations":
        """The lists with what is due on top: at most half of each list, most purchases first.

        ``due`` is as `due_items` returns it, for all customers, without what must not be listed
        (`Catalogue.listable`); its counts become scores.
        """
        mine = due[self.rows]
        has_due = np.diff(mine.indptr) > 0
        if not has_due.any():
            return self
        count = self.items.shape[1]
        row = np.repeat(np.arange(len(self.rows)), np.diff(mine.indptr))
        order = np.lexsort((mine.indices, -mine.data, row))
        place = np.arange(len(order)) - mine.indptr[row]
        is_listed = place < -(-count // 2)
        at = row[is_listed], place[is_listed]
        chosen = order[is_listed]
        first = _empty(self.rows, min(-(-count // 2), int(np.diff(mine.indptr).max())))
        first.items[at] = mine.indices[chosen]
        first.scores[at] = mine.data[chosen]
        first.methods[at] = Method.REPURCHASE
        items = np.hstack([first.items, self.items])
        # Stable: gaps behind what is due close up, and the order stays.
        kept = np.argsort(items < 0, axis=1, kind="stable")[:, :count]

        def joined(name: str) -> NDArray[Any]:
            both = np.hstack([getattr(first, name), getattr(self, name)])
            return np.take_along_axis(both, kept, axis=1)

        names = ("items", "scores", "bought_by", "methods")
        return replace(self, **{name: joined(name) for name in names})

    @classmethod
    def joined(cls, parts: "list[Recommendations]") -> "Recommendations":
        """All parts as one, in the order of the customers."""
        whole = [np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)]
        order = np.argsort(whole[0], kind="stable")
        return cls(*(values[order] for values in whole))


def recommend(
    catalogue: Catalogue,
    metric: Metric,
    near: ShardResult,
    count: int,
    *,
    parameters: Parameters,
    method: Method = Method.NEIGHBOURS,
    threads: int = 1,
) -> Recommendations:
    """The top items of some customers.

    Parameters
    ----------
    catalogue : Catalogue
    metric : Metric
        That of the neighbours' distances.
    near : ShardResult
        The customers and their neighbours, nearest first, as `search_shards` yields them; by buying
        profile, or by the rest of the profile for customers without events (``method``). -1 for no
        neighbour: whoever has none gets the most popular items.
    count : int
        Items per customer.
    parameters : Parameters
    method : Method
        What the lists of these neighbours are called.
    threads : int
        Does not change the result.

    Returns
    -------
    Recommendations
        Never owned items, unavailable ones, or those of fewer than `MIN_BUYERS` owners. First what
        at least `MIN_BUYING_NEIGHBOURS` neighbours own, by score; then the most popular.
    """
    # Imported here because numba takes half a second to import, and most tasks never need it.
    from kindred.recommendations.kernel import best_items, fill_up

    rows = np.asarray(near.rows, dtype=np.int32)
    found = _empty(rows, count)
    factors = _factors(catalogue, parameters)

    def work(start: int, stop: int) -> None:
        part = slice(start, stop)
        nearest = np.ascontiguousarray(near.neighbours[part, : parameters.neighbours])
        similar = similarities(metric, near.distances[part, : parameters.neighbours])
        best_items(
            rows[part],
            nearest,
            weights_of(similar, parameters),
            catalogue.starts,
            catalogue.owned,
            catalogue.shares,
            factors,
            MIN_BUYING_NEIGHBOURS,
            PSEUDO_NEIGHBOURS,
            found.items[part],
            found.scores[part],
            found.bought_by[part],
            found.counted[part],
        )
        found.methods[part] = np.where(found.items[part] >= 0, method, Method.NONE)
        fill_up(
            rows[part],
            catalogue.starts,
            catalogue.owned,
            catalogue.popular,
            found.items[part],
            found.methods[part],
            int(Method.POPULAR),
        )

    in_threads(work, cut(len(rows), ROWS_AT_ONCE), threads, "listing items")
    is_popular = found.methods == Method.POPULAR
    found.scores[is_popular] = catalogue.shares[found.items[is_popular]]
    return found


def most_popular(catalogue: Catalogue, rows: NDArray[np.integer], count: int) -> Recommendations:
    """The most popular items that each of some customers does not own."""
    empty = np.empty((len(rows), 0))
    nobody = ShardResult(np.asarray(rows), empty.astype(np.int32), empty.astype(np.float32))
    return recommend(catalogue, Metric.COSINE, nobody, count, parameters=Parameters())


def _factors(catalogue: Catalogue, parameters: Parameters) -> NDArray[np.float32]:
    """What turns a share into a score, float32 (items,); 0 for what must not be listed."""
    shares = np.maximum(catalogue.shares.astype(np.float64), np.finfo(np.float32).tiny)
    factors = shares**-parameters.lift_share
    return np.where(catalogue.may_be_listed, factors, 0.0).astype(np.float32)


def _empty(rows: NDArray[np.int32], count: int) -> Recommendations:
    shape = (len(rows), count)
    return Recommendations(
        rows,
        np.full(shape, -1, dtype=np.int32),
        np.zeros(shape, dtype=np.float32),
        np.zeros(shape, dtype=np.int32),
        np.zeros(shape, dtype=np.int8),
        np.zeros(len(rows), dtype=np.int32),
    )
