"""Actions of a person in Airflow's UI: start a run, look at it, clear a task."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from local.processes import wait_until
from local.rest import AirflowClient, JsonObject

ENDED = ("success", "failed")
RUN_SECONDS = 1_800
POLL_SECONDS = 2.0


class Person(AirflowClient):
    """A user of the REST API."""

    def trigger(self, dag_id: str, end: datetime) -> "DagRun":
        """Start a run for the snapshot of a date."""
        return DagRun(self, dag_id, self.start_run(dag_id, {"end": end.isoformat()}))

    def read(self, path: str, **parameters: Any) -> JsonObject:
        """Read any path below ``/api/v2``."""
        return self._call("GET", f"/api/v2/{path}", params=parameters)

    def clear(self, dag_id: str, run_id: str, tasks: list[str]) -> None:
        """Run tasks and all of their successors again."""
        body = {
            "dry_run": False,
            "only_failed": False,
            "dag_run_id": run_id,
            "task_ids": tasks,
            "include_downstream": True,
        }
        self._call("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", json=body)


@dataclass(frozen=True)
class DagRun:
    """One run of a DAG."""

    person: Person
    dag_id: str
    run_id: str

    @property
    def state(self) -> str:
        """The state of the run."""
        return str(self.person.read(self._path)["state"])

    @property
    def _path(self) -> str:
        return f"dags/{self.dag_id}/dagRuns/{quote(self.run_id, safe='')}"

    def tasks(self, task_id: str | None = None) -> list[JsonObject]:
        """The task instances of the run, or of one task."""
        found = self.person.read(f"{self._path}/taskInstances", limit=100)["task_instances"]
        return [entry for entry in found if task_id in (None, entry["task_id"])]

    def tries(self, task_id: str, part: int | None = None) -> int:
        """The number of tries of a task, or of the instance ``part`` of a mapped one.

        Without it, the maximum over all instances.
        """
        entries = self.tasks(task_id)
        found = [entry for entry in entries if part in (None, entry["map_index"])]
        return max((entry["try_number"] for entry in found), default=0)

    def failed(self) -> list[str]:
        """The tasks that failed themselves, not because of another one."""
        return sorted({e["task_id"] for e in self.tasks() if e["state"] == "failed"})

    def clear_failed(self) -> None:
        """Clear the failed tasks, as ``docs/operations.md`` recommends."""
        self.clear(self.failed())

    def clear(self, tasks: list[str]) -> None:
        """Clear tasks with those downstream of them."""
        self.person.clear(self.dag_id, self.run_id, tasks)

    def wait(self) -> str:
        """Wait for the end of the run; return its state."""
        wait_until(lambda: self.state in ENDED, RUN_SECONDS, POLL_SECONDS)
        return self.state

    def failed_logs(self) -> str:
        """The logs of the failed tasks, for what they tell a person to do."""
        return self._logs([entry for entry in self.tasks() if entry["state"] == "failed"])

    def log(self, task_id: str) -> str:
        """The log of the last try of a task."""
        return self._logs(self.tasks(task_id))

    def _logs(self, entries: list[JsonObject]) -> str:
        return " ".join(str(self.person.log_messages(entry)) for entry in entries)

    def last_words(self) -> str:
        """The last error in the log of each failed task, for a message."""
        entries = [entry for entry in self.tasks() if entry["state"] == "failed"]
        words = [_last_error(self.person.log_messages(entry)) for entry in entries]
        return "; ".join(str(word)[:1_000] for word in words)


def _last_error(messages: list[JsonObject]) -> JsonObject | None:
    """The last error among log messages, else the last message."""
    errors = [one for one in messages if one.get("level") in ("error", "critical")]
    return next(reversed(errors or messages), None)
