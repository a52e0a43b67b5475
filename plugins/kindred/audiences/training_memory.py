"""The memory forecast for training an audience."""

from kindred.audiences.crossfit import ROWS_AT_ONCE
from kindred.audiences.folds import MOST_SAMPLED, most_others
from kindred.run.base_memory import BASE_MEGABYTES

FIT_BYTES = 24
"""Per value of a fit: the fold's copy, the design of a regression, and that scaled, in float64."""

PERSON_BYTES = 200
"""Per customer: hashes for each purpose, folds, and in the pool scores, places and their order."""


def training_megabytes(
    shape: tuple[int, int], seeds: int, others: int, pool: int, threads: int
) -> int:
    """Memory of `train`, with the vectors.

    ``shape``: of the vectors; ``others``: those whom the seeds are told from. The vectors, mapped
    or not; what a model learns from, as vectors and bins, and one fit per thread; what is known of
    each customer; the sample of the pool by all methods; blocks of rows that are scored.
    """
    customers, dimensions = shape
    learned = seeds + min(others, most_others(seeds))
    examples = learned * dimensions * (5 + FIT_BYTES * threads)
    people = customers * PERSON_BYTES + min(pool, MOST_SAMPLED) * PERSON_BYTES
    blocks = threads * min(ROWS_AT_ONCE, customers) * dimensions * 8
    return BASE_MEGABYTES + (customers * dimensions * 4 + examples + people + blocks) // 2**20
