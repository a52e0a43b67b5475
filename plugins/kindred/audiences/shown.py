"""What the commands show of an audience, published or previewed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.trained import Trained


@dataclass(frozen=True)
class Tier:
    """One size of an audience: members, and control group, up to it."""

    size: float
    members: int
    control: int


@dataclass(frozen=True)
class Shown:
    """An audience in a snapshot.

    ``row`` and ``quality`` have the columns of ``audiences`` and ``audience_quality``; ``reasons``
    are the columns that lift the most members, with their number.
    """

    name: str
    as_of: datetime
    row: Mapping[str, Any]
    quality: Sequence[Mapping[str, Any]] = ()
    tiers: Sequence[Tier] = ()
    reasons: Sequence[tuple[str, int]] = field(default=())


def tiers_of(trained: Trained, is_control: NDArray[np.bool_]) -> tuple[Tier, ...]:
    """Members and control group up to each size of a trained audience."""
    found = []
    for size, count in zip(trained.sizes, trained.counts, strict=True):
        control = int(np.count_nonzero(is_control[:count]))
        found.append(Tier(size, int(count) - control, control))
    return tuple(found)


def reasons_of(trained: Trained, is_control: NDArray[np.bool_]) -> tuple[tuple[str, int], ...]:
    """The columns that lift the members, the most frequent first."""
    numbers = trained.reasons[~is_control]
    counts = np.bincount(numbers[numbers >= 0], minlength=len(trained.columns))
    return by_frequency(dict(zip(trained.columns, counts.tolist(), strict=True)))


def by_frequency(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Columns that were counted, with how often; the most frequent first."""
    named = ((column, count) for column, count in counts.items() if count)
    return tuple(sorted(named, key=lambda one: (-one[1], one[0])))
