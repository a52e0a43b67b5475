"""One day of new events into a history of 50 million: seconds and memory of what lands them.

A first window lands a few lines by the tasks themselves. The rest of a year is then written by SQL
into source and history, as landings would have left it. The day that is measured brings its share
of new lines, lines that are booked late on twenty older days, changed amounts of the last two days,
and a day of the month before of which some are gone. Reconciliation finds the days whose numbers
differ, and reads the minutes of them that do.

Events are identified by a key, which has to be looked up over the whole history; the source has
indexes on the key and on the time.
"""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import event_features
from benchmarks.event_features import MEAN_LINES, SEED, deployment
from benchmarks.processes import (
    embedded_server,
    execute,
    measure_alone,
    new_database,
    postgres_version,
    run_file,
)
from benchmarks.report import Report, arguments, machine
from kindred.events.event_tables import ensure_months
from kindred.events.task import extract, land
from kindred.preparation.task import Request, prepare
from kindred.run.context import Run, open_run
from kindred.run.windows import Window
from kindred.spec.model import Spec, spec_from_dict

FIRST, SECOND = datetime(2026, 1, 4, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)
DAYS, FEW = 360, 1000
LATE_SHARE = 0.01
SECONDS = 30.0
TABLES = (
    "create table customers (customer_id bigint primary key, updated_at timestamptz not null,"
    " income float8)",
    "insert into customers select number, '2025-12-01', number from generate_series(1, 1000)"
    " as number",
    "create table order_lines (line_id bigint primary key, customer_id bigint, at timestamptz,"
    " product_id integer, price numeric, quantity integer, channel text)",
)
ALL_ITEMS = (
    "insert into kindred.event_values (event, column_name, code, value)"
    " select 'purchases', 'item', 1000000 + number, number::text"
    " from generate_series(0, {items} - 1) as number on conflict do nothing"
)


def make_spec() -> Spec:
    """That of the features' benchmark, with a key of events."""
    content = event_features.make_spec().model_dump(mode="json", exclude_none=True)
    content["events"]["purchases"]["key"] = "line_id"
    return spec_from_dict(content, where="benchmark")


def begin(dsn: str, artefacts: str, window: Window) -> None:
    """Begin the build of a window."""
    request = Request(f"bench {window.as_of}", window, may_fit=True)
    prepare(deployment(dsn, artefacts), make_spec(), request)


def opened(dsn: str, artefacts: str, as_of: datetime) -> Run:
    """The run as a task opens it."""
    return open_run(deployment(dsn, artefacts), "default", as_of)


def run_extract(dsn: str, artefacts: str, as_of: datetime) -> dict[str, Any]:
    """The task extract."""
    return extract(opened(dsn, artefacts, as_of))


def run_land(dsn: str, artefacts: str, as_of: datetime) -> None:
    """What the task validate does of it."""
    land(opened(dsn, artefacts, as_of))


def make_year(dsn: str, artefacts: str, given: dict[str, Any]) -> None:
    """Land a few lines, and write the others into source and history."""
    for table in TABLES:
        execute(dsn, table)
    few = given | {"lines": FEW, "first": 1, "days": DAYS, "until": FIRST}
    run_file(dsn, "make_source_lines", few)
    begin(dsn, artefacts, Window(FIRST - timedelta(days=1), FIRST))
    run_extract(dsn, artefacts, FIRST)
    run_land(dsn, artefacts, FIRST)
    execute(dsn, ALL_ITEMS.format(items=int(given["items"])))
    execute(dsn, "analyze kindred.event_values")
    with opened(dsn, artefacts, FIRST).warehouse("bench") as database, database.transaction():
        with database.connection.cursor() as cursor:
            cursor.execute(
                "create temporary table arrivals as select %s::timestamptz - number * interval"
                " '1 day' as at from generate_series(0, %s) as number",
                (FIRST, DAYS + 1),
            )
        ensure_months(database, "purchases", "arrivals")
    run_file(dsn, "make_source_lines", few | {"lines": given["lines"] - FEW, "first": FEW + 1})
    execute(dsn, "create index on order_lines (at)")
    # Row by row, the index of 50 million random identities takes a quarter of an hour.
    execute(dsn, "drop index kindred.events_purchases_identity")
    copied = {"first": FEW + 1, "landed_at": FIRST}
    run_file(dsn, "copy_source_lines", copied, schema="kindred")
    with opened(dsn, artefacts, FIRST).warehouse("bench") as database:
        database.run(
            "events/index_identities", table="events_purchases", index="events_purchases_identity"
        )
    run_file(dsn, "count_source_lines", schema="kindred")
    execute(dsn, "vacuum analyze order_lines")
    execute(dsn, "vacuum analyze kindred.events_purchases")


def bring_a_day(dsn: str, given: dict[str, Any]) -> int:
    """New, late, changed and deleted lines in the source; returns how many are new."""
    new: int = round(given["lines"] / DAYS)
    late: int = round(LATE_SHARE * new)
    first = given["lines"] + 1
    for lines, days, until in ((new, 1, SECOND), (late, 20, FIRST)):
        more = {"lines": lines, "days": days, "until": until, "first": first}
        run_file(dsn, "make_source_lines", given | more)
        first += lines
    run_file(dsn, "change_source_lines", {"until": FIRST})
    execute(dsn, "analyze order_lines")
    execute(dsn, "checkpoint")
    return new + late


def measure(report: Report, dsn: str, artefacts: str, new: int) -> None:
    """Land the day, and compare with the target."""
    begin(dsn, artefacts, Window(FIRST, SECOND))
    extracted = measure_alone(run_extract, dsn, artefacts, SECOND)
    landed = measure_alone(run_land, dsn, artefacts, SECOND)
    for name, alone in (("extract", extracted), ("land", landed)):
        report.measure(
            name,
            seconds=alone.seconds,
            cpu_seconds=alone.cpu_seconds,
            peak_rss_mb=round(alone.peak_rss_mb),
            rows_read=extracted.result["events"]["purchases"] if alone is extracted else None,
        )
    with opened(dsn, artefacts, SECOND).warehouse("bench") as database:
        counts = database.records("events/window_counts", {"window_end": SECOND})[0]
    report.measure("landed", **counts)
    report.at_least("new events that have landed", counts["events_landed"], new)
    report.at_most("seconds of a day", extracted.seconds + landed.seconds, SECONDS)


def main() -> int:
    options = arguments(__doc__, n=1_000_000, lines=0, items=50_000)
    lines = options.lines or MEAN_LINES * options.n
    given = {"customers": options.n, "lines": lines, "items": options.items, "seed": SEED}
    with embedded_server() as server, tempfile.TemporaryDirectory() as artefacts:
        dsn = new_database(server, "warehouse")
        report = Report("event_landing", given, machine(postgresql=postgres_version(dsn)))
        make_year(dsn, artefacts, given)
        measure(report, dsn, artefacts, bring_a_day(dsn, given))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
