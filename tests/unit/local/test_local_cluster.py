"""The parts of a cluster that can be looked at without one."""

import io
import json
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from local.airflow import LocalAirflow
from local.cluster import environment, services
from local.cluster.enter import mounts_of, unescaped
from local.cluster.network import Bridge, Network, Place, bridged, free_network
from local.cluster.s3_store import counted
from local.credentials import load_credentials
from local.failures import LocalError
from local.layout import Layout
from local.postgres import EmbeddedServer, Listening
from local.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[3]
PLACES = tuple(Place(f"kindred-x-{n}", f"10.213.0.{11 + n}", f"kdx{n}") for n in range(2))
BRIDGE = Bridge("kdx", Network("10.213.0.0/24"), PLACES)
BROKER = services.Broker(BRIDGE.address, "broker's secret")
STORE = services.Store(BRIDGE.address, "key", "store's secret", Path("/unused"))
LISTENING = Listening(
    BRIDGE.address, str(BRIDGE.network), dict.fromkeys(environment.READERS, "a secret")
)


@pytest.fixture
def of_worker(tmp_path):
    """The environment of a worker whose folder is beside the state of the cluster."""
    layout = Layout(ROOT, tmp_path / "state")
    layout.create()
    server, credentials = EmbeddedServer(layout.pgdata, LISTENING), load_credentials(layout)
    settings = environment.cluster_settings(BRIDGE, BROKER, LISTENING)
    airflow = LocalAirflow(
        layout, server, Supervisor(layout, credentials.marker), credentials, settings, 8080,
        BRIDGE.address,
    )  # fmt: skip
    own = tmp_path / "worker"
    data = environment.data_settings(LISTENING, STORE)
    return environment.worker_environment(airflow.environment, data, own, own / "features")


def test_a_worker_is_told_of_its_folder_and_of_the_network_only(of_worker, tmp_path):
    told = {name for name, value in of_worker.items() if str(tmp_path / "state") in value}
    assert told == set()
    dsns = [value for value in of_worker.values() if "postgresql" in value]
    assert len(dsns) == 4
    assert all(f"@{BRIDGE.address}:5432/" in dsn for dsn in dsns)
    assert of_worker["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].startswith(
        f"http://{BRIDGE.address}:"
    )


def test_a_worker_is_told_what_compose_tells_it(of_worker):
    compose = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
    given = compose["services"]["worker"]["environment"]
    of_compose = {name for name in given if name.startswith(("AIRFLOW__C", "AIRFLOW__D"))}
    # Another login of the UI, and what `--concurrency` says; the demo unpauses its DAGs itself.
    of_compose -= {
        "AIRFLOW__CORE__AUTH_MANAGER",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION",
    }
    assert of_compose - of_worker.keys() == set()
    for name in ("CORE__EXECUTOR", "CELERY__EXTRA_CELERY_CONFIG"):
        assert of_worker[f"AIRFLOW__{name}"] == given[f"AIRFLOW__{name}"]
    imported = json.loads(given["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])["imports"]
    assert all(import_module(name) for name in imported)
    assert {"AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY"} <= of_worker.keys()


def test_what_a_worker_writes_is_in_folders_that_are_made(of_worker, tmp_path):
    made = set(environment.worker_folders(tmp_path / "worker"))
    names = ("AIRFLOW_HOME", "KINDRED_SCRATCH", "NUMBA_CACHE_DIR", "TMPDIR")
    assert {Path(of_worker[name]) for name in names} < made


def test_a_worker_writes_its_own_folder_only():
    points = ["/", "/proc", "/dev/shm", "/sys/fs/cgroup", "/tmp", "/", "/process"]
    found = list(mounts_of("/w/1", ["/state", "/w/2"], points))
    assert found[0] == ("--bind", "/w/1", "/w/1")
    made_read_only = [arguments[-1] for arguments in found if "bind,remount,ro" in arguments]
    assert made_read_only == ["/", "/tmp", "/process"]
    assert [arguments[-1] for arguments in found[4:]] == ["/state", "/w/2", "/dev/shm"]
    assert all("ro," in arguments[3] for arguments in found[4:6])


def test_paths_of_the_kernel_are_read():
    assert unescaped("/a\\040b\\134c") == "/a b\\c"


def test_its_processes_end_with_the_first_one():
    command = environment.place_command(PLACES[0], Path("/own"), [Path("/no")], "python", ["x"])
    assert command[:4] == ["ip", "netns", "exec", "kindred-x-0"]
    assert {"--pid", "--kill-child", "--mount", "--uts", "--ipc"} <= set(command)
    assert command[-5:] == ["10.213.0.11", "/own", "/no", "--", "x"]


def test_a_network_is_taken_that_nobody_uses():
    candidates = [Network("10.213.0.0/24"), Network("10.213.1.0/24")]
    assert free_network([], candidates) == candidates[0]
    assert free_network([Network("10.213.0.128/25")], candidates) == candidates[1]
    with pytest.raises(LocalError, match=r"all of 10\.213\.0\.0/24 to 10\.213\.1\.0/24"):
        free_network([Network("10.0.0.0/8")], candidates)


def test_the_broker_listens_at_the_bridge_and_asks_for_its_password(tmp_path):
    lines = services.redis_settings(BROKER, tmp_path).splitlines()
    assert {"bind 10.213.0.1", "port 6379", "requirepass broker's secret"} <= set(lines)


def test_the_store_counts_what_is_sent_and_received():
    lines, asked = io.StringIO(), {
        "REMOTE_ADDR": "10.213.0.11", "REQUEST_METHOD": "PUT", "PATH_INFO": "/kindred/a b.npy",
        "CONTENT_LENGTH": "7",
    }  # fmt: skip
    answer = counted(lambda environ, start: [b"abc", b"d"], lines)(asked, None)
    assert list(answer) == [b"abc", b"d"]
    assert lines.getvalue().split(" ", 1)[1] == "10.213.0.11 PUT /kindred/a b.npy 7 4\n"


def test_who_is_not_root_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LocalError, match="made by root only"), bridged(tmp_path, 1):
        pass


def test_missing_programs_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalError, match="ip, unshare, mount is missing"), bridged(tmp_path, 1):
        pass
