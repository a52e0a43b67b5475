"""Processor time of each task: its drivers times the constants."""

from collections.abc import Mapping
from dataclasses import dataclass

from kindred.planning.constants import Coefficients, Constants, TaskCost
from kindred.planning.drivers import EXACT_PAIRS, database_drivers, worker_drivers
from kindred.planning.night_tasks import NightTask
from kindred.planning.sizes import Sizes

LIKE = {"drift cells": "cells"}
"""What takes as long in task ``encode``: to read the columns and count them. No night that was run
by hand measures drift."""
ELSEWHERE = "encode"
WORKER, DATABASE = "worker", "database"


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
        return sum(term.seconds for term in self.terms if term.resource == WORKER)

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
        return sum(term.seconds for term in self.terms if term.resource == DATABASE)


def work_of(task: NightTask, sizes: Sizes, constants: Constants) -> TaskWork:
    """The processor time of a task."""
    cost = cost_of(task.name, constants)
    elsewhere = constants.tasks[ELSEWHERE]
    terms = [
        *_terms(WORKER, worker_drivers(task.name, sizes), cost.worker, elsewhere.worker),
        *_terms(DATABASE, database_drivers(task.name, sizes), cost.database, elsewhere.database),
    ]
    return TaskWork(task, tuple(terms), cost)


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
