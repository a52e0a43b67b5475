"""load_lookalikes: fill the lookalike table aside, one part of the customers at a time."""

import logging
from typing import Any

from kindred.stages.encode import read_embeddings
from kindred.stages.graph import read_graph
from kindred.stages.run import Run
from kindred.store.lookalikes import Lookalikes, load_part

log = logging.getLogger(__name__)


def load_lookalikes(run: Run, part: int) -> dict[str, Any]:
    """Load the lookalikes of one part of the customers; can be run again alone."""
    settings = run.settings
    graph = read_graph(run).nearest(run.spec.k)
    rows = slice(part * settings.shard_rows, (part + 1) * settings.shard_rows)
    with run.warehouse("load_lookalikes") as warehouse:
        embeddings = read_embeddings(run, run.key_type(warehouse))
        lookalikes = Lookalikes(run.as_of, embeddings.key_type, embeddings.customers, graph)
        loaded = load_part(
            warehouse,
            run.spec.internal_schema,
            lookalikes,
            part,
            rows,
            block_rows=settings.block_rows,
            wait_seconds=settings.lock_wait_seconds,
        )
    log.info("part %d: %d lookalikes of %d customers", part, loaded, len(graph.eligible[rows]))
    return {"part": part, "rows": loaded}
