import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import psycopg2.extensions
import pytest
import yaml

from local import environment
from local.__main__ import _print_outcome, main
from local.airflow import claim_port, free_port
from local.credentials import credentials_file, load_credentials, passwords_file
from local.demo import AS_OF_BY_LOGICAL_DATE
from local.failures import InterruptedRunError
from local.interrupts import Interrupts
from local.layout import Layout
from local.postgres import EmbeddedServer
from local.run import Stopwatch


@pytest.fixture
def layout(tmp_path):
    layout = Layout(root=tmp_path, state=tmp_path / ".kindred")
    layout.create()
    return layout


def airflow_settings(layout: Layout) -> dict[str, str]:
    server = EmbeddedServer(layout.pgdata)
    return environment.airflow_environment(layout, server, load_credentials(layout), 8080)


def test_secrets_are_long_private_and_made_once(layout):
    first = load_credentials(layout)
    assert load_credentials(layout) == first
    assert len(first.jwt_secret) >= 64
    for path in (credentials_file(layout), passwords_file(layout)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(passwords_file(layout).read_text()) == {"admin": first.admin_password}
    # Users whom Airflow has given a password keep it.
    passwords_file(layout).write_text(json.dumps({"viewer": "1", "admin": "2"}))
    load_credentials(layout)
    known = json.loads(passwords_file(layout).read_text())
    assert known == {"viewer": "1", "admin": first.admin_password}


def test_secrets_of_an_earlier_version_are_kept_and_new_ones_added(layout):
    first = load_credentials(layout)
    kept = json.loads(credentials_file(layout).read_text())
    del kept["erasure_key"]
    credentials_file(layout).write_text(json.dumps(kept))
    found = load_credentials(layout)
    assert found.jwt_secret == first.jwt_secret
    assert len(found.erasure_key) == 64
    assert found.erasure_key != first.erasure_key
    assert load_credentials(layout) == found
    assert stat.S_IMODE(credentials_file(layout).stat().st_mode) == 0o600


def test_the_erasure_key_of_the_caller_is_not_used(layout, monkeypatch):
    monkeypatch.setenv("KINDRED_ERASURE_KEY", "x" * 64)
    assert airflow_settings(layout)["KINDRED_ERASURE_KEY"] == load_credentials(layout).erasure_key


def test_the_fernet_key_is_one_that_airflow_accepts(layout):
    from cryptography.fernet import Fernet

    Fernet(load_credentials(layout).fernet_key)


def test_nothing_of_the_callers_databases_leaks_in(layout, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_KINDRED_SOURCE", "postgresql://company/real")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://company/airflow")
    monkeypatch.setenv("PGHOST", "company")
    monkeypatch.setenv("KINDRED_ARTIFACTS", "s3://company")
    found = airflow_settings(layout)
    assert "company" not in " ".join(found.values())
    assert "PGHOST" not in found


def test_a_setting_of_the_caller_that_is_harmless_stays(layout, monkeypatch):
    monkeypatch.setenv("KINDRED_SHARD_ROWS", "1000")
    monkeypatch.setenv("KINDRED_RETRY_DELAY_SECONDS", "0")
    found = airflow_settings(layout)
    assert found["KINDRED_SHARD_ROWS"] == "1000"
    assert found["KINDRED_RETRY_DELAY_SECONDS"] == "0"


def test_connections_are_libpq_addresses_of_the_local_server(layout):
    found = airflow_settings(layout)
    for name, database in (("SOURCE", "shop"), ("WAREHOUSE", "warehouse")):
        parsed = psycopg2.extensions.parse_dsn(found[f"AIRFLOW_CONN_KINDRED_{name}"])
        assert parsed["dbname"] == database
        assert parsed["host"] == str(EmbeddedServer(layout.pgdata).socket_dir)


def test_every_airflow_setting_is_known_to_the_installed_airflow(layout):
    core = distribution("apache-airflow-core")
    template = Path(str(core.locate_file("airflow/config_templates/config.yml")))
    known = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, content in yaml.safe_load(template.read_text()).items()
        for option in content["options"]
    }
    used = {name for name in airflow_settings(layout) if name.startswith("AIRFLOW__")}
    assert used
    assert used - known == set()


def test_a_proxy_is_not_used_for_the_loopback(layout, monkeypatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "intranet")
    assert airflow_settings(layout)["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_each_snapshot_is_the_end_of_its_interval():
    pairs = {f"{start:%m-%d}": f"{end:%m-%d}" for start, end in AS_OF_BY_LOGICAL_DATE.items()}
    assert pairs == {"01-01": "02-01", "02-01": "03-01", "03-01": "04-01"}


def test_a_taken_port_is_not_offered():
    import socket

    port = free_port()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert free_port() != port


def test_a_port_that_is_claimed_and_not_yet_listened_on_is_offered_to_nobody_else():
    import socket

    port, claim = claim_port()
    with claim, socket.socket() as airflow:
        assert free_port() != port
        airflow.bind(("127.0.0.1", port))
        airflow.listen()
    assert free_port([port]) == port


@pytest.mark.parametrize(
    ("told", "expected"), [("12", 0), ("", 0), ("soon", 0), ("-40", 40), ("-90000", 0)]
)
def test_time_counts_from_the_beginning_of_make_if_that_is_plausible(monkeypatch, told, expected):
    import time

    from rich.console import Console

    if re.fullmatch(r"-?\d+", told):
        told = str(time.time() + int(told))
    monkeypatch.setenv("KINDRED_STARTED_AT", told)
    assert Stopwatch(Console()).seconds == pytest.approx(expected, abs=5)


@pytest.fixture
def interrupts():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # The tests may have been started by nohup, which ignores a closed terminal.
    before = [signal.signal(number, signal.SIG_DFL) for number in numbers]
    interrupts = Interrupts()
    interrupts.install()
    yield interrupts
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_stops_the_run_and_the_next_ones_do_not_disturb(interrupts, capfd, number):
    with pytest.raises(InterruptedRunError, match=number.name):
        signal.raise_signal(number)
    signal.raise_signal(signal.SIGINT)
    assert "still stopping" in capfd.readouterr().err


def test_a_signal_during_the_stopping_only_prints(interrupts, capfd):
    interrupts.shield()
    signal.raise_signal(signal.SIGTERM)
    assert "still stopping" in capfd.readouterr().err


@pytest.fixture
def checkout(layout, monkeypatch):
    """The commands work on an installation that nothing was started in yet."""
    monkeypatch.setattr(Layout, "of_checkout", lambda: layout)
    return layout


@pytest.mark.parametrize("command", ["status", "down"])
def test_whoever_reads_the_output_may_leave(command):
    """As in ``make status | head -1``, also when what was printed is written at the end only."""
    reader, writer = os.pipe()
    os.close(reader)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    code = (
        "import sys; from pathlib import Path; from local import __main__, layout\n"
        "layout.Layout.of_checkout = classmethod(lambda cls: cls(Path('.'), Path('no state')))\n"
        "sys.exit(__main__.main(sys.argv[1:]))"
    )
    with os.fdopen(writer, "w") as pipe:
        ended = subprocess.run(
            [sys.executable, "-c", code, command],
            stdout=pipe,
            stderr=subprocess.PIPE,
            env=environ,
            check=False,
            text=True,
        )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_run_ends_quietly_when_nobody_reads_what_it_says(capsys):
    def work(interrupts, watch):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        _print_outcome(work)
    assert capsys.readouterr() == ("", "")


def test_down_and_status_of_nothing(checkout, capsys):
    assert main(["down"]) == 0
    assert main(["status"]) == 0
    assert capsys.readouterr().out.split() == (
        ["nothing", "was", "running", "PostgreSQL", "stopped", "Airflow", "stopped"]
    )


def test_psql_before_the_first_run_says_what_to_do(checkout, capsys):
    assert main(["psql", "-c", "select 1"]) == 1
    assert "there is no warehouse yet. 'make run' creates one" in capsys.readouterr().err


RANGE = ["--from=2018-02-01", "--to=2018-04-01"]


def test_a_backfill_before_the_first_run_says_what_to_do(checkout, interrupts, capsys):
    assert main(["backfill", *RANGE]) == 1
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("KINDRED FAILED local ")
    assert line.endswith("there is no warehouse yet. 'make run' creates one.")
    assert main(["backfill", *RANGE, "--dry-run"]) == 1
    assert "there is no warehouse yet. 'make run' creates one" in capsys.readouterr().err
    assert not checkout.pgdata.exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "backfill FROM and TO are needed: the first and the last as_of date, both included,"),
        (RANGE[:1], "backfill FROM and TO are needed"),
        ([*RANGE, "--space=shop"], "space there is no space 'shop': there are default"),
        (
            [*RANGE, "--space=Defualt"],
            "space there is no space 'Defualt': there are default; did you mean 'default'?",
        ),
        (["--from=2018-05-01", "--to=2018-04-01"], "backfill from 2018-05-01 is later than to 201"),
        (
            ["--from=2018-04-02", "--to=2018-04-30"],
            "backfill space default: from 2018-04-02 to 2018-04-30 contains",
        ),
        (
            ["--from=2018-04-02", "--to=2999-04-30"],
            "backfill space default: from 2018-04-02 to 2999-04-30 reache",
        ),
        (["--from=april", "--to=2018-04-30"], "backfill from: 'april' is not an ISO 8601 date"),
    ],
)
def test_a_range_that_cannot_be_run_is_refused_before_anything_is_started(
    checkout, repository, interrupts, capsys, arguments, line
):
    shutil.copy(repository / "include" / "features" / "default.yaml", checkout.own_features)
    checkout.pgdata.mkdir(parents=True)
    (checkout.pgdata / "PG_VERSION").write_text("18")
    assert main(["backfill", *arguments]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"KINDRED FAILED {line}")
    assert not (checkout.state / "lock").exists()


