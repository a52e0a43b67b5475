"""One real Airflow for the session: LocalExecutor, PostgreSQL, and a DAG for every question."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import cdnow_shop
import chosen_faults
import pytest
from customers import fill_source, gated_spec, space_spec, write_spec
from page_users import LOOKED_AT, LOOKUPS, USERS
from real_airflow import RealAirflow, SharedLaboratory, wait_for

from benchmarks.faults.room import task_settings
from integration.audiences.audience_scene import write_audiences
from local.airflow import LocalAirflow, free_port
from local.credentials import load_credentials
from local.environment import SOURCE, WAREHOUSE
from local.layout import Layout
from local.postgres import EmbeddedServer
from local.supervisor import Supervisor
from webhooks import Webhook, listening

RUNNING = pytest.StashKey[ExitStack]()

# KINDRED_START_DATE holds for all DAGs. Two days ago, it makes one run due in the daily space when
# that is unpaused, its next one 18 hours later, and none in the monthly spaces.
NOW = datetime.now(UTC)
START_DATE = NOW - timedelta(days=2)
# The daily space goes by the clock of a place whose hours are not those of UTC.
DAILY = (NOW - timedelta(hours=6)).astimezone(ZoneInfo("Asia/Kathmandu"))
DAILY_SCHEDULE = {"cron": f"0 {DAILY.hour} * * *", "timezone": str(DAILY.tzinfo)}
KMEANS = {"algorithms": ["kmeans"]}  # where it does not matter, the cheaper one alone
# Of one task, since each event takes a tenth of a second.
TOLD_OF = {"dag_id": "customer_similarity__scheduled", "task_id": "publish"}
EMISSION = [
    {"scope": {}, "controls": {"emit": False}},
    {"scope": TOLD_OF, "controls": {"emit": True}},
]
SPECS = [
    *map(cdnow_shop.spec_of, ("killed", "parallel")),
    space_spec("refused"),
    # Its newest snapshot follows one of two months only.
    space_spec("manual", gates={"max_drift": 100.0}),
    space_spec("empty", source={"table": "customers_empty"}),
    *(space_spec(name, clustering=KMEANS) for name in ("lost", "twice", "ranged")),
    gated_spec(gates={"min_customers": 400}),
    space_spec("erased", source={"table": "customers_erased"}),
    space_spec("scheduled", schedule=DAILY_SCHEDULE, clustering=KMEANS),
    chosen_faults.SPEC,
    space_spec(LOOKED_AT, clustering=KMEANS),
]


@pytest.fixture(scope="session")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of specs that the session's Airflow reads."""
    folder = tmp_path_factory.mktemp("features")
    for spec in SPECS:
        write_spec(folder, spec)
    (folder / "broken.yaml").write_text("source: {table: customers}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def audiences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of audience files that the session's Airflow reads."""
    folder = tmp_path_factory.mktemp("audiences")
    seeds = {"seed": {"label": {"churned": True}}, "sizes": ["10%", "50%"]}
    files = {
        "leaving": {**seeds, "space": "scheduled"},
        "doomed": {**seeds, "space": "scheduled"},
        "unreadable": {"space": "scheduled", "sizes": ["10%"]},
        "of_nobody": {**seeds, "space": "empty"},
    }
    write_audiences(folder, files)
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Any:
    """Stop Airflow behind the last test of this folder: idle, it takes a third of a processor."""
    result = yield
    is_last = nextitem is None or Path(__file__).parent not in nextitem.path.parents
    if is_last and RUNNING in item.config.stash:
        item.config.stash[RUNNING].close()
    return result


@pytest.fixture(scope="session")
def webhook() -> Iterator[Webhook]:
    """Where the alerts of the session's Airflow go."""
    with listening() as found:
        yield found


@pytest.fixture(scope="session")
def airflow(
    request: pytest.FixtureRequest,
    server: EmbeddedServer,
    features: Path,
    audiences: Path,
    webhook: Webhook,
    tmp_path_factory: pytest.TempPathFactory,
    repository: Path,
) -> Iterator[RealAirflow]:
    """The one Airflow of the session, healthy, all DAGs paused."""
    layout = Layout(repository, tmp_path_factory.mktemp("local"))
    layout.create()
    credentials = load_credentials(layout)
    supervisor = Supervisor(layout, credentials.marker)
    events = {"type": "file", "log_file_path": str(layout.state / "lineage"), "append": True}
    settings = {
        "AIRFLOW_CONN_KINDRED_ALERTS": webhook.address,
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(events),
        "AIRFLOW__OPENLINEAGE__EMISSION_POLICY": json.dumps(EMISSION),
        # No DAG changes its shape here, and reading all of them takes seconds each time.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "900",
        # Tasks that stand still, stopped or in front of a lock, hold their slots; so do those whose
        # end has been missed, until the next heartbeat.
        "AIRFLOW__CORE__PARALLELISM": "10",
        # Many runs are under way at the same time: a scheduler that looks ten times a second, as on
        # a machine with one run, takes a fifth of a processor.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
        # Each task that is there asks the API server, which takes a third of its time.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "5",
        # Nobody ends its sessions with its database: to ask each whether it lives, before each
        # use, is a twentieth of what the components do.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_PRE_PING": "False",
        "AIRFLOW__CORE__AUTH_MANAGER": "dag_rights.DagRights",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": USERS,
        "KINDRED_PAGE_LOOKUPS_PER_HOUR": str(LOOKUPS),
        "KINDRED_AUDIENCES": str(audiences),
        "KINDRED_FEATURES": str(features),
        "KINDRED_START_DATE": START_DATE.isoformat(),
        **task_settings(layout),
        # The second folder has the auth manager and sitecustomize.py.
        "PYTHONPATH": os.pathsep.join(map(str, (repository / "plugins", Path(__file__).parent))),
    }
    with ExitStack() as stack:
        request.config.stash[RUNNING] = stack
        stack.callback(_stop, supervisor)
        # Not the usual port, which another Airflow that is about to start may have chosen too.
        local = LocalAirflow(layout, server, supervisor, credentials, settings, free_port(()))
        stack.callback(local.client.close)
        local.begin_migration()
        laboratory = _fill_databases(server, layout)
        local.finish_migration()
        local.start()
        local.start_triggerer()
        local.wait_until_healthy(SPECS[0].dag_id)
        real = RealAirflow(local, credentials, laboratory, webhook)
        stack.callback(real.close)
        yield real


@pytest.fixture(scope="session")
def begun(request: pytest.FixtureRequest, airflow: RealAirflow) -> dict[str, Any]:
    """What every module of this folder begins, before the first test waits for anything.

    A run waits more than it works; runs of many spaces at the same time keep the processors busy.
    """
    folder = Path(__file__).parent
    items = [item for item in request.session.items if folder in item.path.parents]
    modules = dict.fromkeys(item.module for item in items if isinstance(item, pytest.Function))
    return {m.__name__: m.begin(airflow) for m in modules if hasattr(m, "begin")}


@pytest.fixture(scope="session")
def early(request: pytest.FixtureRequest) -> None:
    """Begin here what later tests wait for, so that it goes on beside those that need no Airflow.

    Nothing is begun if none of those later tests is to be run.
    """
    folder = Path(__file__).parent
    items = [item for item in request.session.items if folder in item.path.parents]
    if any("begun" in item.fixturenames for item in items if isinstance(item, pytest.Function)):
        request.getfixturevalue("begun")


@pytest.fixture(scope="module")
def begun_here(request: pytest.FixtureRequest, begun: dict[str, Any]) -> Any:
    """What the module of the test has begun."""
    return begun[request.module.__name__]


def _fill_databases(server: EmbeddedServer, layout: Layout) -> SharedLaboratory:
    for name in (SOURCE, WAREHOUSE):
        server.create_database(name)
    laboratory = SharedLaboratory(server.dsn(SOURCE), server.dsn(WAREHOUSE), layout.artifacts)
    for table in ("customers", "customers_gated", "customers_erased"):
        fill_source(laboratory, table)
    laboratory.query("create table customers_empty (like customers)", source=True)
    return laboratory


def _stop(supervisor: Supervisor) -> None:
    names = [component.name for component in supervisor.components()]
    # Nothing is to be saved, and the triggerer takes its time.
    supervisor.stop(3)
    # The API server frees its memory for some seconds more after it has closed.
    wait_for(lambda: all(supervisor.has_ended(name) for name in names), seconds=30)


@pytest.fixture(scope="module")
def airflow_library(
    tmp_path_factory: pytest.TempPathFactory, repository: Path
) -> Iterator[dict[str, str]]:
    """Airflow as a library in this process: a home of its own, the DAGs of this checkout."""
    environment = {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("home")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(repository / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(repository / "plugins"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment
