"""Use a session without leaving anything written: for previews of what a task would do."""

from collections.abc import Iterator
from contextlib import contextmanager

from kindred.warehouse.database import Database


@contextmanager
def undone(database: Database) -> Iterator[Database]:
    """What the block does with the session is rolled back at its end, transactions as well."""
    with database.transaction():
        yield _Undone(database.connection, database.guards)
        database.connection.rollback()


class _Undone(Database):
    """A session in whose transaction others are nested; it is rolled back in the end."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; its temporary tables are dropped, as those of a transaction may be."""
        self.run("warehouse/savepoint", savepoint="nested")
        try:
            yield
        except BaseException:
            if not self.connection.closed:
                self.run("warehouse/rollback_to_savepoint", savepoint="nested")
            raise
        self.run("warehouse/drop_temporary_tables")
