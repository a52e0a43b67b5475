"""Columns that say when something happened: the moments that they mean, as SQL."""

from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.history.source_errors import SOURCE

MOMENT_TYPES = ("timestamp with time zone", "timestamp without time zone", "date")

# A local time so close to the limits of timestamptz that converting it could overflow is infinite.
_AS_TIMESTAMPTZ = (
    "(case when {{c}} between '4712-01-02 BC' and '294276-01-01' then {moment}"
    " when {{c}} > '2000-01-01' then 'infinity' when {{c}} < '2000-01-01' then '-infinity' end)"
)
_MOMENTS = {
    "timestamp with time zone": "{c}",
    "timestamp without time zone": _AS_TIMESTAMPTZ.format(
        moment="{c} at time zone %(source_timezone)s"
    ),
    # The earlier of two midnights: a day that has begun by the window's end is in the window.
    "date": _AS_TIMESTAMPTZ.format(
        moment="least({c}::timestamp at time zone 'UTC',"
        " {c}::timestamp at time zone %(source_timezone)s)"
    ),
}
# A local time may be up to a day nearer to the years 1 to 9999 than the same time in UTC.
_UNDATED = (
    "case when {c} in ('infinity', '-infinity') then {c}::timestamptz"
    " when {c} < '0001-01-01' then least(greatest({moment}, '4713-01-01 BC'), '0001-12-31 BC')"
    " when {c} >= '10000-01-01' then greatest(least({moment}, '294276-01-01'), '10000-01-02') end"
)
# A condition on the bare column, one day wider than the window, lets the source use its index.
_NEARBY_LOCAL = (
    "{c} between (%(window_start)s::timestamptz at time zone 'UTC') - interval '1 day'"
    " and (%(window_end)s::timestamptz at time zone 'UTC') + interval '1 day'"
)
_NEARBY = {
    "timestamp with time zone": "true",
    "timestamp without time zone": _NEARBY_LOCAL,
    "date": _NEARBY_LOCAL,
}


def moment_of(column: str, type_name: str) -> sql.Composed:
    """The moment that a column of type timestamptz, timestamp or date says.

    Its parameter ``source_timezone`` is the clock of what does not name its own.
    """
    return sql.SQL(_MOMENTS[type_name]).format(c=sql.Identifier(column))


def undated_moment_of(column: str, type_name: str) -> sql.Composed:
    """The moment of a column that is of no year from 1 to 9999, kept apart from all that are.

    An infinite one stays infinite; a finite one that no moment can be becomes the first or last.
    """
    return sql.SQL(_UNDATED).format(c=sql.Identifier(column), moment=moment_of(column, type_name))


def nearby_of(column: str, type_name: str) -> sql.Composed:
    """A condition on the bare column that is true in the window, so that its index is used."""
    return sql.SQL(_NEARBY[type_name]).format(c=sql.Identifier(column))


def within_of(column: str, type_name: str, intervals: list[tuple[str, str]]) -> sql.Composed:
    """A condition on the bare column that is true in each of some intervals, for its index.

    A local time may be that of another interval, so of them it is the whole window of the query.
    """
    if type_name != "timestamp with time zone":
        return nearby_of(column, type_name)
    part = sql.SQL("{c} >= {start}::timestamptz and {c} < {end}::timestamptz")
    name = sql.Identifier(column)
    parts = [part.format(c=name, start=sql.Literal(s), end=sql.Literal(e)) for s, e in intervals]
    return sql.SQL("({})").format(sql.SQL(" or ").join(parts))


def check_moment(
    what: str,
    type_name: str,
    timezone: str | None,
    *,
    section: str = SOURCE,
    other: str = "",
    before: str = "",
) -> None:
    """Reject a column that is no time, or no moment for want of a time zone.

    Raises
    ------
    PreflightError
        with what to write into the spec.
    """
    if type_name not in MOMENT_TYPES:
        raise PreflightError(
            f"{what} is of type {type_name}; allowed are {', '.join(MOMENT_TYPES)}{other}"
        )
    if type_name == "timestamp without time zone" and timezone is None:
        raise PreflightError(
            f"{what} is of type {type_name}, and nothing says which clock it shows: write"
            " 'source_timezone: America/New_York', or whatever zone it is, under"
            f" '{section}' in the spec{before}"
        )
