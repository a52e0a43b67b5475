"""The nightly canary: how good the serving index still is, and whether it is built anew."""

import logging
from dataclasses import asdict

from kindred.index.methods import Method, Precision
from kindred.index.rebuild import Canary, Rebuild, decide
from kindred.stages.machine import cores
from kindred.stages.run import SEED, Run
from kindred.store import embeddings
from kindred.store.database import Database
from kindred.store.index_kinds import IndexKind
from kindred.store.index_quality import IndexOf, measure_canary
from kindred.store.snapshots import Current

log = logging.getLogger(__name__)

NOTHING_BUILT = (None, None, Method.IVFFLAT, Precision.SINGLE, None, None)
NO_CANARY = dict.fromkeys(("recall_at_k", "recall_low", "recall_high", "recall_sample"))


def wants_rebuild(
    run: Run, warehouse: Database, current: Current, *, rows: int, changed_rows: int
) -> bool:
    """Measure the serving index, decide, and note both; ``rows`` are those of the new snapshot."""
    row = warehouse.row("embeddings/built_index", {"generation": current.generation})
    rows_at_build, k, method, precision, effort, recall_at_build = row or NOTHING_BUILT
    rebuild, target_recall = run.spec.rebuild, run.spec.index_target_recall
    canary = None
    if rebuild is Rebuild.AUTO and effort is not None:
        width = int(current.dimensions or 0)
        kind = IndexKind(run.spec.metric, width, Method(method), Precision(precision))
        canary = _canary(run, warehouse, str(current.table_name), kind, int(k), int(effort))
    decision = decide(
        rebuild,
        canary=canary,
        target_recall=target_recall,
        rows_at_build=rows_at_build,
        rows=rows,
        recall_at_build=recall_at_build,
        asked_kind=f"{run.spec.index} ({run.spec.index_precision})",
        built_kind=f"{method} ({precision})",
    )
    figures = {
        "as_of": run.as_of,
        "generation": current.generation,
        "rebuild": rebuild.value,
        "target_recall": target_recall,
        "rows_at_build": rows_at_build,
        "rows": rows,
        "changed_rows": changed_rows,
        **(NO_CANARY if canary is None else asdict(canary)),
        **asdict(decision),
    }
    warehouse.run("embeddings/note_check", figures)
    log.info("index of generation %s: %s", current.generation, decision)
    return decision.is_rebuilt


def _canary(
    run: Run, warehouse: Database, table: str, kind: IndexKind, k: int, effort: int
) -> Canary | None:
    """On the rows that serve: what was changed in place since the build is among them."""
    serving = embeddings.read_serving(
        warehouse, table, run.key_type(warehouse), block_rows=run.settings.block_rows
    )
    asked = IndexOf(warehouse, table, serving, kind, k)
    return measure_canary(asked, effort, seed=SEED, threads=cores(run.settings.graph_threads))
