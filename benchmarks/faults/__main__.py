"""``make faults``: a fault in the middle of every task, and what is left of it behind the rerun.

Every case has a space of its own on one real Airflow and one real PostgreSQL. A first snapshot is
published; then the DAG makes the second one, and one of its tasks is stopped on entering the middle
one of all calls of its stage (or statements, or files, whichever the fault is about):

- **kill**: SIGKILL to the process of the task.
- **server**: SIGKILL to the postmaster of the warehouse, whose server is started again. Airflow's
  metadata has a server of its own. Cases share an outage, four tasks at a time.
- **disk**: the file system of the artefacts is full (a small tmpfs; where nothing can be mounted,
  no file of the task may grow). A person then frees it, and clears the task.
- **connection**: the task's session is terminated by the server.
- **source**: the source's session is terminated; in ``extract`` half-way through its COPY, since
  the source is a view that can be held up in the middle of its rows.
- **twice**: the task runs a second time with what the first was given, to its end or until it has
  to wait, while the first stands in its middle; then both go on. So it is where a task that was
  taken for dead lives on: the one way in which Airflow runs a task of a run twice at once.

Then Airflow's retries, or a person who clears the failed task with what follows, bring the run to
its end. A case holds if the published tables equal those of an undisturbed run, the schema has the
same relations and no invalid index, no session (nor lock) of the space and no process lives on, the
artefacts are the same files, and a reader that polled as ``bi_reader`` has seen the two complete
snapshots and nothing else.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.faults.case import (
    Case,
    Middle,
    Outcome,
    Reference,
    count_calls,
    middle_of,
    play,
    run_undisturbed,
)
from benchmarks.faults.checks import orphans, temporary_files
from benchmarks.faults.customers import ANEW, IN_PLACE, Variant, with_texts
from benchmarks.faults.harm import DoesNotApplyError, Fault, Outage
from benchmarks.faults.orders import Counts
from benchmarks.faults.room import Room, link_model, machine_room, state_folder
from benchmarks.report import WIDTH, Report
from local.failures import InterruptedRunError, LocalError
from local.interrupts import Interrupts

TASKS = (
    "prepare",
    "extract",
    "validate",
    "fit_encoder",
    "encode",
    "build_embeddings",
    "plan_graph",
    "search_graph",
    "merge_graph",
    "list_algorithms",
    "cluster",
    "profile_clusters",
    "load_lookalikes",
    "quality_gate",
    "publish",
    "clean_up",
    "finish",
)
TASKS_ANEW = ("build_embeddings", "quality_gate", "publish", "clean_up")
READS_SOURCE = ("prepare", "extract")
AT_ONCE = 4
SLOTS = 8  # stopped tasks hold theirs


def select_cases(variants: Sequence[Variant], tasks: list[str], faults: list[str]) -> list[Case]:
    """The cases that were asked for, the quick faults first."""
    shapes = dict(zip(variants, (TASKS, TASKS_ANEW, ("embed_texts",)), strict=True))
    return [
        Case(fault, task, variant)
        for fault in Fault
        for variant, of_variant in shapes.items()
        for task in of_variant
        if (not tasks or task in tasks)
        and (not faults or fault in faults)
        and (fault is not Fault.SOURCE or task in READS_SOURCE)
        and (fault is Fault.KILL or task != "finish")
    ]


def play_all(
    room: Room,
    cases: Sequence[Case],
    references: Mapping[Variant, Reference],
    middles: Mapping[Case, Middle],
) -> Iterator[Outcome]:
    """Several cases at once; those of an outage by themselves, since it meets everybody."""
    others = [case for case in cases if case.fault is not Fault.SERVER]
    outages = [case for case in cases if case.fault is Fault.SERVER]
    pool = ThreadPoolExecutor(AT_ONCE)

    def play_group(group: Sequence[Case], outage: Outage | None = None) -> Iterator[Outcome]:
        return pool.map(
            lambda case: play(room, case, references[case.variant], middles[case], outage), group
        )

    try:
        yield from play_group(others)
        for start in range(0, len(outages), AT_ONCE):
            group = outages[start : start + AT_ONCE]
            yield from play_group(group, Outage(room.server, len(group)))
    finally:
        # On Ctrl-C the cases under way end by themselves once nothing answers them any more.
        pool.shutdown(wait=False, cancel_futures=True)


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """Task by fault: what came of it."""
    table = Table(title="task by fault", title_justify="left", title_style="bold", box=None)
    table.add_column("task")
    for fault in Fault:
        table.add_column(str(fault))
    found = {(o.case.variant.name, o.case.task, o.case.fault): o for o in outcomes}
    for variant, task in dict.fromkeys((o.case.variant.name, o.case.task) for o in outcomes):
        name = task if variant == IN_PLACE.name else f"{task} ({variant})"
        cells = [found.get((variant, task, fault)) for fault in Fault]
        words = ["-" if cell is None else cell.word for cell in cells]
        table.add_row(name, *words)
    return table


def note(report: Report, outcome: Outcome) -> None:
    """Write down a case."""
    report.measure(
        f"{outcome.case.fault} in {outcome.case.task} ({outcome.case.variant.name})",
        result=outcome.word,
        at=outcome.at,
        place=outcome.place,
        done=outcome.done or outcome.does_not_apply,
        polls=outcome.polls,
        seconds=outcome.seconds,
        problems="; ".join(outcome.problems) or None,
    )


def find_middles(
    cases: Sequence[Case], counts: Mapping[Variant, Counts], moment: float
) -> tuple[dict[Case, Middle], list[Outcome]]:
    """Where each case stops its task, and the cases that cannot be."""
    middles, others = {}, []
    for case in cases:
        try:
            middles[case] = middle_of(case, counts[case.variant], moment)
        except DoesNotApplyError as error:
            others.append(Outcome(case, does_not_apply=str(error)))
    return middles, others


def play_in(room: Room, cases: Sequence[Case], report: Report) -> tuple[list[Outcome], list[str]]:
    """Play cases in a room; returns what came of them, and what is left at the end."""
    used = dict.fromkeys(case.variant for case in cases)
    references = {v: run_undisturbed(room, v.spec(f"undisturbed_{v.name}")) for v in used}
    counts = {v: count_calls(room, v.spec(f"counted_{v.name}"), references[v]) for v in used}
    unknown = {task for counted in counts.values() for task in counted} - {*TASKS, "embed_texts"}
    if unknown:
        raise LocalError(f"the DAG has tasks that no fault meets: {', '.join(sorted(unknown))}")
    middles, outcomes = find_middles(cases, counts, report.parameters["moment"])
    known = temporary_files(room)
    for outcome in play_all(room, list(middles), references, middles):
        note(report, outcome)
        outcomes.append(outcome)
    left = temporary_files(room) - known
    return outcomes, [*orphans(room), *(f"file {path} is left" for path in left)]


def run(state: Path, options: argparse.Namespace) -> int:
    """Play the cases that were asked for; returns the exit code."""
    variants = (IN_PLACE, ANEW, with_texts(str(link_model(state / "model"))))
    cases = select_cases(variants, options.task, options.fault)
    if not cases:
        print("no such case; see --help", file=sys.stderr)
        return 2
    used = dict.fromkeys(case.variant for case in cases)
    specs = [*(case.spec for case in cases), *(v.spec(f"counted_{v.name}") for v in used)]
    report = Report("faults", {"cases": len(cases), "moment": options.moment})
    started = time.monotonic()
    with machine_room(state, specs, SLOTS) as room:
        outcomes, left = play_in(room, cases, report)
    report.parameters["seconds"] = round(time.monotonic() - started)
    for line in left:
        report.measure("left at the end", problems=line)
    applied = [outcome for outcome in outcomes if not outcome.does_not_apply]
    report.at_most("cases that failed", sum(bool(o.problems) for o in applied), 0)
    report.at_most("processes and temporary files left at the end", len(left), 0)
    report.at_least("cases that were tried", len(applied), 1)
    code = report.finish()
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table_of(outcomes))
    return code


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", action="append", default=[], help="only this task (repeatable)")
    faults = list(map(str, Fault))
    parser.add_argument("--fault", action="append", default=[], choices=faults, help="the same")
    parser.add_argument(
        "--moment", type=float, default=0.5, help="which of a task's calls it is stopped at, 0 to 1"
    )
    options = parser.parse_args()
    Interrupts().install()
    try:
        with state_folder() as state:
            return run(state, options)
    except InterruptedRunError as signal:
        print(f"stopped by {signal.signal_name}; nothing runs any more", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
