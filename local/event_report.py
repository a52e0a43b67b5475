"""The part of the report that is about events: what lookalikes share, and what is recommended."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from psycopg2 import sql
from rich.table import Table

from kindred.spec.features import Kind
from kindred.spec.model import Spec
from kindred.warehouse.statements import Name
from local.report_tables import Row, as_share, new_table, shown

Rows = Callable[..., list[Row]]
_BUYERS = "where lookalikes.customer_id in (select customer_id from {}.recommendations_current)"


@dataclass(frozen=True)
class EventReport:
    """The rows behind it, one list per query file; empty where a spec recommends nothing."""

    shared_items: Sequence[Row] = field(default_factory=tuple)
    recommendations: Sequence[Row] = field(default_factory=tuple)
    quality: Sequence[Row] = field(default_factory=tuple)


def whose_example(spec: Spec) -> sql.Composable:
    """The condition on the customer of the report's examples: one with recommendations, if any."""
    if spec.recommendations is None:
        return sql.SQL("")
    return sql.SQL(_BUYERS).format(sql.Identifier(spec.bi_schema))


def behaviour_of(spec: Spec) -> sql.Composable:
    """The join of what the customers of the example have done, if the spec has features of it."""
    if not spec.event_features:
        return sql.SQL("")
    table = sql.Identifier(spec.internal_schema, "customer_behaviour")
    return sql.SQL("left join {} as behaviour using (as_of, customer_id)").format(table)


def number_of(spec: Spec, name: str) -> sql.Composable | None:
    """A feature of events among the example's attributes; None if it is a column."""
    names = list(spec.event_features)
    if name not in names:
        return None
    place = sql.Literal(names.index(name) + 1)
    number = sql.SQL("nullif(behaviour.numbers[{}], 'NaN')").format(place)
    if spec.features[name].kind is Kind.RECENCY:
        number = sql.SQL("date '1970-01-01' + {}::integer").format(number)
    return sql.SQL(", {} as {}").format(number, sql.Identifier(name))


def read_event_report(rows: Rows, spec: Spec, example: sql.Composable) -> EventReport:
    """Run the queries, by a function that runs one and fills in names; ``example`` is one too."""
    if spec.recommendations is None:
        return EventReport()
    return EventReport(
        [] if _is_private(spec) else rows("shared_items", example=example, **_names_of(spec)),
        rows("recommendations", example=example),
        rows("recommendation_quality"),
    )


def _is_private(spec: Spec) -> bool:
    blocks = () if spec.recommendations is None else spec.recommendations.blocks
    return not {"item", *blocks}.isdisjoint(spec.private)


def _names_of(spec: Spec) -> dict[str, Name]:
    name = "" if spec.recommendations is None else spec.recommendations.of
    roles = spec.events[name].roles
    signed = [
        role
        for role in ("amount", "quantity")
        if roles[role] is not None and role not in spec.private
    ]
    conditions = [
        sql.SQL("coalesce(lines.{}, 0) >= 0").format(sql.Identifier(role)) for role in signed
    ]
    return {
        "events": f"events_{name}",
        "event": sql.Literal(name),
        "is_bought": sql.SQL(" and ").join([sql.SQL("true"), *conditions]),
    }


def event_tables(report: EventReport, bi: str) -> Iterator[Table]:
    """The tables for people, those that have rows."""
    if report.shared_items:
        yield _shared_table(report.shared_items)
    if report.recommendations:
        yield _recommendation_table(report.recommendations, bi)
    if report.quality:
        yield _quality_table(report.quality, bi)


def _shared_table(rows: Sequence[Row]) -> Table:
    table = new_table(f"What customer {shown(rows[0]['customer_id'])} and its lookalikes share")
    table.add_column("item", overflow="fold")
    table.add_column("bought by")
    table.add_column("by everyone", justify="right")
    table.add_column("lift", justify="right")
    for row in rows:
        who = f"{row['lookalikes']} of its {row['of_lookalikes']} lookalikes"
        lift = f"{row['lift']:.1f}"
        table.add_row(shown(row["item"]), who, f"{row['share']:.1%}", lift)
    return table


def _recommendation_table(rows: Sequence[Row], bi: str) -> Table:
    who = shown(rows[0]["customer_id"])
    table = new_table(f"Recommended to customer {who} ({bi}.recommendations_current)")
    table.add_column("rank", justify="right")
    table.add_column("item", overflow="fold")
    table.add_column("why", overflow="fold")
    for row in rows:
        table.add_row(str(row["rank"]), shown(row["item"]), reason_of(row))
    return table


def reason_of(row: Row) -> str:
    """Why an item is on a customer's list, in a sentence.

    >>> reason_of({"bought_by": 63, "neighbours": 200, "share": 0.2, "lift": 1.575})
    '63 of 200 customers like this one bought it, and 20.0% of all (lift 1.6)'
    """
    everyone = f"{row['share']:.1%} of all"
    if row["bought_by"] and row["lift"]:
        like = f"{row['bought_by']} of {row['neighbours']} customers like this one bought it"
        return f"{like}, and {everyone} (lift {row['lift']:.1f})"
    return f"{shown(row['method'])}: {everyone} bought it"


def _quality_table(rows: Sequence[Row], bi: str) -> Table:
    first = rows[0]
    table = new_table(f"How good the recommendations are ({bi}.recommendation_quality)")
    if first["recall"] is None:
        table.add_column("not measured")
        table.add_row(shown(first["reason"]))
        return table
    table.add_column("method")
    table.add_column(f"recall@{first['k']}", justify="right")
    table.add_column("95 % interval")
    table.add_column("items ever shown", justify="right")
    table.add_column("")
    table.caption = (
        f"of what {first['customers']:,} customers then bought for the first time, of items with"
        " five owners before"
    )
    if first["listable_share"] is not None:
        table.caption += (
            f" ({as_share(first['listable_share'])} of all that was new;"
            f" {first['left_out']:,} customers bought only others)"
        )
    if first["not_measured"]:
        table.caption += f"\nnot measured: {shown('; '.join(first['not_measured']))}"
    if first["reason"]:
        table.caption += f"\n{shown(first['reason'])}"
    table.caption_justify = "left"
    for row in rows:
        interval = f"{as_share(row['recall_low'])} - {as_share(row['recall_high'])}"
        coverage = "" if row["coverage"] is None else f"{row['coverage']:.0%}"
        mark = "published" if row["is_published"] else ""
        table.add_row(shown(row["method"]), as_share(row["recall"]), interval, coverage, mark)
    return table
