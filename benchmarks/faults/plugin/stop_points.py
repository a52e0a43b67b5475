"""An Airflow plugin that stops a task once in its middle, as ordered by a faults run.

The task stops itself when it enters a function of Kindred, so that the place is known and
reproducible; the fault itself is injected from outside. The plugin also counts the calls of an
undisturbed run, to find the middle. Tasks without orders run normally.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

OURS = "/plugins/kindred/"
DATABASE, ARTEFACTS = "/kindred/warehouse/database.py", "/kindred/artefacts/stores.py"
FOLDER = "/kindred/artefacts/folder.py"
ADAPTER, TASKS = "/kindred/airflow_adapter/tasks.py", "/task.py"
STATEMENTS = {"run", "rows", "records", "execute", "copy_out", "copy_in"}


Tracer = Callable[[FrameType, str, Any], Any]


class Watch:
    """Traces the function calls of one task, and stops it at the ordered one."""

    def __init__(self, folder: Path, task_id: str, part: int) -> None:
        self.folder, self.task_id, self.part, self.name = folder, task_id, part, task_id
        self.counts: Counter[str] = Counter()
        self.order = self._take_order()
        self._is_ours: dict[CodeType, bool] = {}
        self._is_in_body = False

    @property
    def is_wanted(self) -> bool:
        """Whether there is an order to stop or to count."""
        return self.order is not None or (self.folder / "counting").exists()

    def _take_order(self) -> dict[str, Any] | None:
        """Take the order for this task; only one try of one of its instances gets it."""
        for name in (f"{self.task_id}[{self.part}]", self.task_id):
            taken = self.folder / f"{name}.taken"
            try:
                (self.folder / f"{name}.order").rename(taken)
            except FileNotFoundError:
                continue
            self.name = name
            return dict(json.loads(taken.read_text(encoding="utf-8")))
        return None

    def give_back(self) -> None:
        """Leave an order that was not carried out to the next try: another fault came first."""
        if self.order is not None and not (self.folder / f"{self.name}.stopped").exists():
            (self.folder / f"{self.name}.taken").rename(self.folder / f"{self.name}.order")

    def see(self, frame: FrameType, event: str, _: object) -> Tracer | None:
        """Count a call of the task's body, and stop if it is the ordered one."""
        code = frame.f_code
        is_ours = self._is_ours.get(code)
        if is_ours is None:
            is_ours = code.co_name != "<module>" and OURS in code.co_filename
            self._is_ours[code] = is_ours
        if not is_ours:
            return None
        is_body = not self._is_in_body and self._begins(code)
        self._is_in_body |= is_body
        for kind in _kinds(frame) if self._is_in_body else ():
            self.counts[kind] += 1
            if self.order == {"kind": kind, "number": self.counts[kind]}:
                self._stop(frame)
        return self._see_end if is_body else None

    def _begins(self, code: CodeType) -> bool:
        """Whether this is the function of the task in a subject's folder."""
        return code.co_name == self.task_id and code.co_filename.endswith(TASKS)

    def _see_end(self, frame: FrameType, event: str, _: object) -> Tracer | None:
        """End counting: recording time and memory after the body is not part of its middle."""
        if event == "return":
            sys.settrace(None)
        return self._see_end

    def _stop(self, frame: FrameType) -> None:
        sys.settrace(None)
        note = {"pid": os.getpid(), **_place(frame), **_session(frame), **_work(frame)}
        self.write(f"{self.name}.stopped", note)
        os.kill(os.getpid(), signal.SIGSTOP)

    def write(self, name: str, content: object) -> None:
        """Write an answer for the faults run, atomically."""
        path = self.folder / name
        aside = path.with_name(f"{path.name}.aside{os.getpid()}")
        aside.write_text(json.dumps(content, default=str), encoding="utf-8")
        aside.rename(path)


def _kinds(frame: FrameType) -> list[str]:
    """The kinds of a call: a call, and maybe a database statement or the writing of a file."""
    code = frame.f_code
    if code.co_filename.endswith(DATABASE) and code.co_name in STATEMENTS:
        session = _session(frame)
        return ["call", f"in {session['database']}"] if session else ["call"]
    if code.co_filename.endswith(ARTEFACTS) and code.co_name == "write_aside":
        return ["call", "write"]
    if code.co_filename.endswith(FOLDER) and code.co_name == "read":
        return ["call", "read"]
    return ["call"]


def _session(frame: FrameType) -> dict[str, Any]:
    """The database session of a call, if it is a statement."""
    connection = getattr(frame.f_locals.get("self"), "connection", None)
    if connection is None or connection.closed:
        return {}
    return {"database": connection.info.dbname, "backend": connection.info.backend_pid}


def _place(frame: FrameType) -> dict[str, str]:
    """The position of the task: module, function, and the statement if it is one."""
    code = frame.f_code
    module = code.co_filename.partition("/kindred/")[2] or Path(code.co_filename).name
    statement = frame.f_locals.get("name") if code.co_filename.endswith(DATABASE) else None
    place = f"{module.removesuffix('.py').replace('/', '.')}:{code.co_qualname}"
    return {"place": f"{place} {statement}" if statement else place}


def _work(frame: FrameType | None) -> dict[str, Any]:
    """The arguments of the task, so that it can be run a second time."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename.endswith(ADAPTER) and code.co_name in ("call", "close"):
            given = frame.f_locals
            stage, part = given.get("name", "clean_up"), given.get("part", {})
            return {"stage": stage, "reference": given["reference"], "part": part}
        frame = frame.f_back
    return {}


def _part_of(task_instance: Any) -> int:
    """The instance of a mapped task; -1 for others."""
    return -1 if task_instance.map_index is None else int(task_instance.map_index)


class Listener:
    """Airflow calls these in the process of a task, before and after its body."""

    watch: Watch | None = None

    @hookimpl
    def on_task_instance_running(self, task_instance: Any) -> None:
        """Start tracing a task that has an order."""
        folder = Path(os.environ["FAULTS_FOLDER"]) / task_instance.dag_id
        watch = Watch(folder, task_instance.task_id, _part_of(task_instance))
        if watch.is_wanted:
            self.watch = watch
            sys.settrace(watch.see)

    @hookimpl
    def on_task_instance_success(self, task_instance: Any) -> None:
        """Report the counts."""
        sys.settrace(None)
        if self.watch is not None:
            name = f"{self.watch.task_id}.{self.watch.part}.counts"
            self.watch.write(name, self.watch.counts)

    @hookimpl
    def on_task_instance_failed(self, task_instance: Any) -> None:
        """Let the next try stop if this one did not come so far."""
        if self.watch is not None:
            self.watch.give_back()


class StopPoints(AirflowPlugin):
    """The plugin that Airflow loads."""

    name = "stop_points"
    listeners: list[object] = [Listener()]  # noqa: RUF012
