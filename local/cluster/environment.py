"""The environment of Airflow's components and of the workers of a cluster."""

import json
from collections.abc import Mapping
from pathlib import Path

from local.cluster.network import Bridge, Place
from local.cluster.services import Broker, Store
from local.environment import METADATA, PAGE_READER, SOURCE, SOURCE_READER, WAREHOUSE
from local.postgres import OWNER, Listening

READERS = (OWNER, SOURCE_READER, PAGE_READER)
"""Who logs in over the network."""
LOG_PORT = 8793
LIGHT, HEAVY = "default", "heavy"
ALL_QUEUES = (LIGHT, HEAVY)
HEAVY_TASKS = ("plan_graph", "search_graph", "merge_graph", "cluster", "place_customers")
"""As docs/scale.md proposes."""
PRELOADED = "kindred.airflow_adapter.preloaded"


def cluster_settings(bridge: Bridge, broker: Broker, listening: Listening) -> dict[str, str]:
    """What all components of Airflow are told beside what `airflow_environment` says."""
    dsn = listening.dsn(METADATA).replace("postgresql://", "postgresql+psycopg2://", 1)
    settings = {
        "CORE__EXECUTOR": "CeleryExecutor",
        "CORE__PARALLELISM": "8",
        "DATABASE__SQL_ALCHEMY_CONN": dsn,  # also Celery's result backend
        "CELERY__BROKER_URL": broker.url,
        "CELERY__EXTRA_CELERY_CONFIG": json.dumps({"imports": [PRELOADED]}),
        "CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "86400",
        "LOGGING__WORKER_LOG_SERVER_PORT": str(LOG_PORT),
    }
    return {
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
        "KINDRED_QUEUES": json.dumps(dict.fromkeys(HEAVY_TASKS, HEAVY)),
        "AIRFLOW_CONN_KINDRED_BI": listening.dsn(WAREHOUSE, PAGE_READER),
        "NO_PROXY": ",".join(("127.0.0.1", "localhost", str(bridge.network))),
        "no_proxy": ",".join(("127.0.0.1", "localhost", *_addresses(bridge))),
    }


def data_settings(listening: Listening, store: Store) -> dict[str, str]:
    """How whoever runs the pipeline's code reaches the databases and the artefacts."""
    return {
        "AIRFLOW_CONN_KINDRED_SOURCE": listening.dsn(SOURCE, SOURCE_READER),
        "AIRFLOW_CONN_KINDRED_WAREHOUSE": listening.dsn(WAREHOUSE),
        "KINDRED_ARTIFACTS": store.artifacts,
        **store.login,
    }


def worker_environment(
    of_airflow: Mapping[str, str], data: Mapping[str, str], own: Path, features: Path
) -> dict[str, str]:
    """The environment of a worker, whose files are all in the folder ``own``."""
    # Where the API server has its users is no affair of a worker's.
    known = {name: value for name, value in of_airflow.items() if "__SIMPLE_AUTH_" not in name}
    return {
        **known,
        **data,
        "AIRFLOW_HOME": str(own / "airflow"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(own / "logs"),
        "HOME": str(own),
        "KINDRED_FEATURES": str(features),
        "KINDRED_SCRATCH": str(own / "scratch"),
        "NUMBA_CACHE_DIR": str(own / "machine_code"),
        "TMPDIR": str(own / "tmp"),
        "XDG_RUNTIME_DIR": str(own / "tmp"),
        # By itself Celery refuses to run as root, as namespaces need.
        "C_FORCE_ROOT": "1",
    }


def _addresses(bridge: Bridge) -> list[str]:
    # Some libraries know no networks there, only addresses.
    return [bridge.address, *(place.address for place in bridge.places)]


def worker_folders(own: Path) -> list[Path]:
    """What must be there before a worker starts."""
    return [
        own / name for name in ("airflow", "artifacts", "logs", "machine_code", "scratch", "tmp")
    ]


def place_command(
    place: Place, own: Path, hidden: list[Path], python: str, command: list[str]
) -> list[str]:
    """A command as on the machine of a place, whose name is its address.

    Its processes end with the first one, as those of a machine do.
    """
    enter = Path(__file__).with_name("enter.py")
    return [
        *("ip", "netns", "exec", place.name),
        *("unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"),
        *("--mount-proc", "--propagation", "private", "--"),
        *(python, "-I", "-S", str(enter), place.address, str(own), *map(str, hidden), "--"),
        *command,
    ]
