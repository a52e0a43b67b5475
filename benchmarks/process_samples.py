"""Processor time and memory of groups of processes, for example of all tasks of an Airflow."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

EVERY_SECONDS = 5.0
"""To read the memory of all processes takes a tenth of a second of processor time and more."""


@dataclass(frozen=True)
class Processes:
    """A group of processes, by pid.

    ``with_children``: a process and all that it has started; ``below``: the processor time of what
    it has started, and the memory of all; ``alone``: its own processor time.
    """

    with_children: Sequence[int] = ()
    below: Sequence[int] = ()
    alone: Sequence[int] = ()


class ProcessSamples:
    """The processor time of groups of processes, and their highest memory at once.

    Processor time includes children that have ended, as their parents have counted it. Memory is
    proportional set size (PSS): a page that n processes share counts as one n-th for each.
    """

    def __init__(self, groups: Mapping[str, Processes]) -> None:
        self._groups = groups
        self.peak_mb = dict.fromkeys(groups, 0.0)

    def begin(self) -> dict[str, float]:
        """Measure the peaks anew; return the processor seconds of each group so far."""
        self.peak_mb = dict.fromkeys(self._groups, 0.0)
        return self.processor_seconds()

    def processor_seconds(self) -> dict[str, float]:
        """Seconds of processor time of each group."""
        return {
            name: sum(map(_seconds, _members(group)))
            + sum(map(_ended_seconds, _of(group.below)))
            + sum(map(_own_seconds, _of(group.alone)))
            for name, group in self._groups.items()
        }

    def sample(self) -> None:
        """Measure the memory of each group now."""
        for name, group in self._groups.items():
            found = sum(map(_pss_mb, [*_members(group), *_of(group.below)]))
            self.peak_mb[name] = max(self.peak_mb[name], found)


@contextmanager
def sampled(groups: Mapping[str, Processes]) -> Iterator[ProcessSamples]:
    """Sample the memory of groups while the block runs."""
    samples, is_done = ProcessSamples(groups), threading.Event()

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


def _of(pids: Sequence[int]) -> list[psutil.Process]:
    found = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
    return found


def _members(group: Processes) -> list[psutil.Process]:
    roots = _of(group.with_children)
    parents = [*roots, *_of(group.below)]
    return roots + [child for parent in parents for child in _children(parent)]


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def _seconds(process: psutil.Process) -> float:
    return _own_seconds(process) + _ended_seconds(process)


def _own_seconds(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _ended_seconds(process: psutil.Process) -> float:
    """Of children that have ended."""
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.children_user + times.children_system)
    return 0.0


def _pss_mb(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.memory_full_info().pss) / 2**20
    return 0.0
