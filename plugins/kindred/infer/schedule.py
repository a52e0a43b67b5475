"""The schedule and interval that cover all rows of a table, including the newest."""

from datetime import datetime

from kindred.errors import WindowError
from kindred.infer.proposal import NIGHTLY
from kindred.run.schedule_edges import edge_after, edge_before, previous_edge
from kindred.run.windows import Window
from kindred.spec.schedules import LocalSchedule

HOURLY, MINUTELY = "0 * * * *", "* * * * *"


def schedule_for(newest: datetime | None, now: datetime) -> str:
    """Nightly, or the longest shorter schedule whose last interval includes the newest row.

    Raises
    ------
    WindowError
        when that row lies in the future, or in the current minute.
    """
    if newest is None:
        return NIGHTLY
    _require_past(newest, now)
    for schedule in (NIGHTLY, HOURLY, MINUTELY):
        if edge_after(schedule, newest) <= now:
            return schedule
    raise WindowError("the newest row is from the current minute; try again in a minute")


def window_for(schedule: str | LocalSchedule, newest: datetime | None, now: datetime) -> Window:
    """The interval that ends at the first scheduled time after the newest row.

    Without a newest row, it ends at the last scheduled time.

    Raises
    ------
    WindowError
        when that time, or the row, lies in the future.
    """
    if newest is not None:
        _require_past(newest, now)
    end = previous_edge(schedule, now) if newest is None else edge_after(schedule, newest)
    if end > now:
        raise WindowError(
            f"schedule '{schedule}' includes the newest row only at {end.isoformat()}, which lies"
            f" in the future (it is {now.isoformat()}); give the spec a schedule of shorter"
            " intervals"
        )
    return Window(edge_before(schedule, end), end)


def _require_past(newest: datetime, now: datetime) -> None:
    if newest > now:
        raise WindowError(
            f"the newest row is from {newest.isoformat()}, which lies in the future (it is"
            f" {now.isoformat()}); correct the rows, or name another column"
        )
