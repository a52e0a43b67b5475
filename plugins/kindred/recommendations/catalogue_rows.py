"""The catalogue of items: its landing, and what it says as of a moment."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.events.stored_names import MAX_VALUE_BYTES
from kindred.history import source
from kindred.history.rejection import BLANKS
from kindred.history.source_errors import reading, storing, where_of
from kindred.run.context import Run
from kindred.spec.events import Catalogue
from kindred.spec.model import Spec
from kindred.warehouse import statements
from kindred.warehouse.copy_pipe import pipe
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)

SECTION = "recommendations.catalogue"
"""How messages name its part of the spec."""
COLUMNS = ("item", "name", "is_available")


@dataclass(frozen=True)
class Listing:
    """What the catalogue says of some items.

    ``names`` object (items,): str, None without one; ``available`` bool (items,); ``landed_at``:
    when it landed, None where no catalogue had: then all items are available, without names.
    """

    names: NDArray[np.object_]
    available: NDArray[np.bool_]
    landed_at: datetime | None


def check_catalogue(database: Database, catalogue: Catalogue) -> int:
    """Check the catalogue's table and columns; return the number of columns that are read.

    Raises
    ------
    PreflightError
        when it cannot be read, lacks a column, or ``available`` is not boolean.
    """
    found = source.column_types(database, catalogue, SECTION)
    roles = {"key": catalogue.key, "name": catalogue.name, "available": catalogue.available}
    named = {column: role for role, column in roles.items() if column is not None}
    if missing := source.missing_columns(named, found):
        where = where_of(catalogue, SECTION)
        raise PreflightError("\n".join(f"{where}: {problem}" for problem in missing))
    type_name = found[catalogue.available][0] if catalogue.available is not None else "boolean"
    if type_name != "boolean":
        raise PreflightError(
            f"{where_of(catalogue, SECTION)}: column {catalogue.available!r}, which says whether an"
            f" item is available, is of type {type_name}; boolean is allowed: cast it in a"
            " 'catalogue.query'"
        )
    with reading(database, catalogue, SECTION):
        source.plan(database, _query(catalogue), {})
    return len(named)


def hidden_rows(database: Database, catalogue: Catalogue) -> str | None:
    """What `source.hidden_by_policy` says of the items."""
    return source.hidden_by_policy(database, _query(catalogue), {})


def extract_catalogue(
    run: Run, origin: Database, warehouse: Database, catalogue: Catalogue, *, may_land: bool
) -> int:
    """Read the catalogue into a landing table, if the run's window brings it; returns the rows.

    It describes the present, so it lands with the newest window, or with the fit before a backfill.
    The dates of a backfill land none, or the tables would depend on their order.
    """
    table = landing_table(run.slug)
    warehouse.run("warehouse/drop_table", table=table)
    parameters = {
        "as_of": run.as_of,
        "again": run.full_extract,
        "definition": _definition(catalogue),
    }
    if not may_land or not warehouse.value("recommendations/needs_catalogue", parameters):
        return 0
    with reading(origin, catalogue, SECTION), warehouse.transaction(), storing(catalogue, SECTION):
        warehouse.run("recommendations/create_landing", table=table)
        rows = pipe(
            lambda sink: origin.copy_out(_query(catalogue), sink, {}),
            lambda stream: warehouse.copy_in(table, COLUMNS, stream),
        )
    log.info("read %d rows of the catalogue", rows)
    return rows


def land_catalogue(run: Run, warehouse: Database, catalogue: Catalogue) -> int:
    """Land what `extract_catalogue` has read; returns the versions that are new.

    An empty catalogue is not believed: the last one that has landed still holds.
    """
    table = landing_table(run.slug)
    if not warehouse.has_table(table):
        return 0
    with run.locked(warehouse, Resource.EXTRACT), warehouse.transaction():
        end = {"as_of": run.as_of, "most_bytes": MAX_VALUE_BYTES}
        items, surplus = warehouse.rows("recommendations/count_catalogue", end, table=table)[0]
        changed = 0
        if items:
            warehouse.run("recommendations/delete_landing", end)
            changed = warehouse.run("recommendations/land_catalogue", end, table=table)
            landed = {**end, "definition": _definition(catalogue), "items": items}
            warehouse.run("recommendations/record_catalogue", landed)
        warehouse.run("warehouse/drop_table", table=table)
    if not items:
        log.warning(
            "%s is empty: the last catalogue that has landed is kept", where_of(catalogue, SECTION)
        )
    if surplus:
        log.warning(
            "%s: %d rows name no item, one twice, or one longer than %d bytes",
            where_of(catalogue, SECTION),
            surplus,
            MAX_VALUE_BYTES,
        )
    log.info("%d items of the catalogue, %d are new or have changed", items, changed)
    return changed


def drop_catalogue(warehouse: Database, run: Run) -> None:
    """Drop what `extract_catalogue` has read, which nobody will land."""
    warehouse.run("warehouse/drop_table", table=landing_table(run.slug))


def landing_table(slug: str) -> str:
    """The table of the catalogue that a run has read."""
    return f"landing_catalogue_{slug}"


def listing_of(database: Database, spec: Spec, items: NDArray[np.str_], as_of: datetime) -> Listing:
    """What the catalogue says of items as of a moment; one that it does not have is unavailable."""
    nameless = np.full(len(items), None, dtype=object)
    everything = Listing(nameless, np.ones(len(items), dtype=np.bool_), None)
    if spec.recommendations is None or spec.recommendations.catalogue is None:
        return everything
    landed_at = database.value("recommendations/newest_catalogue", {"as_of": as_of})
    if landed_at is None:
        log.warning(
            "no catalogue had landed as of %s: items have no names, and all count as available",
            as_of.isoformat(),
        )
        return everything
    names, available = nameless, np.zeros(len(items), dtype=np.bool_)
    known = {item: rest for item, *rest in _versions(database, as_of)}
    for position, item in enumerate(items.tolist()):
        names[position], available[position] = known.get(item, (None, False))
    if len(items) and not any(item in known for item in items.tolist()):
        log.warning(
            "the catalogue has none of the %d items that were bought, such as %r: nothing can be"
            " recommended; its key must be written as in the events",
            len(items),
            items[0],
        )
    return Listing(names, available, landed_at)


def _versions(database: Database, as_of: datetime) -> Iterator[tuple[str, str | None, bool]]:
    yield from database.rows("recommendations/read_catalogue", {"as_of": as_of})


def _query(catalogue: Catalogue) -> sql.Composed:
    name, available = sql.SQL("null::text"), sql.SQL("true")
    return statements.compose(
        "recommendations/select_catalogue",
        # As the item of an event is read.
        key=sql.SQL("nullif(btrim({}::text, {}), '')").format(_id(catalogue.key), sql.SQL(BLANKS)),
        name=name if catalogue.name is None else sql.SQL("{}::text").format(_id(catalogue.name)),
        available=available
        if catalogue.available is None
        else sql.SQL("coalesce({}, false)").format(_id(catalogue.available)),
        relation=source.relation(catalogue),
        condition=source.condition(catalogue, SECTION),
    )


def _id(column: str) -> sql.Identifier:
    return sql.Identifier("source_rows", column)


def _definition(catalogue: Catalogue) -> str:
    return hashlib.sha256(catalogue.model_dump_json().encode()).hexdigest()[:16]
