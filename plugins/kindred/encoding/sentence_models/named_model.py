"""A model by name, from the local cache of the optional package sentence-transformers."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.encoding.sentence_models.model import cut, stacked, unit_vector
from kindred.errors import SentenceModelError

PACKAGE = "sentence_transformers"


class NamedModel:
    """Embeds one text at a time on the CPU; in a padded batch, vectors depend on the other texts.

    Nothing is downloaded: the model must be in the local cache.
    """

    def __init__(self, model: str, max_tokens: int) -> None:
        library = _import_library(model)
        try:
            self._model = library.SentenceTransformer(model, device="cpu", local_files_only=True)
        except Exception as error:  # the exception's type differs between versions of the library
            raise SentenceModelError(
                f"model {model!r} is no directory and is not in the local cache of"
                f" sentence-transformers either: {error}; download it there beforehand, or name a"
                " directory with model.onnx and tokenizer.json"
            ) from error
        self._where = model
        self._tokens = min(max_tokens, self._model.max_seq_length or max_tokens)
        self._model.max_seq_length = self._tokens
        revision = _revision_of(self._model) or "unknown revision"
        self.name = f"sentence-transformers:{model}@{revision}:{max_tokens}"
        self.dimensions = len(self._encode(["a"])[0])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts, see `SentenceModel`."""
        if not texts:
            return stacked([], self.dimensions)
        rows = self._encode([cut(text, self._tokens) for text in texts])
        return stacked([unit_vector(row, self._where) for row in rows], self.dimensions)

    def _encode(self, texts: list[str]) -> NDArray[Any]:
        rows = np.asarray(self._model.encode(texts, batch_size=1, show_progress_bar=False))
        if rows.ndim != 2 or len(rows) != len(texts):
            raise SentenceModelError(
                f"model {self._where!r} gave an array of shape {rows.shape} for {len(texts)} texts,"
                " but one vector per text is expected; choose a model of sentence embeddings"
            )
        return rows


def _import_library(model: str) -> Any:
    try:
        return importlib.import_module(PACKAGE)
    except ImportError as error:
        raise SentenceModelError(
            f"model {model!r} is no directory, and a model by name needs the package"
            " sentence-transformers, which is not installed; install it, or name a directory with"
            " model.onnx and tokenizer.json"
        ) from error


def _revision_of(model: Any) -> str | None:
    """The commit of the model's files, which transformers records when it loads them."""
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    return getattr(config, "_commit_hash", None)
