"""Whether a landed row says the same as a version of its customer, as SQL."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from psycopg2 import sql

from kindred.history.column_expressions import TypeClass, type_class_of
from kindred.warehouse import statements

# How the server writes a stored value as a narrower type of the source: as ``alter column type``
# does, and unchanged where it would overflow.
_ROUNDED = {"numeric": "round({c})", "real": "round({c}::float8)"}
_ROUNDED["double precision"] = "round({c})"
_NARROWED = {
    (wider, narrower): fragment
    for wider, fragment in _ROUNDED.items()
    for narrower in ("smallint", "integer", "bigint")
} | {
    ("double precision", "real"): (
        "case when abs({c}) between 1.2e-38 and 3.4e38 then {c}::real::float8 else {c} end"
    ),
    ("text", "bpchar"): "{c}::bpchar",
    ("character varying", "bpchar"): "{c}::bpchar",
}


@dataclass(frozen=True)
class Comparison:
    """Compares ``landed`` rows with a ``version``.

    ``types``: the columns of the history; ``landed_types``: those of the landing table, which may
    be narrower; ``gained``: columns that the version may lack, since the spec did when it landed;
    ``is_full``: the whole source has been read again.
    """

    types: dict[str, str]
    landed_types: Mapping[str, str]
    gained: Collection[str]
    is_full: bool = False

    def row(self, alias: str) -> sql.Composed:
        """Payload and tombstone of a landed row."""
        values = (sql.Identifier(alias, column) for column in self.types)
        return self._compared(alias, values)

    def version(self, *, fills: bool) -> sql.Composed:
        """Payload and tombstone of a version; ``fills``: what it may lack is the landed value."""
        return self._compared("version", (self._stored(column, fills) for column in self.types))

    def _stored(self, column: str, fills: bool) -> sql.Composable:
        name = sql.Identifier("version", column)
        fragment = _NARROWED.get((self.types[column], self.landed_types.get(column, "")), "{c}")
        stored = sql.SQL(fragment).format(c=name)
        if not (fills and column in self.gained):
            return stored
        return sql.SQL("coalesce({}, {})").format(stored, sql.Identifier("landed", column))

    def _compared(self, alias: str, values: Iterable[sql.Composable]) -> sql.Composed:
        """Types that may lack an equality operator are cast to text."""
        parts: list[sql.Composable] = [sql.Identifier(alias, "is_deleted")]
        for value, type_name in zip(values, self.types.values(), strict=True):
            cast = "({})::text" if type_class_of(type_name) is TypeClass.OTHER else "{}"
            parts.append(sql.SQL(cast).format(value))
        return statements.comma_separated(parts)
