"""load_lookalikes: fill the lookalike table aside, one part of the customers at a time."""

import hashlib
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.graph.results import NeighbourGraph
from kindred.stages.encode import read_embeddings
from kindred.stages.graph import read_graph
from kindred.stages.run import Run
from kindred.store import partitions
from kindred.store.binary import Column, Field, encode_rows
from kindred.store.embeddings import Embeddings

log = logging.getLogger(__name__)

PARENT = "customer_lookalikes"
COLUMNS = ("as_of", "customer_id", "rank", "lookalike_id", "distance")


def load_lookalikes(run: Run, part: int) -> dict[str, Any]:
    """Load the lookalikes of one part of the customers; can be run again alone."""
    graph = read_graph(run).nearest(run.spec.k)
    first = part * run.settings.shard_rows
    last = min(first + run.settings.shard_rows, len(graph.eligible))
    rows = np.arange(first, last)
    with run.warehouse("load_lookalikes") as warehouse:
        embeddings = read_embeddings(run, run.key_type(warehouse))
        ends = embeddings.key_type.to_python(embeddings.customers[[first, last - 1]])
        loaded = partitions.load_part(
            warehouse,
            run.spec.internal_schema,
            PARENT,
            run.as_of,
            part=f"{part:03d}",
            digest=_digest(embeddings, graph, rows),
            columns=COLUMNS,
            chunks=lambda: _chunks(run, embeddings, graph, rows),
            delete_part=lambda table: partitions.delete_customers(
                warehouse, table, embeddings.key_type, ends
            ),
            wait_seconds=run.settings.lock_wait_seconds,
        )
    log.info("part %d: %d lookalikes of %d customers", part, loaded, len(rows))
    return {"part": part, "rows": loaded}


def _digest(embeddings: Embeddings, graph: NeighbourGraph, rows: NDArray[np.int64]) -> str:
    digest = hashlib.sha256()
    part = slice(int(rows[0]), int(rows[-1]) + 1)
    for values in (graph.neighbours[part], graph.distances[part], embeddings.customers):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _chunks(
    run: Run, embeddings: Embeddings, graph: NeighbourGraph, rows: NDArray[np.int64]
) -> Iterator[bytes]:
    """Rows by customer, then rank; customers that are not eligible have none."""
    moment = int(run.as_of.timestamp()) * 1_000_000 + run.as_of.microsecond
    k = graph.neighbours.shape[1]
    if k == 0:
        return
    step = max(1, run.settings.block_rows // k)
    rows = rows[np.asarray(graph.eligible)[rows]]
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        count = len(block) * k
        yield encode_rows(
            [
                Column(Field.TIMESTAMPTZ, np.full(count, moment)),
                embeddings.key_type.column(np.repeat(embeddings.customers[block], k)),
                Column(Field.INT2, np.tile(np.arange(1, k + 1), len(block))),
                embeddings.key_type.column(
                    embeddings.customers[graph.neighbours[block].reshape(-1)]
                ),
                Column(Field.FLOAT4, graph.distances[block].reshape(-1)),
            ]
        )
