"""Embed free texts that are not cached, and give encoders access to the cached embeddings."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.encoding import text_cache
from kindred.encoding.sentence_models.load import load_model, weights_megabytes
from kindred.encoding.sentence_models.model import SentenceModel
from kindred.history import versions
from kindred.history.column_expressions import value_expression
from kindred.history.snapshot_customers import Customers
from kindred.progress.steps import Step, step
from kindred.run.context import Run
from kindred.spec.features import Kind, TextFeature
from kindred.spec.model import Spec
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

# Texts per commit. A commit takes milliseconds, a text about 20 ms (small model, two cores): a
# killed task loses about ten seconds of work.
BATCH_TEXTS = 512
CHUNK_TEXTS = 32  # texts between two progress checks


def embed_new_texts(database: Database, spec: Spec, customers: Customers) -> dict[str, Any]:
    """Embed customers' texts that are not cached; the session must be outside a transaction."""
    types = versions.column_types(database)
    done = {"embedded": 0, "cached": 0}
    for column, model in open_models(spec).items():
        text = value_expression(column, Kind.TEXT, types[column])
        new, cached = text_cache.gather_new(database, model.name, text, customers)
        batches = text_cache.read_new(database, new, BATCH_TEXTS)
        log.info("column %s: %d new texts to embed, %d cached", column, new, cached)
        with step(f"embedding {column}", new, "texts") as counted:
            embedded = embed_batches(database, model, batches, counted)
        log.info("column %s: embedded %d texts, %d were cached", column, embedded, cached)
        done = {"embedded": done["embedded"] + embedded, "cached": done["cached"] + cached}
    return done


def open_models(spec: Spec) -> dict[str, SentenceModel]:
    """Open the model of every text column of method sentence; columns may share a model.

    Raises
    ------
    SentenceModelError
        A model cannot be used.
    """
    load = cache(load_model)
    return {
        column: load(feature.model, feature.max_tokens)
        for column, feature in spec.features.items()
        if isinstance(feature, TextFeature) and feature.model is not None
    }


def weights_of(spec: Spec) -> float:
    """Size on disk in MB of the models of a spec's text columns; models by name count as 0."""
    models = {f.model for f in spec.features.values() if isinstance(f, TextFeature) and f.model}
    return sum(weights_megabytes(model) for model in models)


@dataclass(frozen=True)
class Embedder:
    """Reads the cached embeddings of a column's texts for an encoder (an ``Embed``)."""

    database: Database
    models: Mapping[str, SentenceModel]

    @property
    def dimensions(self) -> int:
        """The width of the widest embeddings."""
        return max((model.dimensions for model in self.models.values()), default=0)

    def __call__(
        self, column: str, strings: NDArray[np.object_]
    ) -> tuple[str, NDArray[np.float32]]:
        """The model's name, and the embeddings from `text_cache.fetch`."""
        model = self.models[column]
        vectors = text_cache.fetch(self.database, model.name, strings, dimensions=model.dimensions)
        return model.name, vectors


@contextmanager
def embedder(run: Run, stage: str) -> Iterator[Embedder | None]:
    """Open an `Embedder` for a stage; None if no column uses sentence embeddings.

    It has a session of its own, because the stage's session may be busy with a COPY.
    """
    if not run.spec.sentence_columns:
        yield None
        return
    with run.second_session(stage) as database:
        yield open_embedder(database, run.spec)


def open_embedder(database: Database, spec: Spec) -> Embedder:
    """Open an `Embedder` on a given session, which must be outside a transaction."""
    return Embedder(database, open_models(spec))


def embed_batches(
    database: Database, model: SentenceModel, batches: Iterable[list[str]], counted: Step
) -> int:
    """Embed distinct texts batch by batch, skipping those that another run has just embedded.

    The session must be outside a transaction: every batch is committed, so that a later try
    continues after it. Returns how many texts were embedded; all of the batches are counted.
    """
    embedded = 0
    for batch in batches:
        hashes = text_cache.hashes_of(batch)
        left = np.flatnonzero(~text_cache.find_cached(database, model.name, hashes))
        counted.advance(len(batch) - len(left))
        chunks = []
        for start in range(0, len(left), CHUNK_TEXTS):
            chunk = [batch[index] for index in left[start : start + CHUNK_TEXTS]]
            chunks.append(model.embed(chunk))
            counted.advance(len(chunk))
        if chunks:
            embedded += text_cache.add(database, model.name, hashes[left], np.concatenate(chunks))
    return embedded
