"""What artefacts in a bucket take of the processor, beside artefacts on a disk of the worker.

``make bench NAME=bucket`` writes and reads float32 arrays of n rows and d columns through
`kindred.artefacts.folder`, on a disk and in an S3 server (moto) on the loopback interface. Every
figure is of a process of its own that has imported what a task has when it starts, and the median
of several.

- **opening**: one small artefact is read. The client that opens the bucket is made anew in every
  task, which the difference to a disk is.
- **written, read**: seconds of the task's processor per MB, all threads together.
- **served**: seconds of the server's processor per MB. This is a server in Python: what it takes
  says nothing of another one, but has to be known where it shares the cores of the workers, as in
  ``make cluster-test``.

``python -m benchmarks.plan_constants`` takes the constants of ``kindred plan`` from the file.
"""

import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import psutil
import s3fs  # noqa: F401, as tasks start with it (kindred.airflow_adapter.preloaded)

from benchmarks.plan_measured import MORE_THAN_ON_A_DISK
from benchmarks.report import Report, arguments, machine
from kindred.artefacts.folder import ArtefactFolder
from kindred.planning.volumes import MEGABYTE
from local.cluster.services import BUCKET

ROWS, DIMENSIONS, TIMES = 200_000, 100, 5
SMALL, LARGE = "small", "large"
START_SECONDS = 60


@contextmanager
def s3_server() -> Iterator[psutil.Process]:
    """A server with an empty bucket, in a process of its own, which the environment names."""
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
        reserved.close()
        login = {
            "AWS_ACCESS_KEY_ID": "kindred",
            "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
            "TMPDIR": folder,
        }
        log = Path(folder, "requests.log")
        command = [sys.executable, "-m", "local.cluster.s3_store", "127.0.0.1", str(port)]
        with patch.dict(os.environ, login):
            server = subprocess.Popen([*command, str(log), BUCKET], stderr=subprocess.DEVNULL)
            try:
                _wait_for_bucket(log)
                yield psutil.Process(server.pid)
            finally:
                server.terminate()
                server.wait()


def _wait_for_bucket(log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (log.exists() and BUCKET in log.read_text(encoding="utf-8")):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the S3 server made no bucket within {START_SECONDS} s")
        time.sleep(0.1)


def processor_seconds(work: Callable[..., None], *given: object) -> float:
    """Of a call in a new process, forked as a task is."""
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def measured() -> None:
        before = time.process_time()
        work(*given)
        sender.send(time.process_time() - before)

    process = context.Process(target=measured)
    process.start()
    found: float = receiver.recv()
    process.join()
    return found


def write(root: str, name: str, values: np.ndarray) -> None:
    ArtefactFolder(root).write(name, {"values": values}, {})


def read(root: str, name: str) -> None:
    ArtefactFolder(root).read(name, "a task")


def measure(report: Report, roots: dict[str, str], server: psutil.Process) -> None:
    """Measure both, and what the bucket takes more."""
    n, d = report.parameters["n"], report.parameters["d"]
    values = np.random.default_rng(1).standard_normal((n, d), dtype=np.float32)
    megabytes = values.nbytes / MEGABYTE
    found: dict[str, dict[str, float]] = {}
    for place, root in roots.items():
        processor_seconds(write, root, SMALL, values[:1])
        times: dict[str, list[float]] = {"opening": [], "written": [], "read": [], "served": []}
        for _ in range(TIMES):
            times["opening"].append(processor_seconds(read, root, SMALL))
            before = _seconds(server)
            times["written"].append(processor_seconds(write, root, LARGE, values))
            times["read"].append(processor_seconds(read, root, LARGE))
            times["served"].append(_seconds(server) - before)
        found[place] = {name: statistics.median(each) for name, each in times.items()}
        report.measure(place, group="processor seconds", megabytes=megabytes, **found[place])
    disk, bucket = found.values()
    starting = bucket["opening"] - disk["opening"]
    report.measure(
        "bucket",
        group=MORE_THAN_ON_A_DISK,
        starting=starting,
        written_mb=(bucket["written"] - disk["written"] - starting) / megabytes,
        read_mb=(bucket["read"] - disk["read"] - starting) / megabytes,
        served_mb=bucket["served"] / (2 * megabytes),
    )


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> int:
    options = arguments(__doc__, n=ROWS, d=DIMENSIONS)
    report = Report("bucket", {"n": options.n, "d": options.d}, machine())
    with TemporaryDirectory() as folder, s3_server() as server:
        roots = {"disk": folder, "bucket": f"s3://{BUCKET}/artifacts"}
        with patch.dict(os.environ, {"KINDRED_SCRATCH": folder}):
            measure(report, roots, server)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
