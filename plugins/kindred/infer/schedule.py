"""Which interval of a schedule holds all rows of a table, the newest one included."""

from datetime import datetime, timedelta

from croniter import croniter

from kindred.errors import WindowError
from kindred.infer.proposal import NIGHTLY
from kindred.run.windows import Window, previous_edge

HOURLY, MINUTELY = "0 * * * *", "* * * * *"


def schedule_for(newest: datetime | None, now: datetime) -> str:
    """Nightly, or what is needed to take in the newest row by now.

    Raises
    ------
    WindowError
        when that row lies in the future, or in this very minute.
    """
    if newest is None:
        return NIGHTLY
    for schedule in (NIGHTLY, HOURLY, MINUTELY):
        if _edge_after(schedule, newest) <= now:
            return schedule
    if newest > now:
        raise WindowError(
            f"the newest row is of {newest.isoformat()}, which lies in the future (it is"
            f" {now.isoformat()}); correct the rows, or name another column"
        )
    raise WindowError("the newest row is of this very minute; try again in a minute")


def window_for(schedule: str, newest: datetime | None, now: datetime) -> Window:
    """The interval that ends at the first edge after the newest row; without one, the last edge.

    Raises
    ------
    WindowError
        when that edge lies in the future.
    """
    end = previous_edge(schedule, now) if newest is None else _edge_after(schedule, newest)
    if end > now:
        raise WindowError(
            f"schedule {schedule!r} takes in the newest row at {end.isoformat()} only, which lies"
            f" in the future (it is {now.isoformat()}); give the spec a schedule of shorter"
            " intervals"
        )
    start: datetime = croniter(schedule, end).get_prev(datetime)
    return Window(start, end)


def _edge_after(schedule: str, moment: datetime) -> datetime:
    # An edge is a whole minute, and a fraction of a second must not be lost on the way to it.
    edge: datetime = croniter(schedule, moment - timedelta(microseconds=1)).get_next(datetime)
    while edge <= moment:
        edge = croniter(schedule, edge).get_next(datetime)
    return edge
