"""Snapshots and their builds: the record that every stage reads and updates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg2.extras import Json

from kindred import __version__
from kindred.errors import DataError, SupersededError
from kindred.warehouse.database import Database

RESTART_AFTER_ERASURE = (
    "a customer was erased after this build had begun, and its results may hold the customer;"
    " clear task 'prepare' with its downstream tasks"
)


FIGURES = (
    "rows_landed", "rows_rejected", "customers", "recall", "missing_customers", "drift", "seconds",
    "published",
)  # fmt: skip
"""The columns of ``run/figures_of_build``."""


@dataclass(frozen=True)
class Build:
    """The newest build of a snapshot; ``settings`` is the whole spec as it was at its start.

    ``may_fit``: whether it may fit an encoder, which the builds of a backfill may not; ``release``:
    the release of Kindred that began it; None before releases were recorded.
    """

    run_id: str
    state: str
    window_start: datetime
    settings: dict[str, Any]
    settings_hash: str
    encoder_version: int | None
    may_refit: bool
    facts: dict[str, Any]
    may_fit: bool = False
    release: str | None = __version__


@dataclass(frozen=True)
class Current:
    """The current snapshot and the generation that serves it; all None before the first publish."""

    as_of: datetime | None
    generation: int | None
    encoder_version: int | None
    table_name: str | None
    dimensions: int | None
    published_at: str | None

    def is_older_than(self, as_of: datetime) -> bool:
        """Whether a snapshot with this ``as_of`` would become (or stay) the current one."""
        return self.as_of is None or as_of >= self.as_of


@dataclass(frozen=True)
class Cost:
    """How long the stages of a published snapshot took."""

    as_of: datetime
    customers: int
    stage_seconds: dict[str, float]


def begin(
    database: Database,
    *,
    as_of: datetime,
    window_start: datetime,
    run_id: str,
    settings: dict[str, Any],
    settings_hash: str,
    history: str,
    encoder_version: int | None,
    may_fit: bool,
    may_refit: bool,
    as_of_date: date | None = None,
) -> None:
    """Start a build; a snapshot already published for the same ``as_of`` stays published.

    ``as_of_date``: the date of ``as_of`` by the schedule's clock; None if that is UTC.
    """
    parameters = {
        "as_of": as_of,
        "window_start": window_start,
        "run_id": run_id,
        "settings": Json(settings),
        "settings_hash": settings_hash,
        "history": history,
        "encoder_version": encoder_version,
        "may_fit": may_fit,
        "may_refit": may_refit,
        "release": __version__,
        "as_of_date": as_of_date,
    }
    with database.transaction():
        database.run("run/begin_build", parameters)


def read_build(database: Database, as_of: datetime, run_id: str | None = None) -> Build:
    """The build of a snapshot; with ``run_id``, only if it belongs to that run.

    Raises
    ------
    DataError
        when ``prepare`` has not run for it.
    SupersededError
        when another run has begun to build it since.
    """
    row = database.row("run/read_build", {"as_of": as_of})
    if row is None:
        raise DataError(f"no build of snapshot {as_of.isoformat()} was begun: run task 'prepare'")
    build = Build(*row)
    if run_id is not None and build.run_id != run_id:
        raise superseded(as_of, run_id)
    return build


def read_published(database: Database, as_of: datetime) -> tuple[Build, bool]:
    """A published snapshot as the build it was, and whether a later one uses its artefacts now.

    Raises
    ------
    DataError
        when it is not published.
    """
    row = database.row("run/read_published", {"as_of": as_of})
    if row is None:
        raise DataError(f"snapshot {as_of.isoformat()} is not published")
    *build, is_replaced = row
    return Build(*build), bool(is_replaced)


def superseded(as_of: datetime, run_id: str) -> SupersededError:
    """The error of a run whose snapshot another run now builds."""
    return SupersededError(
        f"another run than {run_id!r} has begun to build snapshot {as_of.isoformat()} since and"
        " will publish it; this run stops here"
    )


def require_no_erasure(database: Database, as_of: datetime) -> None:
    """Stop a build that began before a customer was erased.

    Raises
    ------
    DataError
        when it did: its results so far may hold the customer.
    """
    if database.value("run/is_erased", {"as_of": as_of}):
        raise DataError(f"snapshot {as_of.isoformat()}: {RESTART_AFTER_ERASURE}")


def require_release(build: Build, as_of: datetime) -> None:
    """Stop an unfinished build that another release of Kindred began.

    Raises
    ------
    DataError
        when it did: what its tasks hand on may have another form, or another value.
    """
    if build.state in ("building", "failed") and build.release != __version__:
        raise DataError(
            f"snapshot {as_of.isoformat()}: its build was begun by"
            f" {f'release {build.release}' if build.release else 'an earlier release'} of Kindred,"
            f" and this is release {__version__}; clear task 'prepare' with its downstream tasks"
        )


def add_facts(database: Database, as_of: datetime, run_id: str, **facts: Any) -> None:
    """Add facts (plain JSON) to the build of a run.

    Raises
    ------
    SupersededError
        when the build now belongs to another run.
    """
    parameters = {"as_of": as_of, "run_id": run_id, "facts": Json(facts)}
    if not database.run("run/add_facts", parameters):
        raise superseded(as_of, run_id)


def set_encoder(database: Database, as_of: datetime, run_id: str, version: int) -> None:
    """Record the encoder that the build of a run uses.

    Raises
    ------
    SupersededError
        when the build now belongs to another run.
    """
    parameters = {"as_of": as_of, "run_id": run_id, "encoder_version": version}
    if not database.run("run/set_encoder", parameters):
        raise superseded(as_of, run_id)


def record_uncomputed(
    database: Database, as_of: datetime, status: str, counts: dict[str, int]
) -> None:
    """End a build without a snapshot; ``status``: ``empty`` or ``landed``."""
    database.run("run/record_uncomputed", {"as_of": as_of, "status": status, **counts})


def reset_late_customers(database: Database, as_of: datetime, run_id: str) -> None:
    """Reset the count of late customers: only rows that land from now on are late for the build."""
    database.run("run/delete_late_customers", {"as_of": as_of, "run_id": run_id})


def record_stage(
    database: Database, as_of: datetime, stage: str, *, seconds: float, peak_mb: int
) -> None:
    """Record the duration of a stage (or of one mapped instance) and its process's peak memory."""
    parameters = {"as_of": as_of, "stage": stage, "seconds": round(seconds, 3), "peak_mb": peak_mb}
    database.run("run/record_stage", parameters)


