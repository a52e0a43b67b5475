"""Who belongs to an audience, who does not, and among whom to look: customers of one snapshot."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

LEAST_SEEDS = 20
"""Seeds that an audience needs, as ``bi.lookalike_audience`` does: fewer would reveal them."""

Rows = NDArray[np.int32]
"""Row numbers of the snapshot's customers, in the order of ``read_embeddings``; ascending."""


class Truth(StrEnum):
    """What is known of customers who are no seeds.

    ``none``: nothing. ``contacted``: of those who were asked, that they did not respond.
    ``label``: of everybody, since no customer of the snapshot lacks the label.
    """

    NONE = "none"
    CONTACTED = "contacted"
    LABEL = "label"


@dataclass(frozen=True, eq=False)
class Populations:
    """The populations of an audience, as row numbers (``Rows``).

    ``seeds``, ``excluded`` and ``pool`` have no customer in common; ``seeds`` has at least
    ``LEAST_SEEDS`` and ``pool`` at least one. ``others``: who is known not to belong, disjoint from
    ``seeds``; None where nobody is: then all others are unlabelled. It may be given with
    ``Truth.NONE``, where a label is known of some customers only. ``contacted``: who was asked,
    seeds among them, None without that population; then ``seeds`` are the contacted ones alone,
    and ``others`` the rest of the contacted. ``judged``: the seeds that would be in the pool if they
    were none, since they meet its conditions. Excluded people are in none of the other arrays.

    ``given``: distinct ids of the seed population; ``known``: of them, customers of the snapshot
    (with ``contacted``, before the seeds who were not contacted are left out). ``warnings``:
    sentences without ids and values.
    """

    seeds: Rows
    judged: Rows
    excluded: Rows
    pool: Rows
    others: Rows | None
    contacted: Rows | None
    truth: Truth
    given: int
    known: int
    warnings: tuple[str, ...] = ()
