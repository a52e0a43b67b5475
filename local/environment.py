"""The environment of all local processes, isolated from any Airflow settings of the caller."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from local.credentials import ADMIN_USER, Credentials, passwords_file
from local.layout import Layout
from local.postgres import EmbeddedServer

SOURCE, WAREHOUSE, METADATA = "shop", "warehouse", "airflow"
LOOPBACK = "127.0.0.1"
SOURCE_READER = "shop_reader"
"""Who reads the source: the SQL of files must not run as the owner of the warehouse."""
PAGE_READER = "kindred_page"
"""Who reads the warehouse for the page in Airflow: a member of ``bi_reader``."""
# An AIRFLOW_ or PG variable of the caller could point the demo at real databases.
# Without bytecode, the process of every task would compile all that it imports.
_OF_PYTHON = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
_FOREIGN = ("AIRFLOW_", "PG", *_OF_PYTHON, "MAKE", "MFLAGS")


def kindred_environment(
    layout: Layout, server: EmbeddedServer, credentials: Credentials
) -> dict[str, str]:
    """What the ``kindred`` command needs to work on the local databases."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {
        "KINDRED_KEEP_REPORTS": "0",  # the run writes one at its end
        "KINDRED_RETRY_DELAY_SECONDS": "2",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **inherited,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "AIRFLOW_HOME": str(layout.airflow_home),
        "AIRFLOW_CONN_KINDRED_SOURCE": server.dsn(SOURCE, SOURCE_READER),
        "AIRFLOW_CONN_KINDRED_WAREHOUSE": server.dsn(WAREHOUSE),
        "KINDRED_ARTIFACTS": str(layout.artifacts),
        "KINDRED_AUDIENCES": str(layout.root / "include" / "audiences"),
        "KINDRED_ERASURE_KEY": credentials.erasure_key,
        "KINDRED_FEATURES": f"{layout.features}{os.pathsep}{layout.own_features}",
        "KINDRED_SQL": str(layout.root / "include" / "sql"),
        # In the future, so that unpausing the DAG starts no scheduled run.
        "KINDRED_START_DATE": "2099-01-01",
    }


def airflow_environment(
    layout: Layout,
    server: EmbeddedServer,
    credentials: Credentials,
    port: int,
    address: str = LOOPBACK,
) -> dict[str, str]:
    """What the components of Airflow need in addition; the API server listens at ``address``."""
    url = f"http://{address}:{port}"
    dsn = server.dsn(METADATA).replace("postgresql://", "postgresql+psycopg2://", 1)
    settings = {
        "CORE__DAGS_FOLDER": str(layout.root / "dags"),
        "CORE__PLUGINS_FOLDER": str(layout.root / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        # The default asks the name server, which may take seconds if there is none.
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "CORE__KILLED_TASK_CLEANUP_TIME": "10",
        "CORE__FERNET_KEY": credentials.fernet_key,
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN_USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(layout)),
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "API__BASE_URL": url,
        "API__HOST": address,
        "API__PORT": str(port),
        "API__SECRET_KEY": credentials.api_secret_key,
        "API_AUTH__JWT_SECRET": credentials.jwt_secret,
        "DATABASE__SQL_ALCHEMY_CONN": dsn,
        "LOGGING__BASE_LOG_FOLDER": str(layout.logs / "tasks"),
        # The default, a second, costs half a second per stage. A round of the scheduler takes 40 ms
        # of processor time, though, which a large night has to do without.
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.25",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        # Executor slots do not sleep five seconds after a task.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }
    return {
        **kindred_environment(layout, server, credentials),
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
        "AIRFLOW_CONN_KINDRED_BI": server.dsn(WAREHOUSE, PAGE_READER),
        # Keeps the marker readable in /proc when Airflow changes the titles of its processes.
        "SPT_NOENV": "1",
        "NO_PROXY": _without_proxy(os.environ, address),
        "no_proxy": _without_proxy(os.environ, address),
    }


def _without_proxy(environment: Mapping[str, str], address: str) -> str:
    given = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    own = dict.fromkeys((LOOPBACK, "localhost", address))
    return ",".join(filter(None, (given, *own)))
