"""Processor time of each task: its drivers times the constants."""

from collections.abc import Mapping
from dataclasses import dataclass

from kindred.planning.constants import BucketCost, Coefficients, Constants, TaskCost
from kindred.planning.drivers import EXACT_PAIRS, database_drivers, worker_drivers
from kindred.planning.night_tasks import WITHOUT_ARTEFACTS, NightTask
from kindred.planning.sizes import Sizes
from kindred.planning.volumes import moved_by

LIKE = {"drift cells": "cells"}
"""What takes as long in task ``encode``: to read the columns and count them. No night that was run
by hand measures drift."""
ELSEWHERE = "encode"
WORKER, DATABASE = "worker", "database"
BUCKET, STORE = "bucket", "store"
"""What a task takes to reach a bucket, on one thread, and what the server of the bucket takes."""


@dataclass(frozen=True)
class Term:
    """A part of a task's processor time: so many units of a driver, and seconds for each."""

    resource: str
    driver: str
    amount: float
    seconds_each: float

    @property
    def seconds(self) -> float:
        """Processor seconds."""
        return self.amount * self.seconds_each


@dataclass(frozen=True)
class TaskWork:
    """Processor time of a task, all instances together; ``cost`` says how it can be divided."""

    task: NightTask
    terms: tuple[Term, ...]
    cost: TaskCost

    @property
    def worker_seconds(self) -> float:
        """Of its processes, without their start."""
        return self._seconds_of(WORKER)

    @property
    def threaded_seconds(self) -> float:
        """What several threads can take of the time of its processes."""
        divided = (term for term in self.terms if term.resource == WORKER)
        return self.cost.threaded * sum(
            term.seconds for term in divided if term.driver != EXACT_PAIRS
        )

    @property
    def database_seconds(self) -> float:
        """Of its sessions on the server."""
        return self._seconds_of(DATABASE)

    @property
    def bucket_seconds(self) -> float:
        """Of its processes, since artefacts are in a bucket."""
        return self._seconds_of(BUCKET)

    @property
    def store_seconds(self) -> float:
        """Of the server of the bucket, where it shares the machine."""
        return self._seconds_of(STORE)

    def _seconds_of(self, resource: str) -> float:
        return sum(term.seconds for term in self.terms if term.resource == resource)


def work_of(task: NightTask, sizes: Sizes, constants: Constants) -> TaskWork:
    """The processor time of a task."""
    cost = cost_of(task.name, constants)
    elsewhere = constants.tasks[ELSEWHERE]
    terms = [
        *_terms(WORKER, worker_drivers(task.name, sizes), cost.worker, elsewhere.worker),
        *_terms(DATABASE, database_drivers(task.name, sizes), cost.database, elsewhere.database),
        *_bucket_terms(task, sizes, constants.bucket),
    ]
    return TaskWork(task, tuple(terms), cost)


def _bucket_terms(task: NightTask, sizes: Sizes, cost: BucketCost) -> list[Term]:
    if not sizes.machines.has_bucket or task.task_id in WITHOUT_ARTEFACTS:
        return []
    moved = moved_by(task, sizes)
    amounts = [
        (BUCKET, "task", float(task.instances), cost.starting),
        (BUCKET, "MB read", moved.read_mb, cost.read_mb),
        (BUCKET, "MB written", moved.written_mb, cost.written_mb),
    ]
    if sizes.machines.is_one:
        served = moved.read_mb + moved.written_mb
        amounts.append((STORE, "MB served", served, cost.served_mb))
    return [Term(*each) for each in amounts if each[2] > 0.0]


def cost_of(name: str, constants: Constants) -> TaskCost:
    """The constants of a task; an algorithm that was not measured takes those of a like one."""
    if name in constants.tasks:
        return constants.tasks[name]
    like = {"cluster dbscan": "cluster hdbscan"}.get(name, "cluster kmeans")
    return constants.tasks[like] if name.startswith("cluster ") else NOTHING


NOTHING = TaskCost({}, {}, 0.0, 0.0, 0.0)


def _terms(
    resource: str, drivers: Mapping[str, float], own: Coefficients, elsewhere: Coefficients
) -> list[Term]:
    found = []
    for driver, amount in drivers.items():
        each = elsewhere.get(LIKE[driver], 0.0) if driver in LIKE else own.get(driver, 0.0)
        if each > 0.0:
            found.append(Term(resource, driver, amount, each))
    return found
