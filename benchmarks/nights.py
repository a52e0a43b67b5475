"""Thirty nights with 5 % changed customers: rows written, and growth of the tables.

n customers of 16 numeric columns on an embedded server set up as by ``make run``, including
autovacuum. Each night one customer in twenty changes, one in fifty of those is deleted, and as many
are new. A night runs the tasks that update the embeddings, as the DAG calls them: prepare, extract,
validate, fit_encoder (the first night), encode, plan_graph, build_embeddings, and clean_up. Graph
search and segments are left out, since they write nothing to the embeddings; publish is therefore
called directly with the result of build_embeddings.

- **changed**: rows of the source that are new, changed or deleted.
- **written**: inserts, updates and deletes of the serving generation, by ``pg_stat_user_tables``.
  They must equal **changed**, except on nights that build a new generation: the first, and those
  for which the canary requests it (``reason``).
- **table, key, index**: sizes of the generation in MB; **bloat** is each size divided by that of a
  copy built at the end, with as many lists. **catalogue**: all of ``pg_catalog``, divided by its
  size after the second night.
"""

import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
from psycopg2 import sql

from benchmarks.processes import embedded_server, new_database, postgres_version, run_file
from benchmarks.report import Report, arguments, machine, timed
from kindred.preparation.task import Request, prepare
from kindred.publication import promotion
from kindred.run import builds
from kindred.run.context import Deployment, Run, open_run
from kindred.run.windows import Window
from kindred.segments.profiles.profile_rows import Profiles
from kindred.serving.generations import StagedEmbeddings
from kindred.settings import Settings
from kindred.spec.model import spec_from_dict
from kindred.tasks import run_task

FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)
STAGES = ("extract", "validate", "fit_encoder", "encode", "plan_graph", "build_embeddings")
MAX_BLOAT = 1.3
SPEC = spec_from_dict(
    {
        "space": "default",
        "source": {
            "table": "customers",
            "key": "customer_id",
            "updated_at": "updated_at",
            "tombstone": "is_gone",
        },
        "features": {f"x{number}": "numeric" for number in range(1, 17)},
        "refit": "never",
    },
    where="benchmark",
)
UNKNOWN = (
    "lookalikes",
    "lookalike_distances",
    "rows_landed",
    "rows_rejected",
    "recall",
    "recall_low",
    "recall_high",
)
HIDDEN = ("hidden_features", "hidden_algorithms")


