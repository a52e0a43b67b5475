"""``text_embeddings``: the cache of sentence embeddings, by model and hash of the text."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

from kindred.errors import DataError
from kindred.warehouse import statements
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, Column, Field, RowStream, encode_rows
from kindred.warehouse.database import Database

BLANKS = " \t\n\r"  # trimmed from text columns when they are read, see history/column_expressions
HASH_BYTES = 16
BLOCK_ROWS = 10_000


def hashes_of(texts: Sequence[str]) -> Array:
    """The hashes of texts, shape (texts,), in the binary form of uuids (see ``Column``)."""
    digests = [hashlib.sha256(t.strip(BLANKS).encode()).digest()[:HASH_BYTES] for t in texts]
    return np.array(digests, dtype=f"S{HASH_BYTES}")


def has_text(texts: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which texts are neither missing nor blank, and so have an embedding."""
    return np.array([text is not None and bool(text.strip(BLANKS)) for text in texts], dtype=bool)


def find_cached(database: Database, model: str, hashes: Array) -> NDArray[np.bool_]:
    """Which of the hashed texts a model has already embedded, shape (hashes,)."""
    with database.transaction():
        _load_hashes(database, np.unique(hashes))
        blocks = _read_column(database, "encoding/find_cached_texts", Field.UUID, {"model": model})
    return np.isin(hashes, np.concatenate([hashes[:0], *blocks]))


def add(database: Database, model: str, hashes: Array, embeddings: NDArray[np.float32]) -> int:
    """Store embeddings, shape (hashes, d), and commit; return how many were new."""
    rows = encode_rows([Column(Field.UUID, hashes), Column(Field.VECTOR, embeddings)])
    with database.transaction():
        database.run("encoding/create_added_texts")
        database.copy_in("added_embeddings", ["text_hash", "embedding"], RowStream([rows]))
        return database.run("encoding/add_texts", {"model": model})


def fetch(
    database: Database, model: str, texts: NDArray[np.object_], *, dimensions: int = 0
) -> NDArray[np.float32]:
    """Read the embeddings of texts by a model.

    Parameters
    ----------
    database : Database
        A session outside a transaction; the hashes are copied to a temporary table.
    model : str
        Name of the model.
    texts : ndarray of str or None, shape (n,)
        In any order, repeats allowed.
    dimensions : int
        Width of the model's vectors; if 0, it is read from the cache.

    Returns
    -------
    embeddings : ndarray of float32, shape (n, dimensions)
        Zeros for None and for blank texts.

    Raises
    ------
    DataError
        A text has not been embedded.
    """
    is_text = has_text(texts)
    wanted, places = np.unique(hashes_of(texts[is_text].tolist()), return_inverse=True)
    width = dimensions or int(database.value("encoding/text_dimensions", {"model": model}) or 0)
    found = np.zeros((len(wanted), width), dtype=np.float32)
    is_found = np.zeros(len(wanted), dtype=bool)

    def take(block: list[Array]) -> None:
        rows = np.searchsorted(wanted, block[0])
        found[rows], is_found[rows] = block[1], True

    if len(wanted) and width:
        with database.transaction():
            _load_hashes(database, wanted)
            reader = BlockReader(
                [Field.UUID, Field.VECTOR], take, block_rows=BLOCK_ROWS, dimensions=width
            )
            database.copy_out(statements.compose("encoding/fetch_texts"), reader, {"model": model})
            reader.flush()
    if not is_found.all():
        raise DataError(
            f"{int((~is_found).sum())} of {len(wanted)} texts have no embedding by model {model} in"
            " text_embeddings; clear task 'embed_texts', which embeds the missing texts"
        )
    embeddings = np.zeros((len(texts), width), dtype=np.float32)
    embeddings[is_text] = found[places]
    return embeddings


def _load_hashes(database: Database, hashes: Array) -> None:
    """Load distinct hashes into the temporary table that this transaction's queries read."""
    database.run("encoding/create_wanted_texts")
    rows = encode_rows([Column(Field.UUID, hashes)])
    database.copy_in("wanted_texts", ["text_hash"], RowStream([rows]))
    # Without statistics, PostgreSQL may read the whole cache for a few texts.
    database.run("warehouse/analyze_table", table="wanted_texts")


def _read_column(
    database: Database, name: str, field: Field, parameters: dict[str, Any]
) -> list[Array]:
    """The result of a query with one column, in blocks."""
    blocks: list[Array] = []
    reader = BlockReader([field], blocks.extend, block_rows=BLOCK_ROWS)
    database.copy_out(statements.compose(name), reader, parameters)
    reader.flush()
    return blocks


def gather_new(
    database: Database, model: str, text: sql.Composable, customers: sql.Composable
) -> tuple[int, int]:
    """Find the texts of a column that a model has not embedded yet, for some customers.

    ``text`` is the column's SQL expression. Returns the numbers of new and of cached texts. The new
    ones are kept in a temporary table of the session, since they may not fit into memory.
    """
    with database.transaction():
        database.run("warehouse/drop_table", table=("pg_temp", "new_texts"))
        database.run("encoding/create_new_texts")
        database.run("encoding/gather_new_texts", {"model": model}, text=text, customers=customers)
    new, cached = database.row("encoding/count_new_texts") or (0, 0)
    return int(new), int(cached)


def read_new(database: Database, count: int, batch_texts: int) -> Iterator[list[str]]:
    """Yield the ``count`` texts that `gather_new` found, batch by batch."""
    for after in range(0, count, batch_texts):
        bounds = {"after": after, "upto": after + batch_texts}
        blocks = _read_column(database, "encoding/read_new_texts", Field.TEXT, bounds)
        yield [text.decode() for block in blocks for text in block]
    database.run("warehouse/drop_table", table=("pg_temp", "new_texts"))
