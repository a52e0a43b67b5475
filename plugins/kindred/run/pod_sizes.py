"""How large the pod of each task must be, by what its stage has forecast."""

from collections.abc import Mapping, Sequence
from math import ceil

from kindred.settings import LEAST_POD_MEGABYTES

HEADROOM = 1.25
"""Over the forecast: a night may have more customers than those before it."""
SUPERVISOR_MEGABYTES = 256
"""Airflow's own process in the pod, which waits for the task's."""
STEP_MEGABYTES = 256


def pod_megabytes(forecast: int) -> int:
    """The memory of a pod whose task has forecast so much, in whole steps."""
    needed = max(forecast * HEADROOM + SUPERVISOR_MEGABYTES, LEAST_POD_MEGABYTES)
    return ceil(needed / STEP_MEGABYTES) * STEP_MEGABYTES


def largest(spaces: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """The most of each stage in any space: the setting is one for the DAGs of all."""
    stages = sorted({stage for found in spaces for stage in found})
    return {stage: max(found.get(stage, 0) for found in spaces) for stage in stages}


def pod_resources(megabytes: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """The value of ``KINDRED_POD_RESOURCES``: the memory of each task by that of its stage."""
    return {stage: {"memory": f"{pod_megabytes(found)}Mi"} for stage, found in megabytes.items()}
