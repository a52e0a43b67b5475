"""Print the plan of a backfill."""

from rich.console import Console
from rich.table import Table

from kindred.backfills.backfill_plan import BackfillPlan, PlannedDate
from kindred.run.latest_only import airflow_command, conf_of
from kindred.spec.model import Spec


def print_plan(console: Console, plan: BackfillPlan) -> None:
    """Print the dates as a table, their total cost, and the commands that run them."""
    console.print(_table(plan))
    for line in (*_notes(plan), *commands(plan)):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _table(plan: BackfillPlan) -> Table:
    title = f"Backfill of space {plan.spec.space}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("as of", "snapshot", "to do"):
        table.add_column(name)
    for name in ("customers", "encoder", "seconds", "MB"):
        table.add_column(name, justify="right")
    for date in plan.dates:
        table.add_row(
            f"{date.window.as_of:%Y-%m-%d %H:%M}",
            date.status or "new",
            _work(date),
            f"{date.customers:,}" + ("" if date.has_landed else " +"),
            "none" if date.encoder_version is None else str(date.encoder_version),
            _figure(date.seconds),
            _figure(date.megabytes),
        )
    return table


def _work(date: PlannedDate) -> str:
    lands = "" if date.has_landed else "land"
    if date.is_empty:
        return ", ".join(filter(None, (lands, "no customers")))
    computes = "compute" if date.is_computed else ""
    return ", ".join(filter(None, (lands, computes))) or "nothing"


def _figure(value: float | None) -> str:
    return "?" if value is None else f"{value:,.1f}"


def _notes(plan: BackfillPlan) -> list[str]:
    computed = sum(date.is_computed and not date.is_empty for date in plan.dates)
    notes = [f"{len(plan.dates)} dates, {computed} computed"]
    if empty := plan.empty_dates:
        notes.append(
            f"{len(empty)} dates end empty: no customer is known before"
            f" {empty[-1].window.as_of.isoformat()}{why_empty(plan.spec)}"
        )
    if not all(date.has_landed for date in plan.dates):
        rows = f"about {plan.source_rows:,}" if plan.source_rows else "an unknown number of"
        notes.append(
            f"+ rows before that date have not all landed; the source has {rows} rows by its"
            " statistics, which the forecast uses"
        )
    if plan.remark is not None:
        notes.append(plan.remark)
    if plan.seconds is None:
        notes.append("no published snapshot to compare with: no forecast of time and disk")
    else:
        notes.append(
            f"{plan.seconds:,.0f} seconds of work in all tasks, Airflow's own time not counted;"
            f" {plan.megabytes or 0:,.0f} MB more in the warehouse"
        )
    return notes


def why_empty(spec: Spec) -> str:
    """Why a past date has no customers, where it is not for want of rows."""
    if spec.source.has_updated_at:
        return ""
    return (
        "; with 'updated_at: none' a run sees the present only, so dates before the first run have"
        " no customers"
    )


def commands(plan: BackfillPlan) -> list[str]:
    """The command lines that run the plan, in order."""
    if plan.is_nothing:
        return ["there is nothing to compute: give a later range"]
    spec, latest = plan.spec, plan.latest_as_of
    fit = f"kindred fit --space {spec.space} --as-of {latest.isoformat()}"
    create = airflow_command(
        spec.dag_id, [date.window.start for date in plan.dates], conf_of(plan.choice, latest)
    )
    if not plan.lacks_encoder:
        return ["run it by:", create]
    return ["there is no encoder for the spec's current features: first", fit, "then", create]
