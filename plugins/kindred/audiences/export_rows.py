"""Rows of exports: what was taken, by whom, and the customers, frozen for comparison later."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from psycopg2 import sql
from psycopg2.extras import Json

from kindred.audiences.hashing import Hashing
from kindred.audiences.results import LATE_DAYS
from kindred.audiences.status import Status
from kindred.errors import DataError
from kindred.history.snapshot_customers import Customers
from kindred.history.suppression import SuppressionFilter
from kindred.run.builds import one_line
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, RowStream, encode_rows
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

log = logging.getLogger(__name__)

EXPORTED, EXCLUDED = "exported_customers", "excluded_customers"
KEYS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Exportable:
    """An audience of a published snapshot; ``sizes`` are shares of the pool, ascending."""

    name: str
    as_of: datetime
    sizes: tuple[float, ...]
    settings: dict[str, Any]
    used_columns: tuple[str, ...]

    def size_of(self, tier: float) -> float:
        """The size that a tier names.

        Raises
        ------
        DataError
            when the audience has no such size.
        """
        for size in self.sizes:
            if abs(size - tier) < 1e-9:
                return size
        sizes = ", ".join(f"{100 * size:g}%" for size in self.sizes)
        raise DataError(
            f"--tier {100 * tier:g}%: audience {self.name!r} has the sizes {sizes} in snapshot"
            f" {self.as_of.isoformat()}; give one of them"
        )


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported, and who asks for it.

    ``column``: of the source, None for the ids; ``destination``: where it goes, for the record.
    """

    audience: str
    tier: float
    hashing: Hashing
    exported_by: str
    exported_at: datetime
    destination: str
    as_of: datetime | None = None
    column: str | None = None


@dataclass(frozen=True)
class ExportRecord:
    """What is recorded of an export; ``lines`` and ``digest`` once its file has been written."""

    number: int
    members: int
    control: int
    left_out: int
    lines: int | None = None
    digest: str | None = None


def find_exportable(database: Database, name: str, as_of: datetime | None) -> Exportable:
    """An audience as it is published: in the current snapshot, or in that of ``as_of``.

    Raises
    ------
    DataError
        when it is not, with what became of it.
    """
    row = database.row("audiences/exportable", {"audience": name, "as_of": as_of})
    if row is None:
        which = "no snapshot" if as_of is None else f"no snapshot {as_of.isoformat()}"
        raise DataError(f"audience {name!r}: {which} is published in this space")
    found_as_of, status, reason, sizes, settings, used_columns, is_private = row
    where = f"audience {name!r}: snapshot {found_as_of.isoformat()}"
    if status is None:
        raise DataError(f"{where} has no such audience; 'kindred audience' lists them")
    if status != Status.PUBLISHED:
        raise DataError(f"{where} has no members of it: {status}: {reason}")
    if is_private:
        raise DataError(
            f"{where} shows no members of it: they depend on a column that is private; run the date"
            " again without that column"
        )
    return Exportable(name, found_as_of, tuple(sizes), settings, tuple(used_columns))


def members_query(audience: Exportable) -> Customers:
    """A query for the members and the control group of an audience."""
    return statements.compose(
        "audiences/members_of",
        as_of=sql.Literal(audience.as_of.isoformat()),
        audience=sql.Literal(audience.name),
    )


def private_names(database: Database) -> frozenset[str]:
    """The columns that readers may know nothing of."""
    return frozenset(database.value("audiences/private_names") or ())


def freeze(
    database: Database,
    request: ExportRequest,
    audience: Exportable,
    excluded: Array,
    key_type: KeyType,
) -> ExportRecord:
    """Record an export as unfinished, with its customers as they are from now on.

    ``excluded``: the keys of those who must be in no export now. Whoever was erased is left out
    too. The caller must share ``Resource.ERASURE``.

    Raises
    ------
    DataError
        when nobody is left to export; nothing is recorded.
    SettingsError
        when customers were erased under a secret that is not set here.
    """
    outcome = audience.settings.get("outcome")
    with database.transaction():
        left_out = _gather(database, request, audience, excluded, key_type)
        row = database.row(
            "audiences/begin_export",
            {
                **_key(request, audience),
                "exported_at": request.exported_at,
                "exported_by": request.exported_by,
                "destination": request.destination,
                "column": request.column,
                "hashing": request.hashing,
                "left_out": left_out,
                "outcome": None if outcome is None else Json(outcome),
                "used_columns": list(audience.used_columns),
            },
            exported=EXPORTED,
        )
        number, members, control = row or (0, 0, 0)
        if not members:
            raise DataError(
                f"audience {audience.name!r}: nobody is left to export in the tier of"
                f" {100 * request.tier:g}% (control group: {control}; erased or excluded since:"
                f" {left_out})"
            )
        database.run("audiences/freeze_exported", {"number": number}, exported=EXPORTED)
    return ExportRecord(number, members, control, left_out)


