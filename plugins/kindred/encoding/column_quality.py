"""Quality of a snapshot's encoded columns: counted by ``encode``, checked by the gate."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from kindred.encoding.column_profile import ColumnProfile, Profile
from kindred.encoding.drift import day_of, stability_index
from kindred.encoding.encoder import FittedEncoder
from kindred.errors import ArtefactError
from kindred.events.ownership import ItemCounts
from kindred.events.populations import Population, population_as_of, read_population
from kindred.run import builds
from kindred.run.context import Run
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

PROFILE = "column_profile"
COUNTED_BY = "fit_encoder"


def empty_profile(run: Run, encoder: FittedEncoder, as_of: datetime | None = None) -> Profile:
    """An empty profile of the columns of the run's spec, for its snapshot or another date."""
    day = day_of(as_of or run.as_of)
    return Profile.empty(run.spec.features, encoder.baselines, run.spec.private, day)


def profile_of(
    run: Run,
    warehouse: Database,
    encoder: FittedEncoder,
    population: Population,
    as_of: datetime | None = None,
) -> Profile:
    """Profile customers of the snapshot, or as of another date, by the bins of an encoder."""
    profile = empty_profile(run, encoder, as_of)

    def count(
        keys: Array, updated_at: Array, frame: pd.DataFrame, purchases: dict[str, ItemCounts]
    ) -> None:
        profile.add(frame)

    read_population(warehouse, run, population, count)
    return profile


def hand_on(run: Run, encoder_version: int | None, profile: Profile | None) -> None:
    """Write the profile that ``fit_encoder`` has counted, for ``encode``; None if it has not."""
    columns = None if profile is None else profile.to_json()
    run.folder.write(PROFILE, {}, {"encoder_version": encoder_version, "columns": columns})


def handed_on(run: Run, encoder: FittedEncoder) -> Profile | None:
    """The profile of the snapshot's customers, if it was counted in the bins of this encoder.

    None where ``encode`` counts them itself, as it does when it is cleared after the artefacts have
    been removed.
    """
    try:
        facts = run.folder.read(PROFILE, COUNTED_BY).facts
    except ArtefactError as error:
        log.info("the columns are counted again: %s", error)
        return None
    if facts["columns"] is None or facts["encoder_version"] != run.encoder_version:
        return None
    profile = empty_profile(run, encoder)
    profile.restore(facts["columns"])
    return profile


def quality_of(
    run: Run, warehouse: Database, encoder: FittedEncoder, profile: Profile
) -> list[dict[str, Any]]:
    """One entry per column: its profile, rejected rows, and drift since the previous snapshot."""
    before = builds.previous(warehouse, run.as_of)
    counts: dict[str, list[int]] = {}
    if before is not None:
        previous_as_of, version = before
        counts = dict(warehouse.rows("encoding/column_counts", {"as_of": previous_as_of}))
        if version != run.encoder_version or run.build.facts.get("has_full_extract"):
            # The stored counts used another encoder's bins, or rows have been loaded since: count
            # the customers of that snapshot again.
            before_it = population_as_of(warehouse, run, previous_as_of, "encode")
            again = profile_of(run, warehouse, encoder, before_it, previous_as_of)
            counts = {
                name: column.counts.tolist()
                for name, column in again.columns.items()
                if name in counts  # a column added to the spec since then has no drift
            }
    rejected = _rejected(run, warehouse, list(profile.columns))
    return [
        {
            "column_name": name,
            **column.to_json(),
            "rejected": rejected[name],
            "previous_as_of": before[0].isoformat() if before and name in counts else None,
            "drift": _drift(counts.get(name), column),
        }
        for name, column in profile.columns.items()
    ]


def quality_unchanged(
    run: Run, warehouse: Database, entries: Sequence[dict[str, Any]], previous_as_of: datetime
) -> list[dict[str, Any]]:
    """The entries of a snapshot whose customers are those of the previous one, from its entries."""
    rejected = _rejected(run, warehouse, [entry["column_name"] for entry in entries])
    moment = previous_as_of.isoformat()
    return [
        {
            **entry,
            "rejected": rejected[entry["column_name"]],
            "previous_as_of": moment,
            "drift": 0.0,
        }
        for entry in entries
    ]


def _rejected(run: Run, warehouse: Database, columns: list[str]) -> dict[str, int]:
    """Rows of the run's window that were refused, by column."""
    parameters = {
        "columns": columns,
        "window_start": run.build.window_start,
        "window_end": run.as_of,
    }
    return dict(warehouse.rows("encoding/rejected_by_column", parameters))


def _drift(before: list[int] | None, column: ColumnProfile) -> float | None:
    return None if before is None else round(stability_index(before, column.counts.tolist()), 6)
