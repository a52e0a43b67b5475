"""kindred relink: give published clusters the ids they would have if snapshots had run in order."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
from psycopg2.extras import Json

from kindred.errors import PreflightError
from kindred.run.context import Deployment
from kindred.segments.identity.matching import Comparison, Counts, LineageEvent, trace_lineage
from kindred.segments.identity.replay import Birth, Night, Replay, replay_ids
from kindred.segments.identity.stable_ids import lineage_json
from kindred.segments.profiles.names import name_clusters
from kindred.spec.model import Spec
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource, locked

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """What changes in one snapshot.

    ``renumbered`` maps old ids to new ones, ``customers`` counts the customers in those clusters,
    ``renamed`` the clusters that get another name.
    """

    as_of: datetime
    algorithm: str
    renumbered: dict[int, int]
    customers: int
    is_lineage_changed: bool
    renamed: int

    def as_json(self) -> dict[str, Any]:
        """The change as plain JSON, ids as pairs."""
        pairs = [list(pair) for pair in self.renumbered.items()]
        return {"as_of": self.as_of.isoformat(), "algorithm": self.algorithm, "ids": pairs}


@dataclass(frozen=True)
class _Linked:
    """A snapshot with the ids, lineage and names that it should have."""

    night: Night
    algorithm: str
    ids: Counts
    lineage: list[LineageEvent]
    before: datetime | None
    names_now: list[str]
    cluster_names: list[str]

    @property
    def names(self) -> dict[str, Any]:
        return {"as_of": self.night.as_of, "algorithm": self.algorithm}


def relink(deployment: Deployment, spec: Spec, *, is_dry_run: bool = False) -> list[Change]:
    """Relink the ids of a space while nothing can be published; return what changed, or would.

    Replays the matching of all published snapshots in order. One transaction applies all changes:
    readers see either only old ids or only new ones. With ``is_dry_run`` nothing is changed. A
    build that chose its ids before the relink cannot be published until its task 'cluster' has been
    cleared.

    Raises
    ------
    PreflightError
        The space has not been prepared by a version that can relink.
    """
    wait_seconds = deployment.settings.lock_wait_seconds
    schema = spec.internal_schema
    changes: list[Change] = []
    with (
        deployment.warehouse(f"kindred {spec.space} relink", schema) as database,
        locked(database, schema, Resource.PUBLISH, Resource.CLUSTER_IDS, wait_seconds=wait_seconds),
        database.transaction(),
    ):
        if not database.has_table("relinks"):
            raise PreflightError(
                f"schema {schema} has not been prepared by this version of Kindred: run the DAG or"
                " 'kindred fit', then relink"
            )
        nights = groupby(database.rows("segments/published_nights"), key=lambda row: str(row[0]))
        for algorithm, rows in nights:
            changes += _relink(database, algorithm, [row[1:] for row in rows], is_dry_run)
        if changes and not is_dry_run:
            recorded = Json([change.as_json() for change in changes])
            database.run("segments/record_relink", {"changes": recorded})
    log.info("ids, names or lineage differ in %d snapshots", len(changes))
    return changes


def _relink(
    database: Database, algorithm: str, moments: Sequence[tuple[Any, ...]], is_dry_run: bool
) -> list[Change]:
    nights = list(_read_nights(database, algorithm, moments))
    rows = database.rows("segments/given_ids", {"algorithm": algorithm})
    given = {cluster_id: (born_as_of, order) for cluster_id, born_as_of, order in rows}
    replay = replay_ids(nights, given)
    changes = []
    for linked in _with_lineage(database, algorithm, nights, replay, given):
        change = _compare(database, linked)
        if change.renumbered or change.is_lineage_changed or change.renamed:
            changes.append(change)
            if not is_dry_run:
                _apply(database, linked, change)
    if changes and not is_dry_run:
        _renew_births(database, algorithm, replay, given)
    return changes


def _read_nights(
    database: Database, algorithm: str, moments: Sequence[tuple[Any, ...]]
) -> Iterator[Night]:
    before, stored_before = None, None
    previous_sizes = np.empty(0, dtype=np.int64)
    for as_of, newest_pruned, stored in moments:
        names = {"algorithm": algorithm, "as_of": stored, "before": stored_before}
        sizes = database.rows("segments/published_sizes", names)
        rows = np.array(sizes, dtype=np.int64).reshape(-1, 3)
        shared = np.zeros((len(rows), len(previous_sizes)), dtype=np.int64)
        if shared.size:
            for label, previous, count in database.rows("segments/published_overlap", names):
                shared[label, previous] = count
        comparison = Comparison(rows[:, 2], previous_sizes, shared)
        follows_gap = newest_pruned is not None and (before is None or newest_pruned > before)
        yield Night(as_of, rows[:, 1], comparison, follows_gap, stored)
        before, stored_before, previous_sizes = as_of, stored, rows[:, 2]
        log.info("%s %s: %d clusters", algorithm, as_of.isoformat(), len(rows))


def _with_lineage(
    database: Database,
    algorithm: str,
    nights: Sequence[Night],
    replay: Replay,
    given: dict[int, Birth],
) -> list[_Linked]:
    births = given | replay.births
    linked = []
    before, previous_ids = None, np.empty(0, dtype=np.int64)
    known: dict[int, str] = {}
    for night, ids in zip(nights, replay.cluster_ids, strict=True):
        lineage = trace_lineage(night.comparison, ids, previous_ids)
        published = {"algorithm": algorithm, "as_of": night.as_of}
        rows = database.rows("segments/published_names", published)
        now = [name for _, name, _ in rows]
        names = now
        if rows and night.as_of in replay.renumbered:
            stay = _names_that_stay(rows, ids.tolist(), births, night.as_of)
            names = name_clusters([terms for _, _, terms in rows], ids.tolist(), stay | known)
        known |= dict(zip(ids.tolist(), names, strict=False))  # old snapshots may have no profiles
        linked.append(_Linked(night, algorithm, ids, lineage, before, now, names))
        before, previous_ids = night.as_of, ids
    return linked


def _names_that_stay(
    rows: Sequence[tuple[Any, ...]],
    cluster_ids: Sequence[int],
    births: dict[int, Birth],
    as_of: datetime,
) -> dict[int, str]:
    """Names of clusters born before this snapshot; the snapshot that named them may be deleted."""
    return {
        now: name
        for (old, name, _), now in zip(rows, cluster_ids, strict=True)
        if old == now and births[now][0] < as_of
    }


def _compare(database: Database, linked: _Linked) -> Change:
    """Compare the new ids and lineage of a snapshot with the published ones."""
    night = linked.night
    is_new = night.cluster_ids != linked.ids
    pairs = zip(night.cluster_ids[is_new].tolist(), linked.ids[is_new].tolist(), strict=True)
    stored = set(database.rows("segments/read_lineage", linked.names))
    traced = {(linked.before, *astuple(event)) for event in linked.lineage}
    customers = int(night.comparison.sizes[is_new].sum())
    # Lineage from a snapshot that has been pruned cannot be traced again, so it stays.
    is_changed = stored != traced and (bool(is_new.any()) or not night.follows_gap)
    renamed = sum(a != b for a, b in zip(linked.names_now, linked.cluster_names, strict=True))
    return Change(night.as_of, linked.algorithm, dict(pairs), customers, is_changed, renamed)


def _apply(database: Database, linked: _Linked, change: Change) -> None:
    if change.renumbered:
        stored = {"as_of": linked.night.stored, "ids": linked.ids.tolist()}
        database.run("segments/relabel_clusters", linked.names | stored)
    if linked.cluster_names and (change.renumbered or change.renamed):
        profiles = {"cluster_ids": linked.ids.tolist(), "names": linked.cluster_names}
        database.run("segments/relabel_profiles", linked.names | profiles)
    lineage = [
        {"algorithm": linked.algorithm, **event}
        for event in lineage_json(linked.lineage, linked.before)
    ]
    database.run("segments/delete_all_lineage", linked.names)
    database.run("publication/set_lineage", {"as_of": linked.night.as_of, "lineage": Json(lineage)})


def _renew_births(
    database: Database, algorithm: str, replay: Replay, given: dict[int, Birth]
) -> None:
    """Rewrite the ledger of ids as the snapshots would have written it in order."""
    moments = replay.renumbered
    if {id_: birth for id_, birth in given.items() if birth[0] in moments} == replay.births:
        return
    database.run("segments/delete_births", {"algorithm": algorithm, "moments": moments})
    for cluster_id, (born_as_of, order) in replay.births.items():
        names = {"algorithm": algorithm, "as_of": born_as_of, "birth_order": order}
        database.run("segments/give_id", {**names, "cluster_id": cluster_id})
