"""Other ways to recommend, which are measured beside the neighbours' lists and never published."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack

from kindred.neighbours.threads import cut
from kindred.run.threads import one_library_thread

ITEM_NEIGHBOURS = 200
SHRINKAGE = 10.0
"""Added to the denominator of a cosine of two items, so that few common owners count for less."""

EASE_ITEMS = 20_000
"""Above this, EASE's matrix of item pairs takes more than 1.6 GB and minutes."""
EASE_REGULARISATION = 1_000.0

ITEMS_AT_ONCE = 512
SCORES_AT_ONCE = 1 << 24
"""Scores (float32) of customers and items per block: 64 MB."""

Scores = Callable[[NDArray[np.int32]], NDArray[np.float32]]
"""Takes customers; returns their scores, float32 (customers, items)."""
Make = Callable[[Any], Scores]
"""Fits a method on purchases, csr_array of whole numbers (customers, items)."""


def item_neighbours(
    purchases: Any,
    width: int = ITEM_NEIGHBOURS,
    shrinkage: float = SHRINKAGE,
    weights: Any | None = None,
) -> Scores:
    """Items near those that a customer owns, by the shrunk cosine of their columns.

    Each item keeps its ``width`` nearest ones (Sarwar et al. 2001). ``weights``: csr_array of float
    (customers, items), by default 1 where a customer owns an item.
    """
    weights = owned_of(purchases) if weights is None else weights
    rows = sparse.csr_array(weights, dtype=np.float32)
    lengths = np.sqrt(np.bincount(rows.indices, np.square(rows.data), minlength=rows.shape[1]))
    lengths = lengths.astype(np.float32)
    parts = []
    for start, stop, near in _common_owners(rows):
        near /= lengths[start:stop, None] * lengths[None] + np.float32(max(shrinkage, 1e-9))
        near[np.arange(stop - start), np.arange(start, stop)] = 0.0
        if width < near.shape[1]:
            near[near < -np.partition(-near, width - 1, axis=1)[:, width - 1 : width]] = 0.0
        parts.append(sparse.csr_array(near))
    similar = sparse.csr_array(sparse.vstack(parts).T)
    return lambda chosen: np.asarray((rows[chosen] @ similar).toarray(), dtype=np.float32)


def ease(purchases: Any, regularisation: float = EASE_REGULARISATION) -> Scores:
    """Linear regression of every item on all others, in closed form (Steck 2019)."""
    rows = owned_of(purchases)
    gram = np.empty((rows.shape[1], rows.shape[1]), dtype=np.float32, order="F")
    for start, stop, both in _common_owners(rows):
        gram[:, start:stop] = both.T
    gram[np.diag_indices_from(gram)] += np.float32(regularisation)
    with one_library_thread():
        factor, _ = lapack.spotrf(gram, lower=1, overwrite_a=1)
        inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    for start, stop in cut(len(inverse), ITEMS_AT_ONCE):
        # Only the lower triangle is filled in.
        inverse[start:stop, stop:] = inverse[stop:, start:stop].T
        square = inverse[start:stop, start:stop]
        square[:] = np.tril(square) + np.tril(square, -1).T
    # Symmetric, so that its transpose is the same: in the order of rows, which products need.
    inverse = inverse.T
    inverse /= -np.diag(inverse).copy()
    inverse[np.diag_indices_from(inverse)] = 0.0
    return lambda chosen: np.asarray(rows[chosen] @ inverse, dtype=np.float32)


def _common_owners(rows: Any) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """Blocks of the products of all pairs of columns, float32 (columns of the block, columns).

    All of them as a sparse matrix would take three times the memory where most pairs have owners.
    """
    transposed = sparse.csr_array(rows.T)
    for start, stop in cut(rows.shape[1], ITEMS_AT_ONCE):
        yield start, stop, (transposed[start:stop] @ rows).toarray()


def owned_of(purchases: Any) -> Any:
    """1 where a customer owns an item: csr_array of float32."""
    return sparse.csr_array(purchases > 0, dtype=np.float32)


def top_lists(scores: Scores, rows: NDArray[np.int32], owned: Any, count: int) -> NDArray[np.int32]:
    """The ``count`` best items of some customers, int32 (m, count), without those they own."""
    lists = np.empty((len(rows), count), dtype=np.int32)
    for part, found in _blocks(scores, rows, owned.shape[1]):
        mine = owned[rows[part]]
        found[np.repeat(np.arange(mine.shape[0]), np.diff(mine.indptr)), mine.indices] = -np.inf
        lists[part] = _best(found, count)
    return lists


def _blocks(
    scores: Scores, rows: NDArray[np.int32], items: int
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    for start, stop in cut(len(rows), max(1, SCORES_AT_ONCE // max(1, items))):
        yield slice(start, stop), np.array(scores(rows[start:stop]))


def _best(scores: NDArray[np.float32], count: int) -> NDArray[np.int32]:
    out = np.full((len(scores), count), -1, dtype=np.int32)
    width = min(count, scores.shape[1])
    limit = -np.partition(-scores, width - 1, axis=1)[:, width - 1]
    for number, row in enumerate(scores):
        found = np.flatnonzero(row >= limit[number])
        found = found[np.argsort(-row[found], kind="stable")][:width]
        found = found[np.isfinite(row[found])]
        out[number, : len(found)] = found
    return out
