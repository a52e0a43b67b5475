"""The spaces of the test and their nights: the demo's three dates, and many mixed customers."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2

from benchmarks import mixed_customers as mixed
from benchmarks.night_airflow import PATIENCE_SECONDS, moment, patiently
from kindred.publication.table_hash import table_hashes
from kindred.run.connections import WAREHOUSE
from kindred.spec.model import DEFAULT_SPACE, Spec, load_spec, spec_from_dict
from kindred.warehouse.database import connect
from local import environment
from local.airflow import LocalAirflow
from local.demo import AS_OF_BY_LOGICAL_DATE, load_customers
from local.failures import RunFailedError
from local.layout import CHECKOUT
from local.postgres import EmbeddedServer
from local.rest import JsonObject, Order
from local.run import begin_backfill
from local.tables import load_table

MIXED_TABLE = "mixed_customers"
AS_OF = datetime(2026, 1, 5, 2, tzinfo=UTC)
BEGINNING = AS_OF - timedelta(days=369)
POLL_SECONDS = 0.4
TOTAL = "all"
"""What `table_hashes` calls the hash over those of the tables."""
PEAKS = "select stage_peak_mb from {bi}.snapshots where as_of = %s"
LEFT = "select application_name from pg_stat_activity where application_name like %s"

Look = Callable[[Sequence[JsonObject]], None]
"""What is done whenever the task instances of a run have been asked for."""


@dataclass(frozen=True)
class Night:
    """What a run has left: its seconds, its task instances, and the peaks of its stages in MB."""

    seconds: float
    instances: list[JsonObject]
    peak_mb: dict[str, int]


def demo_spec(space: str = DEFAULT_SPACE) -> Spec:
    """The spec of the demo, or that of a space that reads the same table."""
    spec = load_spec(CHECKOUT / "include" / "features" / f"{DEFAULT_SPACE}.yaml")
    return spec.model_copy(update={"space": space})


def mixed_spec(space: str) -> Spec:
    """The spec of a space of mixed customers; several read the same table."""
    content = mixed.make_spec().model_dump(mode="json", exclude_unset=True)
    content |= {"space": space, "source": content["source"] | {"table": MIXED_TABLE}}
    return spec_from_dict(content, where="cluster test")


def load_source(server: EmbeddedServer, customers: int) -> None:
    """Load the tables of both: the demo's customers, and so many mixed ones."""
    dsn = server.dsn(environment.SOURCE)
    load_customers(dsn)
    load_table(dsn, mixed.source_table(customers, name=MIXED_TABLE))


def run_demo(airflow: LocalAirflow, spec: Spec, look: Look = lambda _: None) -> list[JsonObject]:
    """Backfill the demo's dates, whose encoder is fitted; return the task instances at the end."""
    client, dates = airflow.client, list(AS_OF_BY_LOGICAL_DATE)
    begin_backfill(client, spec.dag_id, dates, Order.FORWARD)
    _follow(
        airflow,
        lambda: client.runs(spec.dag_id, dates),
        lambda: client.task_instances(spec.dag_id, dates),
        look,
    )
    return patiently(client.task_instances, spec.dag_id, dates)


def run_mixed(airflow: LocalAirflow, spec: Spec, look: Look = lambda _: None) -> Night:
    """Run the night of a space of mixed customers, and wait for its end."""
    client, run_id = airflow.client, "night"
    client.unpause(spec.dag_id)
    conf = {"start": BEGINNING.isoformat(), "end": AS_OF.isoformat()}
    client.start_run(spec.dag_id, conf, run_id)
    run = _follow(
        airflow,
        lambda: [client.run(spec.dag_id, run_id)],
        lambda: client.task_instances_of(spec.dag_id, run_id),
        look,
    )
    seconds = (moment(run["end_date"]) - moment(run["start_date"])).total_seconds()
    instances = patiently(client.task_instances_of, spec.dag_id, run_id)
    dsn = airflow.server.dsn(environment.WAREHOUSE)
    return Night(seconds, instances, _peaks(dsn, spec))


def hashes(server: EmbeddedServer, spec: Spec) -> dict[str, str]:
    """What ``kindred hash`` says of the tables of a space."""
    with connect(
        server.dsn(environment.WAREHOUSE),
        connection_id=WAREHOUSE,
        application_name="cluster test",
        schema=spec.internal_schema,
    ) as database:
        found = table_hashes(database)
    return {table: digest for table, digest in found.items() if table != TOTAL}


def sessions_left(server: EmbeddedServer, spec: Spec, patience_seconds: float) -> list[str]:
    """The sessions of a space's tasks that do not end."""
    deadline = time.monotonic() + patience_seconds
    while True:
        found = _column(server.dsn(environment.WAREHOUSE), LEFT, f"kindred {spec.space} %")
        if not found or time.monotonic() > deadline:
            return [str(name) for name in found]
        time.sleep(1)


def _follow(
    airflow: LocalAirflow,
    runs: Callable[[], Sequence[JsonObject]],
    instances: Callable[[], Sequence[JsonObject]],
    look: Look,
) -> JsonObject:
    """Wait until runs have succeeded; return the last one."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        airflow.check()
        found = patiently(runs)
        look(patiently(instances))
        for run in found:
            if run["state"] == "failed":
                raise RunFailedError(run["dag_id"], f"{run['dag_run_id']} has failed")
        if found and all(run["state"] == "success" for run in found):
            return found[-1]
        if time.monotonic() > deadline:
            raise RunFailedError("cluster test", f"not done in {PATIENCE_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def _peaks(dsn: str, spec: Spec) -> dict[str, int]:
    [peaks] = _column(dsn, PEAKS.format(bi=spec.bi_schema), AS_OF)
    return dict(peaks)


def _column(dsn: str, query: str, *parameters: Any) -> list[Any]:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [row[0] for row in cursor.fetchall()]