@dataclass(frozen=True)
class Nights:
    """A source and a warehouse in one database."""

    dsn: str
    root: str

    @property
    def deployment(self) -> Deployment:
        """Both connections."""
        settings = Settings(artifacts=self.root, keep_reports=0)
        return Deployment(lambda name: self.dsn, settings)

    def value(self, query: str | sql.Composable, *parameters: Any) -> Any:
        """The one value of a query."""
        with closing(psycopg2.connect(self.dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters)
            found = cursor.fetchone()
            connection.commit()
            return None if found is None else found[0]

    def change(self, night: int) -> int:
        """Change the source before a night; return the number of changed, deleted and new rows."""
        when = FIRST + night * DAY - timedelta(hours=6)
        given = {"night": night, "when": when, "seed": 1 / (2 + night)}
        run_file(self.dsn, "change_night_customers", given)
        return int(self.value("select count(*) from customers where updated_at = %s", when))

    def build(self, night: int) -> Run:
        """Run the tasks up to the embeddings."""
        as_of = FIRST + night * DAY
        request = Request(f"night {night}", Window(as_of - DAY, as_of), may_fit=True)
        prepare(self.deployment, SPEC, request)
        for stage in STAGES:
            run_task(open_run(self.deployment, SPEC.space, as_of), stage)
        return open_run(self.deployment, SPEC.space, as_of)

    def publish(self, run: Run) -> StagedEmbeddings:
        """Publish the embeddings as task publish does, then run clean_up."""
        facts = run.build.facts
        staged = StagedEmbeddings(**facts["embeddings"])
        counts = dict.fromkeys(UNKNOWN) | {name: facts[name] for name in ("customers", "center")}
        with run.warehouse("publish") as warehouse:
            promotion.publish(
                warehouse,
                run.as_of,
                run_id=run.build.run_id,
                counts=counts | {"history": "complete"} | {key: [] for key in HIDDEN},
                lineage=[],
                profiles=Profiles([], [], {}),
                cells={},
                staged=staged,
                wait_seconds=60,
                memory_mb=64,
            )
        run_task(open_run(self.deployment, SPEC.space, run.as_of), "clean_up")
        return staged

    @property
    def serving(self) -> str:
        """The table that serves."""
        with self.deployment.warehouse("bench", SPEC.internal_schema) as warehouse:
            return str(builds.current(warehouse).table_name)

    def written(self, table: str) -> int:
        """Rows written to a table since its creation; sessions report their counts at their end."""
        query = (
            "select n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables where relname = %s"
        )
        before, found = None, self.value(query, table)
        while found != before:
            time.sleep(0.3)
            before, found = found, self.value(query, table)
        return int(found or 0)

    def sizes(self, schema: str, table: str) -> dict[str, float]:
        """Sizes of a table and of its indexes in MB."""
        named = "to_regclass(format('%%I.%%I', %s::text, %s::text))"
        size = f"select pg_relation_size({named}) / 1048576.0"
        indexes = f"""
            select sum(pg_relation_size(indexrelid)) / 1048576.0
            from pg_index where indrelid = {named} and indisprimary = %s
        """  # noqa: S608
        return {
            "table_mb": float(self.value(size, schema, table)),
            "key_mb": float(self.value(indexes, schema, table, True)),
            "index_mb": float(self.value(indexes, schema, table, False) or 0),
        }

    def catalogue_mb(self) -> float:
        """Size of the catalogue."""
        return float(
            self.value(
                "select sum(pg_total_relation_size(oid)) / 1048576.0 from pg_class"
                " where relnamespace = 'pg_catalog'::regnamespace and relkind = 'r'"
            )
        )

    def fresh_sizes(self) -> dict[str, float]:
        """Sizes of a fresh copy of the serving generation."""
        table = sql.Identifier(SPEC.internal_schema, self.serving)
        lists = self.value(
            "select lists from kindred.index_builds where table_name = %s", self.serving
        )
        text = "create table fresh as select * from {table} order by customer_id;"
        text += "alter table fresh add primary key (customer_id);"
        if lists:
            text += "create index on fresh using ivfflat (embedding vector_l2_ops)"
            text += " with (lists = {lists});"
        self.value(sql.SQL(text + "select 1").format(table=table, lists=sql.Literal(lists)))
        return self.sizes("public", "fresh")


def run_nights(report: Report, running: Nights, n: int, nights: int) -> None:
    """Run all nights, and compare with the targets."""
    run_file(running.dsn, "create_night_customers", {"customers": n, "seed": 0.5})
    total, wrong, catalogue = 0, 0, 0.0
    for night in range(nights + 1):
        changed = running.change(night) if night else n
        built_seconds, run = timed(running.build, night)
        published_seconds, staged = timed(running.publish, run)
        is_new = staged.mode == "generation"
        written = running.written(running.serving)
        rows, total = written - (0 if is_new else total), written
        wrong += 0 if is_new else abs(rows - changed)
        if night == min(2, nights):
            catalogue = running.catalogue_mb()
        report.measure(
            f"night {night}",
            mode=staged.mode,
            changed=changed,
            written=rows,
            **running.sizes(SPEC.internal_schema, running.serving),
            catalogue_mb=running.catalogue_mb(),
            seconds=built_seconds + published_seconds,
        )
    sizes, fresh = running.sizes(SPEC.internal_schema, running.serving), running.fresh_sizes()
    report.measure("built anew", **fresh)
    report.at_most("rows written other than those changed", wrong, 0)
    for part, size in sizes.items():
        if fresh[part]:
            report.at_most(f"bloat of {part.removesuffix('_mb')}", size / fresh[part], MAX_BLOAT)
    report.at_most("growth of the catalogue", running.catalogue_mb() / catalogue, MAX_BLOAT)


def main() -> int:
    options = arguments(__doc__, n=100_000, nights=30)
    with embedded_server() as server, tempfile.TemporaryDirectory() as root:
        dsn = new_database(server, "warehouse")
        report = Report("nights", vars(options), machine(postgresql=postgres_version(dsn)))
        run_nights(report, Nights(dsn, root), options.n, options.nights)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
