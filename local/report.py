"""The report at the end of a run: its snapshots, read from the views that BI reads."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import psycopg2
from psycopg2 import sql
from psycopg2.extras import RealDictCursor
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kindred.backfills.backfill_report import why_empty
from kindred.reports.hidden import why_hidden
from kindred.spec.model import Spec
from kindred.warehouse.statements import Name, fill
from local.event_report import (
    EventReport,
    behaviour_of,
    event_tables,
    number_of,
    read_event_report,
    whose_example,
)
from local.failures import RunFailedError
from local.report_tables import Row, as_share, new_table, shown

SQL = Path(__file__).with_name("sql")
_NOISE = -1
_FIXED = ("rank", "customer_id", "similarity")
_WORD_EDGE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SHOWN_COLUMNS, _SHOWN_LABELS, _SHOWN_CHARACTERS = 8, 2, 24
_SHOWN_DATES = 6  # the newest dates, side by side
_SHOWN_REASONS = 5
_SHOWN_SEGMENTS = 8  # per algorithm


@dataclass(frozen=True)
class Report:
    """The rows behind the report, one list per query file.

    ``file_rows``: the rows of the file that was loaded; ``rows`` says what became of them, as
    ``event_rows`` of those of a file of events. ``has_tombstone``: rows may mark who is deleted.
    """

    snapshots: list[Row]
    segments: list[Row]
    example_lookalikes: list[Row]
    summary: Row
    rows: list[Row] = field(default_factory=list)
    file_rows: int | None = None
    has_tombstone: bool = False
    event_rows: list[Row] = field(default_factory=list)
    event_file_rows: int | None = None
    events: EventReport = field(default_factory=EventReport)

    def last_line(self, seconds: float) -> str:
        """The last line of a run, which scripts parse."""
        found = self.summary
        recall = "none" if found["recall"] is None else f"{found['recall']:.4f}"
        empty = sum(row.get("run_status") == "empty" for row in self.snapshots)
        return (
            f"KINDRED OK snapshots={found['snapshots']} customers={found['customers']}"
            f" lookalikes={found['lookalikes']} clusters={found['clusters']}"
            f" recall={recall}{f' empty={empty}' if empty else ''} seconds={seconds:.0f}"
        )


def read_report(
    dsn: str,
    spec: Spec,
    as_ofs: Collection[datetime] | None = None,
    file_rows: int | None = None,
    event_file_rows: int | None = None,
) -> Report:
    """Run the report's queries on the space of a spec; of snapshots, on those of a run's dates.

    Raises
    ------
    RunFailedError
        when the run made no snapshot.
    """
    schemas: dict[str, Name] = {"bi": spec.bi_schema, "space": spec.internal_schema}
    columns = shown_columns(spec)
    with (
        closing(psycopg2.connect(dsn)) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):

        def rows(name: str, **names: Name) -> list[Row]:
            text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
            cursor.execute(fill(text, **schemas, **names))
            return [dict(row) for row in cursor.fetchall()]

        text = (SQL / "example.sql").read_text(encoding="utf-8")
        example = fill(text, bi=spec.bi_schema, whose=whose_example(spec))
        shown = rows("snapshots")
        made: sql.Composable = sql.SQL("true")
        if as_ofs is not None:
            shown = [row for row in shown if row["as_of"] in as_ofs]
            _require_snapshots(shown, spec)
            made = sql.SQL("newest.as_of = any({})").format(sql.Literal(list(as_ofs)))
        nothing = dict.fromkeys(("snapshots", "customers", "lookalikes", "clusters"), 0)
        return Report(
            snapshots=shown,
            segments=rows("segments"),
            example_lookalikes=rows(
                "example_lookalikes",
                attributes=sql.SQL("").join([_attribute_of(spec, name) for name in columns]),
                behaviour=behaviour_of(spec),
                example=example,
            ),
            summary=next(iter(rows("summary", made=made)), {**nothing, "recall": None}),
            rows=rows("rows") if file_rows is not None else [],
            file_rows=file_rows,
            has_tombstone=spec.source.tombstone is not None,
            event_rows=rows("event_rows") if event_file_rows is not None else [],
            event_file_rows=event_file_rows,
            events=read_event_report(rows, spec, example),
        )


def _require_snapshots(shown: Sequence[Row], spec: Spec) -> None:
    states = sorted({str(row["run_status"]) for row in shown})
    if set(states) <= {"empty", "landed"}:
        found = f"{len(shown)} dates ended {' or '.join(states)}" if shown else "no date was run"
        raise RunFailedError(
            "backfill",
            f"no snapshot was made: {found}, for no customer is known before them{why_empty(spec)}",
        )


def shown_columns(spec: Spec) -> list[str]:
    """The columns to compare in an example: features by descending weight, then outcomes."""
    hidden = {*spec.private, *_FIXED}
    features = [column for column in spec.features if column not in hidden]
    features.sort(key=lambda column: -spec.features[column].weight)
    shown = max(_SHOWN_LABELS, _SHOWN_COLUMNS - len(features))
    labels = [column for column in spec.labels if column not in hidden][:shown]
    return features[: _SHOWN_COLUMNS - len(labels)] + labels


def _attribute_of(spec: Spec, name: str) -> sql.Composable:
    return number_of(spec, name) or sql.SQL(", {}").format(sql.Identifier("version", name))


def print_report(
    console: Console, report: Report, stage_order: Sequence[str], bi_schema: str = "bi"
) -> None:
    """Print the report as tables, with the stages in the given order."""
    hidden = _hidden(report.snapshots)
    for table in (
        *([] if report.file_rows is None else [_row_table(report, report.file_rows, bi_schema)]),
        *([] if report.event_file_rows is None else [_event_row_table(report, bi_schema)]),
        _snapshot_table(report.snapshots, bi_schema),
        _stage_table(report.snapshots, stage_order),
        *([_segment_table(report.segments, bi_schema)] if report.segments or not hidden else []),
        *([escape(why_hidden(hidden))] if hidden else []),
        _lookalike_table(report.example_lookalikes, bi_schema),
        *event_tables(report.events, bi_schema),
    ):
        console.print()
        console.print(table, highlight=False)


def _row_table(report: Report, file_rows: int, bi: str) -> Table:
    """From the rows of a file to the customers of its newest snapshot: where each one went."""
    table = new_table("From the file to the snapshot")
    table.add_column("rows", justify="right")
    table.add_column("", overflow="fold")
    left = _add_fate(table, report.rows, file_rows, f"{bi}.rejected_rows")
    if left:
        marked = ", of a deleted customer" if report.has_tombstone else ""
        table.add_row(f"{left:,}", f"equal to another row{marked}, or dated after the snapshot")
    customers = report.summary["customers"]
    table.add_row(f"{customers:,}", "customers: of each, the newest row before the snapshot")
    return table


def _event_row_table(report: Report, bi: str) -> Table:
    """What became of the rows of a file of events."""
    table = new_table("From the file of events")
    table.add_column("rows", justify="right")
    table.add_column("", overflow="fold")
    left = _add_fate(table, report.event_rows, report.event_file_rows or 0, f"{bi}.rejected_events")
    if left:
        table.add_row(f"{left:,}", "left out by the spec, or dated after the snapshot")
    return table


def _add_fate(table: Table, rows: Sequence[Row], file_rows: int, where: str) -> int:
    """Add the rows read, landed and rejected; returns how many are left."""
    landed: int = sum(row["rows"] for row in rows if row["what"] == "landed")
    rejected = [row for row in rows if row["what"] == "rejected"]
    refused: int = sum(row["rows"] for row in rejected)
    table.add_row(f"{file_rows:,}", "read from the file")
    table.add_row(f"{landed:,}", "landed")
    table.add_row(f"{refused:,}", f"rejected, as {where} says")
    for row in rejected[:_SHOWN_REASONS]:
        table.add_row(f"{row['rows']:,}", f"  {shown(row['reason'])}")
    if rest := rejected[_SHOWN_REASONS:]:
        table.add_row(f"{sum(row['rows'] for row in rest):,}", f"  {len(rest)} other reasons")
    return max(0, file_rows - landed - refused)


def _snapshot_table(snapshots: Sequence[Row], bi: str) -> Table:
    table = new_table(f"Snapshots ({bi}.snapshots)")
    table.add_column("as of")
    table.add_column("status")
    table.add_column("history")
    for name in ("window's rows", "rejected", "customers", "lookalikes", "recall"):
        table.add_column(name, justify="right")
    table.add_column("95 % interval")
    table.caption = "a window: the rows dated since the snapshot before; earlier ones landed first"
    if snapshots and (nobody := snapshots[-1].get("events_unknown")):
        of = snapshots[-1]
        table.caption += (
            f"\nno customer of the newest snapshot has {nobody:,} of the events, which are of"
            f" {of['event_customers_unknown']:,} others: it would know"
            f" {of['event_customers_alike']:,} of them without blanks around keys and capitals"
        )
    table.caption_justify = "left"
    for row in snapshots:
        interval = f"{as_share(row['recall_low'])} - {as_share(row['recall_high'])}"
        table.add_row(
            f"{row['as_of']:%Y-%m-%d %H:%M}",
            row["status"],
            row["history"],
            *(_count(row[name]) for name in ("rows_landed", "rows_rejected")),
            *(_count(row[name]) for name in ("customers", "lookalikes")),
            as_share(row["recall"]),
            "" if row["recall_low"] is None else interval,
        )
    return table


def _stage_table(snapshots: Sequence[Row], order: Sequence[str]) -> Table:
    table = new_table("Seconds per stage")
    table.add_column("stage")
    stages: dict[str, dict[int, float]] = defaultdict(dict)
    snapshots = snapshots[-_SHOWN_DATES:]
    for number, row in enumerate(snapshots):
        table.add_column(f"{row['as_of']:%Y-%m-%d}", justify="right")
        for stage, seconds in (row["stage_seconds"] or {}).items():
            stages[stage][number] = float(seconds)
    columns = range(len(snapshots))
    for stage in sorted(stages, key=lambda name: (name not in order, [*order, name].index(name))):
        seconds = stages[stage]
        table.add_row(stage, *(f"{seconds[n]:.2f}" if n in seconds else "" for n in columns))
    totals = [sum(seconds.get(number, 0.0) for seconds in stages.values()) for number in columns]
    table.add_row("all", *(f"{total:.2f}" for total in totals), style="bold")
    return table


def _hidden(snapshots: Sequence[Row]) -> Sequence[str]:
    """The algorithms of the current snapshot, if it is one of these, whose segments are hidden."""
    current = (row for row in snapshots if row.get("is_current"))
    return next(current, {}).get("hidden_algorithms") or ()


def _segment_table(rows: Sequence[Row], bi: str) -> Table:
    """The largest segments of each algorithm, with the outcome that best separates them."""
    outcome, everyone = _outcome(rows)
    table = new_table(f"Segments of the current snapshot ({bi}.cluster_summary_current)")
    if outcome:
        table.caption = f"{outcome}: {everyone} of all; ↑ ↓ where the 95 % interval excludes it"
        table.caption_justify = "left"
    table.add_column("algorithm")
    table.add_column("cluster", justify="right")
    table.add_column("customers", justify="right")
    table.add_column("name", overflow="fold")
    table.add_column(outcome or "", justify="right", overflow="fold")
    by_algorithm: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_algorithm[row["algorithm"]].append(row)
    for algorithm, found in by_algorithm.items():
        for number, (cluster, customers, name, estimate) in enumerate(_segment_rows(found)):
            first = "" if number else algorithm
            table.add_row(first, cluster, f"{customers:,}", shown(name), estimate)
    return table


def _segment_rows(rows: Sequence[Row]) -> Iterator[tuple[str, int, str, str]]:
    """Cluster, customers, name and outcome; the smaller segments are summed up in one row."""
    clusters = [row for row in rows if row["cluster_id"] != _NOISE]
    for row in clusters[:_SHOWN_SEGMENTS]:
        yield str(row["cluster_id"]), row["customers"], row["name"], _estimate(row)
    if rest := clusters[_SHOWN_SEGMENTS:]:
        yield "", sum(row["customers"] for row in rest), f"{len(rest)} smaller ones", ""
    for row in rows:
        if row["cluster_id"] == _NOISE:
            yield "noise", row["customers"], "", ""


def _outcome(rows: Sequence[Row]) -> tuple[str, str]:
    """The outcome shown per segment, and its figure for all customers; empty without labels."""
    for row in rows:
        if row["outcome"] is not None:
            return shown(row["outcome"]), _figure(row["everyone"], is_share=row["is_share"])
    return "", ""


def _estimate(row: Row) -> str:
    if row["estimate"] is None:
        return ""
    text = _figure(row["estimate"], is_share=row["is_share"])
    if not row["is_different"]:
        return f"{text}  "
    return f"{text} {'↑' if row['estimate'] > row['everyone'] else '↓'}"


def _figure(value: float, *, is_share: bool) -> str:
    return f"{value:.1%}" if is_share else _attribute(float(value))


def _lookalike_table(rows: Sequence[Row], bi: str) -> Table:
    who = shown(rows[0]["customer_id"]) if rows else "none"
    table = new_table(f"Customer {who} and its lookalikes ({bi}.lookalikes_current)")
    attributes = [name for name in rows[0] if name not in _FIXED] if rows else []
    for title in ("rank", "customer", "similarity"):
        table.add_column(title, justify="right")
    for name in attributes:
        is_text = any(isinstance(row[name], str) for row in rows)
        justify: Literal["left", "right"] = "left" if is_text else "right"
        table.add_column(shown(_title(name)), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(
            str(row["rank"]) if row["rank"] else "",
            shown(row["customer_id"]),
            as_share(row["similarity"]),
            *(_attribute(row[name]) for name in attributes),
            style="" if row["rank"] else "bold",
        )
    return table


def _title(name: str) -> str:
    """A name split into words, so that a narrow column can wrap it."""
    return _WORD_EDGE.sub(" ", name).replace("_", " ")


def _attribute(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()  # as everywhere else
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float) and abs(value) < 1000:
        return f"{value:.4g}"
    if isinstance(value, int) and abs(value) < 10_000:
        return str(value)  # it may be a year
    text = " ".join(_count(value).split())
    return shown(text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…")


def _count(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    return f"{value:,.0f}"
