"""What is said of nested steps, of compiling, and at least every few seconds."""

import os
import re
import subprocess
import sys
import time
from threading import Thread

import numpy as np
import pytest

from kindred import cli
from kindred.infer.files import read_csv
from kindred.infer.proposal import Roles, propose
from kindred.neighbours.distances import eligible
from kindred.neighbours.threads import cut, in_threads
from kindred.progress import steps as module
from kindred.progress.compiling import Compiling
from kindred.progress.steps import (
    Look,
    Step,
    blind_step,
    counted,
    line,
    reported,
    step,
)
from kindred.spec.metrics import Metric

SO_FAR = re.compile(r": \d+ s so far$")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def compiling(clock):
    return Compiling(clock)


@pytest.fixture
def make(compiling):
    """A step by the clock of the test."""
    return lambda *given, **more: Step(*given, compiling=compiling, **more)


@pytest.fixture
def opened(monkeypatch):
    """Every step that is opened."""
    found, honest = [], module.Step

    def watched(*given, **more):
        found.append(honest(*given, **more))
        return found[-1]

    monkeypatch.setattr(module, "Step", watched)
    return found


def work(clock, opened, seconds, count):
    for _ in range(seconds):
        clock.now += 1
        opened.advance(count)


def test_a_step_without_a_total_says_how_long_it_takes(make, clock, compiling):
    stage, inner = make("cluster hdbscan"), make("condensing the hierarchy")
    clock.now = 12
    said = line([stage, inner], compiling)
    assert said == "cluster hdbscan: condensing the hierarchy: 12 s so far"


def test_a_step_with_a_total_says_the_rate_and_the_time_left(make, clock, compiling):
    found = [make("search_graph 0"), make("shard 0 of 1"), make("searching lists", 1_000_000)]
    work(clock, found[-1], 10, 41_200)
    assert line(found, compiling) == (
        "search_graph 0: shard 0 of 1: searching lists: 412,000 of 1,000,000 rows,"
        " 41,200 rows/s, 14 s left"
    )


def test_compiling_is_named_and_not_counted_in_the_rate(make, clock, compiling):
    """54 rows/s and five hours left, because a search of 10 s had compiled for 70 s before."""
    found = [make("search_graph 0"), make("searching lists", 1_000_000)]
    compiling.begin("search_lists")
    clock.now = 9
    assert line(found, compiling) == (
        "search_graph 0: searching lists: compiling search_lists to machine code, 9 s so far"
    )
    clock.now = 70
    compiling.end()
    work(clock, found[-1], 10, 10_000)
    said = line(found, compiling)
    assert said.endswith("100,000 of 1,000,000 rows, 10,000 rows/s, 90 s left")


def test_compiling_within_compiling_counts_once(clock, compiling):
    compiling.begin("outer")
    clock.now = 3
    compiling.begin("inner")
    clock.now = 5
    compiling.end()
    assert (compiling.name, compiling.lasting_seconds()) == ("outer", 5)
    clock.now = 6
    compiling.end()
    clock.now = 10
    assert (compiling.name, compiling.lasting_seconds()) == (None, 0)
    assert compiling.work_seconds() == 4


def test_what_is_inside_a_step_with_a_rate_is_a_detail_of_it(make, clock, compiling):
    outer, inner = make("encoding", 1_000, "customers"), make("statement x/y")
    work(clock, outer, 6, 100)
    assert line([outer, inner], compiling).startswith("encoding: 600 of 1,000 customers, 100")


def test_an_outer_step_without_a_rate_yet_leaves_the_word_to_an_inner_one(make, clock, compiling):
    outer, inner = make("searching exactly", 3, "blocks"), make("scanning", 1_000)
    work(clock, inner, 6, 100)
    said = line([outer, inner], compiling)
    assert said.startswith("searching exactly: scanning: 600 of 1,000 rows, 100 rows/s")


def test_a_server_says_how_far_it_is(make, clock, compiling):
    looks = iter(
        [
            None,
            Look("building an index: k-means", 0, None, "blocks"),
            Look("building an index: loading", 300_000, 1_000_000, "rows"),
            Look("building an index: loading", 380_000, 1_000_000, "rows"),
        ]
    )
    found = [make("build_embeddings"), make("statement a/b", look=lambda: next(looks))]
    said = []
    for _ in range(4):
        clock.now += 8
        said.append(line(found, compiling).removeprefix("build_embeddings: statement a/b: "))
    assert said == [
        "8 s so far",
        "building an index: k-means: 0 blocks",
        "building an index: loading: 300,000 of 1,000,000 rows",
        "building an index: loading: 380,000 of 1,000,000 rows, 10,000 rows/s, 62 s left",
    ]


def test_a_server_that_counts_rows_of_a_known_number(make, clock, compiling):
    looks = iter([Look("copying", n, None, "rows") for n in (100, 200, 300)])
    loading = make("loading t", 1_000, look=lambda: next(looks))
    said = []
    for _ in range(3):
        clock.now += 8
        said.append(line([loading], compiling))
    assert said[0] == "loading t: copying: 100 of 1,000 rows"
    assert said[2] == "loading t: copying: 300 of 1,000 rows, 12 rows/s, 56 s left"


