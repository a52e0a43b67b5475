"""What the faults run decides before and after its cases, without a server."""

from collections import Counter

import pytest

from benchmarks.faults.__main__ import (
    TASKS,
    TASKS_ANEW,
    TASKS_OF_AUDIENCES,
    TASKS_OF_EVENTS,
    TASKS_OF_PRIVATE,
    TASKS_UNCHANGED,
    TRIED,
    select_cases,
    table_of,
)
from benchmarks.faults.case import Case, Outcome, middle_of
from benchmarks.faults.checks import odd_sights
from benchmarks.faults.customers import (
    ANEW,
    CUSTOMERS,
    IN_PLACE,
    NEW,
    UNCHANGED,
    WITH_AUDIENCES,
    WITH_EVENTS,
    WITH_PRIVATE,
    Variant,
    rows,
)
from benchmarks.faults.harm import DoesNotApplyError, Fault
from benchmarks.faults.reader import Reader
from kindred.tasks import TASKS as DAG_TASKS

TEXTS = Variant("texts")
VARIANTS = (IN_PLACE, ANEW, TEXTS, WITH_EVENTS, WITH_AUDIENCES, UNCHANGED, WITH_PRIVATE)
COUNTS = {
    "encode": {"call": 101, "in warehouse": 20, "write": 4},
    "plan_graph": {"call": 40, "write": 2, "read": 3},
    "list_algorithms": {"call": 1},
}


def test_every_fault_meets_every_task():
    cases = select_cases(VARIANTS, [], [])
    assert len(set(cases)) == len(cases)
    assert len({case.space for case in cases}) == len(cases)
    for fault in set(Fault) - {Fault.SOURCE}:
        met = {(case.variant, case.task) for case in cases if case.fault is fault}
        in_place = {(IN_PLACE, task) for task in TASKS}
        others = {(ANEW, task) for task in TASKS_ANEW} | {(TEXTS, "embed_texts")}
        events = {
            (WITH_EVENTS, task)
            for task in TASKS_OF_EVENTS
            if task != "publish" or fault is Fault.KILL
        }
        audiences = {(WITH_AUDIENCES, task) for task in TASKS_OF_AUDIENCES}
        more = {(UNCHANGED, task) for task in TASKS_UNCHANGED}
        more |= {(WITH_PRIVATE, task) for task in TASKS_OF_PRIVATE}
        assert met == in_place | others | events | audiences | more
        tried = [
            case.part for case in cases if (case.fault, case.task) == (fault, "train_audience")
        ]
        assert tried == ([0] if fault is Fault.POOLER else [0, 1, 2])


def test_no_task_of_the_dag_is_forgotten():
    assert {"prepare", *DAG_TASKS} == TRIED


def test_chosen_cases_only():
    cases = select_cases(VARIANTS, ["publish", "extract"], ["source", "disk"])
    found = [(case.fault, case.task, case.variant.name) for case in cases]
    assert found == [
        (Fault.DISK, "extract", "in_place"),
        (Fault.DISK, "publish", "in_place"),
        (Fault.DISK, "publish", "anew"),
        (Fault.DISK, "extract", "events"),
        (Fault.DISK, "publish", "audiences"),
        (Fault.DISK, "publish", "unchanged"),
        (Fault.DISK, "publish", "private"),
        (Fault.SOURCE, "extract", "in_place"),
        (Fault.SOURCE, "extract", "events"),
    ]
    assert select_cases(VARIANTS, ["no_such_task"], []) == []
    of_events = select_cases(VARIANTS, [], ["kill"], ["events"])
    assert [case.task for case in of_events] == [*TASKS_OF_EVENTS]


