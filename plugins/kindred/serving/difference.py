"""What differs between the embeddings that serve and those of a new snapshot, block by block."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass
class Difference:
    """Rows of the new snapshot that are to be written, and keys that are to be deleted.

    ``is_new``: (n,) bool, True for a row that is new or differs; starts all True and is cleared by
    ``compare_block`` where the serving row is equal, bit for bit.
    """

    is_new: NDArray[np.bool_]
    gone: list[Array] = field(default_factory=list)

    @classmethod
    def of(cls, rows: int) -> "Difference":
        """Everything is new until it has been compared."""
        return cls(np.ones(rows, dtype=bool))

    @property
    def changed_rows(self) -> int:
        """Rows to write and rows to delete."""
        return int(self.is_new.sum()) + sum(len(keys) for keys in self.gone)

    def gone_keys(self, is_numeric: bool) -> Array:
        """Keys to delete, in customer order."""
        empty: Array = np.empty(0, dtype=np.int64 if is_numeric else "S16")
        return np.sort(np.concatenate(self.gone)) if self.gone else empty


def compare_block(
    difference: Difference,
    serving: tuple[Array, Array, Array],
    new: tuple[Array, Array, Array],
) -> None:
    """Compare serving rows with the new ones; both are (keys, vectors, updated_at).

    Only the new ones must be in key order. Serving rows that nearly are cost the least.
    """
    keys, vectors, updated_at = serving
    new_keys, new_vectors, new_updated_at = new
    if not len(new_keys):
        difference.gone.append(keys)
        return
    position = np.minimum(np.searchsorted(new_keys, keys), len(new_keys) - 1)
    is_present = new_keys[position] == keys
    if not is_present.all():
        difference.gone.append(keys[~is_present])
        position, vectors, updated_at = (
            values[is_present] for values in (position, vectors, updated_at)
        )
    is_equal = np.take(new_updated_at, position) == updated_at
    # Bits, so that 0.0 is not -0.0 and a NaN is itself; on most nights whole blocks are equal.
    is_same = np.take(new_vectors, position, axis=0).view(np.uint32) == vectors.view(np.uint32)
    if not is_same.all():
        is_equal &= is_same.all(axis=1)
    difference.is_new[position[is_equal]] = False
