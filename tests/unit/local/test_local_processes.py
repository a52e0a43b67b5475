import os
import signal
import subprocess
import sys
import time

import pytest

from local.failures import LocalError, RunFailedError
from local.layout import Layout
from local.lock import find_holder, hold_lock
from local.processes import ProcessId, identify, marked_processes, wait_until
from local.shutdown import end_holder, refuse_if_up
from local.supervisor import API_SERVER, Supervisor

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
# Ignores a polite end, and has a child in a session of its own that does so too.
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "if len(sys.argv) < 2:\n"
    "    subprocess.Popen([sys.executable, '-c', open('stubborn.py').read(), 'child'],"
    " start_new_session=True)\n"
    "print('ready', flush=True)\n"
    "time.sleep(600)\n",
)


@pytest.fixture
def layout(tmp_path):
    layout = Layout(root=tmp_path, state=tmp_path / ".kindred")
    layout.create()
    (layout.state / "stubborn.py").write_text(STUBBORN[2])
    return layout


@pytest.fixture
def supervisor(layout):
    supervisor = Supervisor(layout, marker=f"test-{os.getpid()}-{time.monotonic_ns()}")
    yield supervisor
    supervisor.stop(patience_seconds=0)


def test_a_process_is_known_by_its_start_not_by_its_pid():
    me = identify(os.getpid())
    assert me is not None
    assert me.is_alive
    assert not ProcessId(me.pid, me.boot, me.started + 1).is_alive


def test_a_zombie_has_ended():
    child = subprocess.Popen([sys.executable, "-c", ""])
    assert wait_until(lambda: identify(child.pid) is None, seconds=10)
    child.wait()


def test_a_signal_is_not_sent_to_a_stranger_with_the_same_pid():
    me = identify(os.getpid())
    assert me is not None
    ProcessId(me.pid, me.boot, me.started - 1).send(signal.SIGKILL)


def test_stop_ends_stubborn_processes_and_their_children(supervisor, layout):
    component = supervisor.start("stubborn", STUBBORN, os.environ)
    log = layout.log_file("stubborn")
    assert wait_until(lambda: log.read_text().count("ready") == 2, seconds=20)
    assert len(marked_processes(supervisor.marker)) == 2
    supervisor.stop(patience_seconds=0.2)
    assert not component.process.is_alive
    assert marked_processes(supervisor.marker) == []
    assert supervisor.components() == []


def test_children_of_a_killed_component_are_found_and_ended(supervisor, layout):
    component = supervisor.start("stubborn", STUBBORN, os.environ)
    assert wait_until(lambda: layout.log_file("stubborn").read_text().count("ready") == 2, 20)
    component.process.send(signal.SIGKILL)
    assert wait_until(lambda: not component.process.is_alive, seconds=5)
    assert len(marked_processes(supervisor.marker)) == 1
    Supervisor(layout, supervisor.marker).stop(patience_seconds=0.2)
    assert marked_processes(supervisor.marker) == []


def test_another_object_finds_what_runs(supervisor, layout):
    supervisor.start("one", SLEEP, os.environ)
    supervisor.start("two", SLEEP, os.environ)
    later = Supervisor(layout, supervisor.marker)
    assert [component.name for component in later.running()] == ["one", "two"]
    later.check_all_run(["one", "two"])
    supervisor.end("one")
    assert (later.has_ended("one"), later.has_ended("two"), later.has_ended("three")) == (
        True,
        False,
        True,
    )
    assert [component.name for component in later.components()] == ["two"]
    with pytest.raises(RunFailedError, match="one: ended"):
        later.check_all_run(["two", "one"])


def test_what_another_command_runs_goes_on_beside_one_that_is_ended(supervisor, layout):
    supervisor.start("server", SLEEP, os.environ)
    later = Supervisor(layout, supervisor.marker)
    later.start("fit", SLEEP, os.environ)
    later.end("fit")
    later.end("fit")
    assert later.has_ended("fit")
    assert [component.name for component in supervisor.running()] == ["server"]


