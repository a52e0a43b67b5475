"""# Customer similarity

Turns the customers table into embeddings, segments and a lookalike table: one snapshot a data
interval, published at once or not at all.

**Steps.**
`prepare` checks source and warehouse and begins a build ·
`extract` copies the rows of all windows that have not landed ·
`validate` moves good rows into `customer_versions`, bad ones into `rejected_rows` ·
`embed_texts` embeds new texts, where the spec has columns of method `sentence` ·
`fit_encoder` fits an encoder where there is none, or where the customers have drifted ·
`encode` writes the vectors ·
`build_embeddings` stages the change of `customer_embeddings`, or a new generation with its index ·
`plan_graph`, `search_graph`, `merge_graph` find all neighbours once ·
`cluster` and `load_lookalikes` fill their tables aside (where the spec lists algorithm `ivfflat`,
`cluster` waits for the index) ·
`profile_clusters` tells what each segment has that others have not, and names it ·
`quality_gate` holds everything against the spec ·
`publish` makes it visible in one short step ·
`clean_up` removes leftovers ·
`finish` fails the run if anything failed.

**Reads** the source table of the feature spec through connection `kindred_source`.
**Writes** the schemas `kindred` and `bi` (`kindred_<space>`, `bi_<space>` for another spec) through
connection `kindred_warehouse`. BI reads `bi.*_current`.

**Run again.** Every task can be cleared with its downstream tasks, any number of times, and ends in
the same tables; clear `prepare` to read the spec anew. A published date can be run again: its
snapshot is replaced when the new one is complete. What is published stays so while a run fails.

**By hand.** A run takes the last complete interval, or `start` and `end`. For a past moment give
`end`, not a logical date: before the DAG's start date Airflow makes no task and calls it success.

**Backfill.** `kindred backfill-plan --from <as_of> --to <as_of>` tells what it will take, and the
commands: `kindred fit` once, then `airflow backfill create`; dates may run in any order or in
parallel. With `{"snapshots": "latest_only"}` all dates land their rows and the last one alone is
computed; the tasks of the others are skipped, and their status is `landed`.

**Late.** A scheduled run that has not published `KINDRED_DEADLINE_HOURS` after it was queued is
noted in `bi.snapshots` and told to whoever connection `kindred_alerts` names, as failures are.

**Go back.** `kindred withdraw <as_of>` takes a snapshot back, with the encoder that was fitted for
it; the one before serves again. `bi.snapshots` tells which one is current, and why a run failed.
"""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import (
    DAG,
    Asset,
    AsyncCallback,
    CronDataIntervalTimetable,
    DeadlineAlert,
    DeadlineReference,
    Param,
    TriggerRule,
    chain,
    get_parsing_context,
    task,
)

from kindred.airflow_adapter.deadline import report_missed_deadline
from kindred.errors import SpecError
from kindred.run.latest_only import Snapshots
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec, dag_id_of, load_spec, spec_paths


def note_failure(context: Any) -> None:
    """Write down in one line why the build failed."""
    from kindred.airflow_adapter import failures

    failures.on_failure(context)


START_DATE = datetime.fromisoformat(os.environ.get("KINDRED_START_DATE", "2026-01-01")).replace(
    tzinfo=UTC
)
SECONDS_PER_HOUR = 3600
DEFAULT_ARGS = {
    "owner": "kindred",
    "retries": 2,
    "retry_delay": timedelta(seconds=float(os.environ.get("KINDRED_RETRY_DELAY_SECONDS", "60"))),
    "execution_timeout": timedelta(hours=2),
    "on_failure_callback": note_failure,
}


def params(spec: Spec) -> dict[str, Param]:
    """What a person may ask of one run."""
    return {
        "algorithms": Param(
            None,
            type=["null", "array"],
            items={"type": "string", "enum": [str(a) for a in spec.clustering.offered]},
            minItems=1,
            description="Segments to compute; by default those of the spec.",
        ),
        "encoder_version": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            description="Use this encoder; else the one recorded for the snapshot, or the newest.",
        ),
        "full_extract": Param(
            False,
            type="boolean",
            description="Read the whole source again, not only the windows that have not landed.",
        ),
        "latest_as_of": Param(
            None,
            type=["null", "string"],
            format="date-time",
            description="With latest_only: the as_of to compute; otherwise the backfill's last.",
        ),
        "snapshots": Param(
            str(Snapshots.ALL),
            type="string",
            enum=[str(choice) for choice in Snapshots],
            description="Of a backfill: compute all dates, or land all and compute the last only.",
        ),
        "start": Param(
            None,
            type=["null", "string"],
            format="date-time",
            description="Start of the window; otherwise the data interval's.",
        ),
        "end": Param(
            None,
            type=["null", "string"],
            format="date-time",
            description="End of the window, the snapshot's as_of; otherwise the data interval's.",
        ),
    }


