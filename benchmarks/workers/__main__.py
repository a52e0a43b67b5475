"""The same nights on one machine, on one worker and on two, and while workers are harmed.

Two Celery workers run in network namespaces of their own: with addresses, files and processes of
their own, as `local.cluster` makes them. PostgreSQL, Redis and an S3 server (moto) listen at the
bridge between them. Nothing but these is shared: each worker sees a read-only file system with one
folder that is its own.

- **local**: what ``make run`` does (LocalExecutor, artefacts on the disk): the demo's three dates,
  and a night of n mixed customers of 20 columns (`benchmarks.mixed_customers`). All other tables
  must equal these, by ``kindred hash``. This night compiles; those whose seconds and memory are
  compared have its machine code, the first of them once more a local one.
- **own disk**: the night on one worker with two slots, which keeps the artefacts on its own disk:
  what the memory of the stages on S3 is compared with.
- **one worker**: the same on S3, as all that follow.
- **two workers**: the night on two workers with one slot each: its seconds, and what each stage has
  moved, by the counters of the workers' cables and the log of the S3 server. Its seconds and those
  of the two before are compared with ``kindred plan`` (`benchmarks.workers.planned`).
- **queues**: the demo's dates while one worker serves the queue of the heavy tasks and the other
  that of all others: each task must have run where its queue is served.
- **harm**: the demo's dates while a worker is killed (SIGKILL, with all its processes) in the
  middle of a task, then the night while one is killed and twice one is cut off the network, until
  its task has been given to the other: once at the bridge, so that it is not told, and once in its
  namespace.

``--small`` leaves out the second local night, and the second to the fourth, for `make soak`, with
40,000 customers; its workers
compile.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from benchmarks import mixed_customers as mixed
from benchmarks.local_airflow import exit_code, local_airflow, write_spec
from benchmarks.night_airflow import patiently
from benchmarks.report import FOLDER, ROOT, Report, arguments, machine
from benchmarks.workers.faults import Harm, Strike, Strikes
from benchmarks.workers.planned import Measured, compare
from benchmarks.workers.spaces import (
    MIXED_TABLE,
    Night,
    demo_spec,
    hashes,
    load_source,
    mixed_spec,
    run_demo,
    run_mixed,
    sessions_left,
)
from benchmarks.workers.traffic import counted, moved_by_stage, requests_in
from kindred.spec.model import Spec
from local.cluster.cluster import Cluster, cluster, services
from local.cluster.environment import HEAVY, HEAVY_TASKS, LIGHT
from local.cluster.network import why_impossible
from local.cluster.worker import MACHINE_CODE
from local.demo import AS_OF_BY_LOGICAL_DATE, load_customers
from local.environment import SOURCE
from local.failures import LocalError
from local.interrupts import Interrupts
from local.layout import Layout
from local.lock import hold_lock
from local.rest import JsonObject

CUSTOMERS, FEW = 200_000, 40_000
WORKERS = 2
MOST_OF_ONE = 1.25
MOST_OF_DISK_MEMORY = 1.2
MEGABYTE = 2**20
SESSION_SECONDS = 150
"""By then the server has ended the sessions of a worker that was cut off."""
COMPILED = FOLDER / "cluster-machine-code"
ON_DISK, ALONE, PAIR = "own_disk", "one_worker", "two_workers"
HARMED, QUEUED = "harmed", "queued"

Hashes = dict[str, dict[str, str]]


def measure_local(report: Report, n: int, is_small: bool) -> tuple[Hashes, float]:
    """Run the demo and the night as ``make run`` does; the seconds are of the last night."""
    demo, night = demo_spec(), mixed_spec("alone")
    again = [] if is_small else [mixed_spec("again")]
    table = mixed.source_table(n, name=MIXED_TABLE)
    shutil.rmtree(COMPILED, ignore_errors=True)
    with (
        patch.dict(os.environ, {MACHINE_CODE: str(COMPILED)}),
        local_airflow("cluster-local", [demo, night, *again], table) as running,
    ):
        server = running.airflow.server
        load_customers(server.dsn(SOURCE))
        running.fit(demo, max(AS_OF_BY_LOGICAL_DATE.values()))
        run_demo(running.airflow, demo)
        seconds = run_mixed(running.airflow, night).seconds
        report.measure("local, which compiles", group="nights", seconds=seconds)
        for spec in again:
            seconds = run_mixed(running.airflow, spec).seconds
            report.measure("local", group="nights", seconds=seconds)
        return {"demo": hashes(server, demo), "night": hashes(server, night)}, seconds


def measure_cluster(
    report: Report, n: int, expected: Hashes, local_seconds: float, is_small: bool
) -> None:
    """Run the same on a cluster, and compare it."""
    layout = Layout(ROOT, FOLDER / "cluster-workers")
    layout.create()
    demo, queued = demo_spec(), demo_spec(QUEUED)
    spaces = [HARMED] if is_small else [ON_DISK, ALONE, PAIR, HARMED]
    nights = {space: mixed_spec(space) for space in spaces}
    interrupts = Interrupts()
    interrupts.install()
    with ExitStack() as stack:
        stack.enter_context(hold_lock(layout, "make cluster-test"))
        server, supervisor, bridge = stack.enter_context(services(layout, WORKERS))
        stack.callback(interrupts.shield)
        load_source(server, n)
        for spec in (demo, queued, *nights.values()):
            write_spec(layout, spec)
        running = cluster(layout, server, supervisor, bridge)
        running.airflow.wait_until_healthy(demo.dag_id)
        check_apart(report, running)
        if not is_small:
            found = measure_workers(report, running, nights, expected["night"])
            compare(report, nights[ALONE], n, local_seconds, found)
        separate(report, running, queued, expected["demo"])
        harm(report, running, demo, nights[HARMED], expected)
    for folder in layout.state.parent.glob(f"{layout.state.name}*"):
        shutil.rmtree(folder)


def check_apart(report: Report, running: Cluster) -> None:
    """Check that the workers share no disk with each other, nor with the services."""
    layout = running.layout
    foreign = [layout.pgdata / "PG_VERSION", layout.logs, layout.own_features / "default.yaml"]
    writable = [layout.root, layout.state.parent, Path("/tmp"), Path("/var/tmp"), Path.home()]
    seen: list[str] = []
    for worker in running.workers:
        others = [other.own for other in running.workers if other is not worker]
        secret = [*foreign, *(folder / "airflow" for folder in others)]
        seen += [f"{worker.name} reads {path}" for path in worker.can_read(secret)]
        seen += [f"{worker.name} writes {path}" for path in worker.can_write(writable + others)]
        if worker.can_write([worker.own]) != [worker.own]:
            raise LocalError(f"{worker.name} cannot write its own folder {worker.own}")
    for line in seen:
        print(line, file=sys.stderr)
    report.at_most("paths that workers share", len(seen), 0)


def measure_workers(
    report: Report, running: Cluster, nights: dict[str, Spec], expected: dict[str, str]
) -> dict[str, Measured]:
    """The night on one worker, on its own disk and on S3, and on two workers with a slot each."""
    for worker in running.workers:
        worker.take_machine_code(COMPILED)
    disk = run_night(report, running, nights[ON_DISK], expected, [2], on_own_disk=True)
    one = run_night(report, running, nights[ALONE], expected, [2])
    with counted(running.bridge.places) as counts:
        two = run_night(report, running, nights[PAIR], expected, [1] * WORKERS)
    report.at_most("two workers / one worker, seconds", two.seconds / one.seconds, MOST_OF_ONE)
    requests = requests_in(running.store.log)
    for stage, moved in moved_by_stage(two.instances, counts, requests).items():
        report.measure(
            stage,
            group="MB moved per stage",
            workers=len({e["hostname"] for e in two.instances if e["task_id"] == stage}),
            received=moved.received / MEGABYTE,
            sent=moved.sent / MEGABYTE,
            objects_received=moved.objects_received / MEGABYTE,
            objects_sent=moved.objects_sent / MEGABYTE,
        )
    for name, night in ((ALONE, one), (PAIR, two)):
        report_memory(report, name, night, disk)
    return {
        ON_DISK: Measured(disk.seconds, [2], has_bucket=False),
        ALONE: Measured(one.seconds, [2], has_bucket=True),
        PAIR: Measured(two.seconds, [1] * WORKERS, has_bucket=True),
    }


def run_night(
    report: Report,
    running: Cluster,
    spec: Spec,
    expected: dict[str, str],
    slots: Sequence[int],
    *,
    on_own_disk: bool = False,
) -> Night:
    """Run a space's night on workers with so many slots each, and check its tables and logs."""
    running.start_workers(slots, on_own_disk=on_own_disk)
    found = run_mixed(running.airflow, spec)
    report.measure(spec.space, group="nights", seconds=found.seconds)
    check_equal(report, spec.space, hashes(running.airflow.server, spec), expected)
    check_logs(report, spec.space, running, found)
    for worker in running.workers[: len(slots)]:
        worker.kill()
    return found


