"""One column of the source, such as an e-mail address, for the members of an export.

It is read by key when it is exported, and stored nowhere.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg2 import sql

from kindred.errors import PreflightError, SettingsError
from kindred.history import source
from kindred.history.source import SourceColumns
from kindred.history.source_errors import reading, where_of
from kindred.spec.model import Spec
from kindred.spec.names import did_you_mean, listed
from kindred.warehouse import statements
from kindred.warehouse.database import Database


@dataclass(frozen=True)
class SourceColumn:
    """A column of the source of a space, in a session that only reads."""

    origin: Database
    spec: Spec
    columns: SourceColumns
    name: str

    def values(self, keys: Sequence[Any]) -> list[str]:
        """The values of some customers (keys as `KeyType.to_python` gives them), in their order.

        Customers without a value, or who have left the source, are left out.

        Raises
        ------
        PreflightError
            when the source cannot be read.
        """
        own = source.own_columns(self.spec, self.columns)
        key, moment, is_deleted = own[:3]
        ignores_case = self.columns.ignores_case
        texts = [str(key).lower() if ignores_case else str(key) for key in keys]
        key_as_compared = sql.SQL("lower({})").format(key) if ignores_case else key
        has_key = sql.SQL("{} = any(%(keys)s::text[]::{}[])").format(
            key_as_compared, sql.SQL(self.columns.key_type.value)
        )
        query = statements.compose(
            "audiences/select_values",
            key=key_as_compared,
            moment=moment,
            is_deleted=is_deleted,
            column=sql.Identifier(self.name),
            relation=source.relation(self.spec.source),
            has_key=has_key,
            condition=source.condition(self.spec.source),
        )
        parameters = {
            "keys": texts,
            "window_end": datetime.now(UTC).isoformat(),
            "source_timezone": self.spec.source.zone,
        }
        try:
            with reading(self.origin, self.spec.source), self.origin.connection.cursor() as cursor:
                cursor.execute(query, parameters)
                found = dict(cursor.fetchall())
        except UnicodeDecodeError as error:
            raise PreflightError(
                f"{where_of(self.spec.source)}: column {self.name!r} has texts in another encoding"
                " than UTF-8, which its database does not name; convert them in the spec's"
                " 'source.query'"
            ) from error
        return [found[text] for text in texts if text in found]


def source_column(
    origin: Database, spec: Spec, name: str, private: Collection[str]
) -> SourceColumn:
    """The column of the source with this name.

    ``private``: what must not leave the warehouse either.

    Raises
    ------
    SettingsError
        when it is private, or there is no such column.
    PreflightError
        when the source does not suit the spec.
    """
    if name in private:
        raise SettingsError(
            f"--column {name}: the column is private in space {spec.space}; it is never exported"
        )
    if spec.source.events is not None:
        raise SettingsError(
            f"--column {name}: space {spec.space} has no table of customers to read it from, but"
            " events; leave --column out to export the ids"
        )
    found = source.column_types(origin, spec.source)
    if name not in found:
        allowed = sorted(found.keys() - set(private))
        raise SettingsError(
            f"--column {name}: the source has no such column; it has {listed(allowed)}"
            f"{did_you_mean(name, allowed)}"
        )
    return SourceColumn(origin, spec, source.describe(origin, spec), name)
