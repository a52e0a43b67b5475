"""SQL expressions that read a source column: one per kind of feature and class of source type.

One table per question: how to convert a raw value for the encoder, and which raw values to reject.
The fragments are one line each; everything longer is in ``include/sql``.
"""

from dataclasses import dataclass
from enum import StrEnum

from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.spec.features import LARGEST_NUMBER, Kind

# The number of digits is limited so that the cast to float8 can neither overflow nor underflow.
# Braces are doubled because the fragments below are format strings.
# Not \d: depending on the database's locale it matches the digits of every script.
NUMBER_PATTERN = (
    "^[+-]?([0-9]{{1,30}}(\\.[0-9]{{0,60}})?|\\.[0-9]{{1,60}})([eE][+-]?[0-9]{{1,2}})?$"
)
# Days that exist, from 1900 to 9999: a cast of any other would end the whole statement.
_LEAP_YEAR = "((19|[2-9][0-9])(0[48]|[2468][048]|[13579][26])|([2468][048]|[3579][26])00)-02-29"
DATE_PATTERN = (
    "^((19|[2-9][0-9])[0-9]{{2}}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    f"|{_LEAP_YEAR})"
    "([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{{1,9}})?)?"
    "(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$"
)


class TypeClass(StrEnum):
    """The classes of source column types that are read differently."""

    INTEGER = "integer"
    FLOAT = "float"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    TEXT = "text"
    MOMENT = "moment"
    OTHER = "other"


_TYPE_CLASSES = {
    "smallint": TypeClass.INTEGER,
    "integer": TypeClass.INTEGER,
    "bigint": TypeClass.INTEGER,
    "real": TypeClass.FLOAT,
    "double precision": TypeClass.FLOAT,
    "numeric": TypeClass.DECIMAL,
    "boolean": TypeClass.BOOLEAN,
    "text": TypeClass.TEXT,
    "character varying": TypeClass.TEXT,
    "bpchar": TypeClass.TEXT,
    "date": TypeClass.MOMENT,
    "timestamp without time zone": TypeClass.MOMENT,
    "timestamp with time zone": TypeClass.MOMENT,
}

_AS_NUMBER = "coalesce({c}::float8, 'NaN')"
_AS_DAYS = "coalesce(extract(epoch from {c})::float8 / 86400, 'NaN')"
_AS_TEXT = "nullif(btrim({c}, E' \\t\\n\\r'), '')"
_AS_CATEGORY = "nullif(btrim({c}::text), '')"
_AS_PRESENCE = "case when " + _AS_TEXT + " is null then 'NaN' else 1::float8 end"

_VALUES: dict[tuple[Kind, TypeClass], str] = {
    (Kind.NUMERIC, TypeClass.INTEGER): _AS_NUMBER,
    (Kind.NUMERIC, TypeClass.FLOAT): _AS_NUMBER,
    # The cast raises an error for values closer to 0 than the smallest float8.
    (Kind.NUMERIC, TypeClass.DECIMAL): (
        "coalesce(case when abs({c}) < 1e-300 then 0 else {c}::float8 end, 'NaN')"
    ),
    (Kind.NUMERIC, TypeClass.BOOLEAN): "coalesce({c}::integer::float8, 'NaN')",
    (Kind.NUMERIC, TypeClass.TEXT): "coalesce(nullif(btrim({c}), '')::float8, 'NaN')",
    (Kind.BOOLEAN, TypeClass.INTEGER): _AS_NUMBER,
    (Kind.BOOLEAN, TypeClass.BOOLEAN): "coalesce({c}::integer::float8, 'NaN')",
    (Kind.BOOLEAN, TypeClass.TEXT): "coalesce(to_flag({c}), 'NaN')",
    (Kind.TEXT, TypeClass.TEXT): _AS_TEXT,
    (Kind.DATE, TypeClass.MOMENT): _AS_DAYS,
    # Sessions are in UTC, so that this is also the meaning of a time without a zone.
    (Kind.DATE, TypeClass.TEXT): (
        "coalesce(extract(epoch from nullif(btrim({c}), '')::timestamptz)::float8 / 86400, 'NaN')"
    ),
} | {(Kind.CATEGORICAL, type_class): _AS_CATEGORY for type_class in TypeClass}

AS_TEXT = (Kind.CATEGORICAL, Kind.TEXT)  # kinds read as text; all others are read as numbers

# Labels are not checked when they land: a value that is not a usable number counts as missing.
_OUTCOMES: dict[TypeClass, tuple[Kind, str]] = {
    TypeClass.INTEGER: (Kind.NUMERIC, _AS_NUMBER),
    TypeClass.FLOAT: (
        Kind.NUMERIC,
        f"case when abs({{c}}) <= {LARGEST_NUMBER} then {{c}}::float8 else 'NaN' end",
    ),
    TypeClass.DECIMAL: (
        Kind.NUMERIC,
        "coalesce(case when abs({c}) < 1e-300 then 0"
        f" when abs({{c}}) <= {LARGEST_NUMBER} then {{c}}::float8 end, 'NaN')",
    ),
    TypeClass.BOOLEAN: (Kind.BOOLEAN, _VALUES[Kind.BOOLEAN, TypeClass.BOOLEAN]),
    TypeClass.MOMENT: (
        Kind.DATE,
        "case when {c} >= '0001-01-01' and {c} < '10000-01-01' then "
        + _AS_DAYS
        + " else 'NaN' end",
    ),
}


