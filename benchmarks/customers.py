"""Seeded vectors of realistic customers, like those that an encoder makes of a table.

A customer belongs to one of 60 segments of unequal size and has 6 latent traits, normal around the
segment's. All columns follow from the traits: 17 of 32 are numeric, saturating functions of them
with 12 % noise, standardised; 3 boolean and 3 categorical (of 5, 4 and 3 values, one-hot), drawn
by logits linear in the traits. Each block is scaled to the same weight, as by the encoder. So the
intrinsic dimension is low, the rest is noise, and one-hot blocks add a lattice. Another width
changes the number of numeric columns.
"""

import numpy as np
from numpy.typing import NDArray

SEED = 7
SEGMENTS = 60
TRAITS = 6
BOOLEANS = 3
CATEGORIES = (5, 4, 3)
ROWS_AT_ONCE = 1_000_000

Vectors = NDArray[np.float32]


def make_customers(n: int, d: int = 32, seed: int = SEED) -> Vectors:
    """Vectors (n, d); the first rows of a larger set are not those of a smaller one."""
    random = np.random.default_rng(seed)
    numeric = d - BOOLEANS - sum(CATEGORIES)
    traits = make_traits(random, n)
    blocks = [np.tanh(traits @ weights(random, numeric) / np.sqrt(TRAITS))]
    blocks[0] += 0.12 * random.standard_normal((n, numeric), dtype=np.float32)
    blocks[0] = (blocks[0] - blocks[0].mean(axis=0)) / blocks[0].std(axis=0)
    noise = random.logistic(size=(n, BOOLEANS)).astype(np.float32)
    booleans = (traits @ weights(random, BOOLEANS) + noise > 0).astype(np.float32)
    blocks.append(booleans / booleans.std(axis=0))
    for count in CATEGORIES:
        noise = random.gumbel(size=(n, count)).astype(np.float32)
        chosen = (traits @ weights(random, count) + noise).argmax(axis=1)
        one_hot = np.eye(count, dtype=np.float32)[chosen]
        blocks.append(one_hot / np.sqrt(one_hot.var(axis=0).sum()))
    return np.ascontiguousarray(np.hstack(blocks), dtype=np.float32)


def make_traits(random: np.random.Generator, n: int) -> Vectors:
    """Latent traits (n, 6) of customers in segments."""
    centers = 1.2 * random.standard_normal((SEGMENTS, TRAITS), dtype=np.float32)
    shares = random.dirichlet(np.full(SEGMENTS, 2.0))
    segments = random.choice(SEGMENTS, n, p=shares)
    spread = 0.7 * random.standard_normal((n, TRAITS), dtype=np.float32)
    return np.asarray(centers[segments] + spread)


def make_mixture(n: int, d: int, seed: int = SEED) -> Vectors:
    """Vectors (n, d) of 40 round groups in all dimensions, with a high intrinsic dimension."""
    random = np.random.default_rng(seed)
    centers = random.standard_normal((40, d), dtype=np.float32)
    spread = 0.5 * random.standard_normal((n, d), dtype=np.float32)
    return np.asarray(centers[random.integers(0, 40, n)] + spread)


def make_uneven(n: int, d: int = 32, seed: int = SEED) -> tuple[Vectors, NDArray[np.int64]]:
    """Vectors (n, d) of 25 round groups, and the group of each; -1 for 3 % of scattered noise.

    The groups have unequal shares; the sparsest has five times the spread of the densest.
    """
    random = np.random.default_rng(seed)
    centers = random.standard_normal((25, d))
    shares = random.dirichlet(np.full(25, 3.0))
    groups = random.choice(25, n, p=shares)
    spread = np.geomspace(0.12, 0.6, 25)[groups, None]
    vectors = centers[groups] + spread * random.standard_normal((n, d))
    is_scattered = random.random(n) < 0.03
    vectors[is_scattered] = 1.5 * random.standard_normal((int(is_scattered.sum()), d))
    groups[is_scattered] = -1
    return vectors.astype(np.float32), groups


def weights(random: np.random.Generator, columns: int) -> Vectors:
    """Weights of the columns in terms of the traits."""
    return random.standard_normal((TRAITS, columns), dtype=np.float32)
