"""docker-compose.yaml outside containers: each service by its own command, and a night on them.

``make check-compose`` makes the environment of the image and runs this. The tests follow each
other: the last one stops the services.
"""

import base64
import re
import secrets
import shutil
import signal
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg2
import pytest

from integration.bi_scene import newest_environment
from integration.compose.containers import Containers, containers, networks
from kindred.spec.model import dag_id_of
from local.cluster.network import why_impossible
from local.credentials import load_credentials, write_private
from local.demo import AS_OF_BY_LOGICAL_DATE, load_customers
from local.environment import SOURCE, SOURCE_READER
from local.layout import Layout
from local.lock import hold_lock
from local.postgres import OWNER, EmbeddedServer, Listening
from local.rest import AirflowClient, Order
from local.shutdown import STOP_SECONDS, stop_all
from local.supervisor import Supervisor
from unit.compose_file import COMPOSE, ROOT, filled_in, template, variables_of

DAG = dag_id_of("default")
LOGICAL_DATE = min(AS_OF_BY_LOGICAL_DATE)
NIGHT_SECONDS, PARSED_SECONDS = 900, 120
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TASK_LOGGED = "search_graph"


@dataclass(frozen=True)
class Deployment:
    """What runs, with the values of its .env."""

    containers: Containers
    values: dict[str, str]
    source: Listening

    @property
    def url(self) -> str:
        """Where the port of the API server is."""
        return f"http://{self.containers.address('api-server', 'control')}:8080"

    def connect(self, service: str, network: str, user: str, password: str, database: str):
        """A session in one of the databases, over its port."""
        place = {"host": self.containers.address(service, network), "port": 5432}
        login = {"user": user, "password": password, "dbname": database}
        return closing(psycopg2.connect(**place, **login))


def env_file(source: str) -> str:
    """The template, filled in as its comments say; the warehouse gets little memory."""
    needed = [name for name, (default, _) in template().items() if default is None]
    return filled_in(
        {name: secrets.token_hex(32) for name in needed}
        | {
            "AIRFLOW_FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AIRFLOW_CONN_KINDRED_SOURCE": source,
            # In the future, so that unpausing the DAG starts no scheduled run.
            "KINDRED_START_DATE": "2099-01-01",
            "WAREHOUSE_SHARED_BUFFERS": "128MB",
        }
    )


@pytest.fixture(scope="module")
def deployment(request):
    """All services, healthy; whatever happens, all ends with the tests."""
    environment = newest_environment(ROOT, "deploy")
    if environment is None:
        pytest.skip("there is no environment of the image: make check-compose makes one")
    if problem := why_impossible():
        pytest.skip(problem)
    layout = Layout(ROOT, ROOT / "build" / "compose-check")
    layout.create()
    failed = request.session.testsfailed
    with ExitStack() as stack:
        for number in SIGNALS:  # all end it as Ctrl-C does
            stack.callback(signal.signal, number, signal.signal(number, signal.default_int_handler))
        stack.enter_context(hold_lock(layout, "make check-compose"))
        supervisor = Supervisor(layout, load_credentials(layout).marker)
        stop_all(supervisor, EmbeddedServer(layout.pgdata))  # leftovers of a killed run
        for folder in (layout.pgdata, layout.state / "volumes", layout.state / "containers"):
            shutil.rmtree(folder, ignore_errors=True)
        bridges = stack.enter_context(networks(layout.state, COMPOSE))
        passwords = {user: secrets.token_hex(16) for user in (OWNER, SOURCE_READER)}
        data = bridges["data"]
        source = Listening(data.address, str(data.network), passwords)
        server = EmbeddedServer(layout.pgdata, source)
        stack.callback(server.stop)
        stack.callback(supervisor.stop, STOP_SECONDS)
        for number in SIGNALS:
            stack.callback(signal.signal, number, signal.SIG_IGN)
        server.start()
        server.create_database(SOURCE)
        load_customers(server.dsn(SOURCE))
        text = env_file(source.dsn(SOURCE, SOURCE_READER))
        write_private(layout.state / ".env", text)
        values = variables_of(text)
        made = containers(layout, supervisor, bridges, COMPOSE, values, environment)
        made.up()
        yield Deployment(made, values, source)
    if request.session.testsfailed == failed:
        shutil.rmtree(layout.state)


@pytest.fixture(scope="module")
def client(deployment):
    """The REST API, as the administrator whom airflow-init has made."""
    client = AirflowClient(deployment.url, "admin", deployment.values["AIRFLOW_ADMIN_PASSWORD"])
    client.log_in()
    yield client
    client.close()


def test_owners_have_no_superuser_rights_and_the_superuser_no_login(deployment):
    for service, network, owner, database, variable in (
        ("metadata", "control", "airflow", "airflow", "METADATA_PASSWORD"),
        ("warehouse", "data", "kindred", "warehouse", "WAREHOUSE_PASSWORD"),
    ):
        password = deployment.values[variable]
        with deployment.connect(service, network, owner, password, database) as session:
            cursor = session.cursor()
            cursor.execute("select rolsuper from pg_roles where rolname = current_user")
            assert cursor.fetchall() == [(False,)]
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            deployment.connect(service, network, "postgres", password, database)


