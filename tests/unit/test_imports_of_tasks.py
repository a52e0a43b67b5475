"""A task imports what it needs: each is a process of its own, some twenty of them per night."""

import json
import subprocess
import sys

import pytest

from kindred.tasks import TASKS

SLOW = {"hdbscan", "numba", "scipy.optimize", "scipy.spatial", "scipy.stats", "sklearn"}
"""Two seconds of processor time together; those import them who compute with them."""

IMPORT = """
import json, sys
from kindred import tasks
alone = sorted(sys.modules)
for name in sys.argv[1:]:
    tasks.TASKS[name].function
print(json.dumps({"alone": alone, "with_tasks": sorted(sys.modules)}))
"""
WITH_TREES = {"list_audiences", "train_audience", "join_audiences"}
"""Spaces without audiences have no such tasks."""


def test_importing_the_tasks_of_a_night_imports_no_slow_library():
    names = sorted(TASKS.keys() - WITH_TREES)
    found = json.loads(subprocess.check_output([sys.executable, "-c", IMPORT, *names], text=True))
    assert SLOW & set(found["with_tasks"]) == set()
    assert not {name for name in found["alone"] if name.endswith(".task")}


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_a_function_of_the_run(name):
    function = TASKS[name].function
    assert next(iter(function.__annotations__)) == "run"
    assert function.__name__.removesuffix("_all") == name
