"""load_lookalikes: fill the tables of lookalikes aside, one part of the customers at a time."""

import logging
from typing import Any

from kindred.encoding.vectors import read_embeddings
from kindred.lookalikes.lookalike_rows import PARENT, PUBLIC_PARENT, Lookalikes, load_part
from kindred.neighbours.graph_artefacts import GRAPH, PUBLIC_GRAPH, read_graph
from kindred.neighbours.graph_memory import LOOKALIKE_ROW_BYTES, part_megabytes
from kindred.neighbours.shards import count_parts
from kindred.run.context import Run
from kindred.run.memory import with_fitting_blocks
from kindred.warehouse import partitions

log = logging.getLogger(__name__)


def load_lookalikes(run: Run, part: int) -> dict[str, Any]:
    """Load the lookalikes of one part of the customers; each part can be run again separately."""
    graphs = {PARENT: read_graph(run, GRAPH).nearest(run.spec.k)}
    if run.spec.hidden_features:
        graphs[PUBLIC_PARENT] = read_graph(run, PUBLIC_GRAPH)
    shard_rows, customers = run.settings.shard_rows, len(graphs[PARENT].eligible)
    rows = slice(part * shard_rows, (part + 1) * shard_rows)
    megabytes = part_megabytes(customers, min(shard_rows, customers), run.spec.k)
    work = f"part {part} of the lookalikes"
    run = with_fitting_blocks(run, "load_lookalikes", work, megabytes, LOOKALIKE_ROW_BYTES)
    with run.warehouse("load_lookalikes") as warehouse:
        embeddings = read_embeddings(run, run.key_type(warehouse))
        loaded = {
            parent: load_part(
                warehouse,
                run.spec.internal_schema,
                Lookalikes(run.as_of, embeddings.key_type, embeddings.customers, graph),
                part,
                rows,
                parent=parent,
                block_rows=run.settings.block_rows,
                wait_seconds=run.settings.lock_wait_seconds,
            )
            for parent, graph in graphs.items()
        }
        # Beside the segments, which keep a core idle now and then; the gate would do it alone.
        for parent in graphs:
            partitions.finish_loaded(
                warehouse,
                parent,
                run.as_of,
                parts=count_parts(customers, shard_rows),
                memory_mb=run.settings.maintenance_work_mem_mb,
            )
    log.info("part %d: lookalikes loaded: %s", part, loaded)
    return {"part": part, "rows": loaded[PARENT]}
