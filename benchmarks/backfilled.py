"""The result of a backfill in its space, and how ``_current`` moved while it ran."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from psycopg2 import sql

from benchmarks.processes import run_file
from kindred.publication.table_hash import HashSink, table_hashes
from kindred.run.context import Deployment
from kindred.segments.identity.relink import Change, relink
from kindred.spec.model import Spec
from kindred.warehouse.database import Database

# Ids, lineage and names depend on the order of the dates until they are relinked.
LINKS = {
    "ids": "select as_of, algorithm, customer_id, cluster_id, nearest_cluster_id"
    " from {bi}.clusters order by 1, 2, 3",
    "births": "select algorithm, cluster_id, born_as_of, birth_order"
    " from {space}.cluster_ids order by 1, 2",
    "lineage": "select to_jsonb(l)::text from {bi}.cluster_lineage as l order by 1",
    "names": "select as_of, algorithm, label, cluster_id, name"
    " from {bi}.cluster_summary order by 1, 2, 3",
}
MOVES = "select as_of from public.current_moves where space_schema = %s order by number"
PUBLISHED = (
    "select as_of, customers, rows_landed from {bi}.snapshots where status = 'published'"
    " order by as_of"
)
CURRENT = "select min(as_of), max(as_of) from {bi}.lookalikes_current"


@dataclass(frozen=True)
class Backfilled:
    """The space of a spec in a warehouse."""

    deployment: Deployment
    spec: Spec

    @contextmanager
    def session(self) -> Iterator[Database]:
        """A session in the space's schema."""
        schema = self.spec.internal_schema
        with self.deployment.warehouse(f"kindred {self.spec.space} backfilled", schema) as database:
            yield database

    def query(self, text: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query with ``{bi}`` and ``{space}`` for the schemas."""
        with self.session() as database, database.connection.cursor() as cursor:
            cursor.execute(self._named(text), parameters)
            return cursor.fetchall()

    def watch(self) -> None:
        """Record from now on where the pointer to the current snapshot moves."""
        conninfo = self.deployment.connections("kindred_warehouse")
        run_file(conninfo, "watch_current", schema=self.spec.internal_schema)

    def moves(self) -> list[datetime]:
        """The snapshots that have become current since, in order."""
        return [as_of for (as_of,) in self.query(MOVES, [self.spec.internal_schema])]

    def published(self) -> dict[datetime, tuple[int, int]]:
        """Customers and landed rows of every published snapshot, as BI sees them."""
        return {as_of: (customers, rows) for as_of, customers, rows in self.query(PUBLISHED)}

    def current(self) -> set[datetime]:
        """The snapshots that have rows in ``bi.lookalikes_current``."""
        return set(self.query(CURRENT)[0])

    def hashes(self) -> dict[str, str]:
        """What ``kindred hash`` prints."""
        with self.session() as database:
            return table_hashes(database)

    def links(self) -> dict[str, str]:
        """Hashes of ids, births, lineage and names."""
        found = {}
        for name, text in LINKS.items():
            sink = HashSink()
            with self.session() as database:
                database.copy_out(self._named(text), sink)
            found[name] = sink.digest.hexdigest()
        return found

    def relink(self) -> list[Change]:
        """Run ``kindred relink``; return its changes."""
        return relink(self.deployment, self.spec)

    def _named(self, text: str) -> sql.Composed:
        schemas = {"bi": self.spec.bi_schema, "space": self.spec.internal_schema}
        names = {name: sql.Identifier(schema) for name, schema in schemas.items()}
        return sql.SQL(text).format(**names)


def moves_back(moves: Sequence[datetime]) -> int:
    """How often an older snapshot has replaced a newer one."""
    return sum(after < before for before, after in pairwise(moves))


def others(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """The names whose hashes differ from the expected ones."""
    return [name for name in expected if found.get(name) != expected[name]]
