"""embed_texts: embed the free texts that the cache lacks, before an encoder asks for them."""

import logging
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kindred.sentences.model import SentenceModel
from kindred.sentences.pace import Pace
from kindred.store import texts
from kindred.store.database import Database

log = logging.getLogger(__name__)

# A commit costs milliseconds, a text with a small model on two cores about twenty: what a task that
# is killed has to do again is some ten seconds.
BATCH_TEXTS = 512
CHUNK_TEXTS = 32  # between two looks at the clock


def embed_new(database: Database, model: SentenceModel, strings: NDArray[np.object_]) -> int:
    """Embed the texts that a model has not embedded yet; returns how many.

    ``strings``: str or None, repeats allowed; None and blank texts are left out. The session is
    outside a transaction: every batch is committed, so that a next try goes on after it.
    """
    asked = strings[texts.is_asked(strings)]
    hashes, first = np.unique(texts.hashes_of(asked.tolist()), return_index=True)
    is_cached = texts.find_cached(database, model.name, hashes)
    new: list[str] = asked[first[~is_cached]].tolist()
    batches = (new[start : start + BATCH_TEXTS] for start in range(0, len(new), BATCH_TEXTS))
    return _embed(database, model, batches, Pace(len(new), int(is_cached.sum())))


def _embed(
    database: Database, model: SentenceModel, batches: Iterable[list[str]], pace: Pace
) -> int:
    """Embed distinct texts batch by batch, but those that another run has embedded meanwhile."""
    embedded = 0
    for batch in batches:
        hashes = texts.hashes_of(batch)
        left = np.flatnonzero(~texts.find_cached(database, model.name, hashes))
        pace.advance(len(batch) - len(left))
        chunks = []
        for start in range(0, len(left), CHUNK_TEXTS):
            chunk = [batch[index] for index in left[start : start + CHUNK_TEXTS]]
            chunks.append(model.embed(chunk))
            pace.advance(len(chunk))
        if chunks:
            embedded += texts.add(database, model.name, hashes[left], np.concatenate(chunks))
    return embedded
