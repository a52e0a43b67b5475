"""Rows of ``audience_members``, filled aside; and the keys that draw the control groups."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.control_group import CONTROL, MEMBER, first_key
from kindred.audiences.trained import REASONS
from kindred.segments.clusters import NOISE
from kindred.warehouse import partitions
from kindred.warehouse.copy_writer import (
    Array,
    Column,
    Field,
    RowStream,
    encode_rows,
    moment_column,
)
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

PARENT = "audience_members"
COLUMNS = (
    "as_of",
    "audience",
    "customer_id",
    "rank",
    "score",
    "percentile",
    "probability",
    "tier",
    "role",
    *(f"reason_{place}" for place in range(1, REASONS + 1)),
    "seed_segment",
)


@dataclass(frozen=True, eq=False)
class Members:
    """The members and the control group of one audience, best first.

    ``rows`` int32 (m,): of the snapshot; ``customers`` (m,): keys; ``scores``, ``percentiles``
    float64 (m,); ``probabilities`` float64 (m,), or None; ``is_control`` bool (m,); ``reasons``
    int16 (m, 3): numbers of columns from 0, -1 for none; ``seed_segments`` int32 (m,): labels, -1
    for none. ``sizes`` and ``counts``: the tiers, and how many customers each ends at.
    """

    as_of: datetime
    audience: str
    key_type: KeyType
    rows: NDArray[np.int32]
    customers: Array
    scores: NDArray[np.float64]
    percentiles: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None
    is_control: NDArray[np.bool_]
    reasons: NDArray[np.int16]
    seed_segments: NDArray[np.int32]
    sizes: tuple[float, ...]
    counts: tuple[int, ...]

    def digest(self) -> str:
        """A hash of everything that the rows are made from."""
        digest = hashlib.sha256(repr((self.sizes, self.counts)).encode())
        values = (
            self.customers,
            self.scores,
            self.percentiles,
            *(() if self.probabilities is None else (self.probabilities,)),
            self.is_control,
            self.reasons,
            self.seed_segments,
        )
        for one in values:
            digest.update(f"{one.dtype.str}{one.shape}".encode())
            digest.update(np.ascontiguousarray(one).tobytes())
        return digest.hexdigest()

    def tiers(self) -> NDArray[np.float64]:
        """The smallest size that includes each customer."""
        ranks = np.arange(1, len(self.customers) + 1)
        return np.asarray(self.sizes)[np.searchsorted(self.counts, ranks)]

    def chunks(self, block_rows: int) -> Iterator[bytes]:
        """Encode the rows, some at a time."""
        tiers = self.tiers()
        for start in range(0, len(self.customers), block_rows):
            yield self._encoded(slice(start, start + block_rows), start, tiers)

    def _encoded(self, rows: slice, start: int, tiers: NDArray[np.float64]) -> bytes:
        customers = self.customers[rows]
        count = len(customers)
        is_unknown = np.full(count, self.probabilities is None)
        probabilities = np.zeros(count) if self.probabilities is None else self.probabilities[rows]
        roles = np.where(self.is_control[rows], CONTROL.encode(), MEMBER.encode())
        reasons, segments = self.reasons[rows], self.seed_segments[rows]
        return encode_rows(
            [
                moment_column(self.as_of, count),
                Column(Field.TEXT, np.full(count, self.audience.encode())),
                self.key_type.column(customers),
                Column(Field.INT4, start + 1 + np.arange(count)),
                Column(Field.FLOAT8, self.scores[rows]),
                Column(Field.FLOAT8, self.percentiles[rows]),
                Column(Field.FLOAT8, probabilities, is_unknown),
                Column(Field.FLOAT8, tiers[rows]),
                Column(Field.TEXT, roles),
                *(
                    Column(Field.INT2, reasons[:, place] + 1, reasons[:, place] < 0)
                    for place in range(REASONS)
                ),
                Column(Field.INT4, segments, segments == NOISE),
            ]
        )


def load(
    database: Database, schema: str, members: Members, *, block_rows: int, wait_seconds: float
) -> int:
    """Fill the part of one audience aside, exactly once; returns its rows."""
    return _load_part(
        database,
        schema,
        members.as_of,
        members.audience,
        members.digest(),
        RowStream(members.chunks(block_rows)),
        wait_seconds,
    )


def load_nobody(
    database: Database, schema: str, as_of: datetime, audience: str, *, wait_seconds: float
) -> None:
    """Fill the part of an audience that has no members: what an earlier try loaded goes."""
    _load_part(database, schema, as_of, audience, "nobody", RowStream([]), wait_seconds)


def _load_part(
    database: Database,
    schema: str,
    as_of: datetime,
    audience: str,
    digest: str,
    rows: RowStream,
    wait_seconds: float,
) -> int:
    return partitions.load_part(
        database,
        schema,
        PARENT,
        as_of,
        part=audience,
        digest=digest,
        fill=lambda table: database.copy_in(table, COLUMNS, rows),
        delete_part=lambda table: database.run(
            "audiences/delete_members", {"audience": audience}, table=table
        ),
        wait_seconds=wait_seconds,
    )


def key_of(database: Database, space: str, audience: str) -> bytes:
    """The key of an audience's control group; the first call stores it."""
    given = {"audience": audience, "key": first_key(space, audience)}
    return bytes(database.value("audiences/key_of", given))
