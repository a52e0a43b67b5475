"""Tuned rivals of the recommendations: each has its best parameters of the earlier split."""

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy import sparse

from kindred.encoding.items_block import fit_items
from kindred.events.ownership import ItemCounts
from kindred.recommendations.judging import Judged
from kindred.recommendations.quality import judge_rival
from kindred.recommendations.rivals import EASE_ITEMS, Make, Scores, ease, item_neighbours, owned_of
from kindred.recommendations.splits import Split
from kindred.run.threads import one_library_thread

COUNT = 20
WIDTHS = (50, 100, 200)
SHRINK = (0.0, 10.0, 100.0)
SEED = 20_180_401


def best_rival(earlier: Split, test: Split, tried: dict[str, Make]) -> tuple[str, Judged]:
    """The parameters of the highest recall on the earlier split, and their quality on the test."""
    found = {
        name: judge_rival(earlier, make, COUNT).mean("recall").value for name, make in tried.items()
    }
    best = max(found, key=lambda name: found[name])
    return best, judge_rival(test, tried[best], COUNT)


def rivals(items: int) -> Iterator[tuple[str, dict[str, Make]]]:
    """Each rival with the parameters to try."""
    items_tried: dict[str, Make] = {
        f"{width} shrink {s:g}": partial(item_neighbours, width=width, shrinkage=s)
        for width, s in product(WIDTHS, SHRINK)
    }
    items_tried |= {f"{width} tfidf": partial(_items_by_tfidf, width) for width in WIDTHS}
    yield "item neighbours", items_tried
    users_tried: dict[str, Make] = {
        f"{width}": partial(user_neighbours, width=width) for width in WIDTHS
    }
    users_tried |= {f"{width} tfidf": partial(_users_by_tfidf, width) for width in WIDTHS}
    yield "user neighbours", users_tried
    tried = product((32, 64), (1.0, 10.0, 50.0), (1.0, 5.0))
    yield "als", {f"{f} reg {r:g} alpha {a:g}": partial(_als, f, r, a) for f, r, a in tried}
    if items <= EASE_ITEMS:
        yield (
            "ease",
            {f"{r:g}": partial(ease, regularisation=r) for r in (100.0, 300.0, 1_000.0, 3_000.0)},
        )


def _items_by_tfidf(width: int, purchases: Any) -> Scores:
    return item_neighbours(purchases, width, 0.0, _tfidf(purchases))


def _users_by_tfidf(width: int, purchases: Any) -> Scores:
    return user_neighbours(purchases, width, _tfidf(purchases))


def _als(factors: int, regularisation: float, alpha: float, purchases: Any) -> Scores:
    """Matrix factorisation of implicit feedback by alternating least squares (Hu et al. 2008)."""
    with one_library_thread():
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=regularisation,
            alpha=alpha,
            iterations=15,
            random_state=SEED,
            num_threads=1,
        )
        model.fit(sparse.csr_matrix(owned_of(purchases)), show_progress=False)
    return lambda rows: np.asarray(model.user_factors[rows] @ model.item_factors.T)


def _tfidf(counts: Any) -> Any:
    """Logarithms of purchases times the inverse frequency of items."""
    values = ItemCounts(counts, np.arange(counts.shape[1]))
    block = fit_items(values, components=1)
    idf = np.zeros(counts.shape[1])
    idf[block.items.astype(np.int64)] = block.idf
    data = (1.0 + np.log(counts.data)) * idf[counts.indices]
    return sparse.csr_array((data, counts.indices, counts.indptr), counts.shape)


def user_neighbours(purchases: Any, width: int, weights: Any | None = None) -> Scores:
    """What the customers with the most similar raw purchases own, weighted by their cosine.

    ``weights``: csr_array of float (customers, items), by default 1 where a customer owns an item.
    """
    owned = owned_of(purchases)
    weights = owned if weights is None else weights
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    scale = sparse.diags_array(1.0 / np.where(lengths > 0.0, lengths, 1.0))
    units = sparse.csr_array(scale @ weights, dtype=np.float32)

    def scores(rows: NDArray[np.int32]) -> NDArray[np.float32]:
        near = (units[rows] @ units.T).toarray()
        near[np.arange(len(rows)), rows] = 0.0
        if width < near.shape[1]:
            limit = -np.partition(-near, width - 1, axis=1)[:, width - 1 : width]
            near[near < limit] = 0.0
        return np.asarray((sparse.csr_array(near) @ owned).toarray(), dtype=np.float32)

    return scores
