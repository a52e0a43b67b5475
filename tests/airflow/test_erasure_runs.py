"""Erase a customer on the real scheduler: no id in Airflow's own database, nor in its logs."""

from dataclasses import dataclass

import psycopg2
import pytest
from customers import AS_OFS, customers, space_spec
from psycopg2 import sql
from real_airflow import DagRun, RealAirflow, Space, wait_for

from kindred.erasure.task import request_erasure
from kindred.spec.model import dag_id_of
from local.environment import METADATA

APRIL = AS_OFS[-1]
LEAVING = 770_660_550_440
SPEC = space_spec("erased", source={"table": "customers_erased"})


@dataclass(frozen=True)
class Erasures(Space):
    """The DAG that erases customers of a space."""

    @property
    def dag_id(self) -> str:
        return dag_id_of(self.name, "customer_erasure")


@dataclass(frozen=True)
class Begun:
    """The space, the run that erases, and one for a request that nobody has made."""

    erasures: Erasures
    run: DagRun
    unknown: DagRun


def begin(airflow: RealAirflow) -> Begun:
    """A space with one published snapshot, made without Airflow, and one customer more."""
    row = customers()[0]
    airflow.laboratory.append("customers_erased", [(LEAVING, *row[1:])])
    airflow.laboratory.run(SPEC, APRIL.replace(tzinfo=None).isoformat())
    space = Erasures(airflow, "erased")
    airflow.call("PATCH", f"dags/{space.dag_id}", json={"is_paused": False})
    number = request_erasure(airflow.laboratory.deployment, space.name, str(LEAVING))
    assert number == 1
    return Begun(space, space.trigger(request=number), space.trigger(request=4711))


@pytest.fixture(scope="module")
def erasures(begun_here: Begun) -> Erasures:
    return begun_here.erasures


@pytest.fixture(scope="module")
def run(begun_here: Begun) -> DagRun:
    return begun_here.run


@pytest.fixture(scope="module")
def unknown(begun_here: Begun) -> DagRun:
    return begun_here.unknown


def metadata_with(airflow: RealAirflow, word: str) -> set[str]:
    """Tables of Airflow's own database that have a word."""
    found = set()
    connection = psycopg2.connect(airflow.local.server.dsn(METADATA))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select tablename from pg_tables where schemaname = 'public'")
            for (table,) in cursor.fetchall():
                text = "select true from {} as t where strpos(t::text, %s) > 0 limit 1"
                cursor.execute(sql.SQL(text).format(sql.Identifier(table)), (word,))
                if cursor.fetchone():
                    found.add(table)
    finally:
        connection.close()
    return found


def test_the_customer_is_gone_and_the_number_is_all_that_airflow_has(airflow, erasures, run):
    query = (
        "select customer_id from {bi}.lookalikes_current where %s in (customer_id, lookalike_id)"
    )
    assert run.wait() == "success"
    assert erasures.query(query, [LEAVING]) == []
    assert run.tries("erase") == 1
    assert [entry["value"] for entry in run.xcoms()] == [1]
    log = run.log("erase")
    assert "erasure request 1 is done" in log
    assert str(LEAVING) not in log
    assert metadata_with(airflow, run.run_id) >= {"dag_run", "task_instance"}
    assert metadata_with(airflow, str(LEAVING)) == set()
    files = [path for path in airflow.local.layout.logs.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if str(LEAVING).encode() in path.read_bytes()]


def test_an_unknown_number_fails_at_once_and_is_told(unknown, webhook):
    assert unknown.wait() == "failed"
    assert unknown.tries("erase") == 1
    assert "there is no erasure request 4711" in unknown.log("erase")
    [alert] = wait_for(lambda: webhook.of_run(unknown.run_id))
    assert (alert["space"], alert["as_of"], alert["task"]) == ("erased", None, "erase")
    assert "there is no erasure request 4711" in alert["reason"]


def test_a_run_wants_a_number(erasures):
    for params in ({}, {"request": 0}, {"request": "1"}):
        with pytest.raises(AssertionError, match="400"):
            erasures.trigger(**params)


def test_the_next_run_leaves_the_customer_out(airflow, erasures, run, monkeypatch):
    """In this process, with the secret that Airflow's tasks have."""
    assert run.wait() == "success"
    monkeypatch.setenv("KINDRED_ERASURE_KEY", airflow.local.environment["KINDRED_ERASURE_KEY"])
    airflow.laboratory.land(SPEC, APRIL.replace(tzinfo=None).isoformat(), full_extract=True)
    query = "select count(*) from {space}.customer_versions where customer_id = %s"
    assert erasures.query(query, [LEAVING]) == [(0,)]
    assert erasures.query(query, [customers()[0][0]]) != [(0,)]