@pytest.mark.parametrize(
    ("fault", "task", "moment", "middle"),
    [
        (Fault.KILL, "encode", 0.5, ("call", 50)),
        (Fault.KILL, "encode", 0.0, ("call", 1)),
        (Fault.KILL, "list_algorithms", 0.5, ("call", 1)),
        (Fault.DISK, "encode", 0.5, ("write", 2)),
        (Fault.CONNECTION, "encode", 0.9, ("in warehouse", 18)),
        (Fault.SERVER, "encode", 0.5, ("in warehouse", 10)),
        (Fault.SERVER, "plan_graph", 0.5, ("call", 20)),
        (Fault.IDLE, "encode", 0.5, ("in warehouse", 10)),
        (Fault.ARTEFACT, "plan_graph", 0.5, ("read", 1)),
        (Fault.WAREHOUSE_DISK, "encode", 0.5, ("in warehouse", 10)),
        (Fault.SETTINGS, "encode", 0.5, ("call", 50)),
    ],
)
def test_middle(fault, task, moment, middle):
    assert middle_of(Case(fault, task, IN_PLACE), COUNTS, moment) == middle


@pytest.mark.parametrize(
    ("fault", "task", "reason"),
    [
        (Fault.SOURCE, "encode", "does not read the source"),
        (Fault.CONNECTION, "plan_graph", "has no session in its middle"),
        (Fault.DISK, "list_algorithms", "writes no artefact"),
        (Fault.ARTEFACT, "encode", "reads no artefact"),
        (Fault.WAREHOUSE_DISK, "plan_graph", "has no session in its middle"),
    ],
)
def test_fault_that_does_not_apply_says_why(fault, task, reason):
    with pytest.raises(DoesNotApplyError, match=reason):
        middle_of(Case(fault, task, IN_PLACE), COUNTS, 0.5)


def test_reader_may_see_two_snapshots_and_nothing_else():
    reader = Reader("", IN_PLACE.spec("read"))
    reader.seen = Counter({"before": 3, "after": 2})
    assert odd_sights(reader, ["before", "after"], may_be_cut=False) == []
    reader.seen["neither"], reader.cuts = 1, 2
    problems = odd_sights(reader, ["before", "after"], may_be_cut=False)
    assert problems == ["the reader saw neither", "the reader was cut off 2 times"]
    assert odd_sights(reader, ["before", "after"], may_be_cut=True) == problems[:1]
    reader.seen = Counter({"after": 2})
    problems = odd_sights(reader, ["before", "after"], may_be_cut=True)
    assert problems == ["the reader has not seen the snapshot before"]


def test_table_shows_what_failed_and_what_does_not_apply():
    outcomes = [
        Outcome(Case(Fault.KILL, "encode", IN_PLACE), tries=2),
        Outcome(Case(Fault.DISK, "encode", IN_PLACE), tries=2, is_cleared=True),
        Outcome(Case(Fault.TWICE, "encode", IN_PLACE), problems=("a table differs",)),
        Outcome(Case(Fault.SOURCE, "encode", IN_PLACE), does_not_apply="does not read the source"),
        Outcome(Case(Fault.KILL, "publish", ANEW), tries=3),
    ]
    table = table_of(outcomes)
    cells = [list(column.cells) for column in table.columns]
    assert cells[0] == ["encode", "publish (anew)"]
    assert dict(zip([str(column.header) for column in table.columns], cells, strict=True)) == {
        "task": ["encode", "publish (anew)"],
        "kill": ["ok, 2 tries", "ok, 3 tries"],
        "server": ["-", "-"],
        "disk": ["ok, 2 tries, cleared", "-"],
        "connection": ["-", "-"],
        "source": ["-", "-"],
        "twice": ["FAILED", "-"],
        "idle": ["-", "-"],
        "artefact": ["-", "-"],
        "pooler": ["-", "-"],
        "settings": ["-", "-"],
        "full": ["-", "-"],
    }


def test_customers_change_between_the_snapshots():
    made = rows()
    assert made == rows()
    assert {row[0] for row in made} == set(range(1, CUSTOMERS + NEW + 1))
    assert max(Counter((row[0], row[1]) for row in made).values()) == 1
