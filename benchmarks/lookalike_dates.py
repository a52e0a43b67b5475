"""Dates of the lookalike table, built and published as by the tasks, from random neighbours."""

import itertools
import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from benchmarks.generations import SEED, SPEC
from kindred.artefacts.folder import ArtefactFolder
from kindred.lookalikes.lookalike_rows import PARENT, Lookalikes, load_part
from kindred.neighbours.results import NeighbourGraph
from kindred.publication import promotion
from kindred.publication.task import COUNTS
from kindred.run import builds
from kindred.segments.profiles.profile_rows import Profiles
from kindred.serving.generations import StagedEmbeddings
from kindred.warehouse import partitions
from kindred.warehouse.database import Database, connect
from kindred.warehouse.keys import KeyType

SHARD_ROWS = 250_000
BLOCK_ROWS = 50_000
MEMORY_MB = 256
FIRST_DATE = datetime(2026, 1, 1, 2, tzinfo=UTC)


def make_lookalikes(n: int, k: int) -> dict[str, np.ndarray]:
    """Random neighbours other than the customer itself, with ascending distances."""
    random = np.random.default_rng(SEED)
    steps = np.sort(random.integers(1, n - k + 1, (n, k), dtype=np.int32), axis=1) + np.arange(
        k, dtype=np.int32
    )
    neighbours = ((np.arange(n, dtype=np.int32)[:, None] + steps) % n).astype(np.int32)
    distances = np.sort(random.random((n, k), dtype=np.float32), axis=1)
    return {"neighbours": neighbours, "distances": distances, "customers": np.arange(1, n + 1)}


@dataclass(frozen=True)
class Place:
    """The database of a date, and the folder of its arrays."""

    dsn: str
    root: str
    as_of: datetime
    customers: int

    @property
    def parts(self) -> int:
        """The number of mapped tasks that load it."""
        return math.ceil(self.customers / SHARD_ROWS)

    @contextmanager
    def warehouse(self) -> Iterator[Database]:
        """A session with the tasks' settings."""
        with connect(
            self.dsn,
            connection_id="bench",
            application_name="kindred bench",
            schema=SPEC.internal_schema,
        ) as database:
            yield database

    def read(self) -> Lookalikes:
        """The rows of the date, mapped from the artefact."""
        folder = ArtefactFolder(self.root)
        arrays = {
            name: values[: self.customers]
            for name, values in folder.read(f"graph_{self.customers}", "bench").arrays.items()
        }
        eligible = np.ones(self.customers, dtype=bool)
        graph = NeighbourGraph(arrays["neighbours"], arrays["distances"], eligible)
        return Lookalikes(self.as_of, KeyType.BIGINT, arrays["customers"], graph)

    def write(self, k: int) -> None:
        """Write the artefact."""
        folder = ArtefactFolder(self.root)
        folder.write(f"graph_{self.customers}", make_lookalikes(self.customers, k), {})


def load_one(place: Place, number: int) -> int:
    """Load one part as a mapped task does; return its rows."""
    part = slice(number * SHARD_ROWS, (number + 1) * SHARD_ROWS)
    with place.warehouse() as database:
        return load_part(
            database,
            SPEC.internal_schema,
            place.read(),
            number,
            part,
            block_rows=BLOCK_ROWS,
            wait_seconds=60,
        )


def load(pool: ProcessPoolExecutor, place: Place) -> int:
    """Load all parts, two at once."""
    return sum(pool.map(load_one, itertools.repeat(place), range(place.parts)))


def finish(place: Place) -> None:
    """Finish the staging table as the gate does after counting its rows."""
    with place.warehouse() as database:
        partitions.finish_aside(database, PARENT, place.as_of, memory_mb=MEMORY_MB)


def count(place: Place) -> tuple[int, int]:
    """Count rows and customers as the gate does."""
    with place.warehouse() as database:
        table = partitions.aside_name(PARENT, place.as_of)
        rows, customers = database.row("publication/count_lookalikes", table=table) or (0, 0)
        return int(rows), int(customers)


def begin(place: Place) -> None:
    """Record a build as prepare does."""
    with place.warehouse() as database:
        builds.begin(
            database,
            as_of=place.as_of,
            window_start=place.as_of - timedelta(days=1),
            run_id="bench",
            settings={},
            settings_hash="bench",
            history="complete",
            encoder_version=1,
            may_fit=False,
            may_refit=False,
        )


def publish_date(place: Place, rows: int, **more: Any) -> None:
    """Publish the tables as task publish does; ``more``: counts besides those of lookalikes."""
    counts: dict[str, Any] = dict.fromkeys(COUNTS)
    counts |= {"customers": place.customers, "lookalikes": rows, "history": "complete"}
    counts |= {"hidden_features": [], "hidden_algorithms": [], **more}
    with place.warehouse() as database:
        promotion.publish(
            database,
            place.as_of,
            run_id="bench",
            counts=counts,
            lineage=[],
            profiles=Profiles([], [], {}),
            cells={},
            staged=StagedEmbeddings("skip"),
            wait_seconds=60,
            memory_mb=64,
        )
