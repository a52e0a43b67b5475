"""The tasks of a night as the DAG has them: what each waits for, and how often it is mapped."""

from dataclasses import dataclass

from kindred.planning.sizes import Sizes
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec

CLUSTER = "cluster"
SHARED = ("fit_encoder", "encode", "plan_graph", "search_graph", "merge_graph")
UNCOMPUTED = (
    *SHARED,
    "build_embeddings",
    "list_algorithms",
    CLUSTER,
    "profile_clusters",
    "load_lookalikes",
    "place_customers",
)
"""The tasks that a night skips in which nothing has changed."""

NO_PROCESS = ("finish",)
"""The tasks that Airflow ends without running anything."""

WITHOUT_ARTEFACTS = ("extract", "list_algorithms", "validate", "quality_gate", *NO_PROCESS)
"""The tasks that neither read nor write artefacts."""

GIVING_WAY = ("load_lookalikes", "place_customers")
"""The tasks that leave the cores to others."""


@dataclass(frozen=True)
class NightTask:
    """A task, or the instance of ``cluster`` for one algorithm, which the name then ends with."""

    name: str
    after: tuple[str, ...]
    instances: int = 1

    @property
    def task_id(self) -> str:
        """Its name in the DAG."""
        return self.name.split(" ", 1)[0]


def upstream(spec: Spec) -> dict[str, tuple[str, ...]]:
    """Task -> tasks that it waits for, of a space without events, audiences and sentences.

    Every task but ``finish`` also waits for ``prepare``, whose result it takes.
    """
    after_graph = ("merge_graph",)
    by_index = ("build_embeddings",) if Algorithm.IVFFLAT in spec.clustering.algorithms else ()
    return {
        "prepare": (),
        "extract": ("prepare",),
        "validate": ("extract",),
        "fit_encoder": ("validate",),
        "encode": ("fit_encoder",),
        "plan_graph": ("encode",),
        "search_graph": ("plan_graph",),
        "build_embeddings": ("plan_graph",),
        "merge_graph": ("search_graph",),
        "list_algorithms": ("prepare",),
        CLUSTER: (*after_graph, "list_algorithms", *by_index),
        "load_lookalikes": after_graph,
        "place_customers": after_graph,
        "profile_clusters": (CLUSTER,),
        "quality_gate": (
            "build_embeddings",
            "profile_clusters",
            "load_lookalikes",
            "place_customers",
        ),
        "publish": ("quality_gate",),
        "clean_up": ("publish",),
        "finish": ("publish", "clean_up"),
    }


def tasks_of(sizes: Sizes) -> list[NightTask]:
    """The tasks that a night runs, each after those that it waits for."""
    instances = {"search_graph": sizes.graph.shards, "load_lookalikes": sizes.parts}
    waits = upstream(sizes.night.spec)
    skipped = set(UNCOMPUTED) if sizes.night.is_quiet else set()
    clusters = [f"{CLUSTER} {name}" for name in sizes.night.spec.clustering.algorithms]
    found = []
    for name in waits:
        if name in skipped:
            continue
        after = tuple(dict.fromkeys(_ran_before(name, waits, skipped)))
        after = tuple(
            one for before in after for one in (clusters if before == CLUSTER else [before])
        )
        names = clusters if name == CLUSTER else [name]
        found += [NightTask(one, after, instances.get(name, 1)) for one in names]
    return found


def _ran_before(name: str, waits: dict[str, tuple[str, ...]], skipped: set[str]) -> list[str]:
    """What a task waits for; of a task that is skipped, what that waits for."""
    found: list[str] = []
    for before in waits[name]:
        found += _ran_before(before, waits, skipped) if before in skipped else [before]
    return found
