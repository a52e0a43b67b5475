"""What `make cluster-test` counts, and whom it harms when."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from benchmarks.workers import faults
from benchmarks.workers.faults import Harm, Strike, Strikes
from benchmarks.workers.spaces import demo_spec, mixed_spec
from benchmarks.workers.traffic import Counts, Moved, moved_by_stage, requests_in

BEGAN = datetime(2026, 1, 5, 2, tzinfo=UTC)
HERE, THERE = "10.213.0.11", "10.213.0.12"


def instance(task_id, start=None, end=None, host=HERE, **more):
    times = {
        "start_date": None if start is None else (BEGAN + timedelta(seconds=start)).isoformat(),
        "end_date": None if end is None else (BEGAN + timedelta(seconds=end)).isoformat(),
    }
    given = {"task_id": task_id, "hostname": host, "map_index": -1, "dag_run_id": "night"}
    return {**given, "state": "running", "try_number": 1, **times, **more}


def test_bytes_of_a_stage_are_those_of_its_workers_while_it_ran(tmp_path):
    counts = {HERE: Counts(), THERE: Counts()}
    for second in range(10):
        counts[HERE].add(BEGAN.timestamp() + second, 100 * second, 10 * second)
        counts[THERE].add(BEGAN.timestamp() + second, 7 * second, 0)
    log = tmp_path / "log"
    at = BEGAN.timestamp()
    log.write_text(
        f"{at + 1.95} {HERE} GET /kindred/a b.npy 0 40\n"
        f"{at + 2.0} {HERE} PUT /kindred/c 9 5\n"
        f"{at + 2.0} {THERE} GET /kindred/c 0 1\n"
        f"{at + 4.0} {HERE} GET /kindred/c 0 1000\n"
    )
    instances = [
        instance("graph", 5, 7, THERE, map_index=1),
        instance("encode", 1.9, 2.1),
        instance("graph", 4.5, 6, map_index=0),
        instance("skipped"),
        instance("elsewhere", 1, 2, "another"),
    ]
    assert moved_by_stage(instances, counts, requests_in(log)) == {
        "encode": Moved(200, 20, 45, 9),
        "graph": Moved(200 + 14, 20, 0, 0),
    }


def test_nothing_is_counted_before_the_first_sample():
    assert Counts().between(0, 1) == (0, 0)
    counts = Counts([5.0], [100], [50])
    assert counts.between(1, 9) == (0, 0)


class Worker:
    """A worker that remembers what is done to it."""

    name = "worker-1"

    def __init__(self):
        self.done = []
        self.place = SimpleNamespace(
            cut=lambda: self.done.append("cut"),
            unplug=lambda: self.done.append("unplug"),
            mend=lambda: self.done.append("mend"),
        )

    def kill(self):
        self.done.append("kill")

    def start(self, slots, queues):
        assert set(queues) == {"default", "heavy"}
        self.done.append(f"start {slots}")


@pytest.fixture
def strike(monkeypatch):
    monkeypatch.setattr(faults, "RESTART_SECONDS", 0.0)
    monkeypatch.setattr(faults, "_say", lambda _: None)
    worker = Worker()
    cluster = SimpleNamespace(worker_at=lambda host: worker if host == HERE else None)

    def make(harm):
        return Strike(harm, ("graph",), cluster, slots=2), worker.done

    return make


def test_a_worker_is_killed_in_the_middle_of_a_task_and_started_again(strike):
    kill, done = strike(Harm.KILL)
    kill.look([instance("encode", 0), instance("graph", 0, host="gone")])
    kill.look([instance("graph", 0, state="success"), instance("graph", state="queued", host="")])
    assert done == []
    kill.look([instance("graph", 0)])
    kill.look([instance("graph", 0)])
    assert done == ["kill", "start 2"]
    assert not kill.is_done
    kill.look([instance("graph", 0, state="up_for_retry")])
    assert kill.is_done


@pytest.mark.parametrize(("harm", "how"), [(Harm.CUT, "cut"), (Harm.UNPLUG, "unplug")])
def test_a_worker_is_cut_off_until_its_task_runs_elsewhere(strike, harm, how):
    cut, done = strike(harm)
    cut.look([instance("graph", 0)])
    cut.look([instance("graph", 0)])
    cut.look([instance("graph", state="queued", try_number=2, host=None)])
    assert done == [how]
    cut.look([instance("graph", 9, try_number=2, host=THERE)])
    assert done == [how, "mend"]
    assert cut.is_done


def test_who_comes_too_late_strikes_again(strike):
    cut, done = strike(Harm.CUT)
    cut.look([instance("graph", 0)])
    cut.look([instance("graph", 0, state="success")])
    assert done == ["cut", "mend"]
    assert not cut.is_done
    cut.look([instance("graph", 0, dag_run_id="next")])
    assert done == ["cut", "mend", "cut"]


def test_a_young_task_is_left_to_work_first(strike):
    kill, done = strike(Harm.KILL)
    now = (datetime.now(UTC) - BEGAN).total_seconds()
    kill.look([instance("graph", now)])
    assert done == []


def test_one_strike_follows_the_other(strike):
    first, done = strike(Harm.KILL)
    second, _ = strike(Harm.CUT)
    strikes = Strikes([first, second])
    for entry in (
        instance("graph", 0),
        instance("graph", 0, state="up_for_retry"),
        instance("graph", 0, dag_run_id="next"),
    ):
        strikes.look([entry])
    assert done == ["kill", "start 2", "cut"]


def test_several_spaces_read_the_same_table():
    one, two = mixed_spec("one"), mixed_spec("two")
    assert one.source == two.source
    assert one.dag_id != two.dag_id != demo_spec().dag_id
    assert one.source.table != demo_spec().source.table
