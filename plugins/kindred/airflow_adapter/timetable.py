"""The timetable of a schedule with a time zone of its own.

Airflow's own, in 3.3.2, takes a time that the clock has skipped for the time before itself: a
scheduler that comes to such a night after it was due leaves it out, and a manual run of that day
has no interval. So it is only told the times here; what it makes of them is Airflow's.
"""

from datetime import datetime
from typing import Any

from airflow.sdk.timezone import convert_to_utc
from airflow.timetables.interval import CronDataIntervalTimetable

from kindred.run.schedule_edges import edge_after, edge_before
from kindred.spec.schedules import LocalSchedule


class LocalCronTimetable(CronDataIntervalTimetable):
    """Data intervals between the times of a cron line by the clock of a time zone."""

    def _get_next(self, current: datetime) -> Any:
        return convert_to_utc(edge_after(self._schedule, current))

    def _get_prev(self, current: datetime) -> Any:
        return convert_to_utc(edge_before(self._schedule, current))

    @property
    def _schedule(self) -> LocalSchedule:
        # The spec has been checked; the server that reads this may know other zones.
        return LocalSchedule.model_construct(
            cron=self._expression, timezone=str(self._timezone.name)
        )


def timetable_of(schedule: LocalSchedule) -> LocalCronTimetable:
    """The timetable of a DAG with this schedule."""
    return LocalCronTimetable(schedule.cron, schedule.timezone)
