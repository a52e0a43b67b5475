"""``suppressed``: hashes of the keys of erased customers, who must not land again."""

from dataclasses import dataclass

import numpy as np
from psycopg2 import sql

from kindred.errors import SettingsError
from kindred.history.erasure_key import VARIABLE, ErasureKey
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, Field, RowStream, encode_rows
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType, concatenate_keys

BLOCK_ROWS = 50_000
IGNORES_CASE = "keys_ignore_case"
"""The fact of a build, that the source's keys are equal if they differ in case only."""
_FOLDED = b"\0"  # no key begins with it


def add(database: Database, secret: ErasureKey, key: str) -> None:
    """Record that a customer must not land again."""
    parameters = {
        "key_hash": secret.hash_of(key.encode()),
        "secret_fingerprint": secret.fingerprint,
    }
    database.run("history/add_suppressed", parameters)


def add_folded(database: Database, secret: ErasureKey, folded: str) -> None:
    """Record that a customer must not land again in any case; ``folded`` is in lower case."""
    parameters = {
        "key_hash": _folded_hash(secret, folded.encode()),
        "secret_fingerprint": secret.fingerprint,
    }
    database.run("history/add_suppressed_spelling", parameters)


def ignores_case(database: Database, key_type: KeyType) -> bool:
    """Whether keys that differ in case only are one customer, as the newest build found it."""
    if key_type is not KeyType.TEXT:
        return False
    return bool(database.value("history/does_key_ignore_case", {"fact": IGNORES_CASE}))


def _as_it_is(key: bytes) -> set[bytes]:
    return {key}


def _usual_spellings(key: bytes) -> set[bytes]:
    """A key as it is, and in capitals, in lower case, and with capitals at the start."""
    text = key.decode()
    others = (text.upper(), text.lower(), text.title(), text.capitalize())
    return {key, *(one.encode() for one in others)}


def _folded_hash(secret: ErasureKey, folded: bytes) -> bytes:
    return secret.hash_of(_FOLDED + folded)


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
    folded_hashes: frozenset[bytes] = frozenset()

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
        folded = database.rows("history/read_suppressed_spellings")
        return cls(hashes, secret, folded_hashes=frozenset(bytes(row[0]) for row in folded))

    def clean(
        self,
        database: Database,
        landing: str,
        key_type: KeyType,
        read: str = "history/read_landed_keys",
    ) -> int:
        """Drop rows from a landing table in the transaction that fills it; returns how many.

        ``read`` names the statement that reads the keys to look up. They are hashed here, not in
        the database, since its logs may show what it receives. Where case does not matter, all keys
        are looked up, in any spelling.
        """
        if self.secret is None:
            return 0
        if ignores_case(database, key_type):
            erased = self._erased_spellings(database, landing, self.secret)
        else:
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

    def _erased_spellings(self, database: Database, landing: str, secret: ErasureKey) -> Array:
        """The distinct keys of a landing table that belong to erased customers, in any case.

        Who was erased by a release that knew one spelling only is looked for in the usual ones, and
        known by all of them from then on.
        """
        # Of everybody else the hash in lower case is there, too.
        spellings = _usual_spellings if len(self.hashes) > len(self.folded_hashes) else _as_it_is
        found: list[Array] = []
        learned: set[bytes] = set()

        def look_up(block: list[Array]) -> None:
            keys, folded = (KeyType.TEXT.from_copy(values) for values in block)
            hashes = [_folded_hash(secret, text) for text in folded.tolist()]
            is_known = np.array([one in self.folded_hashes for one in hashes], dtype=bool)
            is_spelled = np.array(
                [
                    any(secret.hash_of(one) in self.hashes for one in spellings(text))
                    for text in keys.tolist()
                ],
                dtype=bool,
            )
            learned.update(folded[is_spelled & ~is_known].tolist())
            found.append(keys[is_known | is_spelled])

        reader = BlockReader([Field.TEXT, Field.TEXT], look_up, block_rows=BLOCK_ROWS)
        database.copy_out(statements.compose("history/read_folded_keys", landing=landing), reader)
        reader.flush()
        for text in sorted(learned):
            add_folded(database, secret, text.decode())
        self.folded_hashes |= {_folded_hash(secret, text) for text in learned}
        return np.unique(concatenate_keys(KeyType.TEXT, found))
