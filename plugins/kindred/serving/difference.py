"""Compare the serving embeddings with those of a new snapshot, block by block."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.encoding.embeddings import Embeddings

Array = NDArray[Any]

COPIED_ROWS = 10_000


@dataclass
class Difference:
    """Rows of the new snapshot to write, and keys to delete.

    ``is_new`` bool (n,): True for a row that is new or differs. All rows start as True;
    `compare_block` sets those to False whose serving row is equal, bit for bit. ``replaced``: the
    other serving rows, those of deleted customers too, by block: (keys, vectors, updated_at).
    """

    is_new: NDArray[np.bool_]
    gone: list[Array] = field(default_factory=list)
    replaced: list[tuple[Array, Array, Array]] = field(default_factory=list)

    @property
    def changed_rows(self) -> int:
        """Number of rows to write plus rows to delete."""
        return int(self.is_new.sum()) + sum(len(keys) for keys in self.gone)


def compare_block(
    difference: Difference,
    serving: tuple[Array, Array, Array],
    new: tuple[Array, Array, Array],
) -> None:
    """Compare serving rows with the new ones; both are (keys, vectors, updated_at).

    Only the new rows must be in key order; the comparison is fastest if the serving rows nearly
    are.
    """
    keys, vectors, updated_at = serving
    new_keys, new_vectors, new_updated_at = new
    if not len(new_keys):
        difference.gone.append(keys)
        difference.replaced.append(serving)
        return
    position = np.minimum(np.searchsorted(new_keys, keys), len(new_keys) - 1)
    is_present = new_keys[position] == keys
    is_equal = is_present & (np.take(new_updated_at, position) == updated_at)
    # Compare bits, so that 0.0 differs from -0.0 and NaN equals itself. Mostly whole blocks match.
    is_same = np.take(new_vectors, position, axis=0).view(np.uint32) == vectors.view(np.uint32)
    if not is_same.all():
        is_equal &= is_same.all(axis=1)
    difference.is_new[position[is_equal]] = False
    if not is_equal.all():
        difference.gone.append(keys[~is_present])
        difference.replaced.append((keys[~is_equal], vectors[~is_equal], updated_at[~is_equal]))


def serving_embeddings(difference: Difference, new: Embeddings) -> Embeddings:
    """What serves, in key order, from the new snapshot and how it differs from what serves.

    ``new`` itself if nothing differs. A row of another encoder has -1 as ``updated_at``.
    """
    if not difference.changed_rows:
        return new
    same = np.flatnonzero(~difference.is_new)
    none = (new.customers[:0], new.vectors[:0], new.updated_at[:0])
    replaced = zip(none, *difference.replaced, strict=True)
    keys, vectors, updated_at = map(np.concatenate, replaced)
    customers = np.concatenate([new.customers[same], keys])
    order = np.argsort(customers, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    out = np.empty((len(order), new.vectors.shape[1]), dtype=np.float32)
    # Block by block, so that a block is still in the cache when it is written.
    for start in range(0, len(same), COPIED_ROWS):
        block = slice(start, min(start + COPIED_ROWS, len(same)))
        out[place[block]] = new.vectors[same[block]]
    out[place[len(same) :]] = vectors
    moments = np.concatenate([new.updated_at[same], updated_at])[order]
    return replace(new, customers=customers[order], vectors=out, updated_at=moments)
