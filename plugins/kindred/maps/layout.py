"""The layout of a map: where its landmarks lie."""

from dataclasses import dataclass

import numpy as np

Floats = np.ndarray


@dataclass(frozen=True)
class Layout:
    """The map of an encoder.

    ``landmarks`` float32 (landmarks, dimensions): means of five customers or more, as
    `tiles.searchable` returns points; there may be none. ``coordinates`` float32 (landmarks, 2).
    ``oriented_by``: the encoder whose map it was oriented by.
    """

    landmarks: np.ndarray
    coordinates: np.ndarray
    oriented_by: int | None = None