def deadline(spec: Spec) -> DeadlineAlert | None:
    """When a scheduled run is late, and what is done then; Airflow asks for all runs alike."""
    hours = float(os.environ.get("KINDRED_DEADLINE_HOURS", "3"))
    if not hours:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        # Of a timedelta, Airflow 3.3 makes what it cannot read when a task is cleared (its issue
        # 70368); seconds, as it kept them before, are read everywhere.
        interval=hours * SECONDS_PER_HOUR,  # type: ignore[arg-type]
        callback=AsyncCallback(report_missed_deadline, kwargs={"space": spec.space}),
    )


def stage(name: str, **options: Any) -> Any:
    """The task of one stage; what a mapped instance works on is an argument of its own."""

    @task(task_id=name, **options)
    def run_task(run: dict[str, Any], **part: Any) -> Any:
        from kindred.airflow_adapter import tasks

        return tasks.call(name, run, **part)

    return run_task


def make_dag(spec: Spec) -> DAG:
    """The DAG of one space."""

    @task(multiple_outputs=False, execution_timeout=timedelta(minutes=15))
    def prepare(**context: Any) -> dict[str, Any]:
        from kindred.airflow_adapter import tasks

        return tasks.begin(spec.space, context)

    @task(trigger_rule=TriggerRule.ALL_DONE, execution_timeout=timedelta(minutes=30))
    def clean_up(run: dict[str, Any] | None) -> None:
        from kindred.airflow_adapter import tasks

        tasks.close(run)

    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def finish() -> None:
        """Fails the run (by not being reached) if anything before has failed."""

    with DAG(
        dag_id=spec.dag_id,
        schedule=CronDataIntervalTimetable(spec.schedule, timezone="UTC"),
        start_date=START_DATE,
        catchup=False,
        max_active_runs=1,
        params=params(spec),
        doc_md=__doc__,
        tags=["kindred", spec.space],
        default_args=DEFAULT_ARGS,
        deadline=deadline(spec),
    ) as made:
        run = prepare()
        encoded = stage("encode")(run)
        shards = stage("plan_graph")(run)
        searched = stage("search_graph").partial(run=run).expand(shard=shards)
        parts = stage("merge_graph")(run)
        algorithms = stage("list_algorithms")(run)
        clustered = stage("cluster").partial(run=run).expand(algorithm=algorithms)
        profiled = stage("profile_clusters")(run)
        loaded = stage("load_lookalikes").partial(run=run).expand(part=parts)
        embedded = stage("build_embeddings")(run)
        gate = stage("quality_gate")(run)
        published = stage("publish", outlets=[Asset(f"{spec.bi_schema}_snapshot")])(run)
        landed = [stage("extract")(run), stage("validate")(run)]
        if spec.sentence_columns:
            # The first night embeds every text there is; the next ones pay for new texts only.
            landed.append(stage("embed_texts", execution_timeout=timedelta(hours=24))(run))
        chain(run, *landed, stage("fit_encoder")(run), encoded, [embedded, shards])
        chain(shards, searched, parts, [clustered, loaded])
        if Algorithm.IVFFLAT in spec.clustering.algorithms:
            chain(embedded, clustered)
        cleaned = clean_up(run)
        chain(clustered, profiled)
        chain([embedded, profiled, loaded], gate, published, cleaned)
        # Not behind clean_up alone: that one comes through, whatever has failed before it.
        chain([published, cleaned], finish())
    return made


def make_broken_dag(space: str, error: SpecError) -> DAG:
    """A DAG in the place of a spec that cannot be read; others go on.

    It fails every night and says why: without a run, nobody would be told that none takes place.
    """

    def tell_failure(context: Any) -> None:
        from kindred.airflow_adapter import failures

        failures.on_failure_without_build(space, context)

    @task(retries=0, on_failure_callback=tell_failure)
    def read_spec() -> None:
        from airflow.sdk.exceptions import AirflowFailException

        raise AirflowFailException(str(error)) from error

    with DAG(
        dag_id=dag_id_of(space),
        schedule=CronDataIntervalTimetable(Spec.model_fields["schedule"].default, timezone="UTC"),
        start_date=START_DATE,
        catchup=False,
        max_active_runs=1,
        doc_md=str(error),
        tags=["kindred", space],
        default_args={"owner": "kindred"},
    ) as made:
        read_spec()
    return made


# None but for a task, which needs its own DAG only.
wanted = get_parsing_context().dag_id
for space, path in spec_paths().items():
    if wanted not in (None, dag_id_of(space)):
        continue
    try:
        space_dag = make_dag(load_spec(path))
    except SpecError as error:
        space_dag = make_broken_dag(space, error)
    globals()[space_dag.dag_id] = space_dag