@dataclass(frozen=True)
class ColumnExpression:
    """The SQL that reads a column: as text (null if missing) or as float8 (NaN if missing)."""

    kind: Kind
    expression: sql.Composed
    is_text: bool


@dataclass(frozen=True)
class Rule:
    """Which values to reject (an SQL condition), and the reason to report."""

    is_bad: str
    reason: str


_OUT_OF_RANGE = f"not a finite number between -{LARGEST_NUMBER} and {LARGEST_NUMBER}"
_OUTSIDE = Rule(f"not ({{c}} between -{LARGEST_NUMBER} and {LARGEST_NUMBER})", _OUT_OF_RANGE)
_RULES: dict[tuple[Kind, TypeClass], Rule] = {
    (Kind.NUMERIC, TypeClass.FLOAT): _OUTSIDE,
    (Kind.NUMERIC, TypeClass.DECIMAL): _OUTSIDE,
    (Kind.NUMERIC, TypeClass.TEXT): Rule(
        f"case when btrim({{c}}) ~ '{NUMBER_PATTERN}'"
        f" then not (btrim({{c}})::float8 between -{LARGEST_NUMBER} and {LARGEST_NUMBER})"
        " else btrim({c}) <> '' end",
        _OUT_OF_RANGE,
    ),
    (Kind.BOOLEAN, TypeClass.INTEGER): Rule("{c} not in (0, 1)", "not a boolean such as 0 or 1"),
    (Kind.BOOLEAN, TypeClass.TEXT): Rule(
        "btrim({c}) <> '' and to_flag({c}) is null", "not a boolean such as yes/no or true/false"
    ),
    (Kind.DATE, TypeClass.MOMENT): Rule(
        "not ({c} >= '1900-01-01' and {c} < '10000-01-01')", "not a date from 1900 to 9999"
    ),
    (Kind.DATE, TypeClass.TEXT): Rule(
        f"btrim({{c}}) <> '' and btrim({{c}}) !~ '{DATE_PATTERN}'",
        "not a date from 1900 to 9999 such as 2026-03-31",
    ),
}


def type_class_of(type_name: str) -> TypeClass:
    """The class of a type, given its name from ``format_type`` (with the modifier -1)."""
    return _TYPE_CLASSES.get(type_name, TypeClass.OTHER)


def check_kind(column: str, kind: Kind, type_name: str) -> None:
    """Reject a kind that cannot be read from a type.

    Raises
    ------
    PreflightError
        naming the column, its type and the remedies.
    """
    if (kind, type_class_of(type_name)) not in _VALUES:
        raise PreflightError(
            f"column {column!r} is of type {type_name} and cannot be encoded as {kind};"
            " give it another kind in the spec, or cast it in the spec's source query"
        )


def value_expression(column: str, kind: Kind, type_name: str) -> sql.Composed:
    """The expression that reads a raw column: float8 (NaN where missing) or text (null if missing).

    A date becomes days since 1970-01-01, in UTC if its type has a time zone.
    """
    fragment = _VALUES[kind, type_class_of(type_name)]
    return sql.SQL(fragment).format(c=sql.Identifier(column))


def reason_expression(
    column: str, kind: Kind, type_name: str, name: str | None = None
) -> sql.Composed | None:
    """An expression for the reason to reject a landed value (null if it is good).

    None if no value of the type can be bad. ``name``: that of the column for people, if another.
    """
    rule = _RULES.get((kind, type_class_of(type_name)))
    if rule is None:
        return None
    return sql.SQL("case when {is_bad} then {reason} end").format(
        is_bad=sql.SQL(rule.is_bad).format(c=sql.Identifier("landed", column)),
        reason=sql.Literal(f"{name or column}: {rule.reason}"),
    )


def feature_expression(column: str, kind: Kind, type_name: str) -> ColumnExpression:
    """The expression that reads a feature for the encoder."""
    return ColumnExpression(kind, value_expression(column, kind, type_name), kind in AS_TEXT)


def profile_expression(column: str, kind: Kind, type_name: str) -> ColumnExpression:
    """The expression that reads a feature for profiles: for a text, only whether it is present."""
    if kind is not Kind.TEXT:
        return feature_expression(column, kind, type_name)
    is_present = sql.SQL(_AS_PRESENCE).format(c=sql.Identifier(column))
    return ColumnExpression(kind, is_present, is_text=False)


def outcome_expression(column: str, type_name: str) -> ColumnExpression:
    """The expression that reads a label.

    The spec gives labels no kind, so it follows from the type; other types are categories.
    """
    other = (Kind.CATEGORICAL, _AS_CATEGORY)
    kind, fragment = _OUTCOMES.get(type_class_of(type_name), other)
    expression = sql.SQL(fragment).format(c=sql.Identifier(column))
    return ColumnExpression(kind, expression, kind in AS_TEXT)
