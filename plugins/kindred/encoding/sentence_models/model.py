"""What a sentence model is, and the form its vectors have whichever model made them."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kindred.errors import SentenceModelError

RESOLUTION = 2.0**-20
"""Every value is a multiple of this: sums of products of such values are exact in float64."""

CHARACTERS_PER_TOKEN = 32
"""Characters of a text that are looked at, per token: a tokenizer reads all it is given, and only
then truncates (huggingface/tokenizers issue 1573). English has about 4 characters a token."""


class SentenceModel(Protocol):
    """A model that gives every text its own vector."""

    @property
    def name(self) -> str:
        """What decides an embedding: models of equal names give equal vectors."""

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
            L2-normalised, then rounded to multiples of `RESOLUTION`. A row depends on its text
            alone: not on the other texts, their order or the number of threads.
        """


def cut(text: str, max_tokens: int) -> str:
    """The beginning of a text that a model of so many tokens is given."""
    return text[: CHARACTERS_PER_TOKEN * max_tokens]


def unit_vector(raw: NDArray[Any], model: str) -> NDArray[np.float32]:
    """Scale a vector to length 1 and round it to multiples of `RESOLUTION`.

    Parameters
    ----------
    raw : ndarray of float, shape (dimensions,)
    model : str
        How messages name the model.

    Returns
    -------
    vector : ndarray of float32, shape (dimensions,)
        A vector of zeros stays one.

    Raises
    ------
    SentenceModelError
        when a value is not finite.
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
    """Vectors as the rows of one array, which keeps its width without any."""
    return np.array(vectors, dtype=np.float32).reshape(len(vectors), dimensions)
