"""What the encoded columns of a snapshot look like: counted by ``encode``, judged by the gate."""

from datetime import datetime
from typing import Any

import pandas as pd

from kindred.encode.column_profile import Profile
from kindred.encode.drift import stability_index
from kindred.encode.encoder import FittedEncoder
from kindred.stages.run import Run
from kindred.store import quality, snapshots, versions
from kindred.store.binary import Array
from kindred.store.database import Database


def empty_profile(run: Run, encoder: FittedEncoder) -> Profile:
    """A profile of no customers yet, of the columns of the run's spec."""
    return Profile.empty(run.spec.features, encoder.references, run.spec.private)


def profile_of(run: Run, warehouse: Database, encoder: FittedEncoder, as_of: datetime) -> Profile:
    """The profile of the customers of a moment, as an encoder sees them."""
    profile = empty_profile(run, encoder)

    def count(keys: Array, updated_at: Array, frame: pd.DataFrame) -> None:
        profile.add(frame)

    versions.read_customers(
        warehouse,
        run.spec,
        run.key_type(warehouse),
        as_of,
        count,
        block_rows=run.settings.block_rows,
    )
    return profile


def quality_of(
    run: Run, warehouse: Database, encoder: FittedEncoder, profile: Profile
) -> list[dict[str, Any]]:
    """One entry a column: its profile, its refused rows, its drift since the snapshot before."""
    before = snapshots.previous(warehouse, run.as_of)
    counts: dict[str, list[int]] = {}
    if before is not None:
        previous_as_of, version = before
        counts = quality.counts(warehouse, previous_as_of)
        if version != run.encoder_version or run.build.facts.get("has_full_extract"):
            # Its bins were another encoder's, or its rows have been filled since: the customers of
            # that moment are counted anew.
            again = profile_of(run, warehouse, encoder, previous_as_of)
            counts = {
                name: column.counts.tolist()
                for name, column in again.columns.items()
                if name in counts  # a column that the spec has gained since has not drifted
            }
    rejected = quality.rejected_by_column(
        warehouse, list(profile.columns), run.build.window_start, run.as_of
    )
    return [
        {
            "column_name": name,
            **column.to_json(),
            "rejected": rejected[name],
            "previous_as_of": before[0].isoformat() if before and name in counts else None,
            "drift": _drift(counts[name], column.counts.tolist()) if name in counts else None,
        }
        for name, column in profile.columns.items()
    ]


def _drift(before: list[int], now: list[int]) -> float:
    return round(stability_index(before, now), 6)
