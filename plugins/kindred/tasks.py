"""All tasks of the DAG by name, and the conditions under which they run."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from kindred.progress.steps import reported
from kindred.publication.shared_partitions import stored_as_of
from kindred.run import builds
from kindred.run.context import Run, timed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A task after ``prepare``: a function of the run, and of a part if the task is mapped.

    ``work``: the function, or its module and name. Each task is a process of its own, and all tasks
    together take three seconds of processor time to import: so it imports what it needs.
    ``needs_snapshot``: it is skipped if the run computes no snapshot; ``needs_change``: also if
    nothing has changed since the snapshot before, whose results it then shares.
    ``stops_after_erasure``: it must not continue a build that began before a customer was erased.
    ``gives_way``: it leaves the cores to other tasks (`run.priority`), since the gate alone waits
    for it. Not build_embeddings: the sooner it asks, the sooner the server builds the index.
    """

    work: Callable[..., Any] | str
    needs_snapshot: bool = True
    needs_change: bool = True
    stops_after_erasure: bool = True
    gives_way: bool = False

    @property
    def function(self) -> Callable[..., Any]:
        """The function, imported on first use."""
        if not isinstance(self.work, str):
            return self.work
        module, _, name = self.work.rpartition(".")
        function: Callable[..., Any] = getattr(import_module(f"kindred.{module}"), name)
        return function


def extract_all(run: Run) -> dict[str, Any]:
    """Task ``extract``: read the sources of customers and of the catalogue."""
    from kindred.events.task import extract
    from kindred.recommendations.task import copy_catalogue

    return {**extract(run), **copy_catalogue(run)}


def validate_all(run: Run) -> dict[str, Any]:
    """Task ``validate``: land what has been read, and find the customers of the snapshot.

    If they are those of the snapshot before, the tasks that would compute it are skipped.
    """
    from kindred.events.task import validate
    from kindred.publication.unchanged import skip_unchanged
    from kindred.recommendations.task import keep_catalogue

    return {**keep_catalogue(run), **validate(run), **skip_unchanged(run)}


def clean_up_all(run: Run) -> dict[str, Any]:
    """Task ``clean_up``: delete leftovers, and keep the report of the current snapshot."""
    from kindred.publication.task import clean_up
    from kindred.reports.task import keep_report

    return {**clean_up(run), **keep_report(run)}


TASKS = {
    "extract": Task(extract_all, needs_snapshot=False, needs_change=False),
    "validate": Task(validate_all, needs_snapshot=False, needs_change=False),
    "embed_texts": Task("encoding.task.embed_texts"),
    "fit_encoder": Task("encoding.task.fit_encoder"),
    "encode": Task("encoding.task.encode"),
    "build_embeddings": Task("serving.task.build_embeddings"),
    "plan_graph": Task("neighbours.task.plan_graph"),
    "search_graph": Task("neighbours.task.search_graph"),
    "merge_graph": Task("neighbours.task.merge_graph"),
    "list_algorithms": Task("segments.task.list_algorithms"),
    "cluster": Task("segments.task.cluster"),
    "profile_clusters": Task("segments.profiles.task.profile_clusters"),
    "load_lookalikes": Task("lookalikes.task.load_lookalikes", gives_way=True),
    "place_customers": Task("maps.task.place_customers", gives_way=True),
    "measure_recommendations": Task("recommendations.task.measure_recommendations"),
    "recommend": Task("recommendations.task.recommend"),
    "list_audiences": Task("audiences.task.list_audiences"),
    "train_audience": Task("audiences.task.train_audience"),
    "join_audiences": Task("audiences.task.join_audiences"),
    "quality_gate": Task("publication.task.quality_gate", needs_change=False),
    "publish": Task("publication.task.publish", needs_change=False),
    "clean_up": Task(
        clean_up_all, needs_snapshot=False, needs_change=False, stops_after_erasure=False
    ),
}
NOTHING_TO_COMPUTE = {
    "empty": "the snapshot has no customers",
    "landed": "snapshots: latest_only: the rows of this date have landed; the snapshot is computed"
    " for the last date of the backfill",
}


def reason_to_skip(run: Run, name: str) -> str | None:
    """Why a task has nothing to do in a run, by what its build has recorded; None if it has."""
    task, state = TASKS[name], run.build.state
    if task.needs_snapshot and state in NOTHING_TO_COMPUTE:
        return NOTHING_TO_COMPUTE[state]
    shared = stored_as_of(run.build.facts) if task.needs_change else None
    if shared is None:
        return None
    return f"nothing has changed since snapshot {shared.isoformat()}, whose results this one shares"


def run_task(run: Run, name: str, **part: Any) -> Any:
    """Run one task (of a mapped task one part), and record its duration and memory.

    Returns None if it has nothing to do.

    Raises
    ------
    DataError
        when a customer has been erased since the build began: it must begin again.
    """
    task, reason = TASKS[name], reason_to_skip(run, name)
    if reason is not None:
        log.info("%s has nothing to do: %s", name, reason)
        return None
    what = " ".join(map(str, (name, *part.values())))
    with reported(what), run.working(name) as warehouse:
        if task.stops_after_erasure:
            builds.require_no_erasure(warehouse, run.as_of)
        with timed(replace(run, session=warehouse), name) as opened:
            return task.function(opened, **part)
