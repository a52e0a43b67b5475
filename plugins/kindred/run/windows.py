"""Resolve the time window of a run, however the run was started."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from croniter import croniter

from kindred.errors import WindowError

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
    except (ValueError, OverflowError) as error:
        raise WindowError(
            f"{name}: {text!r} is not an ISO 8601 date or time such as 2026-03-01T02:00:00+00:00"
        ) from error


def previous_edge(schedule: str, moment: datetime) -> datetime:
    """The latest time of a cron schedule at or before a moment, in UTC."""
    edge: datetime = croniter(schedule, moment).get_prev(datetime)
    following: datetime = croniter(schedule, edge).get_next(datetime)
    return following if following <= moment else edge


def windows_between(schedule: str, first: str, last: str, *, now: datetime) -> list[Window]:
    """The windows of a schedule whose ``as_of`` lies in a range, both ends included.

    A date without a time stands for its whole day in UTC.

    Raises
    ------
    WindowError
        when the range is reversed, reaches into the future or holds no ``as_of``.
    """
    begin, end = _moments_of("from", first)[0], _moments_of("to", last)[1]
    if begin > end:
        raise WindowError(f"from {first} is later than to {last}: give the earlier one as from")
    if begin < _EARLIEST:
        raise WindowError(
            f"from {first}: a backfill begins at {_EARLIEST.date()} or later, since no schedule"
            " reaches further back; give the date of the first customers as from"
        )
    windows: list[Window] = []
    newest = previous_edge(schedule, now)
    before = begin - timedelta(microseconds=1)
    as_of: datetime = begin if begin > now else croniter(schedule, before).get_next(datetime)
    while as_of <= min(end, now):
        windows.append(Window(_edge_before(schedule, as_of), as_of))
        as_of = croniter(schedule, as_of).get_next(datetime)
    if as_of <= end or begin > now:
        raise WindowError(
            f"from {first} to {last} reaches into the future (it is {now.isoformat()}): the newest"
            f" as_of of the schedule {schedule!r} is {newest.isoformat()}; end the range there"
        )
    if not windows:
        raise WindowError(
            f"from {first} to {last} contains no as_of of the schedule {schedule!r}: the ones"
            f" around it are {_edge_before(schedule, begin).isoformat()} and {as_of.isoformat()}"
        )
    return windows


def _moments_of(name: str, text: str) -> tuple[datetime, datetime]:
    """First and last moment of a date; a single moment counts as both."""
    moment = parse_moment(name, text)
    try:
        date.fromisoformat(text)
    except ValueError:
        return moment, moment
    return moment, moment + timedelta(days=1, microseconds=-1)


def resolve_window(
    schedule: str,
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
        when ``start >= end``, or ``end`` lies in the future, so that rows could still change.
    """
    chosen_end = end or (interval[1] if interval else previous_edge(schedule, run_after))
    chosen_start = start or (
        interval[0] if interval and not end else _edge_before(schedule, chosen_end)
    )
    if chosen_start >= chosen_end:
        raise WindowError(
            f"start {chosen_start.isoformat()} is not before end {chosen_end.isoformat()}:"
            " give a start that lies earlier, or leave it out"
        )
    if chosen_end > now:
        raise WindowError(
            f"end {chosen_end.isoformat()} lies in the future (it is {now.isoformat()}):"
            " rows can still change until then; give an end that has passed"
        )
    return Window(chosen_start, chosen_end)


def _edge_before(schedule: str, moment: datetime) -> datetime:
    if moment < _EARLIEST:
        raise WindowError(
            f"end {moment.isoformat()} lies before {_EARLIEST.date()}, where no schedule reaches:"
            " give a later end, or a start with it"
        )
    edge: datetime = croniter(schedule, moment).get_prev(datetime)
    return edge