def test_the_api_server_ends_after_the_others(supervisor, layout):
    trap = (
        sys.executable,
        "-c",
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep(0.3); print(time.monotonic_ns(), flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n",
    )
    names = (API_SERVER, "scheduler")
    for name in names:
        supervisor.start(name, trap, os.environ)
    logs = {name: layout.log_file(name) for name in names}
    assert wait_until(lambda: all("ready" in log.read_text() for log in logs.values()), 20)
    supervisor.stop(patience_seconds=10)
    ended = {name: int(log.read_text().split()[1]) for name, log in logs.items()}
    assert ended["scheduler"] < ended[API_SERVER]


def test_a_dead_component_is_reported_with_its_log(supervisor):
    command = (sys.executable, "-c", "print('out of paper'); raise SystemExit(3)")
    supervisor.start("printer", command, os.environ)
    assert wait_until(lambda: supervisor.has_ended("printer"), seconds=10)
    with pytest.raises(RunFailedError, match="printer: ended with code 3") as caught:
        supervisor.check_all_run(["printer"])
    assert caught.value.log_tail == ("out of paper",)


def test_waiting_for_a_failing_command_tells_its_last_line(supervisor):
    text = (
        "import time; time.sleep(0.5); print('first'); print('the reason\\n'); raise SystemExit(1)"
    )
    command = (sys.executable, "-c", text)
    supervisor.start("fit", command, os.environ)
    with pytest.raises(RunFailedError, match="the reason") as caught:
        supervisor.wait_for_success("fit", seconds=20)
    assert caught.value.step == "fit"


def test_waiting_ends_when_another_component_dies(supervisor):
    supervisor.start("long", SLEEP, os.environ)
    supervisor.start("server", (sys.executable, "-c", ""), os.environ)
    with pytest.raises(RunFailedError, match="server: ended with code 0"):
        supervisor.wait_for_success("long", seconds=60, meanwhile=["server"])


def test_waiting_has_a_limit(supervisor):
    supervisor.start("long", SLEEP, os.environ)
    with pytest.raises(RunFailedError, match="did not end within 0 seconds"):
        supervisor.wait_for_success("long", seconds=0)


def test_only_one_command_at_a_time(layout):
    with hold_lock(layout, "make run"):
        holder = find_holder(layout)
        assert holder is not None
        assert holder.process.pid == os.getpid()
        with (
            pytest.raises(LocalError, match=rf"'make run' \(process {os.getpid()}\) is at work"),
            hold_lock(layout, "make up"),
        ):
            pass
    assert find_holder(layout) is None
    with hold_lock(layout, "make up"):
        pass


def test_what_make_up_left_up_is_not_stopped_by_another_run(layout, supervisor):
    layout.url_file.write_text("http://localhost:8080")
    supervisor.start(API_SERVER, SLEEP, os.environ)
    later = Supervisor(layout, supervisor.marker)
    refuse_if_up(layout, later)  # what a killed run has left is no `make up`
    supervisor.leave_up()
    # A backfill on it starts and ends a process of its own.
    later.start("fit", (sys.executable, "-c", ""), os.environ)
    later.wait_for_success("fit", seconds=20)
    later.end("fit")
    with pytest.raises(LocalError, match=r"'make up' is up at http://localhost:8080.*'make down'"):
        refuse_if_up(layout, later)
    assert not later.has_ended(API_SERVER)
    supervisor.stop(patience_seconds=0)
    refuse_if_up(layout, later)
    supervisor.start(API_SERVER, SLEEP, os.environ)
    refuse_if_up(layout, later)


def test_a_holder_that_was_asked_to_stop_leaves_no_lock(layout):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from local.layout import Layout; from local.lock import hold_lock\n"
        "with hold_lock(Layout(Path(sys.argv[1]), Path(sys.argv[2])), 'make run'):\n"
        "    print('held', flush=True); time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code, str(layout.root), str(layout.state)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert end_holder(layout)
    assert child.returncode == -signal.SIGTERM
    assert not end_holder(layout)
    with hold_lock(layout, "make down"):
        pass


def test_state_of_another_user_is_refused(layout, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(LocalError, match="belongs to the user with uid"):
        layout.create()
