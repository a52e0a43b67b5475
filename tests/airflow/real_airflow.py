"""A real Airflow with many spaces: start their runs, wait for them, look at what they left."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

import httpx
import psycopg2
from psycopg2 import sql

from benchmarks.faults.night import ONE_AT_A_TIME
from integration.warehouse import Laboratory
from kindred.run.context import Deployment, Run
from kindred.spec.model import Spec, dag_id_of, schema_of
from local.airflow import LocalAirflow
from local.credentials import ADMIN_USER, Credentials
from local.environment import METADATA
from local.rest import Order
from webhooks import Webhook

PATIENCE_SECONDS = 600
POLL_SECONDS = 0.6
STATE = "select state from dag_run where dag_id = %s and run_id = %s"
STATES = (
    "select task_id, state from task_instance where dag_id = %s and run_id = %s order by map_index"
)
XCOMS = "select task_id, value from xcom where dag_id = %s and run_id = %s order by task_id"
ENDED = {"success", "failed"}

Json = dict[str, Any]


class SharedLaboratory(Laboratory):
    """The databases of all spaces; what is run in this process is run one at a time."""

    @cached_property
    def deployment(self) -> Deployment:
        """Made once: it looks at the environment, which other threads' tests change meanwhile."""
        return super().deployment

    def fit(self, spec: Spec, as_of: str, **changes: Any) -> int:
        with ONE_AT_A_TIME:
            return super().fit(spec, as_of, **changes)

    def run(self, spec: Spec, as_of: str, **changes: Any) -> Run:
        with ONE_AT_A_TIME:
            return super().run(spec, as_of, **changes)


