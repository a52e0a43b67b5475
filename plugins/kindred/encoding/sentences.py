"""Encoding of free text by sentence embeddings, reduced to their principal components."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kindred.encoding.blocks import State, floats
from kindred.encoding.reduced import Floats, Reduced, ReducedBlock, fit_reduced
from kindred.run.threads import one_library_thread
from kindred.spec.features import TextFeature

GRID = 2.0**-20
"""Embeddings and their projections are multiples of it. Sums of up to 2**12 products are then exact
in float64, so that a customer's vector does not depend on the block in which it was encoded."""


@dataclass(frozen=True)
class SentenceBlock(ReducedBlock):
    """Sentence embeddings projected on their principal components.

    ``model``: the name of the model; embeddings of other models are not comparable. ``mean`` (d,)
    of the embeddings and ``components`` (c, d) are multiples of ``GRID``.
    """

    model: str
    mean: tuple[float, ...]
    components: tuple[tuple[float, ...], ...]

    def write(self, values: NDArray[np.float32], out: NDArray[np.floating[Any]]) -> None:
        """Fill in the components of each embedding; ``values``: (rows, d), NaN where missing."""
        is_missing = np.isnan(values[:, 0])
        projected = _project(
            values[~is_missing], np.asarray(self.mean), np.asarray(self.components)
        )
        self.reduced.write(projected, is_missing, out)

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""
        return {
            "block": "sentence",
            "model": self.model,
            "mean": list(self.mean),
            "components": [list(row) for row in self.components],
            "reduced": self.reduced.to_json(),
        }

    @classmethod
    def from_json(cls, state: State) -> Self:
        """The inverse of `to_json`."""
        return cls(
            Reduced.from_json(state["reduced"]),
            str(state["model"]),
            tuple(map(float, state["mean"])),
            tuple(tuple(map(float, row)) for row in state["components"]),
        )


def fit_sentence(
    feature: TextFeature, model: str, embeddings: NDArray[np.float32], missing_share: float
) -> SentenceBlock:
    """Fit a text column on sentence embeddings, shape (texts, d), multiples of ``GRID``."""
    # Imported here because scikit-learn takes time to import, and most tasks never need it.
    from sklearn.decomposition import PCA

    rows, dimensions = embeddings.shape
    count = max(1, min(feature.components, dimensions, rows - 1))
    mean: Floats = np.zeros(dimensions)
    components: Floats = np.zeros((count, dimensions))
    # Equal texts have no components.
    if (embeddings != embeddings[:1]).any():
        with one_library_thread():
            pca = PCA(count, svd_solver="covariance_eigh").fit(embeddings.astype(np.float64))
        mean, components = _on_grid(pca.mean_), _on_grid(pca.components_)
    projected = _project(embeddings, mean, components)
    return SentenceBlock(
        fit_reduced(feature.weight, projected, missing_share),
        model,
        tuple(floats(mean)),
        tuple(map(tuple, floats(components))),
    )


def _on_grid(values: Floats) -> Floats:
    return np.round(values / GRID) * GRID


def _project(embeddings: NDArray[np.float32], mean: Floats, components: Floats) -> Floats:
    return np.asarray((embeddings.astype(np.float64) - mean) @ components.T)
