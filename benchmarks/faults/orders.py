"""Orders to the plugin that stops tasks, and its answers."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.processes import ProcessId, identify

Counts = dict[str, dict[str, int]]


def instance_of(task_id: str, part: int | None) -> str:
    """The name of an instance of a mapped task; a task that is not mapped has part None or -1."""
    return task_id if part is None or part < 0 else f"{task_id}[{part}]"


@dataclass(frozen=True)
class Stopped:
    """A task that is stopped in its middle.

    ``backend`` and ``database`` are those of the session it was about to use, if any; ``stage``,
    ``reference`` and ``part`` are its arguments, if it has begun a stage.
    """

    process: ProcessId
    place: str
    backend: int | None = None
    database: str | None = None
    stage: str | None = None
    reference: dict[str, Any] | None = None
    part: Any = None


@dataclass(frozen=True)
class Orders:
    """The folder that the plugin reads, given by ``FAULTS_FOLDER``."""

    folder: Path

    def count(self, dag_id: str) -> None:
        """Order the plugin to count the calls of every task of a DAG."""
        self._folder(dag_id).joinpath("counting").touch()

    def counts(self, dag_id: str) -> Counts:
        """Task -> kind of call -> number in an undisturbed task (in its shortest instance).

        A mapped task is counted by instance too: see ``instance_of``.
        """
        found: dict[str, list[dict[str, int]]] = defaultdict(list)
        for path in self._folder(dag_id).glob("*.counts"):
            task, part, _ = path.name.split(".")
            counted = json.loads(path.read_text(encoding="utf-8"))
            for name in {task, instance_of(task, int(part))}:
                found[name].append(counted)
        return {
            task: {kind: min(one.get(kind, 0) for one in counted) for kind in counted[0]}
            for task, counted in found.items()
        }

    def stop(self, dag_id: str, instance: str, kind: str, number: int) -> None:
        """Order the next try of a task to stop at its n-th call of a kind.

        Of a mapped task: the named instance, or whichever comes first (see ``instance_of``).
        """
        path = self._folder(dag_id) / f"{instance}.order"
        path.write_text(json.dumps({"kind": kind, "number": number}), encoding="utf-8")

    def stopped(self, dag_id: str, instance: str) -> Stopped | None:
        """The task that has stopped as ordered; None until one has."""
        try:
            path = self._folder(dag_id) / f"{instance}.stopped"
            note = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        process = identify(note.pop("pid"))
        # The task writes its answer before it stops: continued too early, it would stop for ever.
        return Stopped(process, **note) if process is not None and _stands(process) else None

    def _folder(self, dag_id: str) -> Path:
        folder = self.folder / dag_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _stands(process: ProcessId) -> bool:
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "T"
