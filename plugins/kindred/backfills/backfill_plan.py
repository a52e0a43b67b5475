"""``kindred backfill-plan``: what a backfill would compute, with a forecast of time and disk.

The forecast scales the cost of a published snapshot of similar size by the number of customers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from kindred.encoding import encoder_versions
from kindred.errors import ScheduleWindowError
from kindred.history import landing, source, versions
from kindred.history.snapshot_customers import count_customers, customers_as_of
from kindred.preparation import source_findings
from kindred.run import builds
from kindred.run.builds import Cost
from kindred.run.context import Deployment
from kindred.run.latest_only import Snapshots
from kindred.run.windows import Window, windows_between
from kindred.spec.model import Spec
from kindred.warehouse import partitions
from kindred.warehouse.database import Database

LANDING = ("prepare", "extract", "validate", "clean_up")


def windows_of(spec: Spec, first: str, last: str) -> list[Window]:
    """The windows of a space's schedule, from one date to another, both included.

    Raises
    ------
    WindowError
        which names the space, for another one has another schedule.
    """
    try:
        return windows_between(spec.schedule, first, last, now=datetime.now(UTC))
    except ScheduleWindowError as error:
        raise ScheduleWindowError(
            f"space {spec.space}: {error}. Another space is named by SPACE=name"
            " (kindred backfill-plan: --space name)"
        ) from error


@dataclass(frozen=True)
class PlannedDate:
    """One date of a backfill.

    ``customers`` are those now in the history; if ``has_landed`` is False, rows before the date
    have yet to land. ``is_empty`` says that there will be none all the same. ``seconds`` and
    ``megabytes`` are None if there is nothing to forecast from.
    """

    window: Window
    status: str | None
    customers: int
    has_landed: bool
    is_empty: bool
    is_computed: bool
    encoder_version: int | None
    seconds: float | None
    megabytes: float | None


@dataclass(frozen=True)
class BackfillPlan:
    """The dates in order; ``source_rows`` is estimated by the source's statistics, 0 if unknown.

    ``remark``: what the first run of a new date meets, as the spec's source has changed.
    """

    spec: Spec
    choice: Snapshots
    dates: list[PlannedDate]
    source_rows: int
    remark: str | None = None

    @property
    def latest_as_of(self) -> datetime:
        """The last date."""
        return self.dates[-1].window.as_of

    @property
    def seconds(self) -> float | None:
        """The forecast of all tasks of all dates; None if there is nothing to forecast from."""
        known = [date.seconds for date in self.dates if date.seconds is not None]
        return sum(known) if known else None

    @property
    def megabytes(self) -> float | None:
        """The size of the new snapshots in the warehouse; None if there is no forecast."""
        known = [
            date.megabytes
            for date in self.dates
            if date.megabytes is not None and date.status != "published"
        ]
        return sum(known) if known else None

    @property
    def empty_dates(self) -> list[PlannedDate]:
        """The dates before which no customer is known."""
        return [date for date in self.dates if date.is_empty]

    @property
    def is_nothing(self) -> bool:
        """Whether no date would be computed."""
        return all(date.is_empty for date in self.dates if date.is_computed)

    @property
    def lacks_encoder(self) -> bool:
        """Whether 'kindred fit' must come first."""
        return any(date.encoder_version is None for date in self.dates)


def plan_backfill(
    deployment: Deployment, spec: Spec, windows: Sequence[Window], choice: Snapshots
) -> BackfillPlan:
    """Plan every date of a backfill from the warehouse and the source's statistics."""
    label = f"kindred {spec.space} backfill-plan"
    last = windows[-1]
    with (
        deployment.source(spec, label) as origin,
        deployment.warehouse(label, spec.internal_schema) as warehouse,
    ):
        source_rows = source.estimated_rows(origin, spec.source)
        planner = _Planner(origin, warehouse, spec, windows, source_rows)
        dates = [
            planner.plan(window, is_computed=choice is Snapshots.ALL or window == last)
            for window in windows
        ]
        remark = _remark(warehouse, spec, last) if planner.is_prepared else None
    return BackfillPlan(spec, choice, dates, source_rows, remark)


def _remark(warehouse: Database, spec: Spec, last: Window) -> str | None:
    found = source_findings.findings(warehouse, spec, last.as_of, full_extract=False)
    return next((finding.message for finding in found), None)


class _Planner:
    def __init__(
        self,
        origin: Database,
        warehouse: Database,
        spec: Spec,
        windows: Sequence[Window],
        source_rows: int,
    ) -> None:
        self.origin, self.warehouse, self.spec = origin, warehouse, spec
        self.source_rows, self.last = source_rows, windows[-1].as_of
        self.is_prepared = bool(versions.column_types(warehouse))
        self.statuses: dict[datetime, str] = {}
        self.costs: list[Cost] = []
        if self.is_prepared:
            self.statuses = builds.statuses(warehouse, [window.as_of for window in windows])
            self.costs = builds.costs(warehouse)

    def plan(self, window: Window, *, is_computed: bool) -> PlannedDate:
        """The current state of one date, and its forecast."""
        as_of, customers, has_landed, encoder = window.as_of, 0, False, None
        if self.is_prepared:
            customers = count_customers(self.warehouse, customers_as_of(self.spec, as_of))
            has_landed = not landing.missing_windows(self.warehouse, as_of)
            encoder = encoder_versions.choose(self.warehouse, self.spec, as_of)
        is_empty = not customers and self._stays_empty(as_of, encoder, has_landed=has_landed)
        expected = customers if has_landed or is_empty else max(customers, self.source_rows)
        seconds, megabytes = self._forecast(expected, is_computed=is_computed)
        return PlannedDate(
            window,
            self.statuses.get(as_of),
            customers,
            has_landed,
            is_empty,
            is_computed,
            encoder,
            seconds,
            megabytes,
        )

    def _stays_empty(self, as_of: datetime, encoder: int | None, *, has_landed: bool) -> bool:
        """Whether a date without customers has none either when all rows before it have landed."""
        if has_landed:
            return True
        if self.spec.source.has_updated_at:
            return self._oldest is None or self._oldest >= as_of
        # All rows land at the date that is landed first: that of the fit, where one is needed.
        return encoder is None and as_of < self.last

    @cached_property
    def _oldest(self) -> datetime | None:
        return source.oldest_moment(self.origin, self.spec)

    def _forecast(
        self, customers: int, *, is_computed: bool
    ) -> tuple[float, float] | tuple[None, None]:
        """Seconds and megabytes of one date, scaled from the snapshot nearest in size."""
        if not self.costs:
            return None, None
        nearest = min(self.costs, key=lambda cost: abs(cost.customers - customers))
        share = customers / nearest.customers
        stages = nearest.stage_seconds.items()
        seconds = sum(spent for stage, spent in stages if is_computed or stage in LANDING)
        if not is_computed:
            return seconds * share, 0.0
        size = partitions.total_bytes(self.warehouse, nearest.as_of)
        return seconds * share, size * share / 2**20
