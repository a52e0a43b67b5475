"""A plugin of Airflow that imports in the scheduler, once, what every task imports.

LocalExecutor forks its workers from the scheduler, and they fork the tasks. Most of the processor
time of a small task is imports: on two cores, 72 tasks took 45 s with this file absent and 28 s
with it. Imports only: OpenMP code must not run in the parent of a fork.
"""

import importlib
import pkgutil
import sys
from types import ModuleType


def import_all_of(package: ModuleType) -> None:
    """Import the modules of a package, which its users import when they need them."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)


if "scheduler" in sys.argv:
    import airflow.providers.standard.decorators.python  # noqa: F401
    import airflow.sdk.definitions.callback  # noqa: F401
    import airflow.sdk.definitions.deadline  # noqa: F401
    import airflow.sdk.definitions.decorators  # noqa: F401
    import airflow.sdk.definitions.timetables.interval  # noqa: F401

    import kindred.airflow_adapter.tasks  # noqa: F401
    import kindred.neighbours
    import kindred.segments

    import_all_of(kindred.neighbours)
    import_all_of(kindred.segments)
