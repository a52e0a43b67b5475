"""Cluster ids as they would be if all snapshots had run in the order of their dates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from kindred.segments.identity.matching import NEW, Comparison, Counts, match_clusters

UNNUMBERED = -1

Birth = tuple[datetime, int]
"""The snapshot that allocated an id, and the id's ordinal within that snapshot."""


@dataclass(frozen=True)
class Night:
    """A published snapshot of one algorithm.

    ``cluster_ids`` int64 (labels,) are the ids it was published with. ``comparison`` compares its
    labels with those of the previous night; the first night is compared with none. ``follows_gap``:
    nights in between have been pruned. Its published ids are then trusted, because the clusters
    they continued are gone. ``stored_as_of`` is the snapshot whose labels it shares; None if it has
    its own. Nights that share labels share their ids, too.
    """

    as_of: datetime
    cluster_ids: Counts
    comparison: Comparison
    follows_gap: bool = False
    stored_as_of: datetime | None = None

    @property
    def stored(self) -> datetime:
        """The snapshot whose rows hold its labels."""
        return self.stored_as_of or self.as_of


@dataclass(frozen=True)
class Replay:
    """The result of a replay: ids by label for every night, and the births to record anew.

    ``births`` maps ids to births, for the ``renumbered`` nights only; the recorded births of these
    nights must be deleted. The recorded births of all other nights stay.
    """

    cluster_ids: list[Counts]
    renumbered: list[datetime]
    births: dict[int, Birth]


@dataclass
class _Cluster:
    """One identity across nights; ``number`` is its id, once known."""

    birth: Birth
    number: int
    is_fixed: bool
    labels: dict[int, int] = field(default_factory=dict)  # night -> label


def replay_ids(nights: Sequence[Night], given: dict[int, Birth]) -> Replay:
    """Match every night to the previous one, and allocate ids in the order of the nights.

    Parameters
    ----------
    nights : sequence of Night
        In the order of ``as_of``.
    given : dict
        Every id ever allocated, with its birth.

    Returns
    -------
    Replay
        Nights keep their ids up to the first one whose ids were not allocated in order; from there
        on, ids are renumbered. So a history that ran forward stays as it is, and one that ran in
        any other order becomes what a forward run would have produced. Ids allocated by snapshots
        that are not among ``nights`` (withdrawn, pruned, unfinished) are never reused for another
        cluster; clusters that still have such an id keep it.
    """
    born = _follow(nights, given)
    right = _count_right(nights, born, given)
    renumbered = [night.as_of for night in nights[right:]]
    _number(born, right, {number for number, birth in given.items() if birth[0] not in renumbered})
    return Replay(
        _ids_by_label(nights, born),
        renumbered,
        {
            cluster.number: cluster.birth
            for clusters in born[right:]
            for cluster in clusters
            if not cluster.is_fixed
        },
    )


def _follow(nights: Sequence[Night], given: dict[int, Birth]) -> list[list[_Cluster]]:
    """The clusters born in each night, each with its label in every night in which it exists."""
    born: list[list[_Cluster]] = []
    alive: list[_Cluster] = []  # by label of the night before
    shared: dict[datetime, list[_Cluster]] = {}  # by the snapshot that holds the labels
    for index, night in enumerate(nights):
        if night.stored in shared:
            alive = shared[night.stored]
            for label, cluster in enumerate(alive):
                cluster.labels[index] = label
            born.append([])
            continue
        # In the order of their ids, as the task `cluster` matches them, so that ties fall alike.
        order = sorted(range(len(alive)), key=lambda label: alive[label].birth)
        previous = [alive[label] for label in order]
        before = nights[index - 1] if index else None
        matched = _match(night, before, order)
        new = [int(label) for label in np.flatnonzero(matched == NEW)]
        newborn = {
            label: _birth(night, before, int(night.cluster_ids[label]), given, rank)
            for rank, label in enumerate(new)
        }
        alive = [newborn.get(label) or previous[column] for label, column in enumerate(matched)]
        for label, cluster in enumerate(alive):
            cluster.labels[index] = label
        born.append(list(newborn.values()))
        shared[night.stored] = alive
    return born


def _match(night: Night, before: Night | None, order: list[int]) -> Counts:
    """For each label, the cluster of the previous night that it continues, as position in order."""
    if before is not None and night.follows_gap:
        column_of = {before.cluster_ids[label]: column for column, label in enumerate(order)}
        columns = [column_of.get(cluster_id, NEW) for cluster_id in night.cluster_ids]
        return np.array(columns, dtype=np.int64)
    comparison = night.comparison
    return match_clusters(
        Comparison(comparison.sizes, comparison.previous_sizes[order], comparison.shared[:, order])
    )


def _birth(
    night: Night, before: Night | None, published: int, given: dict[int, Birth], rank: int
) -> _Cluster:
    """A cluster that continues none; it may keep an id allocated since the previous night."""
    birth = given.get(published)
    is_old = birth is not None and before is not None and birth[0] <= before.as_of
    if birth is None or is_old or birth[0] > night.as_of:
        return _Cluster((night.as_of, rank), UNNUMBERED, is_fixed=False)
    if birth[0] < night.as_of:
        return _Cluster(birth, published, is_fixed=True)
    return _Cluster((night.as_of, rank), published, is_fixed=False)


def _count_right(
    nights: Sequence[Night], born: list[list[_Cluster]], given: dict[int, Birth]
) -> int:
    """Count the nights, from the first on, whose ids are those of a run in order.

    Two conditions: the published ids equal the replayed ones (nights that ran concurrently could
    not see which clusters they continued), and the ids allocated by a night lie between those of
    earlier and of later nights. Clusters with a fixed birth do not count for the second.
    """
    ids = _ids_by_label(nights, born)
    highest = -1
    for index, clusters in enumerate(born):
        if (ids[index] != nights[index].cluster_ids).any():
            return index
        later = {night.as_of for night in nights[index + 1 :]}
        lowest_later = min(
            (number for number, birth in given.items() if birth[0] in later), default=None
        )
        for cluster in clusters:
            if not cluster.is_fixed and cluster.number <= highest:  # or UNNUMBERED
                return index
        highest = max([highest, *(one.number for one in clusters if not one.is_fixed)])
        if lowest_later is not None and lowest_later <= highest:
            return index
    return len(born)


def _number(born: list[list[_Cluster]], right: int, reserved: set[int]) -> None:
    """Number the clusters born from night ``right`` on, above all ids of earlier nights."""
    before = [cluster.number for clusters in born[:right] for cluster in clusters]
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