def test_something_is_said_while_one_call_takes_long_and_nothing_of_what_is_short():
    said = []
    with reported("stage", said.append, pause_seconds=0.02), step("one long call"):
        time.sleep(0.09)
    assert 1 <= len(said) <= 5
    assert {SO_FAR.sub("", text) for text in said} == {"stage: one long call"}
    said.clear()
    with reported("stage", said.append, pause_seconds=10):
        pass
    assert said == []
    time.sleep(0.03)
    assert module._local.own.steps == []


def test_a_place_in_the_code_says_more_of_what_has_no_steps(make, clock, compiling):
    stage, counted_step = make("build_embeddings"), make("searching", 10)
    statement = make("statement a/b", look=lambda: None)
    clock.now = 8
    place = {"place": "distinct.find_distinct"}
    said = line([stage], compiling, **place)
    assert said == "build_embeddings: in distinct.find_distinct: 8 s so far"
    assert "find_distinct" not in line([stage, counted_step], compiling, **place)
    assert "find_distinct" not in line([stage, statement], compiling, **place)


def test_the_place_is_that_of_the_thread_that_is_reported():
    class Slow:
        def any(self, axis):
            time.sleep(0.1)
            return np.ones(3, dtype=bool)

    said = []
    with reported("stage", said.append, pause_seconds=0.02):
        eligible(Metric.COSINE, Slow())
    places = {SO_FAR.sub("", text) for text in said}
    # On a busy machine a line may be due before the work has begun.
    assert places - {"stage"} == {"stage: in distances.eligible"}


def test_within_a_reported_block_another_is_a_step():
    said, inner = [], []
    with (
        reported("kindred", said.append, pause_seconds=0.02),
        reported("fit", inner.append, pause_seconds=0.001),
    ):
        time.sleep(0.05)
    assert inner == []
    assert said[0].startswith("kindred: fit: ")


def test_threads_have_steps_of_their_own():
    with reported("stage", print), step("mine"):
        seen = []
        other = Thread(target=lambda: seen.append(len(module._local.own.steps)))
        other.start()
        other.join()
        assert seen == [0]


def test_pieces_are_counted_by_the_threads_that_do_them(opened):
    totals = []

    def work(start, stop):
        totals.append(opened[0]._meter.done)

    in_threads(work, cut(100, 7), 2, "searching", "customers")
    assert opened[0]._meter.text(0).startswith("100 of 100 customers")
    assert max(totals) > 0


def test_items_are_counted_and_an_error_among_them_leaves_no_step_behind():
    def fail():
        for item in counted("reading columns", ["a", "b"], "columns"):
            if item == "b":
                raise ValueError(item)

    with reported("stage", print):
        with pytest.raises(ValueError, match="b") as error:
            fail()
        with step("next"):
            assert [one.what for one in module._local.own.steps][-1] == "next"
        del error
    assert module._local.own.steps == []


def test_inference_counts_the_columns_of_a_file(opened):
    text = "id,age,plan\n" + "".join(f"{n},{20 + n % 50},{'ab'[n % 2]}\n" for n in range(100))
    roles = Roles("id")
    propose("t", roles, read_csv(text.encode(), roles))
    assert {one.what: one.text() for one in opened if one.has_total} == {
        "reading columns": "3 of 3 columns", "deciding on columns": "2 of 2 columns",
    }  # fmt: skip
    assert {one.what for one in opened} >= {"reading the file", "comparing columns with labels"}


def test_a_command_reports_on_standard_error_which_no_result_is_on(monkeypatch, capsys):
    monkeypatch.setattr(module, "REPORT_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(cli, "app", lambda: time.sleep(0.1))
    cli.main()
    said = capsys.readouterr()
    assert said.out == ""
    assert SO_FAR.sub("", said.err.splitlines()[0]).startswith("kindred")


# A loop in C that never lets go of the interpreter, as those of some libraries.
BUSY = sum


def test_another_process_reports_where_no_thread_can(tmp_path):
    path, said = tmp_path / "said", []
    with path.open("wb") as out:
        place = {"descriptor": out.fileno(), "pause_seconds": 0.05}
        with reported("cluster", said.append, **place), blind_step("condensing", is_long=True):
            BUSY(range(12_000_000))
    lines = path.read_text().splitlines()
    assert lines
    assert {SO_FAR.sub("", text) for text in lines} == {"cluster: condensing"}
    assert said == []


def test_no_process_is_started_for_what_is_short_or_reported_by_nobody(monkeypatch):
    monkeypatch.setattr(module, "bystander", None)
    with blind_step("condensing", is_long=True):
        pass
    with reported("cluster", print), blind_step("condensing", is_long=False):
        pass


def test_the_process_ends_with_the_one_that_it_watches():
    code = (
        "import os, sys; from kindred.progress import bystander as b;"
        " c = b.bystander('work', 1, 0.02); c.__enter__(); sys.stdin.read(1); os._exit(9)"
    )
    given = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, **given) as watched:
        assert SO_FAR.sub("", watched.stdout.readline().decode().strip()) == "work"
        watched.stdin.write(b"x")
        watched.stdin.flush()
        # Its output ends only when nobody has it open any more.
        left = watched.stdout.read().decode().splitlines()
        assert {SO_FAR.sub("", text) for text in left} <= {"work"}
        assert watched.wait() == 9
