"""Machines, nights and constants for the tests of plans."""

from kindred.planning.constants import BucketCost, Constants, TaskCost
from kindred.planning.sizes import Growth
from kindred.planning.workload import Machines, Night, usual_spec, workload_of
from kindred.settings import Settings

GIGABYTE = 1024
GROWTH = {
    "probes": Growth(40.0, 0.1),
    "near": Growth(256.0, 0.0),
    "index_probes": Growth(15.0, 0.2),
}
COSTS = {
    "extract": ({"task": 0.2, "landed cells": 0.1}, {"landed cells": 0.2, "keys": 1.0}),
    "validate": ({"task": 0.1}, {"landed cells": 0.3, "cells": 0.1, "versions": 1.0}),
    "fit_encoder": ({"task": 0.1, "first": 1.0, "fitted cells": 0.5}, {"fitted cells": 0.1}),
    "encode": ({"task": 0.5, "cells": 0.2, "values": 0.02}, {"cells": 0.1}),
    "plan_graph": ({"trial": 4.0, "values": 0.1, "pairs": 0.05}, {"task": 0.2}),
    "search_graph": ({"shards": 1.0, "pairs": 0.04}, {"shards": 0.1}),
    "merge_graph": ({"neighbours": 0.1, "pairs": 0.2}, {"task": 0.1}),
    "build_embeddings": (
        {"index": 1.0, "values": 0.02, "index pairs": 0.05, "difference": 2.0},
        {"values": 0.1, "forecast seconds": 0.8, "compared values": 0.05},
    ),
    "cluster kmeans": ({"task": 1.0, "pairs": 3.0, "first pairs": 9.0}, {"rows": 2.0}),
    "cluster hdbscan": ({"task": 1.0, "neighbours": 0.4}, {"rows": 2.0}),
    "profile_clusters": ({"cells": 0.2}, {"cells": 0.1, "labels": 0.5}),
    "load_lookalikes": ({"parts": 0.2, "lookalikes": 0.3}, {"sorted lookalikes": 0.1}),
    "place_customers": ({"first": 8.0, "pairs": 0.1}, {"rows": 1.5}),
    "quality_gate": ({"task": 0.1}, {"lookalikes": 0.2}),
    "publish": ({"task": 0.1, "labels": 0.2}, {"task": 0.2, "changed values": 0.3}),
}
THREADED = {"search_graph": 0.9, "merge_graph": 0.8, "cluster kmeans": 0.7}
PARALLEL = {"build_embeddings": 0.4, "load_lookalikes": 0.3}


def constants(**changes):
    """Constants that are easy to check by hand; of a million customers."""
    tasks = {
        name: TaskCost(worker, database, THREADED.get(name, 0.0), PARALLEL.get(name, 0.0), 0.75)
        for name, (worker, database) in COSTS.items()
    }
    machine = {"cores": 2, "cpu": "some", "memory_mb": 24 * GIGABYTE}
    measured = {"customers": 1_000_000, "columns": 20, "night": "first", "fitted": "2026-12-01"}
    given = {
        "measured": ({**measured, "machine": machine},), "growth": GROWTH, "tasks": tasks,
        "starting": 2.0, "waiting": 1.0, "airflow_cores": 0.1, "background": 0.1,
        "empty_mb": 300.0, "wal_share": 1.2,
        "bucket": BucketCost(starting=0.5, read_mb=0.004, written_mb=0.002, served_mb=0.01),
    }  # fmt: skip
    return Constants(**{**given, **changes})


def machines(**changes):
    """One worker of two cores, and a server of its own."""
    settings = Settings()
    given = {
        "workers": 1, "cores": 2, "slots": 2, "memory_mb": 24 * GIGABYTE,
        "database_cores": 4, "database_memory_mb": 64 * GIGABYTE, "network_mb": 1000.0,
        "shard_rows": settings.shard_rows, "block_rows": settings.block_rows,
        "maintenance_work_mem_mb": settings.maintenance_work_mem_mb, "kept_snapshots": 10,
    }  # fmt: skip
    return Machines(**{**given, **changes})


def night(customers=1_000_000, dimensions=100, kind="changed", spec=None, **changes):
    """A night of twenty columns."""
    return workload_of(
        spec or usual_spec(columns=20),
        customers=customers,
        dimensions=dimensions,
        night=Night(kind),
        **changes,
    )
