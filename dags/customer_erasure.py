"""# Customer erasure

Erases one customer for good. It takes the number of a row in `kindred.erasure_requests`
(`kindred_<space>` for another spec) and never the id, which would stay in Airflow's database.

**Steps.** `erase` deletes the customer from the history, rejected rows, embeddings, segments,
lookalikes on both sides (ranks stay without gaps), the text cache and the artefacts, in every
snapshot. It stores a keyed hash, so that no later run lands the customer again, and a receipt
without personal data in the row of the request.

**Request.** `kindred request-erasure` reads the id from standard input and prints the number. Or
run `insert into kindred.erasure_requests (customer_id) values (...) returning number`. Then
trigger this DAG with `{"request": <number>}`, or run `kindred erase <number>`.

**Reads and writes** the internal schema of the space through connection `kindred_warehouse`. It
needs `KINDRED_ERASURE_KEY`. Readers of `bi` never wait.

**Runs in progress.** It waits for the stage that is running. A build that started earlier must
start over: its next task fails and says so. So do not run it at night.

**Failures** are reported to connection `kindred_alerts`, as for every other run.

**Rerun.** It can be cleared any number of times; what is done stays done. It cannot be undone.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param, get_parsing_context, task

from kindred.airflow_adapter.placement import Placement
from kindred.settings import Schedule
from kindred.spec.model import dag_id_of
from kindred.spec.spec_files import spec_paths

PROCESS = "customer_erasure"
PLACEMENT = Placement.from_env()
DEFAULT_ARGS = {
    "owner": "kindred",
    "retries": 2,
    "retry_delay": timedelta(seconds=Schedule.from_env().retry_delay_seconds),
    "execution_timeout": timedelta(hours=2),
}


def make_dag(space: str) -> DAG:
    """The DAG of one space; it reads no spec: a broken one must not prevent an erasure."""

    def report_failure(context: Any) -> None:
        from kindred.airflow_adapter import failures

        failures.on_failure_without_build(space, context)

    @task(on_failure_callback=report_failure, **PLACEMENT.of("erase"))
    def erase(**context: Any) -> int:
        from kindred.airflow_adapter import tasks

        return tasks.erase_customer(space, context)

    request = Param(
        type="integer",
        minimum=1,
        description="Number of the row in erasure_requests; never the customer's id.",
    )
    with DAG(
        dag_id=dag_id_of(space, PROCESS),
        schedule=None,
        catchup=False,
        max_active_runs=1,
        params={"request": request},
        doc_md=__doc__,
        tags=["kindred", space],
        default_args=DEFAULT_ARGS,
    ) as made:
        erase()
    return made


# Set only while a task runs, which needs only its own DAG.
wanted = get_parsing_context().dag_id
for name in spec_paths():
    if wanted in (None, dag_id_of(name, PROCESS)):
        erasure_dag = make_dag(name)
        globals()[erasure_dag.dag_id] = erasure_dag