def report_memory(report: Report, name: str, found: Night, on_disk: Night) -> None:
    """Compare the peaks of a night's stages with those on a worker's own disk."""
    shares = {}
    for stage, megabytes in on_disk.peak_mb.items():
        shares[stage] = found.peak_mb[stage] / megabytes
        report.measure(
            stage,
            group=f"peak MB, {name}",
            disk=megabytes,
            s3=found.peak_mb[stage],
            share=shares[stage],
        )
    highest = max(shares, key=lambda stage: shares[stage])
    title = f"{name}: highest peak on S3 / on its own disk ({highest})"
    report.at_most(title, shares[highest], MOST_OF_DISK_MEMORY)


def separate(report: Report, running: Cluster, demo: Spec, expected: dict[str, str]) -> None:
    """Run the demo's dates on a worker for the heavy tasks and one for all others."""
    queues = (HEAVY, LIGHT)
    running.start_workers([1] * len(queues), [[queue] for queue in queues])
    fit(running, demo)
    done = [entry for entry in run_demo(running.airflow, demo) if entry["hostname"]]
    served = dict(zip((w.place.address for w in running.workers), queues, strict=True))
    for worker, queue in zip(running.workers, queues, strict=True):
        here = sum(entry["hostname"] == worker.place.address for entry in done)
        report.measure(f"{worker.name}, {queue}", group="tasks done, queues", tasks=here)
        report.at_least(f"queues: tasks done by the worker of {queue}", here, len(HEAVY_TASKS))
    astray = [
        entry
        for entry in done
        if served[entry["hostname"]] != (HEAVY if entry["task_id"] in HEAVY_TASKS else LIGHT)
    ]
    for entry in astray:
        print(f"queues: {entry['task_id']} ran at {entry['hostname']}", file=sys.stderr)
    report.at_most("queues: tasks that ran where their queue is not served", len(astray), 0)
    check_equal(report, "queues", hashes(running.airflow.server, demo), expected)
    for worker in running.workers:
        worker.kill()


