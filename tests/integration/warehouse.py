"""A source and a warehouse of their own, and a whole run of all stages without Airflow."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extras import execute_values

from kindred.connections import Connections
from kindred.settings import Settings
from kindred.spec import Spec, spec_from_dict
from kindred.stages.fit import fit
from kindred.stages.prepare import Request, prepare
from kindred.stages.registry import run_stage
from kindred.stages.run import Run, Workplace, open_run
from kindred.windows import resolve_window


def moment(text: str) -> datetime:
    """An ISO date or time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Laboratory:
    """Two databases and a folder for artefacts."""

    source_dsn: str
    warehouse_dsn: str
    artefacts: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def workplace(self) -> Workplace:
        dsns = {"kindred_source": self.source_dsn, "kindred_warehouse": self.warehouse_dsn}
        settings = {"KINDRED_ARTIFACTS": str(self.artefacts), "KINDRED_LOCK_WAIT_SECONDS": "20"}
        settings |= {"KINDRED_MIN_FREE_DISK_MB": "1"} | self.environment
        return Workplace(Connections(lambda name: dsns[name]), Settings.from_env(settings))

    def query(
        self, text: str, parameters: Any = None, *, source: bool = False
    ) -> list[tuple[Any, ...]]:
        """Rows of a query in the warehouse, or in the source."""
        dsn = self.source_dsn if source else self.warehouse_dsn
        with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
            cursor.execute(text, parameters)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows

    def fill(self, table: str, definition: str, rows: Iterable[Sequence[Any]]) -> None:
        """Make a table of the source anew."""
        with psycopg2.connect(self.source_dsn) as connection, connection.cursor() as cursor:
            name = sql.Identifier(table)
            cursor.execute(sql.SQL("drop table if exists {}").format(name))
            cursor.execute(sql.SQL("create table {} ({})").format(name, sql.SQL(definition)))
            statement = sql.SQL("insert into {} values %s").format(name)
            rows = list(rows)
            if rows:
                execute_values(cursor, statement, rows, page_size=1000)
        connection.close()

    def fit(self, spec: Spec, as_of: str) -> int:
        """What ``kindred fit`` does."""
        window = resolve_window(
            spec.schedule, run_after=moment(as_of), now=datetime.now(UTC), end=moment(as_of)
        )
        return fit(self.workplace, spec, window)[0]

    def request(self, spec: Spec, as_of: str, **changes: Any) -> Request:
        """A manual run for one moment."""
        window = resolve_window(
            spec.schedule, run_after=moment(as_of), now=datetime.now(UTC), end=moment(as_of)
        )
        return Request(**{"run_id": f"test__{as_of}", "window": window, "may_fit": True} | changes)

    def begin(self, spec: Spec, as_of: str, **changes: Any) -> Run:
        """Task prepare."""
        reference = prepare(self.workplace, spec, self.request(spec, as_of, **changes))
        return self.reopen(reference)

    def reopen(self, reference: dict[str, Any]) -> Run:
        return open_run(
            self.workplace, reference["space"], datetime.fromisoformat(reference["as_of"])
        )

    def run(
        self,
        spec: Spec,
        as_of: str,
        *,
        times: int = 1,
        before: Callable[[str, Run], None] | None = None,
        until: str | None = None,
        **changes: Any,
    ) -> Run:
        """All stages in the order of the flow, each ``times`` times."""
        for _ in range(times):
            run = self.begin(spec, as_of, **changes)
        for stage, arguments in self.steps(run):
            if until == stage:
                break
            run = open_run(self.workplace, spec.space, run.as_of)
            if run.build.state == "empty" and stage not in ("extract", "validate", "clean_up"):
                continue
            if before is not None:
                before(stage, run)
            for _ in range(times):
                self.last_result = run_stage(run, stage, **arguments)
        return open_run(self.workplace, spec.space, run.as_of)

    def steps(self, run: Run) -> Iterable[tuple[str, dict[str, Any]]]:
        """Stage by stage; mapped stages once for each of their parts, the last part first."""
        for stage in ("extract", "validate", "fit_encoder", "encode", "plan_graph"):
            yield stage, {}
        shards = self.last_result if isinstance(self.last_result, list) else []
        for shard in reversed(shards):
            yield "search_graph", {"shard": shard}
        yield "merge_graph", {}
        parts = self.last_result if isinstance(self.last_result, list) else []
        yield "build_embeddings", {}
        for algorithm in reversed(run.spec.clustering.algorithms):
            yield "cluster", {"algorithm": str(algorithm)}
        for part in reversed(parts):
            yield "load_lookalikes", {"part": part}
        for stage in ("quality_gate", "publish", "clean_up"):
            yield stage, {}

    last_result: Any = None


def make_spec(space: str = "default", **changes: Any) -> Spec:
    """A small spec over a table ``customers``; a change of None takes a key out."""
    content: dict[str, Any] = {
        "space": space,
        "source": {"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
        "schedule": "0 2 * * *",
        "k": 5,
        "features": {
            "income": "numeric",
            "age": "numeric",
            "is_active": "boolean",
            "state": {"kind": "categorical", "min_frequency": 2},
        },
        "labels": ["churned"],
        "clustering": {
            "kmeans": {"k": 4},
            "hdbscan": {"min_cluster_size": 20, "min_samples": 5},
        },
    }
    for key, value in changes.items():
        if isinstance(value, dict) and key in ("source", "clustering", "gates"):
            content[key] = {**content.get(key, {}), **value}
        else:
            content[key] = value
    return spec_from_dict(content, where="test")


COLUMNS = (
    "customer_id bigint, updated_at timestamptz, income double precision, age integer,"
    " is_active boolean, state text, churned boolean"
)