class RealAirflow:
    """The Airflow of the session, and the databases its tasks work on."""

    def __init__(
        self,
        local: LocalAirflow,
        credentials: Credentials,
        laboratory: SharedLaboratory,
        webhook: Webhook,
    ) -> None:
        self.local = local
        self.laboratory = laboratory
        self.webhook = webhook
        self._http = httpx.Client(base_url=local.url, timeout=30, trust_env=False)
        user = {"username": ADMIN_USER, "password": credentials.admin_password}
        token = self._http.post("/auth/token", json=user).raise_for_status().json()["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._pool = ThreadPoolExecutor(max_workers=32)
        self._record = psycopg2.connect(local.server.dsn(METADATA))
        self._record.autocommit = True
        self.closing = ExitStack()
        self.components = threading.Lock()
        """Held by who starts or ends one of its processes, or counts them."""

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.closing.close()
        self._record.close()
        self._http.close()

    def meanwhile(self, do: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Do something that takes several runs, one behind the other, beside the tests."""
        return self._pool.submit(do, *arguments)

    def call(self, method: str, path: str, **arguments: Any) -> Json:
        """Call the REST API below ``/api/v2``."""
        response = self._http.request(method, f"/api/v2/{path}", **arguments)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json()

    def state_of(self, dag_id: str, run_id: str) -> str:
        """The state of a run in Airflow's own database.

        Many threads wait for runs, and a second of questions to the API server takes half as long
        to answer.
        """
        with self._record.cursor() as cursor:
            cursor.execute(STATE, (dag_id, run_id))
            [(state,)] = cursor.fetchall()
        return str(state)

    def states_of(self, dag_id: str, run_id: str) -> dict[str, str]:
        """The states of a run's tasks, from there too."""
        with self._record.cursor() as cursor:
            cursor.execute(STATES, (dag_id, run_id))
            return dict(cursor.fetchall())

    def xcoms_of(self, dag_id: str, run_id: str) -> list[Json]:
        """What a run's tasks have handed on, from there too: one request for each takes seconds."""
        with self._record.cursor() as cursor:
            cursor.execute(XCOMS, (dag_id, run_id))
            return [{"task_id": task_id, "value": value} for task_id, value in cursor.fetchall()]

    def space(self, name: str) -> "Space":
        """A space, its DAG unpaused."""
        space = Space(self, name)
        self.call("PATCH", f"dags/{space.dag_id}", json={"is_paused": False})
        return space

    def wait(self, runs: Sequence["DagRun"]) -> list[str]:
        """Wait until runs have ended; returns their states."""
        return [run.wait() for run in runs]


@dataclass(frozen=True)
class Space:
    """One space of the warehouse and the DAG that fills it."""

    airflow: RealAirflow
    name: str

    @property
    def dag_id(self) -> str:
        return dag_id_of(self.name)

    @property
    def schema(self) -> str:
        return schema_of(self.name)

    def backfill(
        self, dates: Sequence[datetime], order: Order, conf: Json | None = None
    ) -> list["DagRun"]:
        """Let Airflow fill a range of logical dates; returns the runs by date."""
        client = self.airflow.local.client
        client.close_backfills(self.dag_id)
        client.create_backfill(self.dag_id, dates, order, conf)
        return [DagRun(self, run["dag_run_id"]) for run in client.runs(self.dag_id, dates)]

    def trigger(self, logical_date: datetime | None = None, **params: Any) -> "DagRun":
        """Start a run by hand."""
        moment = None if logical_date is None else logical_date.isoformat()
        body = {"logical_date": moment, "conf": params}
        run = self.airflow.call("POST", f"dags/{self.dag_id}/dagRuns", json=body)
        return DagRun(self, run["dag_run_id"])

    def runs(self) -> list[Json]:
        """All runs of the DAG."""
        return self.airflow.call("GET", f"dags/{self.dag_id}/dagRuns")["dag_runs"]

    def hashes(self) -> dict[str, str]:
        """A hash of every published table."""
        return self.airflow.laboratory.hashes(self.name)

    def query(self, text: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Rows of a query with ``{bi}`` and ``{space}`` for the schemas."""
        names = {"bi": sql.Identifier(f"bi_{self.name}"), "space": sql.Identifier(self.schema)}
        return self.airflow.laboratory.query(sql.SQL(text).format(**names), parameters)

    def snapshot(self, as_of: datetime) -> Json:
        """What BI is told of one snapshot; empty where there is none."""
        rows = self.query("select to_jsonb(s) from {bi}.snapshots as s where as_of = %s", [as_of])
        return rows[0][0] if rows else {}

    def current(self) -> tuple[Any, ...]:
        """Which snapshot the ``_current`` views show, and how many lookalikes."""
        return self.query("select min(as_of), max(as_of), count(*) from {bi}.lookalikes_current")[0]

    def leftovers(self) -> list[str]:
        """Tables that belong to a run, not to what is published."""
        text = (
            "select relname::text from pg_class where relnamespace = %s::regnamespace"
            " and relkind = 'r' and not relispartition"
            " and relname ~ '_next$|^landing_|^snapshot_customers_|_delta_'"
        )
        return [name for (name,) in self.query(text, [self.schema])]


@dataclass(frozen=True)
class DagRun:
    """One run of a space's DAG."""

    space: Space
    run_id: str

    @property
    def path(self) -> str:
        return f"dags/{self.space.dag_id}/dagRuns/{quote(self.run_id, safe='')}"

    def read(self) -> Json:
        return self.space.airflow.call("GET", self.path)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> str:
        """Wait for the end of the run; returns its state."""
        airflow, dag_id = self.space.airflow, self.space.dag_id
        wait_for(lambda: airflow.state_of(dag_id, self.run_id) in ENDED, self.describe, seconds)
        return str(self.read()["state"])

    def tasks(self, task_id: str | None = None) -> list[Json]:
        """The task instances of the run, or of one task."""
        found = self.space.airflow.call("GET", f"{self.path}/taskInstances")["task_instances"]
        return [entry for entry in found if task_id in (None, entry["task_id"])]

    def states(self) -> dict[str, str]:
        """Task -> state; of a mapped task the state of one of its instances."""
        return self.space.airflow.states_of(self.space.dag_id, self.run_id)

    def tries(self, task_id: str) -> int:
        """How often a task was tried."""
        return max(entry["try_number"] for entry in self.tasks(task_id))

    def log(self, task_id: str) -> str:
        """The log of the last try of a task as one text."""
        entry = self.tasks(task_id)[-1]
        return json.dumps(self.space.airflow.local.client.log_messages(entry))

    def clear(self) -> None:
        """Run everything again."""
        body = {"dry_run": False, "only_failed": False}
        self.space.airflow.call("POST", f"{self.path}/clear", json=body)

    def clear_task(self, task_id: str, *, downstream: bool) -> None:
        """Run one task again, alone or with all that follows."""
        body = {
            "dry_run": False,
            "only_failed": False,
            "dag_run_id": self.run_id,
            "task_ids": [task_id],
            "include_downstream": downstream,
        }
        path = f"dags/{self.space.dag_id}/clearTaskInstances"
        self.space.airflow.call("POST", path, json=body)

    def xcoms(self) -> list[Json]:
        """Every XCom of the run with its value."""
        return self.space.airflow.xcoms_of(self.space.dag_id, self.run_id)

    def asset_events(self) -> list[Json]:
        """What the run has told other DAGs."""
        params = {"source_dag_id": self.space.dag_id, "source_run_id": self.run_id}
        return self.space.airflow.call("GET", "assets/events", params=params)["asset_events"]

    def describe(self) -> str:
        """Where the run stands, for the message of a test that waits in vain."""
        return f"{self.space.dag_id} {self.run_id} {self.read()['state']}: {self.states()}"


def wait_for(condition: Any, describe: Any = lambda: "", seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait until ``condition`` gives something true; returns that."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"nothing within {seconds} s: {describe()}"
        time.sleep(POLL_SECONDS)
    return found


def failed_tasks(states: Mapping[str, str]) -> set[str]:
    """The tasks that failed by themselves."""
    return {task for task, state in states.items() if state == "failed"}
