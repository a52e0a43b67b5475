"""Processor time and memory of groups of processes, for example of all tasks of an Airflow."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil

EVERY_SECONDS = 2.5
"""To read the memory of all processes takes a tenth of a second of processor time and more."""


class ProcessSamples:
    """The processes below some roots: their processor time, and their highest memory at once.

    ``roots``: group -> pids. A group is these processes with all that they have started; its
    processor time includes children that have ended, as their parents have counted it. Memory is
    proportional set size (PSS): a page that n processes share counts as one n-th for each.
    """

    def __init__(self, roots: Mapping[str, list[int]]) -> None:
        self._roots = roots
        self.peak_mb = dict.fromkeys(roots, 0.0)

    def begin(self) -> dict[str, float]:
        """Measure the peaks anew; return the processor seconds of each group so far."""
        self.peak_mb = dict.fromkeys(self._roots, 0.0)
        return self.processor_seconds()

    def processor_seconds(self) -> dict[str, float]:
        """Seconds of processor time of each group."""
        return {group: sum(map(_processor_seconds, self._members(group))) for group in self._roots}

    def sample(self) -> None:
        """Measure the memory of each group now."""
        for group in self._roots:
            found = sum(map(_pss_mb, self._members(group)))
            self.peak_mb[group] = max(self.peak_mb[group], found)

    def _members(self, group: str) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for pid in self._roots[group]:
            with suppress(psutil.NoSuchProcess):
                root = psutil.Process(pid)
                found += [root, *root.children(recursive=True)]
        return found


@contextmanager
def sampled(roots: Mapping[str, list[int]]) -> Iterator[ProcessSamples]:
    """Sample the memory of groups while the block runs."""
    samples, is_done = ProcessSamples(roots), threading.Event()

    def watch() -> None:
        while not is_done.wait(EVERY_SECONDS):
            samples.sample()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        is_done.set()
        thread.join()


def _processor_seconds(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def _pss_mb(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.memory_full_info().pss) / 2**20
    return 0.0