def test_a_command_finds_the_server_up_and_leaves_it_stopped(checkout, capfd):
    server = EmbeddedServer(checkout.pgdata)
    server.start()
    server.create_database("warehouse")
    server.stop()
    assert main(["psql", "-At", "-c", "select 6 * 7"]) == 0
    assert capfd.readouterr().out == "42\n"
    show = "import os; print(os.environ['AIRFLOW_CONN_KINDRED_WAREHOUSE'])"
    assert main(["exec", sys.executable, "-c", show]) == 0
    assert capfd.readouterr().out.strip() == server.dsn("warehouse")
    assert main(["psql", "-c", "select nonsense"]) == 1
    assert not server.is_running


def test_unknown_arguments_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--sideways"])
    assert "unrecognized arguments: --sideways" in capsys.readouterr().err


def test_make_help_lists_every_target(repository):
    text = (repository / "Makefile").read_text()
    declared = set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split())
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    result = subprocess.run(
        ["make", "help"],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(re.findall(r"^  make ([\w-]+) ", result.stdout, re.MULTILINE)) == declared


@pytest.fixture
def make(repository, tmp_path):
    """Run make in a folder that has a Makefile and nothing else; returns what it prints."""
    for name in ("Makefile", "requirements-dev.txt", "pyproject.toml"):
        shutil.copy(repository / name, tmp_path)
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}

    def run(*arguments):
        command = ["make", "-C", str(tmp_path), "--no-print-directory", *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout

    return run


def test_without_environment_and_state_nothing_runs_and_nothing_is_installed(make, tmp_path):
    said = "nothing runs here: there is neither .venv nor .kindred\n"
    assert (make("down"), make("status")) == (said, said)
    make("clean")
    assert not (tmp_path / ".venv").exists()


def test_stopping_uses_the_environment_that_is_there_whatever_its_pins(make, tmp_path):
    (tmp_path / ".kindred").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "made-of-older-pins").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    assert make("down") == "-m local down\n"
    assert make("status") == "-m local status\n"
    make("clean")
    assert not (tmp_path / ".kindred").exists()


def test_make_runs_commands_of_kindred_on_the_demo(make):
    spied = make("kindred", "ARGS=lookalikes 42 --json", "LOCAL=echo", "STAMP=Makefile")
    assert spied == "exec kindred lookalikes 42 --json\n"


@pytest.mark.parametrize("target", ["down", "status", "clean"])
def test_state_without_an_environment_gets_one_before_anything_is_looked_for(
    make, tmp_path, target
):
    (tmp_path / ".kindred").mkdir()
    planned = make("--dry-run", target)
    assert planned.index("touch .venv/made-of-") < planned.rindex("-m local")
