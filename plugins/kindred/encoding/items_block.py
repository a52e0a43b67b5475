"""The buying profile: the items of a customer's events as one block of the vector."""

import base64
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.encoding.blocks import State
from kindred.encoding.decomposition import decompose
from kindred.encoding.reduced import Floats, Reduced, ReducedBlock, fit_reduced
from kindred.events.ownership import ItemCounts
from kindred.spec.features import ItemsFeature, ItemWeighting

MIN_BUYERS = 5
"""Customers that an item needs to be in a fitted state, and that a component needs at least."""
FIT_CUSTOMERS = 100_000
"""The most customers that components are fitted on; buyers of items are counted among all."""

SATURATION, LENGTH_SHARE = 1.2, 0.75
"""BM25's k1 and b (Robertson & Zaragoza 2009, section 3.4.1)."""

_MULTIPLIERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], dtype=np.uint64)


@dataclass(frozen=True, eq=False)
class ItemsBlock(ReducedBlock):
    """Weighted items, projected on ``components``, centred, and scaled to the feature's weight.

    ``items`` str (t,): ascending keys, as text. ``idf`` float64 (t,); ``components`` float32
    (t, c). ``mean_purchases``: mean purchases of such items per customer, for BM25.

    Customers without any of the items are all alike: at the centroid of the others and, if the
    block has a missing indicator, the indicator's distance away from it. Having bought nothing
    says nothing about taste: a graph over buying profiles (`profile_part`, by cosine) leaves them
    out.
    """

    weighting: ItemWeighting
    items: NDArray[np.str_]
    idf: Floats
    components: NDArray[np.float32]
    mean_purchases: float

    def write(self, values: ItemCounts, out: NDArray[np.floating[Any]]) -> None:
        """Fill in the block of customers; items that were not fitted are ignored."""
        known = _chosen(values, self.items)
        has_items = np.diff(known.indptr) > 0
        projected = self._weigh(known) @ self.components.astype(np.float64)
        self.reduced.write(np.asarray(projected)[has_items], ~has_items, out)

    def profile_part(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The block's columns without the missing indicator: zeros for customers without items.

        Zero vectors have no neighbours by cosine distance.
        """
        return vectors[:, : len(self.reduced.centroid)]

    def _weigh(self, counts: Any) -> Any:
        return _weigh(counts, self.idf, self.weighting, self.mean_purchases)

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON; arrays of numbers are base64 of little-endian bytes."""
        return {
            "block": "items",
            "weighting": self.weighting.value,
            "items": self.items.tolist(),
            "idf": _packed(self.idf, "<f8"),
            "components": _packed(self.components, "<f4"),
            "mean_purchases": self.mean_purchases,
            "reduced": self.reduced.to_json(),
        }

    @classmethod
    def from_json(cls, state: State) -> Self:
        """The inverse of `to_json`, bit for bit."""
        reduced = Reduced.from_json(state["reduced"])
        components = _unpacked(state["components"], "<f4").reshape(-1, len(reduced.centroid))
        return cls(
            reduced,
            ItemWeighting(state["weighting"]),
            np.array(state["items"], dtype=np.str_),
            _unpacked(state["idf"], "<f8"),
            components,
            float(state["mean_purchases"]),
        )


def fit_items(
    values: ItemCounts,
    *,
    weight: float = 1.0,
    components: int = 64,
    weighting: ItemWeighting = ItemWeighting.BM25,
) -> ItemsBlock:
    """Fit the buying profile of customers.

    Parameters
    ----------
    values : ItemCounts
        The purchases of all fitted customers, those without purchases too.
    weight : float
        The expected squared distance of two random fitted customers within the block.
    components : int
        The most columns, without the missing indicator.
    weighting : ItemWeighting

    Returns
    -------
    ItemsBlock
        Does not depend on the order of customers or items, nor on threads. Holds items of at least
        `MIN_BUYERS` buyers only, and at most one component per `MIN_BUYERS` customers, so that none
        is a customer's own row. Deerwester et al. (1990), latent semantic analysis.
    """
    buyers = np.bincount(values.counts.indices, minlength=len(values.items))
    frequent = values.items[buyers >= MIN_BUYERS]
    items = np.sort(_as_text(frequent))
    counts = _chosen(values, items)
    customers = counts.shape[0]
    has_items = np.diff(counts.indptr) > 0
    known = int(has_items.sum())
    found = np.bincount(counts.indices, minlength=len(items))
    idf = np.log((1 + known) / (1 + found)) + 1.0
    mean_purchases = float(counts.data.sum() / max(1, known))
    sample = _in_content_order(counts[np.flatnonzero(has_items)])
    weights = _weigh(sample, idf, weighting, mean_purchases)
    width = min(components, len(items), weights.shape[0] // MIN_BUYERS)
    # A single item cannot be decomposed.
    axes = np.ones((len(items), 1), dtype=np.float32)
    if len(items) > 1 and width:
        axes = decompose(weights, width).astype(np.float32)
    missing_share = 1.0 - known / customers if customers else 0.0
    projected = np.asarray(weights @ axes.astype(np.float64))
    reduced = fit_reduced(weight, projected, missing_share)
    return ItemsBlock(reduced, weighting, items, idf, axes, mean_purchases)


def fit_profile(feature: ItemsFeature, values: ItemCounts) -> ItemsBlock:
    """Fit the buying profile that a feature asks for; see `fit_items`."""
    return fit_items(
        values,
        weight=feature.weight,
        components=feature.components,
        weighting=feature.method,
    )


def _chosen(values: ItemCounts, items: NDArray[np.str_]) -> Any:
    """The counts of ``items``, ascending keys, as csr_array of float64, sorted by item."""
    counts = values.counts
    shape = (counts.shape[0], len(items))
    if not len(items):
        return sparse.csr_array(shape)
    keys = _as_text(values.items)
    at = np.minimum(np.searchsorted(items, keys), len(items) - 1)
    columns = np.where(items[at] == keys, at, -1)[counts.indices]
    is_known = columns >= 0
    ends = np.concatenate([[0], np.cumsum(is_known)])[counts.indptr]
    data = counts.data[is_known].astype(np.float64)
    chosen = sparse.csr_array((data, columns[is_known], ends), shape=shape)
    chosen.sort_indices()
    return chosen


def _weigh(counts: Any, idf: Floats, weighting: ItemWeighting, mean_purchases: float) -> Any:
    """Rows of weights of length 1, csr_array of float64; each depends on its own customer only."""
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    if weighting is ItemWeighting.BM25:
        purchases = np.bincount(row, counts.data, minlength=counts.shape[0])
        lengths = 1.0 - LENGTH_SHARE + LENGTH_SHARE * purchases / (mean_purchases or 1.0)
        tf = counts.data * (SATURATION + 1.0) / (counts.data + SATURATION * lengths[row])
    else:
        tf = 1.0 + np.log(counts.data)
    data = tf * idf[counts.indices]
    lengths = np.sqrt(np.bincount(row, np.square(data), minlength=counts.shape[0]))
    return sparse.csr_array((data / lengths[row], counts.indices, counts.indptr), counts.shape)


def _in_content_order(counts: Any) -> Any:
    """Rows in an order that depends on their contents alone; evenly spaced ones if too many."""
    entries = (counts.indices.astype(np.uint64) + np.uint64(1)) * _MULTIPLIERS[0]
    entries ^= counts.data.astype(np.uint64) * _MULTIPLIERS[1]
    entries = (entries ^ (entries >> np.uint64(29))) * _MULTIPLIERS[1]
    entries ^= entries >> np.uint64(32)
    hashes = np.add.reduceat(entries, counts.indptr[:-1]) if counts.shape[0] else entries
    order = np.argsort(hashes, kind="stable")
    if len(order) > FIT_CUSTOMERS:
        order = order[np.linspace(0, len(order) - 1, FIT_CUSTOMERS).astype(np.int64)]
    return counts[order]


def _as_text(keys: NDArray[Any]) -> NDArray[np.str_]:
    return np.array([str(key) for key in keys.tolist()], dtype=np.str_)


def _packed(values: NDArray[Any], kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode("ascii")


def _unpacked(text: str, kind: str) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(text), dtype=kind).copy()