def fit(running: Cluster, demo: Spec) -> None:
    """Fit the encoder of the demo's dates, on a worker."""
    last = max(AS_OF_BY_LOGICAL_DATE.values()).isoformat()
    command = [str(Path(sys.executable).parent / "kindred"), "fit", "--space", demo.space]
    running.workers[0].call([*command, "--as-of", last])


def harm(report: Report, running: Cluster, demo: Spec, night: Spec, expected: Hashes) -> None:
    """Run everything while workers are killed and cut off."""
    airflow = running.airflow
    running.start_workers([1] * WORKERS)
    fit(running, demo)
    strikes = [Strike(Harm.KILL, ("encode", "search_graph", "cluster"), running, slots=1)]
    run_demo(airflow, demo, Strikes(strikes).look)
    check_equal(report, "harm, demo", hashes(airflow.server, demo), expected["demo"])
    check_hits(report, "demo", strikes)
    strikes = [
        Strike(Harm.KILL, ("encode", "plan_graph", "search_graph"), running, slots=1),
        Strike(Harm.UNPLUG, ("build_embeddings", "search_graph", "merge_graph"), running, slots=1),
        Strike(Harm.CUT, ("cluster", "load_lookalikes", "profile_clusters"), running, slots=1),
    ]
    found = run_mixed(airflow, night, Strikes(strikes).look)
    report.measure("harm", group="nights", seconds=found.seconds)
    check_equal(report, "harm, night", hashes(airflow.server, night), expected["night"])
    check_hits(report, "night", strikes)
    check_logs(report, "harm, night", running, found)
    left = [*sessions_left(airflow.server, night, SESSION_SECONDS)]
    for name in left:
        print(f"session {name!r} is left", file=sys.stderr)
    report.at_most("harm: sessions left", len(left), 0)


def check_equal(report: Report, name: str, found: dict[str, str], expected: dict[str, str]) -> None:
    """Check that all tables are those of the local run."""
    differing = [table for table in expected if found.get(table) != expected[table]]
    for table in differing:
        print(f"{name}: {table} differs", file=sys.stderr)
    title = f"{name}: tables that differ, of {len(expected)}"
    report.at_most(title, len(differing) + abs(len(found) - len(expected)), 0)


def check_logs(report: Report, name: str, running: Cluster, night: Night) -> None:
    """Check that the API server shows the log of every task, whichever worker has it."""
    client = running.airflow.client
    # `finish` is ended by the scheduler: it has neither a worker nor a log.
    done = [e for e in night.instances if e["state"] == "success" and e["hostname"]]
    lost = [entry for entry in done if not is_log(patiently(client.log_messages, entry))]
    for entry in lost:
        print(f"{name}: no log of {entry['task_id']} at {entry['hostname']}", file=sys.stderr)
    report.at_most(f"{name}: logs that cannot be read, of {len(done)}", len(lost), 0)
    for worker in running.workers:
        here = sum(entry["hostname"] == worker.place.address for entry in done)
        report.measure(worker.name, group=f"tasks done, {name}", tasks=here)


def is_log(messages: Sequence[JsonObject]) -> bool:
    """Whether these messages of the API are a task's own, and not only about where they were."""
    return any("logger" in message for message in messages)


def check_hits(report: Report, name: str, strikes: Sequence[Strike]) -> None:
    """Check that each strike has hit a task that was running."""
    for strike in strikes:
        title = f"{name}: tasks lost with a worker that was {strike.harm}"
        report.at_least(title, int(strike.is_done), 1)


def main() -> int:
    options = arguments(__doc__, n=0, small=0)
    is_small = bool(options.small)
    n = options.n or (FEW if is_small else CUSTOMERS)
    report = Report("cluster-test", {"n": n, "small": is_small}, machine())

    def measure() -> int:
        problem = why_impossible()
        if problem is not None:  # before minutes are spent
            raise LocalError(problem)
        expected, seconds = measure_local(report, n, is_small)
        measure_cluster(report, n, expected, seconds, is_small)
        return report.finish()

    return exit_code(measure)


if __name__ == "__main__":
    sys.exit(main())