def test_the_warehouse_has_the_options_of_its_command(deployment):
    login = ("kindred", deployment.values["WAREHOUSE_PASSWORD"], "warehouse")
    with deployment.connect("warehouse", "data", *login) as session, session.cursor() as cursor:
        cursor.execute(
            "select current_setting('shared_buffers'), current_setting('max_wal_size'),"
            " (select extnamespace::regnamespace::text from pg_extension where extname = 'vector')"
        )
        assert cursor.fetchall() == [("128MB", "8GB", "vector")]


def test_services_run_as_their_users_without_capabilities(deployment):
    for name in deployment.containers.watched():
        first = deployment.containers.first_process(name)
        uids, capabilities, can_gain = set(), set(), set()
        for process in (first, *first.children(recursive=True)):
            with suppress(FileNotFoundError):  # it has ended meanwhile
                text = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
                status = dict(re.findall(r"^(\w+):\t(.*)$", text, re.M))
                uids |= set(status["Uid"].split())
                capabilities |= {int(status[kind], 16) for kind in ("CapPrm", "CapEff")}
                can_gain.add(status["NoNewPrivs"])
        assert (capabilities, can_gain) == ({0}, {"1"}), name
        is_airflow = deployment.containers[name].get("user") == "50000:0"
        assert uids == {"50000"} if is_airflow else "0" not in uids, name


def test_doctor_finds_nothing_wrong(deployment):
    deployment.containers.run("kindred")


def test_the_source_can_only_be_read(deployment):
    dsn = deployment.source.dsn(SOURCE, SOURCE_READER)
    with (
        closing(psycopg2.connect(dsn)) as session,
        session.cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        cursor.execute("delete from customers")


def log_in(deployment, password):
    login = {"username": "admin", "password": deployment.values[password]}
    return httpx.post(f"{deployment.url}/auth/token", json=login, trust_env=False, timeout=30)


def test_a_wrong_password_is_refused(deployment):
    found = log_in(deployment, "REDIS_PASSWORD")
    assert found.status_code == httpx.codes.UNAUTHORIZED
    assert httpx.get(f"{deployment.url}/api/v2/dags", trust_env=False).is_client_error


def test_a_night_is_published(deployment, client):
    deadline = time.monotonic() + PARSED_SECONDS
    while client.dag(DAG) is None:
        assert time.monotonic() < deadline, "the DAG is not parsed"
        time.sleep(1)
    assert client.dag(DAG)["is_paused"]
    client.unpause(DAG)
    as_of = AS_OF_BY_LOGICAL_DATE[LOGICAL_DATE]
    deployment.containers.run("kindred", "fit", "--as-of", as_of.isoformat())
    client.create_backfill(DAG, [LOGICAL_DATE], Order.FORWARD)
    deadline = time.monotonic() + NIGHT_SECONDS
    while (state := [run["state"] for run in client.runs(DAG, [LOGICAL_DATE])]) != ["success"]:
        assert state != ["failed"], failures(client)
        assert time.monotonic() < deadline, state
        deployment.containers.supervisor.check_all_run(deployment.containers.watched())
        time.sleep(1)
    hosts = {found["hostname"] for found in client.task_instances(DAG, [LOGICAL_DATE])}
    assert hosts - {None, ""} == {"worker"}
    login = ("kindred_page", deployment.values["WAREHOUSE_PAGE_PASSWORD"], "warehouse")
    with deployment.connect("warehouse", "data", *login) as session, session.cursor() as cursor:
        cursor.execute("select as_of, status, is_current, customers > 1000 from bi.snapshots")
        assert cursor.fetchall() == [(as_of, "published", True, True)]
        cursor.execute("select count(distinct customer_id) > 1000 from bi.lookalikes_current")
        assert cursor.fetchall() == [(True,)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("select from kindred.customer_versions")


def failures(client):
    """The logs of the tasks that failed."""
    instances = client.task_instances(DAG, [LOGICAL_DATE])
    failed = [found for found in instances if found["state"] == "failed"]
    return [(found["task_id"], client.log_messages(found)[-10:]) for found in failed]


def test_the_page_opens_for_the_administrator(deployment):
    with httpx.Client(base_url=deployment.url, trust_env=False, timeout=60) as browser:
        assert browser.get("/kindred/").status_code == httpx.codes.UNAUTHORIZED
        token = log_in(deployment, "AIRFLOW_ADMIN_PASSWORD").json()["access_token"]
        browser.cookies.set("_token", token)  # as a browser has it
        found = browser.get("/kindred/?space=default")
    assert found.status_code == httpx.codes.OK
    assert f"default: {AS_OF_BY_LOGICAL_DATE[LOGICAL_DATE]:%Y-%m-%d %H:%M}" in found.text


def test_the_log_of_a_task_can_be_read(client):
    instances = client.task_instances(DAG, [LOGICAL_DATE])
    done = [found for found in instances if found["task_id"] == TASK_LOGGED]
    assert done
    for found in done:
        assert any("logger" in message for message in client.log_messages(found))


def test_all_services_are_healthy_behind_the_night(deployment):
    found = {name: deployment.containers.check(name) for name in deployment.containers.watched()}
    assert set(found.values()) == {None}, found


def test_all_services_end_within_their_grace_period(deployment):
    """In the reverse order of their dependencies, as compose ends them."""
    ended = {
        name: deployment.containers.stop(name) for name in reversed(deployment.containers.watched())
    }
    print({name: took and round(took, 1) for name, took in ended.items()})
    assert None not in ended.values(), ended
    assert deployment.containers.supervisor.running() == []
