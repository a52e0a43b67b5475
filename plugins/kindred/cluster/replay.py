"""Cluster ids as they would be had all nights run in the order of their dates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from kindred.cluster.identity import NEW, Comparison, Counts, match_clusters

Birth = tuple[datetime, int]
"""When an id was given out, and the how manyth of that night it was."""


@dataclass(frozen=True)
class Night:
    """A published snapshot of one algorithm.

    ``cluster_ids`` int64 (labels,) are those it was published with; ``comparison`` holds its labels
    against those of the night before, which for the first night are none.
    """

    as_of: datetime
    cluster_ids: Counts
    comparison: Comparison


@dataclass(frozen=True)
class Replay:
    """What the replay gives: ids by label for every night, and the births to note anew.

    ``births`` maps an id to its birth, for the nights ``renumbered`` only: what they have given
    out is to be forgotten. The births of all other nights stand as they are noted.
    """

    cluster_ids: list[Counts]
    renumbered: list[datetime]
    births: dict[int, Birth]


@dataclass
class _Cluster:
    """One identity through the nights; ``number`` is its id, once that is known."""

    birth: Birth
    number: int | None
    is_fixed: bool
    labels: dict[int, int] = field(default_factory=dict)  # night -> label


def replay_ids(nights: Sequence[Night], given: dict[int, Birth]) -> Replay:
    """Match every night to the one before, and give out ids in the order of the nights.

    Parameters
    ----------
    nights : sequence of Night
        In the order of ``as_of``.
    given : dict
        Every id that was ever given out, with its birth.

    Returns
    -------
    Replay
        Nights whose ids were given out in the right order keep them, up to the first that did not:
        from there on ids are numbered anew. So a history that has run forward stays as it is, and
        one that has run in any order becomes what forward would have made. Ids that were given out
        by snapshots that are not among ``nights`` (withdrawn, dropped, unfinished) are never given
        to another cluster; where they live on, they stay.
    """
    born = _follow(nights, given)
    right = _count_right([night.as_of for night in nights], born, given)
    renumbered = [night.as_of for night in nights[right:]]
    _number(born, right, {number for number, birth in given.items() if birth[0] not in renumbered})
    return Replay(
        _ids_by_label(nights, born),
        renumbered,
        {
            int(cluster.number or 0): cluster.birth
            for clusters in born[right:]
            for cluster in clusters
            if not cluster.is_fixed
        },
    )


def _follow(nights: Sequence[Night], given: dict[int, Birth]) -> list[list[_Cluster]]:
    """The clusters that are born in each night, each with its label in every night of its life."""
    born: list[list[_Cluster]] = []
    alive: list[_Cluster] = []  # by label of the night before
    for index, night in enumerate(nights):
        # In the order of their ids, as every night matches them: ties fall alike.
        order = sorted(range(len(alive)), key=lambda label: alive[label].birth)
        previous = [alive[label] for label in order]
        matched = match_clusters(
            Comparison(
                night.comparison.sizes,
                night.comparison.previous_sizes[order],
                night.comparison.shared[:, order],
            )
        )
        since = nights[index - 1].as_of if index else None
        new = [int(label) for label in np.flatnonzero(matched == NEW)]
        newborn = {
            label: _birth(night, since, int(night.cluster_ids[label]), given, rank)
            for rank, label in enumerate(new)
        }
        alive = [newborn.get(label) or previous[column] for label, column in enumerate(matched)]
        for label, cluster in enumerate(alive):
            cluster.labels[index] = label
        born.append(list(newborn.values()))
    return born


def _birth(
    night: Night, since: datetime | None, published: int, given: dict[int, Birth], rank: int
) -> _Cluster:
    """A cluster without one before: its id may stay if it was given out since the night before."""
    birth = given.get(published)
    if birth is None or birth[0] > night.as_of or (since is not None and birth[0] <= since):
        return _Cluster((night.as_of, rank), None, is_fixed=False)
    if birth[0] < night.as_of:
        return _Cluster(birth, published, is_fixed=True)
    return _Cluster((night.as_of, rank), published, is_fixed=False)


def _count_right(
    moments: Sequence[datetime], born: list[list[_Cluster]], given: dict[int, Birth]
) -> int:
    """How many nights, from the first on, gave out ids between those before and those after.

    Clusters whose birth is fixed do not count.
    """
    highest = -1
    for index, clusters in enumerate(born):
        later = set(moments[index + 1 :])
        lowest_later = min(
            (number for number, birth in given.items() if birth[0] in later), default=None
        )
        for cluster in clusters:
            if not cluster.is_fixed and (cluster.number is None or cluster.number <= highest):
                return index
        highest = max([highest, *(one.number or 0 for one in clusters if not one.is_fixed)])
        if lowest_later is not None and lowest_later <= highest:
            return index
    return len(born)


def _number(born: list[list[_Cluster]], right: int, reserved: set[int]) -> None:
    """Number the clusters that are born from a night on, after those before it."""
    before = [cluster.number or 0 for clusters in born[:right] for cluster in clusters]
    number = max(before, default=-1)
    for clusters in born[right:]:
        for cluster in clusters:
            if not cluster.is_fixed:
                number += 1
                while number in reserved:
                    number += 1
                cluster.number = number


def _ids_by_label(nights: Sequence[Night], born: list[list[_Cluster]]) -> list[Counts]:
    ids = [np.empty(len(night.cluster_ids), dtype=np.int64) for night in nights]
    for clusters in born:
        for cluster in clusters:
            for index, label in cluster.labels.items():
                ids[index][label] = cluster.number
    return ids
