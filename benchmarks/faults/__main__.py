"""``make faults``: inject a fault in the middle of every task, and check the state after the rerun.

Every case has its own space on one real Airflow and one real PostgreSQL. A first snapshot is
published; then the DAG builds the second one, and one of its tasks is stopped when it enters the
middle one of all calls of its stage (or of its statements or files, depending on the fault):

- **kill**: SIGKILL to the process of the task.
- **server**: SIGKILL to the postmaster of the warehouse, whose server is started again. Airflow's
  metadata has a server of its own. Cases share an outage, four tasks at a time.
- **disk**: the file system of the artefacts is full (a small tmpfs; if nothing can be mounted, the
  file size of the task is limited). A person then frees it and clears the task.
- **connection**: the server terminates the task's session.
- **source**: the source's session is terminated; in ``extract`` halfway through its COPY, since the
  source is a view that can be blocked in the middle of its rows.
- **twice**: the task runs a second time with the same arguments, to its end or until it has to
  wait, while the first try is stopped in its middle; then both continue. This happens if a task
  that is taken for dead is still alive: the only way in which Airflow runs one task of a run twice
  at once.
- **idle**: the server terminates the sessions that the task does not use at that moment, the one
  that keeps erasures waiting among them.
- **artefact**: every file of the snapshot's artefacts is cut in half before the task reads one. A
  person clears the tasks that the messages name.
- **pooler**: the task is tried through pgbouncer in transaction mode, which must be refused and
  leave nothing; the night is then built through one in session mode, without Airflow.
- **settings**: both databases set limits, formats and a search path for their sessions, and the
  task is stopped for longer than they allow. It must come through at its first try.
- **full**: the file system of the warehouse's tables is full, for four tasks at a time (a
  tmpfs; only where one can be mounted).

Then Airflow's retries, or a person who clears the failed task and its successors, complete the run.
Tasks are tried where they do something else: with embeddings changed in place and built anew, with
texts, with events and recommendations, with private columns, on a night in which nothing has
changed, and with audiences: one that queries of the source give, one
of a label, and one that fails by design. An audience that a fault has broken must have failed alone
and have been reported, before a person repairs it.

A case passes if the published tables equal those of an undisturbed run, the schema has the same
relations and no invalid index, no session, lock or process of the space is left, the artefacts are
the same files, and a reader that polled as ``bi_reader`` has seen only the two complete snapshots.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.faults.audience_files import write_audiences
from benchmarks.faults.case import (
    OUTAGES,
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
from benchmarks.faults.customers import (
    ANEW,
    IN_PLACE,
    UNCHANGED,
    WITH_AUDIENCES,
    WITH_EVENTS,
    WITH_PRIVATE,
    Variant,
    with_texts,
)
from benchmarks.faults.harm import (
    DoesNotApplyError,
    Fault,
    Outage,
    harmful_settings,
    outage_of,
)
from benchmarks.faults.one_run import play_in_one_run
from benchmarks.faults.orders import Counts
from benchmarks.faults.room import (
    Room,
    audiences_folder,
    link_model,
    machine_room,
    state_folder,
)
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
    "place_customers",
    "quality_gate",
    "publish",
    "clean_up",
)
TASKS_ANEW = ("build_embeddings", "quality_gate", "publish", "clean_up")
TASKS_OF_EVENTS = ("extract", "validate", "measure_recommendations", "recommend", "publish")
"""Those that do something else where there are events; the last one is killed only."""
TASKS_OF_AUDIENCES = (
    "prepare",
    "list_audiences",
    "train_audience",
    "join_audiences",
    "quality_gate",
    "publish",
    "clean_up",
)
TASKS_UNCHANGED = ("validate", "quality_gate", "publish", "clean_up")
"""Those that find out that nothing has changed, and share what is published."""
TASKS_OF_PRIVATE = ("merge_graph", "place_customers", "profile_clusters", "publish")
TRIED = {*TASKS, *TASKS_OF_EVENTS, *TASKS_OF_AUDIENCES, "embed_texts"}
READS_SOURCE = ("prepare", "extract", "train_audience")
# After these faults Airflow's retries complete the run. One that ends the idle sessions hits all
# tasks that run at that time, so that a few of them use up the retries of each.
CAN_SHARE_A_RUN = (
    *(Fault.KILL, Fault.SERVER, Fault.CONNECTION, Fault.TWICE),
    *(Fault.SETTINGS, Fault.WAREHOUSE_DISK),
)
AT_ONCE = 4
SLOTS = 8  # stopped tasks keep their slots
SLOTS_TOGETHER = 40


def select_cases(
    variants: Sequence[Variant],
    tasks: Sequence[str],
    faults: Sequence[str],
    names: Sequence[str] = (),
    *,
    is_together: bool = False,
) -> list[Case]:
    """The requested cases, quick faults first; ``names`` are those of variants.

    ``is_together``: tasks share a run where they can.
    """
    of_variants = (
        *(TASKS, TASKS_ANEW, ("embed_texts",), TASKS_OF_EVENTS, TASKS_OF_AUDIENCES),
        *(TASKS_UNCHANGED, TASKS_OF_PRIVATE),
    )
    shapes = dict(zip(variants, of_variants, strict=True))
    return [
        Case(fault, task, variant, part, is_together and fault in CAN_SHARE_A_RUN)
        for fault in Fault
        for variant, of_variant in shapes.items()
        for task in of_variant
        for part in parts_of(variant, task, fault)
        if (not names or variant.name in names)
        and (not tasks or task in tasks)
        and (not faults or fault in faults)
        and (fault is not Fault.SOURCE or task in READS_SOURCE)
        and (fault is Fault.KILL or of_variant is not TASKS_OF_EVENTS or task != "publish")
    ]


def parts_of(variant: Variant, task: str, fault: Fault) -> Sequence[int | None]:
    """The instances of a task to try: each audience; of other mapped tasks whichever is first."""
    if task != "train_audience":
        return [None]
    return range(1 if fault is Fault.POOLER else len(variant.audiences))


def play_all(
    room: Room,
    cases: Sequence[Case],
    references: Mapping[Variant, Reference],
    middles: Mapping[Case, Middle],
) -> Iterator[Outcome]:
    """Play several cases, or runs, at once; separately those of a fault that affects all."""
    apart = (*OUTAGES, Fault.SETTINGS)
    others = [case for case in cases if case.fault not in apart]
    settings = [case for case in cases if case.fault is Fault.SETTINGS]
    pool = ThreadPoolExecutor(AT_ONCE)

    def play_run(group: Sequence[Case]) -> list[Outcome]:
        [first, *_] = group
        shared = references.get(first.variant)
        if first.shares_run:
            return play_in_one_run(room, {case: middles[case] for case in group}, shared)
        return [play(room, first, shared, middles[first])]

    def play_runs(some: Sequence[Case]) -> Iterator[Outcome]:
        return chain.from_iterable(pool.map(play_run, runs_of(some)))

    def play_outage(group: Sequence[Case], outage: Outage) -> Iterator[Outcome]:
        return pool.map(
            lambda case: play(room, case, references.get(case.variant), middles[case], outage),
            group,
        )

    try:
        yield from play_runs(others)
        if settings:
            with harmful_settings(room):
                yield from play_runs(settings)
        for fault in OUTAGES:
            outages = [case for case in cases if case.fault is fault]
            for run in runs_of([case for case in outages if case.shares_run]):
                yield from play_run(run)
            single = [case for case in outages if not case.shares_run]
            for start in range(0, len(single), AT_ONCE):
                group = single[start : start + AT_ONCE]
                yield from play_outage(group, outage_of(fault, room, len(group)))
    finally:
        # After Ctrl-C, running cases end on their own once nothing answers them.
        pool.shutdown(wait=False, cancel_futures=True)


def runs_of(cases: Sequence[Case]) -> list[list[Case]]:
    """The cases by the run that they are played in."""
    runs: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        runs[case.space].append(case)
    return list(runs.values())


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """A table of outcomes, task by fault."""
    table = Table(title="task by fault", title_justify="left", title_style="bold", box=None)
    table.add_column("task")
    for fault in Fault:
        table.add_column(str(fault))
    found = {(o.case.variant.name, o.case.instance, o.case.fault): o for o in outcomes}
    for variant, task in dict.fromkeys((o.case.variant.name, o.case.instance) for o in outcomes):
        name = task if variant == IN_PLACE.name else f"{task} ({variant})"
        cells = [found.get((variant, task, fault)) for fault in Fault]
        words = ["-" if cell is None else cell.word for cell in cells]
        table.add_row(name, *words)
    return table


def report_case(report: Report, outcome: Outcome) -> None:
    """Report a case."""
    report.measure(
        f"{outcome.case.fault} in {outcome.case.instance} ({outcome.case.variant.name})",
        result=outcome.word,
        at=outcome.at,
        place=outcome.place,
        done=outcome.done or outcome.does_not_apply,
        polls=outcome.polls,
        seconds=outcome.seconds,
        problems="; ".join(outcome.problems) or None,
    )


def find_middles(
    room: Room, cases: Sequence[Case], counts: Mapping[Variant, Counts], moment: float
) -> tuple[dict[Case, Middle], list[Outcome]]:
    """The point where each case stops its task, and the cases that do not apply."""
    middles, others = {}, []
    for case in cases:
        try:
            if case.fault is Fault.WAREHOUSE_DISK and room.tablespace is None:
                raise DoesNotApplyError("nothing can be mounted here")
            middles[case] = middle_of(case, counts[case.variant], moment)
        except DoesNotApplyError as error:
            others.append(Outcome(case, does_not_apply=str(error)))
    return middles, others


def play_in(room: Room, cases: Sequence[Case], report: Report) -> tuple[list[Outcome], list[str]]:
    """Play cases in a room; return their outcomes, and what is left over at the end."""
    used = dict.fromkeys(case.variant for case in cases)
    # Control groups are drawn by names: there is no equal space of another name.
    alike = [variant for variant in used if not variant.audiences]
    references = {v: run_undisturbed(room, v.spec(f"undisturbed_{v.name}")) for v in alike}
    counts = {v: count_calls(room, v.spec(f"counted_{v.name}"), references.get(v)) for v in used}
    counted = {task.partition("[")[0] for found in counts.values() for task in found}
    unknown = counted - TRIED
    if unknown:
        raise LocalError(f"the DAG has tasks without a fault: {', '.join(sorted(unknown))}")
    middles, outcomes = find_middles(room, cases, counts, report.parameters["moment"])
    known = temporary_files(room)
    for outcome in play_all(room, list(middles), references, middles):
        report_case(report, outcome)
        outcomes.append(outcome)
    left = temporary_files(room) - known
    return outcomes, [*orphans(room), *(f"file {path} is left" for path in left)]


def run(state: Path, options: argparse.Namespace) -> int:
    """Play the requested cases; return the exit code."""
    texts = with_texts(str(link_model(state / "model")))
    variants = (IN_PLACE, ANEW, texts, WITH_EVENTS, WITH_AUDIENCES, UNCHANGED, WITH_PRIVATE)
    cases = select_cases(
        variants, options.task, options.fault, options.variant, is_together=options.together
    )
    if not cases:
        print("no such case; see --help", file=sys.stderr)
        return 2
    used = dict.fromkeys(case.variant for case in cases)
    specs = [*(case.spec for case in cases), *(v.spec(f"counted_{v.name}") for v in used)]
    for case in cases:
        write_audiences(audiences_folder(state), case.variant, case.space, case.gated[1])
    for variant in used:
        write_audiences(audiences_folder(state), variant, f"counted_{variant.name}")
    report = Report("faults", {"cases": len(cases), "moment": options.moment})
    started = time.monotonic()
    with machine_room(state, specs, SLOTS_TOGETHER if options.together else SLOTS) as room:
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
    parser.add_argument("--variant", action="append", default=[], help="the same, such as events")
    parser.add_argument(
        "--moment", type=float, default=0.5, help="at which of its calls a task is stopped, 0 to 1"
    )
    parser.add_argument(
        "--together",
        action="store_true",
        help="one run per fault and variant, in which every task is struck; a tenth of the time",
    )
    options = parser.parse_args()
    Interrupts().install()
    try:
        with state_folder() as state:
            return run(state, options)
    except InterruptedRunError as signal:
        print(f"stopped by {signal.signal_name}; everything has ended", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
