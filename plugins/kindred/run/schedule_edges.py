"""The times of a schedule, also where the clock of its time zone changes.

A cron line says what the clock shows, and twice a year that is not enough: a time may be skipped,
or shown twice. Each still gives one moment, the later one of the two offsets: a skipped time
comes as much later as the clock was put forward, and of a time that is shown twice the second
counts, as Airflow has it. A line of every hour follows the hours: both that are shown twice count.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from croniter import croniter

from kindred.errors import WindowError
from kindred.spec.schedules import LocalSchedule, cron_of

_MINUTE = timedelta(minutes=1)
_AROUND = timedelta(hours=26)
"""How far from a change of the clock it matters: no zone has changed it by more than a day."""


def edge_after(schedule: str | LocalSchedule, moment: datetime) -> datetime:
    """The first time of a schedule after a moment, in UTC.

    Raises
    ------
    WindowError
        when there is none within the calendar.
    """
    return _edge(schedule, moment, is_after=True)


def edge_before(schedule: str | LocalSchedule, moment: datetime) -> datetime:
    """The last time of a schedule before a moment, in UTC.

    Raises
    ------
    WindowError
        when there is none within the calendar.
    """
    return _edge(schedule, moment, is_after=False)


def previous_edge(schedule: str | LocalSchedule, moment: datetime) -> datetime:
    """The last time of a schedule at or before a moment, in UTC.

    Raises
    ------
    WindowError
        when there is none within the calendar.
    """
    last = datetime.max.replace(tzinfo=UTC)
    return edge_before(schedule, min(moment, last - timedelta.resolution) + timedelta.resolution)


def _edge(schedule: str | LocalSchedule, moment: datetime, *, is_after: bool) -> datetime:
    try:
        return _nearest(schedule, moment, is_after=is_after)
    except (OverflowError, ValueError) as error:
        raise WindowError(
            f"the schedule '{schedule}' has no time that can be found"
            f" {'after' if is_after else 'before'} {moment.isoformat()}, where the years 1 to 9999"
            " end; give a moment within them"
        ) from error


def _nearest(schedule: str | LocalSchedule, moment: datetime, *, is_after: bool) -> datetime:
    return _found(*cron_of(schedule), moment, is_after)


@lru_cache(maxsize=4096)
def _found(line: str, zone: tzinfo, moment: datetime, is_after: bool) -> datetime:
    """Kept: each night asks of all snapshots again whether they are those of their schedule."""
    # Where the clock jumps, moments are not in the order of what it shows: those within the jump
    # are looked at, too.
    sign = 1 if is_after else -1
    start = _shown(moment, zone).replace(second=0, microsecond=0)
    start -= sign * (_MINUTE + _jump(moment, zone))
    cron = croniter(line, start)
    follow: Callable[..., datetime] = cron.get_next if is_after else cron.get_prev
    follows_hours = len(cron.expanded[1]) == 24 or cron.expanded[1] == ["*"]
    nearest: datetime | None = None
    end = start
    while True:
        shown = follow(datetime)
        if nearest is not None and (shown > end if is_after else shown < end):
            return nearest
        for found in _moments(shown, zone, follows_hours=follows_hours):
            if found > moment if is_after else found < moment:
                chosen = found if nearest is None else (min if is_after else max)(nearest, found)
                nearest = chosen
                end = _shown(nearest, zone) + sign * _jump(nearest, zone)


def _moments(shown: datetime, zone: tzinfo, *, follows_hours: bool) -> set[datetime]:
    """When a clock shows a time, in UTC."""
    local = shown.replace(tzinfo=zone)
    moments = {local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
    if not follows_hours:
        return {max(moments)}
    return {moment for moment in moments if _shown(moment, zone) == shown}


def _shown(moment: datetime, zone: tzinfo) -> datetime:
    """What the clock of a zone shows at a moment."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _jump(moment: datetime, zone: tzinfo) -> timedelta:
    """How far the clock of a zone is put forward or back around a moment."""
    if zone is UTC:
        return timedelta(0)
    around = (moment - _AROUND, moment, moment + _AROUND)
    offsets = [one.astimezone(zone).utcoffset() or timedelta(0) for one in around]
    return max(offsets) - min(offsets)
