"""A night without Airflow: all stages of one snapshot, one after the other, in this process."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from kindred.audiences.audience_files import spaces_with_audiences
from kindred.preparation.task import Request, prepare
from kindred.run.context import Deployment, open_run
from kindred.run.windows import resolve_window
from kindred.spec.model import Spec
from kindred.tasks import run_task

# The stages are made for processes.
ONE_AT_A_TIME = threading.RLock()


def request_of(spec: Spec, as_of: datetime, run_id: str) -> Request:
    """The request of a manual run for one date."""
    now = datetime.now(UTC)
    window = resolve_window(spec.schedule, run_after=now, now=now, end=as_of)
    return Request(run_id=run_id, window=window, may_fit=True)


Work = Callable[[Deployment], Any]
"""A stage, given the deployment to run it in."""


def run_night(
    deployment: Deployment,
    spec: Spec,
    as_of: datetime,
    attempt: Callable[[str, Work], None] = lambda stage, work: None,
) -> None:
    """Publish a snapshot; one night at a time, since stages expect a process of their own.

    ``attempt`` is given every stage before it is run.
    """
    with ONE_AT_A_TIME:
        _run_night(deployment, spec, as_of, attempt)


def _run_night(
    deployment: Deployment, spec: Spec, as_of: datetime, attempt: Callable[[str, Work], None]
) -> None:
    request = request_of(spec, as_of, f"night {as_of.isoformat()}")

    def begin(where: Deployment) -> dict[str, Any]:
        return prepare(where, spec, request)

    def work(stage: str, part: dict[str, Any], where: Deployment) -> Any:
        return run_task(open_run(where, spec.space, as_of, request.run_id), stage, **part)

    attempt("prepare", begin)
    begin(deployment)
    parts: list[dict[str, Any]] = [{}]
    for stage, part_name in _stages(spec):
        for part in parts if part_name else [{}]:
            attempt(stage, partial(work, stage, part))
            result = work(stage, part, deployment)
        following = {
            "plan_graph": "shard",
            "merge_graph": "part",
            "list_algorithms": "algorithm",
            "list_audiences": "audience",
        }
        if stage in following:
            parts = [{following[stage]: number} for number in result or ()]


def _stages(spec: Spec) -> Iterator[tuple[str, bool]]:
    """Stage, and whether it runs once per part returned by the previous stage."""
    texts = ["embed_texts"] if spec.sentence_columns else []
    for stage in ("extract", "validate", *texts, "fit_encoder", "encode"):
        yield stage, False
    for planner, mapped in (("plan_graph", "search_graph"), ("merge_graph", "load_lookalikes")):
        yield planner, False
        yield mapped, True
    yield "place_customers", False
    yield "build_embeddings", False
    yield "list_algorithms", False
    yield "cluster", True
    lists = ["measure_recommendations", "recommend"] if spec.recommendations is not None else []
    for stage in ("profile_clusters", *lists):
        yield stage, False
    if spec.space in spaces_with_audiences():
        yield "list_audiences", False
        yield "train_audience", True
        yield "join_audiences", False
    for stage in ("quality_gate", "publish", "clean_up"):
        yield stage, False
