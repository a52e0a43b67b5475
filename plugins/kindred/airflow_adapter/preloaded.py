"""What the tasks import: who forks tasks imports it once, so that no task has to.

LocalExecutor forks them from the scheduler, Celery from its worker, which is told to import this
module (docker-compose.yaml). Most of the processor time of a small task is imports: on two cores,
72 tasks took 45 s without them and 28 s with them. Only import: OpenMP code must not run in the
parent of a fork.
"""

import importlib
import pkgutil
from contextlib import suppress
from importlib.util import find_spec
from types import ModuleType

import airflow.providers.standard.decorators.python  # noqa: F401
import airflow.sdk.definitions.callback  # noqa: F401
import airflow.sdk.definitions.deadline  # noqa: F401
import airflow.sdk.definitions.decorators  # noqa: F401
import airflow.sdk.definitions.timetables.interval  # noqa: F401
from numba.core.registry import cpu_target

import kindred.airflow_adapter.tasks  # noqa: F401
import kindred.neighbours
import kindred.segments
from kindred.artefacts.stores import is_s3
from kindred.errors import SettingsError
from kindred.settings import Settings
from kindred.tasks import TASKS

IMPORTED_LATE = (
    "faiss",
    "hdbscan",
    "pandas",
    "pgvector.psycopg2",
    "pydantic_settings",
    "scipy.cluster.vq",
    "scipy.optimize",
    "scipy.spatial",
    "scipy.stats",
    "sklearn.cluster",
    "sklearn.decomposition",
    "sklearn.feature_extraction.text",
    "sklearn.metrics",
)
"""Libraries that functions import when they are called."""
FOR_S3 = "s3fs"
"""What opens a bucket: 0.4 s of processor time in each task that does."""


def import_all_of(package: ModuleType) -> None:
    """Import the modules of a package, which its users import when they need them."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)


imported = [task.function for task in TASKS.values()]
import_all_of(kindred.neighbours)
import_all_of(kindred.segments)
for library in IMPORTED_LATE:
    importlib.import_module(library)
if find_spec(FOR_S3):
    with suppress(SettingsError):  # which fails a task, and not the scheduler
        if is_s3(Settings.from_env().artifacts):
            importlib.import_module(FOR_S3)

# What numba does before its first function: the types and operations that it knows, in Python.
cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
