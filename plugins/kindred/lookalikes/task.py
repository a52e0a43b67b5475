"""load_lookalikes: fill the staging table of lookalikes, one part of the customers at a time."""

import logging
from typing import Any

from kindred.encoding.vectors import read_embeddings
from kindred.lookalikes.lookalike_rows import Lookalikes, load_part
from kindred.neighbours.graph_memory import LOOKALIKE_ROW_BYTES, part_megabytes
from kindred.neighbours.task import read_graph
from kindred.run.context import Run
from kindred.run.memory import with_fitting_blocks

log = logging.getLogger(__name__)


def load_lookalikes(run: Run, part: int) -> dict[str, Any]:
    """Load the lookalikes of one part of the customers; each part can be run again separately."""
    graph = read_graph(run).nearest(run.spec.k)
    shard_rows, customers = run.settings.shard_rows, len(graph.eligible)
    rows = slice(part * shard_rows, (part + 1) * shard_rows)
    megabytes = part_megabytes(customers, min(shard_rows, customers), run.spec.k)
    work = f"part {part} of the lookalikes"
    run = with_fitting_blocks(run, "load_lookalikes", work, megabytes, LOOKALIKE_ROW_BYTES)
    with run.warehouse("load_lookalikes") as warehouse:
        embeddings = read_embeddings(run, run.key_type(warehouse))
        lookalikes = Lookalikes(run.as_of, embeddings.key_type, embeddings.customers, graph)
        loaded = load_part(
            warehouse,
            run.spec.internal_schema,
            lookalikes,
            part,
            rows,
            block_rows=run.settings.block_rows,
            wait_seconds=run.settings.lock_wait_seconds,
        )
    log.info("part %d: %d lookalikes of %d customers", part, loaded, len(graph.eligible[rows]))
    return {"part": part, "rows": loaded}