def record_forecast(
    database: Database, as_of: datetime, run_id: str, stage: str, megabytes: int
) -> None:
    """Record the forecast of a stage's memory."""
    parameters = {"as_of": as_of, "run_id": run_id, "stage": stage, "megabytes": megabytes}
    database.run("run/record_forecast", parameters)


def record_failure(
    database: Database,
    as_of: datetime,
    *,
    run_id: str,
    task: str,
    failure: str,
    detail: str | None = None,
) -> bool:
    """Record in one line why the build failed, if it still belongs to this run.

    ``failure`` quotes no customer; ``detail``, the whole error, may. Readers of a space with
    private columns see only the first.

    Returns whether this is the first failure recorded, since several tasks of a run may fail.
    """
    parameters = {"as_of": as_of, "run_id": run_id, "task": task}
    parameters |= {"failure": one_line(failure), "detail": one_line(detail or failure)}
    return bool(database.value("run/record_failure", parameters))


def delete_failure(database: Database, as_of: datetime, run_id: str, *, task: str) -> None:
    """Delete the recorded failure of a task after publish, once it has succeeded."""
    parameters = {"as_of": as_of, "run_id": run_id, "task": task}
    database.run("run/delete_failure", parameters)


def record_not_begun(
    database: Database,
    as_of: datetime,
    *,
    task: str,
    failure: str,
    detail: str | None = None,
    as_of_date: date | None = None,
) -> None:
    """Record why a run could not begin a build, unless no run has ever prepared the space."""
    if database.has_table("run_notes"):
        parameters = {"as_of": as_of, "as_of_date": as_of_date, "task": task}
        parameters |= {"failure": one_line(failure), "detail": one_line(detail or failure)}
        database.run("run/record_not_begun", parameters)


def record_missed_deadline(
    database: Database, as_of: datetime, as_of_date: date | None = None
) -> None:
    """Record that the scheduled run of a snapshot is late, unless no run prepared the space."""
    if database.has_table("run_notes"):
        parameters = {"as_of": as_of, "as_of_date": as_of_date}
        database.run("run/record_missed_deadline", parameters)


def figures(database: Database, as_of: datetime) -> dict[str, float]:
    """What the newest run of a snapshot has found out, as far as it is known: name -> figure."""
    found = database.row("run/figures_of_build", {"as_of": as_of}) or ()
    return {name: value for name, value in zip(FIGURES, found, strict=False) if value is not None}


def one_line(failure: str) -> str:
    """A failure as the warehouse keeps it: one line of at most 1,000 characters."""
    return " ".join(failure.split())[:1000]


def current(database: Database) -> Current:
    """The snapshot that the ``_current`` views and ``similar_customers`` now read."""
    return Current(*(database.row("run/current_snapshot") or (None,) * 6))


def require_current(current: Current) -> datetime:
    """The date of the current snapshot.

    Raises
    ------
    DataError
        when nothing has been published.
    """
    if current.as_of is None:
        raise DataError("no snapshot is published in this space yet; run its DAG first")
    return current.as_of


def previous(database: Database, as_of: datetime) -> tuple[datetime, int] | None:
    """The last published snapshot before ``as_of`` and its encoder version, or None."""
    row = database.row("run/previous_snapshot", {"as_of": as_of})
    return None if row is None else (row[0], int(row[1]))


def stored_as_of(database: Database, as_of: datetime) -> datetime:
    """The snapshot whose partitions hold a snapshot's rows: itself, or one that it shares."""
    return database.value("run/stored_as_of", {"as_of": as_of}) or as_of


def published_at(database: Database, as_of: datetime) -> datetime:
    """When a published snapshot was published last."""
    found: datetime = database.value("run/published_at", {"as_of": as_of})
    return found


def is_published(database: Database, as_of: datetime) -> bool:
    """Whether readers can see a snapshot with this ``as_of``."""
    return bool(database.value("run/is_published", {"as_of": as_of}))


def statuses(database: Database, as_ofs: Sequence[datetime]) -> dict[datetime, str]:
    """The statuses of the given snapshots, as far as they exist."""
    return dict(database.rows("run/statuses", {"as_ofs": list(as_ofs)}))


def costs(database: Database) -> list[Cost]:
    """The costs of published snapshots, oldest first."""
    return [Cost(*row) for row in database.rows("run/stage_costs")]


def stage_megabytes(database: Database, *, newest: int) -> dict[str, int]:
    """The most memory that each stage of the newest builds has forecast, or else has used, in MB.

    Empty where no run has prepared the space.
    """
    if not database.has_table("snapshot_builds"):
        return {}
    return dict(database.rows("run/stage_megabytes", {"newest": newest}))


def history_of(database: Database, as_of: datetime, *, keeps_versions: bool) -> str:
    """``complete``, or ``reconstructed`` for a date before a mutable source was first read."""
    if keeps_versions:
        return "complete"
    first = database.value("run/first_extraction")
    return "complete" if first is not None and as_of >= first else "reconstructed"
