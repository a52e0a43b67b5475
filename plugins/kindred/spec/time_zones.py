"""Names of time zones in a spec."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from kindred.spec.names import did_you_mean

_NO_ZONES = ("localtime", "posixrules", "posix", "right", "Factory")


def known_timezone(name: str, example: str) -> str:
    """A name as it is; ``example`` shows how to write one where it is blank.

    Raises
    ------
    ValueError
        when it names no time zone, with one that may have been meant.
    """
    if not name.strip():
        raise ValueError(f"{name!r} names no time zone: write {example}")
    if name in _NO_ZONES or name.startswith(("posix/", "right/")):
        raise ValueError(
            f"{name!r} is a file beside the time zones and not the name of one: what it means"
            " differs from server to server; write a name such as Europe/Berlin"
        )
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: 'America'
        raise ValueError(
            f"{name!r} is not a time zone name such as Europe/Berlin{_question(name)}"
        ) from error
    return name


def _question(name: str) -> str:
    """Which zone may be meant: one that is spelt alike, or that of a city."""
    zones = sorted(available_timezones())
    city = name.strip().replace(" ", "_").casefold()
    of_city = [zone for zone in zones if zone.rpartition("/")[2].casefold() == city and "/" in zone]
    return f"; did you mean {of_city[0]!r}?" if of_city else did_you_mean(name, zones)
