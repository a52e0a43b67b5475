"""A night in which nothing has changed: it shares what the snapshot before it has published.

A snapshot is a function of its customers' versions, its encoder and its settings. Where all three
are those of the published snapshot before, its rows are the same, too: nothing is computed, and
``snapshots.unchanged_since`` says whose partitions readers find them in. What is kept per snapshot
besides (profiles, lineage, quality) is handed to the gate and to publish as the skipped tasks would
have handed it on.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from kindred import __version__
from kindred.audiences.audience_files import FACT as AUDIENCES
from kindred.encoding.column_quality import quality_unchanged
from kindred.encoding.task import refit_is_due
from kindred.errors import ArtefactError, DataError
from kindred.history import snapshot_customers
from kindred.neighbours.graph_artefacts import machine_code
from kindred.publication.shared_partitions import FACT, stored_as_of
from kindred.run import builds
from kindred.run.context import Run
from kindred.segments.clusters import NOISE
from kindred.segments.identity.matching import LineageEvent
from kindred.segments.identity.stable_ids import count_relinks, lineage_json
from kindred.segments.movement_rows import Moves
from kindred.segments.profiles.profile_rows import Profiles
from kindred.segments.profiles.task import write_profiles
from kindred.serving.generations import StagedEmbeddings
from kindred.serving.task import check_unchanged_index, stage_against
from kindred.warehouse import bi_objects, partitions, schemas
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)

PUBLIC = "public_lookalikes"
"""Only spaces with private features have them."""
OF_THE_GRAPH = (
    "center",
    "recall",
    "recall_low",
    "recall_high",
    "recall_sample",
    "graph_method",
    "graph_k",
    "machine_code",
    "eligible",
    "lookalikes",
    "lookalike_distances",
    "public",
    "map",
)
"""Facts that only depend on the customers, the encoder and the settings."""


@dataclass(frozen=True)
class Earlier:
    """The newest published snapshot before a date.

    ``stored_as_of``: the snapshot whose partitions hold its rows; ``release`` and ``facts`` are
    those of the build that published it, None if another one has begun since.
    """

    as_of: datetime
    stored_as_of: datetime
    encoder_version: int
    settings_hash: str
    customers: int
    late_customers: int
    erased_customers: int
    release: str | None
    facts: dict[str, Any] | None


def skip_unchanged(run: Run) -> dict[str, Any]:
    """Last part of task ``validate``: find out whether nothing has changed, and record that.

    The tasks that would compute the snapshot are skipped then. Otherwise the log says why not.
    """
    with run.warehouse("validate") as warehouse:
        run = run.reopened()
        if run.build.state not in ("building", "failed"):
            return {}
        row = warehouse.row("publication/earlier_snapshot", {"as_of": run.as_of})
        earlier = None if row is None else Earlier(*row)
        reason = _reason_to_compute(run, warehouse, earlier)
        if reason is not None or earlier is None:
            log.info("the snapshot is computed: %s", reason)
            run.add_facts(warehouse, **{FACT: None})
            return {}
        _take_over(run, warehouse, earlier)
    log.info(
        "nothing has changed since snapshot %s: this one shares its lookalikes and segments",
        earlier.as_of.isoformat(),
    )
    return {FACT: earlier.stored_as_of.isoformat()}


def require_shared(database: Database, as_of: datetime, facts: Mapping[str, Any]) -> None:
    """Check that what a build shares is still what it was.

    Raises
    ------
    DataError
        when the earlier snapshot has been replaced, dropped or relinked since.
    """
    found = facts[FACT]
    stored = datetime.fromisoformat(found["as_of"])
    tables = partitions.attached_numbers(database, stored)
    if (tables, count_relinks(database)) != (found["tables"], found["relinks"]):
        raise DataError(
            f"snapshot {as_of.isoformat()} was to share the rows of {stored.isoformat()}, which has"
            " been published anew, dropped or relinked since; clear task 'validate' with its"
            " downstream tasks"
        )


def stage_shared(run: Run, warehouse: Database) -> StagedEmbeddings:
    """What publish does to the embeddings, which are those of the snapshot that is shared.

    Must be called under ``Resource.EMBEDDINGS``.

    Raises
    ------
    ArtefactError
        when another snapshot has been published since and the vectors are gone.
    """
    current, stored = builds.current(warehouse), stored_as_of(run.build.facts)
    if stored is None or not current.is_older_than(run.as_of) or serves(warehouse, stored):
        return StagedEmbeddings("skip", base_generation=current.generation)
    try:
        return stage_against(replace(run, as_of=stored), warehouse, current)
    except ArtefactError as error:
        raise ArtefactError(
            f"another snapshot than {stored.isoformat()}, which this one shares, serves by now, and"
            f" its vectors are gone: clear task 'validate' with its downstream tasks ({error})"
        ) from error


def serves(database: Database, stored: datetime) -> bool:
    """Whether the current snapshot is the one with these partitions, or shares them."""
    current = builds.current(database).as_of
    return current is not None and builds.stored_as_of(database, current) == stored


def _reason_to_compute(run: Run, warehouse: Database, earlier: Earlier | None) -> str | None:
    """Why the snapshot cannot share what an earlier one has; None if it can."""
    if run.spec.events or run.spec.recommendations is not None or run.build.facts.get(AUDIENCES):
        return "events, recommendations and audiences depend on the date"
    if earlier is None:
        return "no earlier one is published"
    reason = _other_inputs(run, warehouse, earlier)
    if reason is not None or earlier.facts is None:
        return reason
    indices = [entry["stability_index"] for entry in earlier.facts["quality"]]
    if refit_is_due(run, warehouse, indices):
        return "a refit of the encoder is due"
    customers = snapshot_customers.kept_customers(warehouse, run)
    since = earlier.as_of
    count, changed = snapshot_customers.count_changed(warehouse, customers, since)
    if changed or count != earlier.customers:
        return (
            f"{changed} of {count} customers have changed since {since.isoformat()}, which had"
            f" {earlier.customers}"
        )
    return _not_at_hand(run, warehouse, earlier)


def _other_inputs(run: Run, warehouse: Database, earlier: Earlier) -> str | None:
    """What the earlier snapshot was made of besides its customers, if it was something else."""
    before = f"the snapshot before, {earlier.as_of.isoformat()},"
    facts = earlier.facts
    if earlier.encoder_version != run.build.encoder_version:
        return f"{before} was made by another encoder"
    if earlier.settings_hash != run.build.settings_hash:
        return f"{before} was made by another spec"
    if facts is None or earlier.release != __version__:
        return f"{before} was made by another release, or is being made again"
    if earlier.late_customers or earlier.erased_customers:
        return f"{before} no longer has what its date had: rows were late, or have been erased"
    if facts.get("version_fills") != run.build.facts["version_fills"]:
        return f"values were filled in since {before} which it does not have"
    return None


def _not_at_hand(run: Run, warehouse: Database, earlier: Earlier) -> str | None:
    """Why the rows of the earlier snapshot cannot be shared, though they are the same."""
    if partitions.attached_numbers(warehouse, run.as_of):
        return "its date has rows of its own"
    names = {
        partitions.partition_name(parent, earlier.stored_as_of)
        for parent in partitions.SHARED
        if parent != PUBLIC or run.spec.hidden_features
    }
    if not names <= partitions.attached_numbers(warehouse, earlier.stored_as_of).keys():
        return f"the rows of {earlier.stored_as_of.isoformat()} are gone"
    if (earlier.facts or {}).get("machine_code") != machine_code():
        return f"snapshot {earlier.as_of.isoformat()} was made on another kind of machine"
    current = builds.current(warehouse)
    if not current.is_older_than(run.as_of):
        extension, key_type = schemas.extension_schema_in(warehouse), run.key_type(warehouse)
        is_outdated = any(bi_objects.outdated(warehouse, run.spec, extension, key_type))
        return "readers' views are those of another release or spec" if is_outdated else None
    if not serves(warehouse, earlier.stored_as_of):
        return "another snapshot serves"
    rows = warehouse.value("publication/count_rows", table=str(current.table_name))
    if rows != earlier.customers:
        return f"{current.table_name} has {rows} rows, not one per customer"
    try:
        holder = replace(run, as_of=earlier.stored_as_of)
        is_due = check_unchanged_index(run, warehouse, holder)
    except ArtefactError as error:
        return f"the index cannot be checked ({error})"
    return "the index is to be built anew" if is_due else None


def _take_over(run: Run, warehouse: Database, earlier: Earlier) -> None:
    """Hand on what the skipped tasks would have handed on."""
    facts = earlier.facts or {}
    algorithms = [str(algorithm) for algorithm in run.spec.clustering.algorithms]
    partitions.drop_aside(warehouse, run.as_of)
    published_at = builds.published_at(warehouse, earlier.as_of)
    with run.locked(warehouse, Resource.CLUSTER_IDS):
        names = {"as_of": earlier.as_of, "algorithms": algorithms}
        profiles = [found for (found,) in warehouse.rows("publication/read_profiles", names)]
        relinks = count_relinks(warehouse)
    write_profiles(run, Profiles(profiles, _stays(profiles, earlier, published_at), {}))
    kept = dict.fromkeys(algorithms, ())  # those that have found no segment have no lineage
    kept |= {name: tuple(found) for name, found in groupby(profiles, lambda p: p["algorithm"])}
    tables = partitions.attached_numbers(warehouse, earlier.stored_as_of)
    run.add_facts(
        warehouse,
        **{name: facts[name] for name in OF_THE_GRAPH},
        **{f"clusters_{name}": facts[f"clusters_{name}"] for name in algorithms},
        **{f"lineage_{name}": _lineage(kept[name], earlier.as_of) for name in algorithms},
        quality=quality_unchanged(run, warehouse, facts["quality"], earlier.as_of),
        cluster_quality=[
            {
                **entry,
                "stability": 1.0,
                "stability_customers": entry["customers"],
                "previous_as_of": earlier.as_of.isoformat(),
            }
            for entry in facts["cluster_quality"]
        ],
        **{
            FACT: {
                "as_of": earlier.stored_as_of.isoformat(),
                "tables": tables,
                "relinks": relinks,
            }
        },
    )


def _lineage(profiles: tuple[dict[str, Any], ...], before: datetime) -> list[dict[str, Any]]:
    """Every cluster is kept, with all of its customers."""
    events = [
        LineageEvent(
            "kept",
            profile["cluster_id"],
            profile["cluster_id"],
            profile["customers"],
            profile["customers"],
            profile["customers"],
        )
        for profile in profiles
    ]
    return lineage_json(events, before)


def _stays(
    profiles: Sequence[Mapping[str, Any]], earlier: Earlier, published_at: datetime
) -> list[Moves]:
    """Nobody has moved: by algorithm, the customers of each label, and those of none."""
    labelled: dict[str, dict[int, int]] = defaultdict(dict)
    for profile in profiles:
        labelled[profile["algorithm"]][profile["label"]] = profile["customers"]
    moments = earlier.as_of.isoformat(), published_at.isoformat()
    found = []
    for algorithm, sizes in labelled.items():
        noise = earlier.customers - sum(sizes.values())
        stays = {**sizes, **({NOISE: noise} if noise else {})}
        found.append(Moves(algorithm, *moments, [(one, one, n) for one, n in stays.items()]))
    return found
