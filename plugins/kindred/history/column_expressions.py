"""What a column's values mean: how each kind of feature is read from each kind of source type.

One table a question: how a raw value becomes what the encoder takes, and which raw values cannot.
The fragments are one line each; everything longer stands in ``include/sql``.
"""

from dataclasses import dataclass
from enum import StrEnum

from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.spec.features import Kind

LARGEST_NUMBER = "1e37"  # vectors are float32, whose largest value is 3.4e38
# Digits are bounded, so that the cast to float8 can neither overflow nor underflow; braces are
# doubled, because the fragments below are format strings.
# Of digits \d would find those of every script, by the locale of the database.
NUMBER_PATTERN = (
    "^[+-]?([0-9]{{1,30}}(\\.[0-9]{{0,60}})?|\\.[0-9]{{1,60}})([eE][+-]?[0-9]{{1,2}})?$"
)


class TypeClass(StrEnum):
    """What matters of a source column's type."""

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
    # The cast refuses what is nearer to 0 than a float8 can be.
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
} | {(Kind.CATEGORICAL, type_class): _AS_CATEGORY for type_class in TypeClass}

AS_TEXT = (Kind.CATEGORICAL, Kind.TEXT)  # what is read as text; all else is read as a number

# Labels are not held against a rule when they land: what is no number is missing.
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
    """How a column comes out of the warehouse: as text, or as a number, NaN where missing."""

    kind: Kind
    expression: sql.Composed
    is_text: bool


@dataclass(frozen=True)
class Rule:
    """Which values cannot be used (an SQL condition), and how that is said."""

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
}


def type_class_of(type_name: str) -> TypeClass:
    """The class of a type as ``format_type`` names it (with the modifier -1)."""
    return _TYPE_CLASSES.get(type_name, TypeClass.OTHER)


def check_kind(column: str, kind: Kind, type_name: str) -> None:
    """Refuse a kind that makes no sense of a type.

    Raises
    ------
    PreflightError
        naming the column, its type and what could be done.
    """
    if (kind, type_class_of(type_name)) not in _VALUES:
        raise PreflightError(
            f"column {column!r} is of type {type_name} and cannot be encoded as {kind};"
            " give it another kind in the spec, or cast it in the spec's source query"
        )


def value_expression(column: str, kind: Kind, type_name: str) -> sql.Composed:
    """How a raw column is read: float8 (NaN where missing), or text (null where missing).

    A date is read as days since 1970-01-01, at UTC where it has a time zone.
    """
    fragment = _VALUES[kind, type_class_of(type_name)]
    return sql.SQL(fragment).format(c=sql.Identifier(column))


def reason_expression(column: str, kind: Kind, type_name: str) -> sql.Composed | None:
    """The reason why a landed value is bad, else null, as an expression; None if none is bad."""
    rule = _RULES.get((kind, type_class_of(type_name)))
    if rule is None:
        return None
    return sql.SQL("case when {is_bad} then {reason} end").format(
        is_bad=sql.SQL(rule.is_bad).format(c=sql.Identifier("landed", column)),
        reason=sql.Literal(f"{column}: {rule.reason}"),
    )


def feature_expression(column: str, kind: Kind, type_name: str) -> ColumnExpression:
    """How a feature is read to be encoded."""
    return ColumnExpression(kind, value_expression(column, kind, type_name), kind in AS_TEXT)


def profile_expression(column: str, kind: Kind, type_name: str) -> ColumnExpression:
    """How a feature is read to be profiled: of a text only whether there is one."""
    if kind is not Kind.TEXT:
        return feature_expression(column, kind, type_name)
    return ColumnExpression(
        kind, sql.SQL(_AS_PRESENCE).format(c=sql.Identifier(column)), is_text=False
    )


def outcome_expression(column: str, type_name: str) -> ColumnExpression:
    """How a label is read, whose kind no spec tells: by its type, all else as a category."""
    other = (Kind.CATEGORICAL, _AS_CATEGORY)
    kind, fragment = _OUTCOMES.get(type_class_of(type_name), other)
    expression = sql.SQL(fragment).format(c=sql.Identifier(column))
    return ColumnExpression(kind, expression, kind in AS_TEXT)
