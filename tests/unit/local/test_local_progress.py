import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from local.progress import RunBoard, TaskProgress

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RUN = datetime(2018, 1, 1, 2, tzinfo=UTC)


def instance(task: str, state: str | None, start: float | None = None, end: float | None = None):
    def moment(seconds: float | None) -> str | None:
        return None if seconds is None else (NOW + timedelta(seconds=seconds)).isoformat()

    return {
        "task_id": task,
        "logical_date": RUN.isoformat().replace("+00:00", "Z"),
        "state": state,
        "start_date": moment(start),
        "end_date": moment(end),
    }


@pytest.mark.parametrize(
    ("width", "runs", "is_live"), [(80, 3, True), (120, 5, True), (120, 6, False), (60, 3, True)]
)
def test_runs_that_do_not_fit_side_by_side_are_told_line_by_line(width, runs, is_live):
    console = Console(file=io.StringIO(), force_terminal=True, width=width)
    titles = {RUN + timedelta(days=number): f"run {number}" for number in range(runs)}
    with RunBoard(console, ["encode"], titles) as board:
        board.update([instance("encode", "success", start=-2, end=-1)], NOW)
    printed = console.file.getvalue()
    assert ("run 0  encode" in printed) is not is_live
    assert ("✓" in printed) is is_live


def test_a_task_that_has_not_begun_shows_no_time():
    progress = TaskProgress.of([instance("encode", None)], NOW)
    assert progress == TaskProgress(state=None, seconds=None, done=0, instances=1)


def test_a_running_task_counts_until_now():
    progress = TaskProgress.of([instance("encode", "running", start=-3)], NOW)
    assert (progress.state, progress.seconds) == ("running", 3.0)


def test_a_mapped_task_lasts_from_its_first_start_to_its_last_end():
    entries = [
        instance("cluster", "success", start=-9, end=-5),
        instance("cluster", "success", start=-8, end=-1),
    ]
    assert TaskProgress.of(entries, NOW) == TaskProgress("success", 8.0, 2, 2)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("success", "failed", "running"), "failed"),
        (("success", "running"), "running"),
        (("success", "queued"), "queued"),
        (("success", None), "running"),
        (("success", "skipped"), "running"),
        (("success", "success"), "success"),
    ],
)
def test_a_mapped_task_shows_its_most_telling_state(states, expected):
    entries = [instance("cluster", state) for state in states]
    assert TaskProgress.of(entries, NOW).state == expected


def test_a_clock_that_runs_behind_shows_no_negative_time():
    assert TaskProgress.of([instance("encode", "running", start=2)], NOW).seconds == 0.0


def test_without_a_terminal_each_end_is_one_line():
    output = io.StringIO()
    board = RunBoard(Console(file=output, width=100), ["extract", "encode"], {RUN: "2018-02-01"})
    with board:
        board.update([instance("extract", "queued")], NOW)
        board.update([instance("extract", "running", start=-2)], NOW)
        board.update([instance("extract", "success", start=-2, end=-1)], NOW)
        board.update([instance("extract", "success", start=-2, end=-1)], NOW)
        board.update([instance("encode", "failed", start=-1, end=0)], NOW)
    assert output.getvalue().splitlines() == [
        "  2018-02-01  extract             success  1.0 s",
        "  2018-02-01  encode              failed  1.0 s",
    ]


def test_in_a_terminal_the_board_shows_every_task_of_every_run():
    output = io.StringIO()
    console = Console(file=output, width=100, force_terminal=True)
    board = RunBoard(console, ["extract", "encode"], {RUN: "2018-02-01"})
    with board:
        board.update([instance("extract", "success", start=-2, end=-1)], NOW)
    plain = Console(file=io.StringIO(), width=100, record=True)
    plain.print(board.table())
    text = plain.export_text()
    assert "2018-02-01" in text
    assert "✓ 1.0 s" in text
    assert "encode" in text
    assert "✓" in output.getvalue()


def test_tasks_of_other_runs_are_not_mixed_in():
    output = io.StringIO()
    other = RUN + timedelta(days=31)
    board = RunBoard(Console(file=output, width=100), ["extract"], {other: "2018-03-01"})
    board.update([instance("extract", "success", start=-2, end=-1)], NOW)
    assert output.getvalue() == ""
