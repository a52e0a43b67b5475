"""Features of events: n customers, their lines of a year, and items; seconds and memory.

The events are made inside an embedded server, as a landing leaves them: 50 lines per customer on
average, few items that are bought often, four channels, one line in fifty given back. The spec has
one feature of each kind, all of which look back over all lines, and a buying profile of 64
components. Each task runs in a process of its own:

- **validate**: what the task computes once its customers are stored: all lines are read, features
  and purchases computed, and handed on.
- **fit_encoder**: an encoder is fitted on all customers.
- **encode**: customers become vectors, and their features the table that readers see.

With a fitted encoder a night takes **validate** and **encode**, with a fit all three. The peak is
the task's ``VmHWM``; its forecast must not be less.
"""

import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2

from benchmarks.processes import (
    Alone,
    embedded_server,
    execute,
    measure_alone,
    new_database,
    postgres_version,
    run_file,
)
from benchmarks.report import Report, arguments, machine
from kindred.encoding.task import encode, fit_encoder
from kindred.events.event_tables import ensure_months
from kindred.events.populations import kept_population
from kindred.preparation.task import Request, prepare
from kindred.run.context import Deployment, Run, open_run
from kindred.run.windows import Window
from kindred.settings import Settings
from kindred.spec.model import Spec, spec_from_dict

AS_OF = datetime(2026, 1, 5, 2, tzinfo=UTC)
SEED = 0.5
MEAN_LINES = 50
OF = {"of": "purchases", "days": 365}
SECONDS_WITH_AN_ENCODER, SECONDS_WITH_A_FIT = 120.0, 180.0
TABLES = (
    "create table customers (customer_id bigint primary key, updated_at timestamptz not null,"
    " income float8)",
    "create table order_lines (customer_id bigint, at timestamptz, product_id integer,"
    " price numeric, quantity integer, channel text)",
)
FORECASTS = "select stage_forecast_mb from kindred.snapshot_builds"


def make_spec() -> Spec:
    """A feature of each kind."""
    purchases = {"table": "order_lines", "customer": "customer_id", "at": "at"}
    purchases |= {"item": "product_id", "amount": "price", "quantity": "quantity"}
    features: dict[str, Any] = {
        "income": "numeric",
        "last_purchase": {"kind": "recency", **OF},
        "orders": {"kind": "count", **OF, "transform": "log1p"},
        "spend": {"kind": "sum", **OF, "transform": "log1p"},
        "price": {"kind": "mean", **OF},
        "width": {"kind": "distinct_count", **OF},
        "online": {"kind": "share", **OF, "by": "channel", "value": "online"},
        "pace": {"kind": "days_between", **OF},
        "basket": {"kind": "items", **OF, "components": 64},
    }
    source = {"table": "customers", "key": "customer_id", "updated_at": "updated_at"}
    content = {"space": "default", "source": source, "events": {"purchases": purchases}}
    return spec_from_dict({**content, "features": features}, where="benchmark")


def deployment(dsn: str, artefacts: str) -> Deployment:
    """Source and warehouse in one database; tasks may use what a worker of 16 GB has for each."""
    settings = Settings(artifacts=artefacts, min_free_disk_mb=1, memory_limit_mb=8_000)
    return Deployment(lambda name: dsn, settings)


def opened(dsn: str, artefacts: str) -> Run:
    """The run as a task opens it."""
    return open_run(deployment(dsn, artefacts), "default", AS_OF)


def make_events(dsn: str, artefacts: str, n: int, lines: int, items: int) -> None:
    """Begin a build whose history has n customers and their lines."""
    for table in TABLES:
        execute(dsn, table)
    window = Window(AS_OF - timedelta(days=1), AS_OF)
    prepare(deployment(dsn, artefacts), make_spec(), Request("bench", window, may_fit=True))
    with opened(dsn, artefacts).warehouse("bench") as database, database.transaction():
        with database.connection.cursor() as cursor:
            cursor.execute(
                "create temporary table arrivals as select %s::timestamptz - number * interval"
                " '1 day' as at from generate_series(0, 361) as number",
                (AS_OF,),
            )
        ensure_months(database, "purchases", "arrivals")
    given = {"customers": n, "lines": lines, "items": items, "as_of": AS_OF, "seed": SEED}
    for name in ("make_event_customers", "make_event_values", "make_order_lines"):
        run_file(dsn, name, given, schema="kindred")
    execute(dsn, "vacuum analyze kindred.events_purchases")


def run_validate(dsn: str, artefacts: str) -> int:
    """Store the customers and compute their features."""
    run = opened(dsn, artefacts)
    with run.warehouse("bench") as warehouse:
        behaviour = kept_population(warehouse, run, "validate").behaviour
    if behaviour is None:
        raise AssertionError("the features of events were not computed")
    return int(behaviour.values.purchases["basket"].counts.nnz)


def run_fit(dsn: str, artefacts: str) -> dict[str, Any]:
    """The task fit_encoder."""
    return fit_encoder(opened(dsn, artefacts))


def run_encode(dsn: str, artefacts: str) -> dict[str, Any]:
    """The task encode."""
    return encode(opened(dsn, artefacts))


def measure(report: Report, dsn: str, artefacts: str) -> None:
    """Run the tasks one after the other, and compare with the targets."""
    alone: dict[str, Alone[Any]] = {}
    for name, work in (
        ("validate", run_validate),
        ("fit_encoder", run_fit),
        ("encode", run_encode),
    ):
        alone[name] = found = measure_alone(work, dsn, artefacts)
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(FORECASTS)
            forecast = dict(cursor.fetchall()[0][0])[name]
        report.measure(
            name,
            seconds=found.seconds,
            cpu_seconds=found.cpu_seconds,
            peak_rss_mb=round(found.peak_rss_mb),
            forecast_mb=forecast,
        )
        report.at_most(f"{name}: MB, forecast", found.peak_rss_mb, forecast)
    night = alone["validate"].seconds + alone["encode"].seconds
    report.at_most("seconds with a fitted encoder", night, SECONDS_WITH_AN_ENCODER)
    fitted = night + alone["fit_encoder"].seconds
    report.at_most("seconds with a fit", fitted, SECONDS_WITH_A_FIT)


def main() -> int:
    options = arguments(__doc__, n=1_000_000, lines=0, items=50_000)
    lines = options.lines or MEAN_LINES * options.n
    with embedded_server() as server, tempfile.TemporaryDirectory() as folder:
        dsn, artefacts = new_database(server, "warehouse"), str(Path(folder))
        parameters = {"n": options.n, "lines": lines, "items": options.items, "seed": SEED}
        report = Report("event_features", parameters, machine(postgresql=postgres_version(dsn)))
        make_events(dsn, artefacts, options.n, lines, options.items)
        measure(report, dsn, artefacts)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
