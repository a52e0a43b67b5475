"""The nightly canary: measure the serving index's recall, and decide whether to rebuild it."""

import logging
from dataclasses import asdict

from kindred.encoding.embeddings import Embeddings
from kindred.neighbours.graph_artefacts import TRUTH, read_truth
from kindred.neighbours.truth import Truth
from kindred.run.builds import Current
from kindred.run.context import SEED, Run
from kindred.run.machine import cores
from kindred.serving import index_builds
from kindred.serving.difference import Difference, serving_embeddings
from kindred.serving.index_kinds import IndexKind
from kindred.serving.index_quality import IndexProbe, measure_canary
from kindred.serving.list_sizes import ListDrift, measure_drift
from kindred.serving.rebuild import decide
from kindred.serving.serving_truth import sample_serving
from kindred.spec.index_methods import Method, Precision, Rebuild
from kindred.spec.metrics import Metric
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

NOTHING_BUILT = (None, None, None, Method.IVFFLAT, Precision.SINGLE, None, None)
NO_CANARY = dict.fromkeys(("recall_at_k", "recall_low", "recall_high", "recall_sample"))
NO_DRIFT = dict.fromkeys(("list_drift", "list_drift_noise"))


def wants_rebuild(
    run: Run,
    warehouse: Database,
    current: Current,
    new: Embeddings,
    difference: Difference,
    holder: Run | None = None,
) -> bool:
    """Measure the serving index, decide, and record both.

    ``difference`` is what publish would have to change so that the ``new`` snapshot serves.
    ``holder``: the snapshot whose artefacts have its exact neighbours, if it is another one.
    """
    row = index_builds.built_index(warehouse, current.generation)
    rows_at_build, k, metric, method, precision, search_value, recall_at_build = (
        row or NOTHING_BUILT
    )
    spec = run.spec
    rebuild, target_recall = spec.rebuild, spec.index_target_recall
    asked_kind = f"{spec.index} ({spec.index_precision}, {spec.metric})"
    built_kind = f"{method} ({precision}, {metric})"
    canary, drift = None, None
    if rebuild is Rebuild.AUTO and search_value is not None:
        width = int(current.dimensions or 0)
        kind = IndexKind(Metric(metric), width, Method(method), Precision(precision))
        serving = serving_embeddings(difference, new)
        probe = IndexProbe(warehouse, str(current.table_name), serving, kind, int(k))
        sample = sample_serving(
            _truth(holder or run, kind.metric),
            new,
            difference,
            serving,
            kind.metric,
            int(k),
            seed=SEED,
            threads=cores(run.settings.graph_threads),
        )
        canary = measure_canary(probe, *sample, int(search_value))
        drift = _list_drift(warehouse, current, probe)
    decision = decide(
        rebuild,
        canary=canary,
        target_recall=target_recall,
        rows_at_build=rows_at_build,
        rows=len(new.customers),
        recall_at_build=recall_at_build,
        asked_kind=asked_kind,
        built_kind=built_kind,
    )
    figures = {
        "as_of": run.as_of,
        "generation": current.generation,
        "rebuild": rebuild.value,
        "target_recall": target_recall,
        "rows_at_build": rows_at_build,
        "rows": len(new.customers),
        "changed_rows": difference.changed_rows,
        **(NO_CANARY if canary is None else asdict(canary)),
        **(NO_DRIFT if drift is None else asdict(drift)),
        **asdict(decision),
    }
    index_builds.record_check(warehouse, figures)
    log.info("index of generation %s: %s", current.generation, decision)
    return decision.is_rebuilt


def _truth(run: Run, metric: Metric) -> Truth | None:
    """The truth of the new snapshot, if it is of this metric; earlier releases left none."""
    is_there = run.spec.metric is metric and run.folder.has(TRUTH)
    return read_truth(run) if is_there else None


def _list_drift(warehouse: Database, current: Current, probe: IndexProbe) -> ListDrift | None:
    """The drift of list sizes since the build; None if no list sizes were recorded."""
    built = index_builds.list_sizes(warehouse, current.generation)
    if built is None:
        return None
    return measure_drift(built, probe.embeddings.vectors, probe.kind.metric)
