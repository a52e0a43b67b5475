"""# Customer similarity

Turns the customers table into embeddings, segments and a lookalike table. Each data interval makes
one snapshot, which is published completely or not at all.

**Steps.**
`prepare` checks source and warehouse and starts a build ·
`extract` copies the rows of all windows that have not landed, and compares the source's keys ·
`validate` moves good rows to `customer_versions`, bad ones to `rejected_rows`, lands customers whom
no window has brought, and finds the customers of the snapshot; if they, the spec and the encoder
are those of the snapshot before, all tasks up to `quality_gate` are skipped, and both share rows ·
`embed_texts` embeds new texts, if the spec has columns of method `sentence` ·
`fit_encoder` fits an encoder if there is none or the data has drifted ·
`encode` writes the vectors ·
`build_embeddings` stages the changes of `customer_embeddings`, or a new generation with its index ·
`plan_graph`, `search_graph`, `merge_graph` build the neighbour graph ·
`cluster` and `load_lookalikes` fill their tables aside (if the spec lists algorithm `ivfflat`,
`cluster` waits for the index) ·
`profile_clusters` describes what sets each segment apart, and names it ·
`place_customers` fills the table of the map aside ·
`measure_recommendations` and `recommend` fill the table of recommendations aside, if the spec asks
for some ·
`list_audiences`, `train_audience` (one per audience file of the space) and `join_audiences` find
who is like the seeds of each audience, if there are files; a broken one fails alone ·
`quality_gate` checks everything against the limits of the spec ·
`publish` makes the snapshot visible in one short step ·
`clean_up` deletes leftovers, and keeps the report of what is published ·
`finish` fails the run if any task failed.

**Reads** the source table of the feature spec through connection `kindred_source`.
**Writes** the schemas `kindred` and `bi` (`kindred_<space>`, `bi_<space>` for another spec) through
connection `kindred_warehouse`. BI reads `bi.*_current`.

**Rerun.** Clear any task with its downstream tasks, any number of times: the tables end up the
same. Clear `prepare` to read the spec again. A published date can be run again: the new snapshot
replaces the old one when it is complete. A failed run does not touch what is published.

**Manual run.** A run covers the last complete interval, or `start` to `end`. For a past moment set
`end`, not a logical date: before the DAG's start date Airflow creates no tasks and reports success.

**Backfill.** `kindred backfill-plan --from <as_of> --to <as_of>` estimates the cost and prints the
commands: `kindred fit` once, then `airflow backfill create`. Dates may run in any order or in
parallel. With `{"snapshots": "latest_only"}` every date lands its rows, and only the last one is
computed; the remaining tasks of the others are skipped, and their status is `landed`.

**Late runs.** A scheduled run that has not published `KINDRED_DEADLINE_HOURS` after it was queued
is recorded in `bi.snapshots` and reported to connection `kindred_alerts`, as failures are.

**Roll back.** `kindred withdraw <as_of>` withdraws a snapshot, with the encoder fitted for it; the
previous one serves again. `bi.snapshots` shows which one is current, and why a run failed.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    Asset,
    AsyncCallback,
    CronDataIntervalTimetable,
    DeadlineAlert,
    DeadlineReference,
    Param,
    ParamsDict,
    TriggerRule,
    chain,
    get_parsing_context,
    task,
)

from kindred.airflow_adapter.deadline import report_missed_deadline
from kindred.airflow_adapter.placement import Placement
from kindred.audiences.audience_files import spaces_with_audiences
from kindred.errors import SpecError
from kindred.run.latest_only import Snapshots
from kindred.settings import Schedule
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec, dag_id_of, load_spec
from kindred.spec.spec_files import spec_paths


def record_failure(context: Any) -> None:
    """Record in one line why the build failed."""
    from kindred.airflow_adapter import failures

    failures.on_failure(context)


def record_failed_audience(context: Any) -> None:
    """Record in one line why an audience failed; the build goes on without it."""
    from kindred.airflow_adapter import failures

    failures.on_failed_audience(context)


def tell_lineage(context: Any) -> None:
    """Tell OpenLineage, where it is set up, which tables and views the snapshot is made of."""
    from kindred.airflow_adapter import lineage

    lineage.on_publication(context)


SCHEDULE, PLACEMENT = Schedule.from_env(), Placement.from_env()
SECONDS_PER_HOUR = 3600
DEFAULT_ARGS = {
    "owner": "kindred",
    "retries": 2,
    "retry_delay": timedelta(seconds=SCHEDULE.retry_delay_seconds),
    "execution_timeout": timedelta(hours=2),
    "on_failure_callback": record_failure,
}


def moment(description: str) -> Param:
    """An optional parameter that is a date and time."""
    return Param(None, type=["null", "string"], format="date-time", description=description)


def params(spec: Spec) -> dict[str, Param]:
    """Parameters of a single run."""
    return {
        "algorithms": Param(
            None,
            type=["null", "array"],
            items={"type": "string", "enum": [str(a) for a in spec.clustering.offered]},
            minItems=1,
            description="Segment algorithms, by default those of the spec; a run may add others.",
        ),
        "encoder_version": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            description="Encoder to use; by default that recorded for the snapshot, or the newest.",
        ),
        "full_extract": Param(
            False,
            type="boolean",
            description="Read the whole source again, not only windows that have not landed.",
        ),
        "latest_as_of": moment(
            "With latest_only: the as_of to compute; by default the backfill's last."
        ),
        "snapshots": Param(
            str(Snapshots.ALL),
            type="string",
            enum=[str(choice) for choice in Snapshots],
            description="For backfills: compute all dates, or land all and compute only the last.",
        ),
        "start": moment("Start of the window; by default that of the data interval."),
        "end": moment("End of the window, the snapshot's as_of; by default the data interval's."),
    }


def deadline(spec: Spec) -> DeadlineAlert | None:
    """When a scheduled run is late, and what happens then; Airflow checks runs of all types."""
    if not SCHEDULE.deadline_hours:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        # When a task is cleared, Airflow 3.3 cannot read back a timedelta (its issue 70368).
        # Seconds, the older format, work everywhere.
        interval=SCHEDULE.deadline_hours * SECONDS_PER_HOUR,  # type: ignore[arg-type]
        callback=AsyncCallback(report_missed_deadline, kwargs={"space": spec.space}),
    )


def timetable(spec: Spec) -> Any:
    """When the DAG runs: by a clock in UTC, or in the time zone of the spec."""
    if isinstance(spec.schedule, str):
        return CronDataIntervalTimetable(spec.schedule, timezone="UTC")
    from kindred.airflow_adapter.timetable import timetable_of

    return timetable_of(spec.schedule)


def stage(name: str, **options: Any) -> Any:
    """The task of one stage; the context includes the arguments of a mapped instance by name."""

    @task(task_id=name, **PLACEMENT.of(name), **options)
    def run_task(run: dict[str, Any], **context: Any) -> Any:
        from kindred.airflow_adapter import tasks

        return tasks.call(name, run, context)

    return run_task


def make_dag(spec: Spec, *, has_audiences: bool) -> DAG:
    """The DAG of one space."""

    @task(
        multiple_outputs=False,
        execution_timeout=timedelta(minutes=15),
        **PLACEMENT.of("prepare"),
    )
    def prepare(**context: Any) -> dict[str, Any]:
        from kindred.airflow_adapter import tasks

        return tasks.begin(spec.space, context)

    @task(trigger_rule=TriggerRule.ALL_DONE, **PLACEMENT.of("join_audiences"))
    def join_audiences(run: dict[str, Any] | None, **context: Any) -> Any:
        """Runs whatever became of the audiences: one that has failed does not stop the night."""
        from kindred.airflow_adapter import tasks

        return tasks.join(run, context)

    @task(
        trigger_rule=TriggerRule.ALL_DONE,
        execution_timeout=timedelta(minutes=30),
        **PLACEMENT.of("clean_up"),
    )
    def clean_up(run: dict[str, Any] | None) -> None:
        from kindred.airflow_adapter import tasks

        tasks.close(run)

    with DAG(
        dag_id=spec.dag_id,
        schedule=timetable(spec),
        start_date=SCHEDULE.start_date,
        catchup=False,
        max_active_runs=1,
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
        placed = stage("place_customers")(run)
        embedded = stage("build_embeddings")(run)
        # If nothing has changed, all that computes the snapshot is skipped after `validate`.
        gate = stage("quality_gate", trigger_rule=TriggerRule.NONE_FAILED)(run)
        snapshot = Asset(f"{spec.bi_schema}_snapshot")
        published = stage("publish", outlets=[snapshot], on_success_callback=tell_lineage)(run)
        landed = [stage("extract")(run), stage("validate")(run)]
        if spec.sentence_columns:
            # The first night embeds all texts; later nights only the new ones.
            landed.append(stage("embed_texts", execution_timeout=timedelta(hours=24))(run))
        chain(run, *landed, stage("fit_encoder")(run), encoded, shards)
        chain(shards, [embedded, searched])
        chain(searched, parts, [clustered, loaded, placed])
        if Algorithm.IVFFLAT in spec.clustering.algorithms:
            chain(embedded, clustered)
        cleaned = clean_up(run)
        chain(clustered, profiled)
        filled = [embedded, profiled, loaded, placed]
        if spec.recommendations is not None:
            filled.append(stage("recommend")(run))
            chain(encoded, stage("measure_recommendations")(run), filled[-1])
        if has_audiences:
            names = stage("list_audiences")(run)
            train = stage(
                "train_audience",
                on_failure_callback=record_failed_audience,
                map_index_template="{{ task.op_kwargs['audience'] }}",
            )
            trained = train.partial(run=run).expand(audience=names)
            filled.append(join_audiences(run))
            chain(encoded, names)
            chain([trained, profiled], filled[-1])
        chain(filled, gate, published, cleaned)
        # Not after clean_up alone, which runs and succeeds whatever failed before it.
        # It fails the run by not being reached; the scheduler ends it without a process.
        finish = EmptyOperator(task_id="finish", trigger_rule=TriggerRule.NONE_FAILED)
        chain([published, cleaned], finish)
    # Behind the tasks, each of which would get a copy: to store those takes ten times all else.
    made.params.update(ParamsDict(params(spec)))
    return made


def make_broken_dag(space: str, error: SpecError) -> DAG:
    """A DAG in place of one whose spec cannot be read; other specs are not affected.

    It fails every night and says why: with no run at all, nobody would notice.
    """

    def report_failure(context: Any) -> None:
        from kindred.airflow_adapter import failures

        failures.on_failure_without_build(space, context)

    @task(retries=0, on_failure_callback=report_failure)
    def read_spec() -> None:
        from airflow.sdk.exceptions import AirflowFailException

        raise AirflowFailException(str(error)) from error

    with DAG(
        dag_id=dag_id_of(space),
        schedule=CronDataIntervalTimetable(Spec.model_fields["schedule"].default, timezone="UTC"),
        start_date=SCHEDULE.start_date,
        catchup=False,
        max_active_runs=1,
        doc_md=str(error),
        tags=["kindred", space],
        default_args={"owner": "kindred"},
    ) as made:
        read_spec()
    return made


# Set only while a task runs, which needs only its own DAG.
wanted = get_parsing_context().dag_id
with_audiences = spaces_with_audiences()  # which reads the files of all spaces
for space, path in spec_paths().items():
    if wanted not in (None, dag_id_of(space)):
        continue
    try:
        space_dag = make_dag(load_spec(path), has_audiences=space in with_audiences)
    except SpecError as error:
        space_dag = make_broken_dag(space, error)
    globals()[space_dag.dag_id] = space_dag
