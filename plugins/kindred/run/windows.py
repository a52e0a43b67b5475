"""Resolve the time window of a run, however the run was started."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from kindred.errors import ScheduleWindowError, WindowError
from kindred.run.schedule_edges import edge_after, edge_before, previous_edge
from kindred.spec.schedules import LocalSchedule, cron_of

_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """Rows with ``start <= updated_at < end``; ``end`` is the snapshot's ``as_of``."""

    start: datetime
    end: datetime

    @property
    def as_of(self) -> datetime:
        """The time the snapshot describes: all rows before it, none at or after it."""
        return self.end


def parse_moment(name: str, text: str) -> datetime:
    """Parse an ISO 8601 date or time; without an offset it is UTC.

    Raises
    ------
    WindowError
        naming the parameter and its value.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except ValueError as error:
        raise WindowError(
            f"{name}: {text!r} is not an ISO 8601 date or time such as 2026-03-01T02:00:00+00:00"
        ) from error
    except OverflowError as error:
        raise WindowError(
            f"{name}: {text!r} lies outside of the years 1 to 9999 in UTC; give one of them"
        ) from error


def day_of(text: str) -> date | None:
    """The date that a text is, if it is one without a time."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def windows_between(
    schedule: str | LocalSchedule, first: str, last: str, *, now: datetime
) -> list[Window]:
    """The windows of a schedule whose ``as_of`` lies in a range, both ends included.

    A date without a time stands for its whole day by the schedule's clock.

    Raises
    ------
    WindowError
        when the range is reversed, reaches into the future or holds no ``as_of``.
    """
    zone = cron_of(schedule)[1]
    begin, end = _moments_of("from", first, zone)[0], _moments_of("to", last, zone)[1]
    if begin > end:
        raise WindowError(f"from {first} is later than to {last}: give the earlier one as from")
    if begin < _EARLIEST:
        raise WindowError(
            f"from {first}: a backfill begins at {_EARLIEST.date()} or later, since no schedule"
            " reaches further back; give the date of the first customers as from"
        )
    windows: list[Window] = []
    newest = previous_edge(schedule, now)
    before = begin - timedelta.resolution
    as_of: datetime = begin if begin > now else edge_after(schedule, before)
    while as_of <= min(end, now):
        windows.append(Window(edge_before(schedule, as_of), as_of))
        as_of = edge_after(schedule, as_of)
    if as_of <= end or begin > now:
        raise ScheduleWindowError(
            f"from {first} to {last} reaches into the future (it is {now.isoformat()}): the newest"
            f" as_of of the schedule '{schedule}' is {newest.isoformat()}; end the range there"
        )
    if not windows:
        raise ScheduleWindowError(
            f"from {first} to {last} contains no as_of of the schedule '{schedule}': the ones"
            f" around it are {edge_before(schedule, begin).isoformat()} and {as_of.isoformat()}"
        )
    return windows


def _moments_of(name: str, text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """First and last moment of a date by a clock; a single moment counts as both."""
    moment = parse_moment(name, text)
    day = day_of(text)
    if day is None:
        return moment, moment
    midnight = datetime.combine(day, time(), zone)
    try:
        # A day need not have 24 hours: it ends where the next one begins.
        return midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(
            UTC
        ) - timedelta.resolution
    except OverflowError:
        return moment, moment


def resolve_window(
    schedule: str | LocalSchedule,
    *,
    run_after: datetime,
    now: datetime,
    interval: tuple[datetime, datetime] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Window:
    """Resolve the window of a run.

    Explicit ``start`` and ``end`` take precedence; then the data interval of a scheduled or
    backfilled run; otherwise it is the last complete interval of the schedule before
    ``run_after``.

    Raises
    ------
    WindowError
        when ``start >= end``, when ``end`` lies in the future, so that rows could still change, or
        before all schedules.
    """
    chosen_end = end or (interval[1] if interval else previous_edge(schedule, run_after))
    if chosen_end > now:
        raise WindowError(
            f"end {chosen_end.isoformat()} lies in the future (it is {now.isoformat()}):"
            " rows can still change until then; give an end that has passed"
        )
    if chosen_end < _EARLIEST:
        raise WindowError(
            f"end {chosen_end.isoformat()} lies before {_EARLIEST.date()}, where no schedule"
            " reaches: give a later end"
        )
    chosen_start = start or (
        interval[0] if interval and not end else edge_before(schedule, chosen_end)
    )
    if chosen_start >= chosen_end:
        raise WindowError(
            f"start {chosen_start.isoformat()} is not before end {chosen_end.isoformat()}:"
            " give a start that lies earlier, or leave it out"
        )
    return Window(chosen_start, chosen_end)
