"""A plugin of Airflow that imports in the scheduler, once, what every task imports.

LocalExecutor forks its workers from the scheduler, and they fork the tasks. Most of the processor
time of a small task is imports: on two cores, 72 tasks took 45 s with this file absent and 28 s
with it. Imports only: OpenMP code must not run in the parent of a fork.
"""

import importlib
import pkgutil
import sys
from types import ModuleType

IMPORTED_LATE = (
    "scipy.cluster.vq",
    "scipy.optimize",
    "scipy.spatial",
    "scipy.stats",
    "sklearn.decomposition",
    "sklearn.feature_extraction.text",
    "sklearn.metrics",
)
"""Libraries that functions import when they are called."""


def import_all_of(package: ModuleType) -> None:
    """Import the modules of a package, which its users import when they need them."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)


# Each task loads the plugins again: there is nothing left to import in it.
if "scheduler" in sys.argv and "kindred.airflow_adapter.tasks" not in sys.modules:
    import airflow.providers.standard.decorators.python  # noqa: F401
    import airflow.sdk.definitions.callback  # noqa: F401
    import airflow.sdk.definitions.deadline  # noqa: F401
    import airflow.sdk.definitions.decorators  # noqa: F401
    import airflow.sdk.definitions.timetables.interval  # noqa: F401

    import kindred.airflow_adapter.tasks  # noqa: F401
    import kindred.neighbours
    import kindred.segments
    import kindred.tasks

    imported = [task.function for task in kindred.tasks.TASKS.values()]
    import_all_of(kindred.neighbours)
    import_all_of(kindred.segments)
    for library in IMPORTED_LATE:
        importlib.import_module(library)

    # What numba does before its first function: the types and operations that it knows, in Python.
    from numba.core.registry import cpu_target

    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
