"""``suppressed``: hashes of the keys of erased customers, who must not land again."""

from dataclasses import dataclass

import numpy as np
from psycopg2 import sql

from kindred.errors import SettingsError
from kindred.history.erasure_key import VARIABLE, ErasureKey
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, RowStream, encode_rows
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType, concatenate_keys

BLOCK_ROWS = 50_000


def add(database: Database, secret: ErasureKey, key: str) -> None:
    """Record that a customer must not land again."""
    parameters = {
        "key_hash": secret.hash_of(key.encode()),
        "secret_fingerprint": secret.fingerprint,
    }
    database.run("history/add_suppressed", parameters)


def require_same_secret(
    database: Database, secret: ErasureKey, table: statements.Name = "suppressed"
) -> None:
    """Reject a secret that cannot recognise the customers erased so far.

    Raises
    ------
    SettingsError
        when a customer was erased under another secret.
    """
    for fingerprint, count in database.rows("history/key_fingerprints", suppressed=table):
        if fingerprint != secret.fingerprint:
            raise SettingsError(
                f"{VARIABLE}: the secret that is set has fingerprint {secret.fingerprint}, but"
                f" {count} customers were erased under fingerprint {fingerprint}, and would be"
                " landed again; set the earlier value for all workers, then clear this task"
            )


@dataclass
class SuppressionFilter:
    """Drops the rows of erased customers as they arrive; ``customers`` counts those found."""

    hashes: frozenset[bytes]
    secret: ErasureKey | None
    customers: int = 0

    @classmethod
    def of(cls, database: Database) -> "SuppressionFilter":
        """The filter of a space; it needs the secret only if a customer was erased.

        Raises
        ------
        SettingsError
            when the secret is missing or has changed.
        """
        hashes = frozenset(bytes(row[0]) for row in database.rows("history/read_suppressed"))
        if not hashes:
            return cls(hashes, None)
        secret = ErasureKey.from_env()
        require_same_secret(database, secret)
        return cls(hashes, secret)

    def clean(
        self,
        database: Database,
        landing: str,
        key_type: KeyType,
        read: str = "history/read_landed_keys",
    ) -> int:
        """Drop rows from a landing table in the transaction that fills it; returns how many.

        ``read`` names the statement that reads the keys to look up. They are hashed here, not in
        the database, since its logs may show what it receives.
        """
        if self.secret is None:
            return 0
        query = statements.compose(read, landing=landing)
        erased = self._erased_keys(database, query, key_type, self.secret)
        if not len(erased):
            return 0
        keys = f"erased_{landing}"
        database.run("history/create_suppressed_keys", keys=keys)
        rows = encode_rows([key_type.column(erased)])
        database.copy_in(keys, ["customer_id"], RowStream([rows]))
        self.customers = max(self.customers, len(erased))
        return database.run("history/delete_suppressed_rows", landing=landing, keys=keys)

    def _erased_keys(
        self, database: Database, query: sql.Composable, key_type: KeyType, secret: ErasureKey
    ) -> Array:
        """The distinct keys of a query that belong to erased customers."""
        found: list[Array] = []

        def look_up(block: list[Array]) -> None:
            keys = key_type.from_copy(block[0])
            texts = key_type.to_python(keys)
            is_erased = [secret.hash_of(str(text).encode()) in self.hashes for text in texts]
            found.append(keys[np.array(is_erased, dtype=bool)])

        reader = BlockReader([key_type.field], look_up, block_rows=BLOCK_ROWS)
        database.copy_out(query, reader)
        reader.flush()
        return np.unique(concatenate_keys(key_type, found))