def is_current(
    database: Database,
    record: ExportRecord,
    request: ExportRequest,
    audience: Exportable,
    excluded: Array,
    key_type: KeyType,
) -> bool:
    """Whether an export would have the same members and control group now as it had then."""
    with database.transaction():
        _gather(database, request, audience, excluded, key_type)
        frozen = {"number": record.number, "customers": record.members + record.control}
        is_same = database.value("audiences/is_same_export", frozen, exported=EXPORTED)
    return bool(is_same)


def _key(request: ExportRequest, audience: Exportable) -> dict[str, Any]:
    return {"as_of": audience.as_of, "audience": audience.name, "tier": request.tier}


def _gather(
    database: Database,
    request: ExportRequest,
    audience: Exportable,
    excluded: Array,
    key_type: KeyType,
) -> int:
    """Put into `EXPORTED`, for the transaction, who may be exported; returns who may not."""
    suppression = SuppressionFilter.of(database)
    database.run("audiences/create_exported", _key(request, audience), exported=EXPORTED)
    left_out = suppression.clean(database, EXPORTED, key_type, read="audiences/read_exported_keys")
    return left_out + _exclude(database, excluded, key_type)


def _exclude(database: Database, excluded: Array, key_type: KeyType) -> int:
    """Delete customers from those that are about to be exported; returns how many."""
    if not len(excluded):
        return 0
    database.run("history/create_suppressed_keys", keys=EXCLUDED)
    blocks = range(0, len(excluded), KEYS_AT_ONCE)
    rows = (encode_rows([key_type.column(excluded[i : i + KEYS_AT_ONCE])]) for i in blocks)
    database.copy_in(EXCLUDED, ["customer_id"], RowStream(rows))
    return database.run("history/delete_suppressed_rows", landing=EXPORTED, keys=EXCLUDED)


def read_members(
    database: Database,
    number: int,
    key_type: KeyType,
    on_block: Callable[[Sequence[Any]], None],
) -> None:
    """Pass on the keys of an export's members, ascending, in blocks of ``KEYS_AT_ONCE``."""

    def decode(values: list[Array]) -> None:
        on_block(key_type.to_python(key_type.from_copy(values[0])))

    reader = BlockReader([key_type.field], decode, block_rows=KEYS_AT_ONCE)
    query = statements.compose("audiences/read_exported")
    database.copy_out(query, reader, {"number": number})
    reader.flush()


def find_written(
    database: Database, request: ExportRequest, audience: Exportable
) -> ExportRecord | None:
    """The newest export of the same members to the same place whose end was not recorded."""
    row = database.row(
        "audiences/written_export",
        {
            "audience": audience.name,
            "as_of": audience.as_of,
            "tier": request.tier,
            "destination": request.destination,
            "column": request.column,
            "hashing": request.hashing,
        },
    )
    return None if row is None else ExportRecord(*row)


def record_written(database: Database, number: int, lines: int, digest: str) -> None:
    """Record what the file holds; it has no name yet."""
    written = {"number": number, "lines": lines, "digest": digest}
    database.run("audiences/record_written", written)


def finish(database: Database, number: int) -> None:
    """Record that the export is complete."""
    database.run("audiences/finish_export", {"number": number})


def delete_old_exported(
    database: Database,
    as_of: datetime,
    keep_days: int,
    outcomes: Mapping[str, Mapping[str, Any] | None] = MappingProxyType({}),
) -> int:
    """Delete the customers of old exports that no result needs any more; returns how many.

    An export and its counts stay. ``keep_days``: days for which its customers are kept at least, 0
    for ever; they are kept in any case until what happened to them has been counted for good, by
    the outcome of the export or, if it was made without one, by that of ``outcomes``, the files as
    they are now.
    """
    if not keep_days:
        return 0
    days = {name: outcome["days"] for name, outcome in outcomes.items() if outcome is not None}
    parameters = {"as_of": as_of, "kept_days": keep_days, "late_days": LATE_DAYS}
    found = database.rows("audiences/delete_exported", {**parameters, "days": json.dumps(days)})
    for number, customers, is_counted in found:
        log.info(
            "the %d customers of export %d are deleted, %d days after it: %s",
            customers,
            number,
            keep_days,
            "its results stay" if is_counted else "no outcome was ever counted for it",
        )
    return sum(customers for _, customers, _ in found)


def record_failure(database: Database, number: int, failure: str) -> None:
    """Record in one line why the export is unfinished."""
    database.run("audiences/fail_export", {"number": number, "failure": one_line(failure)})
