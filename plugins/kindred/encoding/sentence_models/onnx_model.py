"""A sentence model in a directory (``model.onnx``, ``tokenizer.json``), run by ONNX Runtime."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from kindred.encoding.sentence_models.model import cut, stacked, unit_vector
from kindred.errors import SentenceModelError

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
PROCEDURE = "1"  # part of every model name; increment it when the computation of vectors changes
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
DTYPES: dict[str, Any] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
POOLED = "sentence_embedding"
FATAL_ONLY = 4  # log severity of ONNX Runtime, whose errors are raised as exceptions anyway


class OnnxModel:
    """Embeds one text per call without padding, on one thread each, on all cores in parallel.

    A dynamically quantised model scales its activations by the whole batch, including padding
    (microsoft/onnxruntime issues 8625 and 10111): batched, a text gets a different vector.
    """

    def __init__(self, directory: Path, max_tokens: int, *, threads: int | None = None) -> None:
        for file in (MODEL_FILE, TOKENIZER_FILE):
            if not (directory / file).is_file():
                raise SentenceModelError(
                    f"model directory {directory} has no {file}; it must hold {MODEL_FILE} (an"
                    f" ONNX export of the model) and {TOKENIZER_FILE} (of the same model)"
                )
        self._where = str(directory)
        self._max_tokens = max_tokens
        self._threads = threads or os.cpu_count() or 1
        self._tokenizer = _open_tokenizer(directory / TOKENIZER_FILE, max_tokens)
        self._session = _open_session(directory / MODEL_FILE)
        self._inputs = {i.name: self._dtype(i) for i in self._session.get_inputs()}
        self._output = _choose_output([output.name for output in self._session.get_outputs()])
        self.dimensions = 0
        longest, shortest = "a " * max_tokens, "a"
        self.dimensions = len(self._embed_one(longest))
        self._embed_one(shortest)
        self.name = f"onnx:{_digest(directory)}:{max_tokens}:{PROCEDURE}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts, see `SentenceModel`."""
        with ThreadPoolExecutor(self._threads) as pool:
            return stacked(list(pool.map(self._embed_one, texts)), self.dimensions)

    def _embed_one(self, text: str) -> NDArray[np.float32]:
        ids = self._tokenizer.encode(cut(text, self._max_tokens)).ids
        if not ids:
            return np.zeros(self.dimensions, dtype=np.float32)
        values = {"input_ids": ids, "attention_mask": [1] * len(ids)}
        feed = {
            name: np.array([values.get(name, [0] * len(ids))], dtype=dtype)
            for name, dtype in self._inputs.items()
        }
        try:
            [output] = self._session.run([self._output], feed)
        except Exception as error:  # ONNX Runtime has no exception base class of its own
            raise SentenceModelError(
                f"{self._where}/{MODEL_FILE} cannot process a text of {len(ids)} tokens: {error};"
                f" lower max_tokens ({self._max_tokens}) or export the model again"
            ) from error
        return unit_vector(self._pooled(output, len(ids)), self._where)

    def _pooled(self, output: NDArray[Any], tokens: int) -> NDArray[np.float64]:
        """The vector of the text; there is no padding, so the mean is over all tokens."""
        values = output.astype(np.float64)
        if values.ndim == 3 and values.shape[:2] == (1, tokens):
            values = values.mean(axis=1)
        if values.ndim == 2 and values.shape == (1, self.dimensions or values.shape[1]):
            return values.reshape(-1)
        raise SentenceModelError(
            f"{self._where}/{MODEL_FILE}: output {self._output!r} has shape {output.shape} for one"
            f" text of {tokens} tokens, but (1, dimensions) or (1, {tokens}, dimensions) is"
            f" expected; export the model with an output named {POOLED}"
        )

    def _dtype(self, wanted: Any) -> Any:
        if wanted.name not in INPUTS or wanted.type not in DTYPES:
            raise SentenceModelError(
                f"{self._where}/{MODEL_FILE} asks for {wanted.name!r} of type {wanted.type}, but"
                f" only {', '.join(INPUTS)} of int64 or int32 are supported; export the model as a"
                " text encoder (feature extraction)"
            )
        return DTYPES[wanted.type]


def _open_tokenizer(path: Path, max_tokens: int) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise SentenceModelError(
            f"{path} cannot be read as a tokenizer: {error}; use the file of the model's release"
        ) from error
    special = tokenizer.num_special_tokens_to_add(False)
    if max_tokens <= special:
        raise SentenceModelError(
            f"max_tokens is {max_tokens}, but the tokenizer {path} itself adds {special} tokens to"
            " every text; set a larger value, for example 256"
        )
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer


def _open_session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise SentenceModelError(
            f"{path} cannot be loaded: {error}; check that the file is complete, with its"
            " external data beside it"
        ) from error


def _choose_output(names: list[str]) -> str:
    """The pooled output if there is one, else the last layer's, else the first output."""
    known = [name for name in (POOLED, "last_hidden_state", "token_embeddings") if name in names]
    return (known or names)[0]


def _digest(directory: Path) -> str:
    """Digest of the model, its external data and the tokenizer."""
    total = hashlib.sha256()
    for path in [*sorted(directory.glob(f"{MODEL_FILE}*")), directory / TOKENIZER_FILE]:
        with path.open("rb") as stream:
            total.update(path.name.encode() + b"\0")
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()[:32]
