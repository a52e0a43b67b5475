"""Which dates of a backfill are computed: all of them, or only the last one.

Airflow creates all runs of a backfill before the first one starts, but tells no run which is last.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from shlex import quote

from kindred.errors import WindowError


class Snapshots(StrEnum):
    """The dates for which a backfill computes snapshots; the rows of all dates land."""

    ALL = "all"
    LATEST_ONLY = "latest_only"


@dataclass(frozen=True)
class LaterRun:
    """A run of a later date; ``ended_at`` is None while it is queued or running."""

    logical_date: datetime
    is_latest_only_backfill: bool
    ended_at: datetime | None


def names_another_date(as_of: datetime, latest_as_of: datetime) -> bool:
    """Whether the run's conf names a later date to compute instead of this one.

    Raises
    ------
    WindowError
        when this date is later than the one the conf names as the last.
    """
    if as_of > latest_as_of:
        raise WindowError(
            f"latest_as_of {latest_as_of.isoformat()} was given, and this run's as_of"
            f" {as_of.isoformat()} is later: give the range's last as_of, or leave it out"
        )
    return as_of < latest_as_of


def is_followed(
    logical_date: datetime,
    next_logical_date: datetime,
    *,
    created_at: datetime,
    now: datetime,
    newest_before: Callable[[datetime, str | None], LaterRun | None],
) -> bool:
    """Whether a later date of the same backfill computes the snapshot instead.

    ``newest_before`` returns the run with the latest logical date before a given time, in one state
    or in any; ``created_at`` is when the runs of this backfill were created. A DAG has one backfill
    at a time, so a later run that has not ended belongs to it, as does one that has ended since
    ``created_at`` (if the newest date runs first). Runs of earlier backfills ended before that.
    """
    for state in ("queued", "running"):
        run = newest_before(now, state)
        while run is not None and run.logical_date > logical_date:
            if run.is_latest_only_backfill:
                return True
            run = newest_before(run.logical_date, state)
    # The dates have no gaps: if the newest runs first, the next date's run has just ended.
    following = newest_before(next_logical_date + timedelta(microseconds=1), None)
    return (
        following is not None
        and following.logical_date == next_logical_date
        and following.is_latest_only_backfill
        and following.ended_at is not None
        and following.ended_at > created_at
    )


def conf_of(snapshots: Snapshots, latest_as_of: datetime) -> dict[str, str]:
    """The conf of a backfill's runs.

    Never empty: without a conf, Airflow keeps the old one of a date that is run again.
    """
    if snapshots is Snapshots.ALL:
        return {"snapshots": str(snapshots)}
    return {"snapshots": str(snapshots), "latest_as_of": latest_as_of.isoformat()}


def airflow_command(dag_id: str, logical_dates: Sequence[datetime], conf: dict[str, str]) -> str:
    """The command that makes Airflow run a DAG for a range of logical dates."""
    return (
        f"airflow backfill create --dag-id {dag_id}"
        f" --from-date {min(logical_dates).isoformat()} --to-date {max(logical_dates).isoformat()}"
        " --max-active-runs 1 --reprocess-behavior completed"
        f" --dag-run-conf {quote(json.dumps(conf))}"
    )
