"""The protocol of sentence models, and the common form of their vectors."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kindred.errors import SentenceModelError

RESOLUTION = 2.0**-20
"""Every value is a multiple of this, so that sums of products are exact in float64."""

CHARACTERS_PER_TOKEN = 32
"""Characters per token after which a text is cut off, because a tokenizer reads its whole input
before it truncates (huggingface/tokenizers issue 1573). English has about 4 per token."""


class SentenceModel(Protocol):
    """A model that maps texts to vectors."""

    @property
    def name(self) -> str:
        """Identifies the embeddings: models with equal names give equal vectors."""

    @property
    def dimensions(self) -> int:
        """Width of a vector."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        embeddings : ndarray of float32, shape (texts, dimensions)
            L2-normalised, then rounded to multiples of `RESOLUTION`. A row depends only on its
            text, not on the other texts, their order or the number of threads.
        """


def cut(text: str, max_tokens: int) -> str:
    """The beginning of a text, long enough for ``max_tokens`` tokens."""
    return text[: CHARACTERS_PER_TOKEN * max_tokens]


def unit_vector(raw: NDArray[Any], model: str) -> NDArray[np.float32]:
    """Scale a vector to length 1 and round it to multiples of `RESOLUTION`.

    Parameters
    ----------
    raw : ndarray of float, shape (dimensions,)
    model : str
        The model's name in error messages.

    Returns
    -------
    vector : ndarray of float32, shape (dimensions,)
        A zero vector stays zero.

    Raises
    ------
    SentenceModelError
        A value is not finite.
    """
    values = raw.astype(np.float64)
    if not np.isfinite(values).all():
        raise SentenceModelError(
            f"model {model} gave a vector that is not finite; use another export of it, with"
            " weights of higher precision"
        )
    length = np.linalg.norm(values)
    scaled = values / length if length > 0 else values
    return (np.rint(scaled / RESOLUTION) * RESOLUTION).astype(np.float32)


def stacked(vectors: Sequence[NDArray[np.float32]], dimensions: int) -> NDArray[np.float32]:
    """Vectors as the rows of one array, which has the right width even without rows."""
    return np.array(vectors, dtype=np.float32).reshape(len(vectors), dimensions)
