"""The resources of the pod that KubernetesExecutor makes for a task, where a setting gives some.

How much memory a task needs it forecasts when it begins, which is when its pod is there already. So
the setting is made of what earlier nights have forecast (``kindred pod-resources``), and a pod that
is too small for tonight fails with both figures. Nothing is asked of the warehouse at parsing.
"""

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from kindred.errors import SettingsError
from kindred.settings import RESOURCES, Pods, variable_name
from kindred.spec.names import did_you_mean

log = logging.getLogger(__name__)

DEFAULT = "default"
CONTAINER = "base"
"""The container of a pod in which Airflow runs the task."""
TASKS = (
    *("prepare", "extract", "validate", "embed_texts", "fit_encoder", "encode"),
    *("plan_graph", "search_graph", "merge_graph", "build_embeddings", "list_algorithms"),
    *("cluster", "profile_clusters", "load_lookalikes", "place_customers"),
    *("measure_recommendations", "recommend"),
    *("list_audiences", "train_audience", "join_audiences"),
    *("quality_gate", "publish", "clean_up", "erase"),
)
"""All tasks that any DAG may have, but for `finish`, which has no process."""
LIMITED = RESOURCES[1:]
"""What a task must not exceed; more of the processor than it asked for it may use."""

Table = Mapping[str, Mapping[str, str]]


def pods_from_env() -> Table:
    """The setting, read once per parsing.

    Raises
    ------
    SettingsError
        when it names a task that there is not.
    """
    table = Pods.from_env().pod_resources
    check_tasks(table, "pod_resources")
    if table and find_spec("kubernetes") is None:
        log.warning(
            "%s has no effect: the package kubernetes is not installed",
            variable_name("pod_resources"),
        )
        return {}
    return table


def check_tasks(table: Mapping[str, Any], field: str) -> None:
    """Check the keys of a setting that says something of each task.

    Raises
    ------
    SettingsError
        when it names a task that there is not.
    """
    for name in table:
        if name not in {DEFAULT, *TASKS}:
            raise SettingsError(
                f"{variable_name(field)}: there is no task {name!r}{did_you_mean(name, TASKS)};"
                f" '{DEFAULT}' stands for all"
            )


def resources_of(table: Table, task_id: str) -> dict[str, dict[str, str]]:
    """Requests and limits of a task's container; empty where nothing is said of it."""
    said = {**table.get(DEFAULT, {}), **table.get(task_id, {})}
    limits = {name: amount for name, amount in said.items() if name in LIMITED}
    return {
        **({"requests": said} if said else {}),
        **({"limits": limits} if limits else {}),
    }


def executor_config(table: Table, task_id: str) -> dict[str, Any]:
    """What an operator gives its executor: a pod with these resources, or nothing.

    Airflow puts the whole of it in the place of the resources of its pod template.
    """
    resources = resources_of(table, task_id)
    if not resources:
        return {}
    from kubernetes.client import models

    container = models.V1Container(
        name=CONTAINER, resources=models.V1ResourceRequirements(**resources)
    )
    return {"pod_override": models.V1Pod(spec=models.V1PodSpec(containers=[container]))}
