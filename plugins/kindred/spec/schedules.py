"""When a space runs: a cron line in UTC, or one that is read by the clock of a time zone."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter
from pydantic import AfterValidator, WithJsonSchema, WrapValidator
from pydantic_core import PydanticKnownError

from kindred.spec.features import Strict
from kindred.spec.time_zones import known_timezone

FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_FIVE_FIELDS = {"type": "string", "pattern": r"^\s*[^\sRr]\S*(\s+[^\sRr]\S*){4}\s*$"}
_ANY_DAY = ("*", "?")


def _cron_line(value: str) -> str:
    fields = value.split()
    if len(fields) != 5 or not croniter.is_valid(value):
        raise ValueError(f"{value!r} is not a cron line of five fields such as '0 2 * * *'")
    # No name of a month or weekday begins with this letter.
    if drawn := [field for field in fields if field[0] in "Rr"]:
        raise ValueError(
            f"{value!r} has a random field: found {drawn[0]!r}, which would be drawn anew whenever"
            " the times are computed; allowed are fixed ones such as '0 2 * * *'"
        )
    _, _, day, _, weekday = fields
    is_special = "w" in day.lower() or "#" in weekday or "l" in weekday.lower()
    if is_special and day not in _ANY_DAY and weekday not in _ANY_DAY:
        raise ValueError(
            f"{value!r} says both a day of the month and a weekday: found {day!r} and {weekday!r},"
            " of which one would be ignored; beside one with W, # or L, the other must be '*'"
        )
    try:
        croniter(value, FIRST_DAY).get_next()
    except CroniterBadDateError as error:
        raise ValueError(f"{value!r} never occurs; correct its day or month") from error
    return value


def _zone(value: str) -> str:
    return known_timezone(value, "'timezone: Europe/Berlin', or whatever zone the nights end in")


class LocalSchedule(Strict):
    """A cron line that is read by the clock of a time zone.

    A time that the clock skips comes as much later as the clock was put forward; of a time that it
    shows twice, the second counts. Lines of every hour follow the hours and not the clock: they
    lose none and double none.
    """

    cron: Annotated[str, AfterValidator(_cron_line)]
    timezone: Annotated[str, AfterValidator(_zone)]

    def __str__(self) -> str:
        return f"{self.cron} {self.timezone}"


def _read(value: object, _: Callable[[object], Any]) -> str | LocalSchedule:
    if isinstance(value, LocalSchedule):
        return value
    if isinstance(value, Mapping):
        return LocalSchedule.model_validate(value)
    if isinstance(value, str):
        return _cron_line(value)
    raise PydanticKnownError("string_type")


_MAPPING = {
    "type": "object",
    "properties": {
        "cron": {**_FIVE_FIELDS, "examples": ["0 2 * * *"]},
        "timezone": {"type": "string", "examples": ["Europe/Berlin"]},
    },
    "required": ["cron", "timezone"],
    "additionalProperties": False,
}
Schedule = Annotated[
    str | LocalSchedule,
    WrapValidator(_read),
    WithJsonSchema({"anyOf": [_FIVE_FIELDS, _MAPPING]}),
]
"""A cron line of five fields in UTC, or one with its time zone."""


def schedule_of(recorded: str | Mapping[str, str]) -> str | LocalSchedule:
    """A schedule as a build has recorded it; no check is made again."""
    if isinstance(recorded, str):
        return recorded
    return LocalSchedule.model_construct(cron=recorded["cron"], timezone=recorded["timezone"])


def cron_of(schedule: str | LocalSchedule) -> tuple[str, tzinfo]:
    """The cron line of a schedule and the zone of the clock that it is read by."""
    if isinstance(schedule, str):
        return schedule, UTC
    return schedule.cron, ZoneInfo(schedule.timezone)


def local_date(schedule: str | LocalSchedule, as_of: datetime) -> date | None:
    """The date of a moment by the clock of a schedule; None if that is UTC, as by default."""
    return None if isinstance(schedule, str) else as_of.astimezone(cron_of(schedule)[1]).date()
