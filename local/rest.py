"""A small client of Airflow's REST API: a call takes milliseconds, a CLI command seconds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from graphlib import TopologicalSorter
from typing import Any
from urllib.parse import quote

import httpx

from local.failures import LocalError

JsonObject = dict[str, Any]
_PAGE = 100  # the largest page the server returns
_FIRST_CALL_SECONDS = 150  # 3 on an idle machine, more than 30 on a busy one


class Order(StrEnum):
    """The order in which a backfill runs its dates."""

    FORWARD = "forward"
    BACKWARD = "backward"
    PARALLEL = "parallel"


class AirflowClient:
    """Calls the API server of a local Airflow as one user."""

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self._user = {"username": user, "password": password}
        # The environment may name a proxy, which must not be used for the loopback.
        self._http = httpx.Client(base_url=base_url, timeout=30, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> JsonObject | None:
        """The health of all components, None while the server does not answer."""
        try:
            response = self._http.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return None
        return dict(response.json()) if response.status_code == httpx.codes.OK else None

    def warm_execution_api(self) -> None:
        """Make the slow first call of the API that tasks use, so that no task waits for it."""
        self._http.get("/execution/health", timeout=_FIRST_CALL_SECONDS).raise_for_status()

    def log_in(self) -> None:
        """Get a token and use it from now on."""
        response = self._http.post("/auth/token", json=self._user)
        response.raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {response.json()['access_token']}"

    def dag(self, dag_id: str) -> JsonObject | None:
        """Airflow's entry of a DAG, None until it has been parsed."""
        response = self._http.get(f"/api/v2/dags/{dag_id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        return self._content(response)

    def import_errors(self, since: datetime) -> list[str]:
        """The stack traces of DAG files that could not be imported since a given time.

        An older error stays listed until its file has been read again.
        """
        content = self._call("GET", "/api/v2/importErrors", params={"limit": _PAGE})
        return [
            f"{error['filename']}\n{error['stack_trace']}"
            for error in content["import_errors"]
            if datetime.fromisoformat(error["timestamp"]) >= since
        ]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler start runs of a DAG."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def task_order(self, dag_id: str) -> list[str]:
        """The task ids of a DAG in topological order, by name among equals."""
        tasks = self._call("GET", f"/api/v2/dags/{dag_id}/tasks")["tasks"]
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for task in tasks:
            sorter.add(task["task_id"])
            for downstream in task["downstream_task_ids"]:
                sorter.add(downstream, task["task_id"])
        sorter.prepare()
        order: list[str] = []
        while sorter.is_active():
            ready = sorted(sorter.get_ready())
            order.extend(ready)
            sorter.done(*ready)
        return order

    def upstream_tasks(self, dag_id: str) -> dict[str, list[str]]:
        """The tasks that each task of a DAG waits for."""
        tasks = self._call("GET", f"/api/v2/dags/{dag_id}/tasks")["tasks"]
        upstream: dict[str, list[str]] = {task["task_id"]: [] for task in tasks}
        for task in tasks:
            for downstream in task["downstream_task_ids"]:
                upstream[downstream].append(task["task_id"])
        return upstream

    def start_run(self, dag_id: str, conf: Mapping[str, Any], run_id: str | None = None) -> str:
        """Start a manual run, without a logical date; return its id, made up if none is given."""
        body: JsonObject = {"logical_date": None, "conf": dict(conf)}
        if run_id is not None:
            body["dag_run_id"] = run_id
        content = self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        return str(content["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> JsonObject:
        """One run by its id."""
        return self._call("GET", _run_path(dag_id, run_id))

    def task_instances_of(self, dag_id: str, run_id: str) -> list[JsonObject]:
        """All task instances of one run."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances"
        return self._all_pages(path, "task_instances", {"order_by": "id"})

    def close_backfills(self, dag_id: str) -> int:
        """Complete the backfills that Airflow still considers running; returns how many.

        Airflow itself does so only every 30 seconds, and rejects a second backfill until then.
        """
        content = self._call("GET", "/api/v2/backfills", params={"dag_id": dag_id, "limit": _PAGE})
        active = [entry["id"] for entry in content["backfills"] if entry["completed_at"] is None]
        for number in active:
            response = self._http.put(f"/api/v2/backfills/{number}/cancel")
            if response.status_code != httpx.codes.CONFLICT:  # completed just now
                self._content(response)
        return len(active)

    def create_backfill(
        self,
        dag_id: str,
        dates: Sequence[datetime],
        order: Order,
        conf: Mapping[str, Any] | None = None,
        at_once: int | None = None,
    ) -> int:
        """Run a DAG for a range of logical dates, including those run before; returns the id.

        In parallel, ``at_once`` limits the number of concurrent runs; by default all run at once.
        """
        body = {
            "dag_id": dag_id,
            "from_date": min(dates).isoformat(),
            "to_date": max(dates).isoformat(),
            "run_backwards": order is Order.BACKWARD,
            "max_active_runs": (at_once or len(dates)) if order is Order.PARALLEL else 1,
            "reprocess_behavior": "completed",
            "run_on_latest_version": True,
            # Without a conf, an existing run keeps its old one.
            "dag_run_conf": dict(conf or {}),
        }
        return int(self._call("POST", "/api/v2/backfills", json=body)["id"])

    def runs(self, dag_id: str, dates: Sequence[datetime]) -> list[JsonObject]:
        """The runs of these logical dates, earliest first."""
        params = {**_between(dates), "order_by": "logical_date"}
        return self._all_pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs", params)

    def unfinished_runs(self, dag_id: str) -> list[str]:
        """The ids of the runs of a DAG that are queued or running."""
        params = {"state": ["queued", "running"], "order_by": "id"}
        runs = self._all_pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs", params)
        return [run["dag_run_id"] for run in runs]

    def task_instances(self, dag_id: str, dates: Sequence[datetime]) -> list[JsonObject]:
        """All task instances of the runs of these logical dates."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/~/taskInstances"
        return self._all_pages(path, "task_instances", {**_between(dates), "order_by": "id"})

    def log_messages(self, task_instance: Mapping[str, Any]) -> list[JsonObject]:
        """The log of the last try of a task instance, one entry per message."""
        run, task = quote(task_instance["dag_run_id"], safe=""), task_instance["task_id"]
        response = self._ask(
            "GET",
            f"/api/v2/dags/{task_instance['dag_id']}/dagRuns/{run}/taskInstances/{task}"
            f"/logs/{max(task_instance['try_number'], 1)}",
            params={"map_index": task_instance["map_index"], "full_content": True},
            headers={"Accept": "application/json"},
        )
        content = self._content(response)["content"]
        return [entry if isinstance(entry, dict) else {"event": entry} for entry in content]

    def _all_pages(self, path: str, name: str, params: Mapping[str, Any]) -> list[JsonObject]:
        found: list[JsonObject] = []
        while True:
            page = {**params, "limit": _PAGE, "offset": len(found)}
            content = self._call("GET", path, params=page)
            found.extend(content[name])
            if len(found) >= content["total_entries"] or not content[name]:
                return found

    def _call(self, method: str, path: str, **arguments: Any) -> JsonObject:
        return self._content(self._ask(method, path, **arguments))

    def _ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **arguments)
        except (httpx.ReadError, httpx.RemoteProtocolError):
            if method != "GET":
                raise
            # The server may close an idle connection at the moment it is used again.
            return self._http.request(method, path, **arguments)

    @staticmethod
    def _content(response: httpx.Response) -> JsonObject:
        if response.is_error:
            raise LocalError(
                f"Airflow answered {response.status_code} to {response.request.method}"
                f" {response.request.url.path}: {response.text[:500]}"
            )
        return dict(response.json())


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"


def _between(dates: Sequence[datetime]) -> dict[str, str]:
    return {
        "logical_date_gte": min(dates).isoformat(),
        "logical_date_lte": max(dates).isoformat(),
    }
