"""Run a stage of a run again, like a second try whose first try is still running.

Airflow starts a task again if its heartbeat is missing for a while (swapping, a network failure),
although the first try may still be alive. The argument is JSON: the arguments of the first try.
"""

import json
import sys
from datetime import datetime
from typing import Any

from benchmarks.faults.night import request_of
from kindred.errors import KindredError
from kindred.preparation.task import prepare
from kindred.run.connections import from_environment
from kindred.run.context import Deployment, open_run
from kindred.settings import Settings
from kindred.spec.model import load_spec
from kindred.spec.spec_files import spec_paths
from kindred.tasks import run_task

REFUSED = 3


def run_again(given: dict[str, Any]) -> None:
    """Run the body of the task without Airflow."""
    deployment = Deployment(lambda name: from_environment(name) or "", Settings.from_env())
    as_of, stage = datetime.fromisoformat(given["as_of"]), given["stage"]
    if stage == "prepare":
        spec = load_spec(spec_paths()[given["space"]])
        prepare(deployment, spec, request_of(spec, as_of, given["run_id"]))
        return
    run = open_run(deployment, given["space"], as_of, given["run_id"])
    run_task(run, stage, **(given["part"] or {}))


def main() -> int:
    given = json.loads(sys.argv[1])
    print("begins", flush=True)
    try:
        run_again(given)
    except KindredError as error:
        print(error, flush=True)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
