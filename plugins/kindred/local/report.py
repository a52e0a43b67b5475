"""What a run ends with: the snapshots it made, read back from the views that BI reads."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg2
from psycopg2.extras import RealDictCursor
from rich.console import Console
from rich.table import Table

Row = dict[str, Any]
_NOISE = -1


@dataclass(frozen=True)
class Report:
    """The rows behind the report, one list a query file."""

    snapshots: list[Row]
    cluster_sizes: list[Row]
    example_lookalikes: list[Row]
    summary: Row

    def last_line(self, seconds: float) -> str:
        """The line that scripts read."""
        found = self.summary
        recall = "none" if found["recall"] is None else f"{found['recall']:.4f}"
        return (
            f"KINDRED OK snapshots={found['snapshots']} customers={found['customers']}"
            f" lookalikes={found['lookalikes']} clusters={found['clusters']}"
            f" recall={recall} seconds={seconds:.0f}"
        )


def read_report(dsn: str, folder: Path) -> Report:
    """Run the report's queries on the warehouse."""
    with (
        closing(psycopg2.connect(dsn)) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):

        def rows(name: str) -> list[Row]:
            cursor.execute((folder / f"{name}.sql").read_text(encoding="utf-8"))
            return [dict(row) for row in cursor.fetchall()]

        nothing = dict.fromkeys(("snapshots", "customers", "lookalikes", "clusters"), 0)
        return Report(
            snapshots=rows("snapshots"),
            cluster_sizes=rows("cluster_sizes"),
            example_lookalikes=rows("example_lookalikes"),
            summary=next(iter(rows("summary")), {**nothing, "recall": None}),
        )


def print_report(console: Console, report: Report, stage_order: Sequence[str]) -> None:
    """Print the report as tables, the stages in this order."""
    for table in (
        _snapshot_table(report.snapshots),
        _stage_table(report.snapshots, stage_order),
        _cluster_table(report.cluster_sizes),
        _lookalike_table(report.example_lookalikes),
    ):
        console.print()
        console.print(table)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)


def _snapshot_table(snapshots: Sequence[Row]) -> Table:
    table = _table("Snapshots (bi.snapshots)")
    table.add_column("as of")
    table.add_column("status")
    table.add_column("history")
    for name in ("rows landed", "rejected", "customers", "lookalikes", "recall"):
        table.add_column(name, justify="right")
    table.add_column("95 % interval")
    for row in snapshots:
        interval = f"{_share(row['recall_low'])} - {_share(row['recall_high'])}"
        table.add_row(
            f"{row['as_of']:%Y-%m-%d %H:%M}",
            row["status"],
            row["history"],
            *(_count(row[name]) for name in ("rows_landed", "rows_rejected")),
            *(_count(row[name]) for name in ("customers", "lookalikes")),
            _share(row["recall"]),
            "" if row["recall_low"] is None else interval,
        )
    return table


def _stage_table(snapshots: Sequence[Row], order: Sequence[str]) -> Table:
    table = _table("Seconds a stage")
    table.add_column("stage")
    stages: dict[str, dict[int, float]] = defaultdict(dict)
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


def _cluster_table(sizes: Sequence[Row]) -> Table:
    table = _table("Segments of the current snapshot (bi.clusters_current): customers by cluster")
    table.add_column("algorithm")
    table.add_column("clusters", justify="right")
    table.add_column("cluster: customers")
    by_algorithm: dict[str, list[Row]] = defaultdict(list)
    for row in sizes:
        by_algorithm[row["algorithm"]].append(row)
    for algorithm, rows in by_algorithm.items():
        names = ("noise" if row["cluster_id"] == _NOISE else str(row["cluster_id"]) for row in rows)
        texts = [f"{name}: {row['customers']:,}" for name, row in zip(names, rows, strict=True)]
        found = sum(row["cluster_id"] != _NOISE for row in rows)
        table.add_row(algorithm, str(found), "   ".join(texts))
    return table


def _lookalike_table(rows: Sequence[Row]) -> Table:
    who = rows[0]["customer_id"] if rows else "none"
    table = _table(f"Customer {who} and its lookalikes (bi.lookalikes_current)")
    fixed = ("rank", "customer_id", "similarity")
    attributes = [name for name in rows[0] if name not in fixed] if rows else []
    for title in ("rank", "customer", "similarity"):
        table.add_column(title, justify="right")
    for name in attributes:
        is_text = any(isinstance(row[name], str) for row in rows)
        justify: Literal["left", "right"] = "left" if is_text else "right"
        table.add_column(name.replace("_", " "), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(
            str(row["rank"]) if row["rank"] else "",
            str(row["customer_id"]),
            _share(row["similarity"]),
            *(_attribute(row[name]) for name in attributes),
            style="" if row["rank"] else "bold",
        )
    return table


def _attribute(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) and abs(value) < 1000 else _count(value)


def _count(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    return f"{value:,.0f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
