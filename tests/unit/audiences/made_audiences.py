"""Customers of whom some have a taste, and audiences of them."""

from typing import Any

import numpy as np

from kindred.audiences.centroids import Centroids
from kindred.audiences.comparison import compare
from kindred.audiences.kinds import kinds_of
from kindred.audiences.methods import Family
from kindred.audiences.people import people_of
from kindred.audiences.populations import Populations, Truth
from kindred.audiences.trained import QualityRow, Ranking, Trained
from kindred.audiences.training import train

BLOCKS = {"income": (0, 1), "age": (1, 2), "state": (2, 5)}
SIZES = (0.05, 0.1, 0.2)


def hashes_of(count: int, key: int = 1) -> np.ndarray:
    return np.random.default_rng(key).integers(0, 2**64, count, dtype=np.uint64, endpoint=False)


def tasteful(count: int = 600, key: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of `BLOCKS`, and who has the taste: a third, of high income and young."""
    random = np.random.default_rng(key)
    likes = np.arange(count) % 3 == 0
    vectors = np.zeros((count, 5), dtype=np.float32)
    vectors[:, 0] = random.normal(np.where(likes, 1.5, 0.0), 1.0)
    vectors[:, 1] = random.normal(np.where(likes, -0.7, 0.0), 1.0)
    vectors[np.arange(count), random.integers(2, 5, count)] = 1.0
    return vectors, likes


def rows(chosen: Any) -> np.ndarray:
    return np.asarray(chosen, dtype=np.int32)


def populations(count: int, seeds: np.ndarray, **given: Any) -> Populations:
    """Some seeds, and all others as the pool."""
    taken = np.concatenate([seeds, given.get("excluded", rows([]))])
    made: dict[str, Any] = {
        "seeds": rows(seeds),
        "judged": rows(seeds),
        "excluded": rows([]),
        "pool": rows(np.setdiff1d(np.arange(count), taken)),
        "others": None,
        "contacted": None,
        "truth": Truth.NONE,
        "given": len(seeds),
        "known": len(seeds),
    }
    return Populations(**{**made, **given})


def half(likes: np.ndarray, key: int = 3) -> np.ndarray:
    """Half of those with the taste, ascending."""
    having = np.flatnonzero(likes)
    return np.sort(np.random.default_rng(key).permutation(having)[: len(having) // 2])


def asked_half(likes: np.ndarray) -> Populations:
    """Every second customer was asked; those with the taste are the seeds."""
    asked = np.arange(0, len(likes), 2)
    return populations(
        len(likes),
        asked[likes[asked]],
        pool=rows(np.arange(1, len(likes), 2)),
        others=rows(asked[~likes[asked]]),
        contacted=rows(asked),
        truth=Truth.CONTACTED,
    )


def trained(vectors: np.ndarray, given: Populations, **options: Any) -> Trained:
    chosen: dict[str, Any] = {"sizes": SIZES, "blocks": BLOCKS} | options
    hashes = chosen.pop("hashes", hashes_of(len(vectors)))
    return train(vectors, given, hashes, chosen.pop("sizes"), **chosen)


def kinds(vectors: np.ndarray, given: Populations, hashes: np.ndarray | None = None) -> Centroids:
    """The centroids of the kinds of people that the seeds are."""
    people = people_of(given, hashes_of(len(vectors)) if hashes is None else hashes)
    compared = compare(vectors, people, SIZES[-1], 1)
    return kinds_of(
        compared.examples,
        compared.hits,
        compared.settings[Family.NEAREST],
        size=SIZES[-1],
        is_lifted=True,
    ).centroids


def quality(found: Trained, size: float, ranking: Ranking = Ranking.PUBLISHED) -> QualityRow:
    [row] = [row for row in found.quality if row.size == size and row.ranking is ranking]
    return row


def asked_by(bias: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray, Populations]:
    """Whom a campaign asks by the column that also makes them respond: vectors, likes, asked."""
    random = np.random.default_rng(1)
    vectors = random.normal(size=(count, 5)).astype(np.float32)
    odds = 1.2 * (vectors[:, 0] + vectors[:, 1] * vectors[:, 2])
    likes = np.zeros(count, dtype=bool)
    likes[np.argsort(random.exponential(size=count) / np.exp(odds))[: count // 4]] = True
    is_asked = random.random(count) < 1 / (1 + np.exp(1 - bias * vectors[:, 0]))
    asked = np.flatnonzero(is_asked)
    given = populations(
        count,
        rows(asked[likes[asked]]),
        pool=rows(np.flatnonzero(~is_asked)),
        others=rows(asked[~likes[asked]]),
        contacted=rows(asked),
        truth=Truth.CONTACTED,
    )
    return vectors, likes, given
