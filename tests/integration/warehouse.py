"""A source and a warehouse of their own, and a whole run of all stages without Airflow."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import psycopg2
from psycopg2 import sql
from psycopg2.extras import execute_values

from databases import transaction
from kept_sessions import keeping_sessions
from kindred.backfills.fit import fit
from kindred.errors import PreflightError
from kindred.preparation.task import Request, prepare
from kindred.publication.table_hash import table_hashes
from kindred.run.builds import read_build
from kindred.run.context import Deployment, Run, open_run, opened_run
from kindred.run.windows import resolve_window
from kindred.settings import Settings
from kindred.spec.model import Spec, schema_of, spec_from_dict
from kindred.tasks import run_task
from kindred.warehouse.locks import guarded

LANDING_STAGES = ("extract", "validate")
TELLING_STAGES = ("validate", "fit_encoder")  # what they find is for the stages after them
NOT_COMPUTED = ("empty", "landed")


def moment(text: str) -> datetime:
    """An ISO date or time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@cache
def _settings(environment: frozenset[tuple[str, str]]) -> Settings:
    """Those of an environment: a night asks eight times, and to read them takes a millisecond."""
    with patch.dict(os.environ, dict(environment), clear=True):
        return Settings.from_env()


@dataclass
class Laboratory:
    """Two databases and a folder for artefacts."""

    source_dsn: str
    warehouse_dsn: str
    artefacts: Path
    environment: dict[str, str] = field(default_factory=dict)
    connections: dict[str, str] = field(default_factory=dict)
    """Further connections, by id."""

    @property
    def deployment(self) -> Deployment:
        dsns = {"kindred_source": self.source_dsn, "kindred_warehouse": self.warehouse_dsn}
        settings = {"KINDRED_ARTIFACTS": str(self.artefacts), "KINDRED_LOCK_WAIT_SECONDS": "20"}
        # To draw a report takes longer than the night before it.
        settings |= {"KINDRED_MIN_FREE_DISK_MB": "1", "KINDRED_KEEP_REPORTS": "0"}
        settings |= self.environment
        dsns |= self.connections

        def conninfo(connection_id: str) -> str:
            if connection_id not in dsns:
                raise PreflightError(f"there is no connection {connection_id!r}")
            return dsns[connection_id]

        return Deployment(conninfo, _settings(frozenset(settings.items())))

    def query(
        self, text: str, parameters: Any = None, *, source: bool = False
    ) -> list[tuple[Any, ...]]:
        """Rows of a query in the warehouse, or in the source."""
        with self._transaction(source=source) as cursor:
            cursor.execute(text, parameters)
            return cursor.fetchall() if cursor.description else []

    def _transaction(self, *, source: bool) -> AbstractContextManager["psycopg2.extensions.cursor"]:
        """In the warehouse, or in the source."""
        return transaction(self.source_dsn if source else self.warehouse_dsn)

    def fill(self, table: str, definition: str, rows: Iterable[Sequence[Any]]) -> None:
        """Make a table of the source anew."""
        name = sql.Identifier(table)
        statement = sql.SQL("drop table if exists {0}; create table {0} ({1})")
        self.query(statement.format(name, sql.SQL(definition)), source=True)
        self.append(table, rows)

    def append(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a table of the source."""
        with self._transaction(source=True) as cursor:
            statement = sql.SQL("insert into {} values %s").format(sql.Identifier(table))
            execute_values(cursor, statement, list(rows), page_size=1000)

    def rejected(self, schema: str = "kindred") -> list[tuple[Any, ...]]:
        """Key and reason of every refused row."""
        text = sql.SQL("select customer_id, reason from {}.rejected_rows order by 1, 2")
        return self.query(text.format(sql.Identifier(schema)))

    def hashes(self, space: str = "default") -> dict[str, str]:
        """What ``kindred hash`` prints."""
        with (
            keeping_sessions(),
            self.deployment.warehouse("test", schema_of(space)) as database,
        ):
            return table_hashes(database)

    def fit(self, spec: Spec, as_of: str, *, refit: bool = False) -> int:
        """What ``kindred fit`` does."""
        window = resolve_window(
            spec.schedule, run_after=moment(as_of), now=datetime.now(UTC), end=moment(as_of)
        )
        with keeping_sessions():
            return fit(self.deployment, spec, window, refit=refit)[0]

    def request(self, spec: Spec, as_of: str, **changes: Any) -> Request:
        """A manual run for one moment."""
        window = resolve_window(
            spec.schedule, run_after=moment(as_of), now=datetime.now(UTC), end=moment(as_of)
        )
        return Request(**{"run_id": f"test__{as_of}", "window": window, "may_fit": True} | changes)

    def begin(self, spec: Spec, as_of: str, **changes: Any) -> Run:
        """Task prepare."""
        request = self.request(spec, as_of, **changes)
        with keeping_sessions():
            return self.reopen(prepare(self.deployment, spec, request))

    def reopen(self, reference: dict[str, Any]) -> Run:
        place = reference["space"], datetime.fromisoformat(reference["as_of"])
        with keeping_sessions():
            return open_run(self.deployment, *place)

    def run(
        self,
        spec: Spec,
        as_of: str,
        *,
        times: int = 1,
        before: Callable[[str, Run], None] | None = None,
        until: str | None = None,
        shares: bool = True,
        **changes: Any,
    ) -> Run:
        """All stages in the order of the flow, each ``times`` times; stops before ``until``.

        Unless it is said that they do not, they share their sessions: to open new ones for each
        takes a third of the night. What is done ``before`` them has sessions of its own.
        """
        self.ended = None
        stages = self.stages(spec, as_of, times=times, shares=shares, **changes)
        with closing(stages):
            for stage, run in stages:
                if until == stage:
                    break
                if before is not None:
                    before(stage, replace(run.reopened(), session=None))
        with keeping_sessions():
            return self.ended or open_run(self.deployment, spec.space, moment(as_of))

    def land(self, spec: Spec, as_of: str, **changes: Any) -> Run:
        """The stages that bring raw rows into the history."""
        return self.run(spec, as_of, until="embed_texts", **changes)

    def stages(
        self, spec: Spec, as_of: str, *, times: int = 1, shares: bool = False, **changes: Any
    ) -> Iterator[tuple[str, Run]]:
        """Yield before every stage, which is run when the next one is asked for."""
        keeping = keeping_sessions if shares else nullcontext
        for _ in range(times):
            with keeping():
                reference = prepare(self.deployment, spec, self.request(spec, as_of, **changes))
        asked = {name: changes.get(name, False) for name in ("full_extract", "only_lands")}
        with self._opened(reference) if shares else nullcontext(self.reopen(reference)) as run:
            session, run = run.session, replace(run, **asked)
            for stage, arguments in self.steps(run):
                if run.build.state in NOT_COMPUTED and stage not in (*LANDING_STAGES, "clean_up"):
                    continue
                yield stage, run
                for _ in range(times):
                    with keeping():
                        self.last_result = run_task(run, stage, **arguments)
                if stage in TELLING_STAGES:
                    run = run.reopened()
            if session is not None:
                self.ended = replace(run, build=read_build(session, run.as_of), session=None)

    @contextmanager
    def _opened(self, reference: dict[str, Any]) -> Iterator[Run]:
        """A run with the session of all stages of a night, beside which one takes their locks."""
        place = reference["space"], datetime.fromisoformat(reference["as_of"])
        with ExitStack() as stack:
            with keeping_sessions():
                run = stack.enter_context(opened_run(self.deployment, *place, None, "night"))
                assert run.session is not None
                stack.enter_context(guarded(run.session))
            yield run

    def steps(self, run: Run) -> Iterable[tuple[str, dict[str, Any]]]:
        """Stage by stage; mapped stages once for each of their parts, the last part first."""
        for stage in (*LANDING_STAGES, "embed_texts", "fit_encoder", "encode", "plan_graph"):
            yield stage, {}
        shards = self.last_result if isinstance(self.last_result, list) else []
        for shard in reversed(shards):
            yield "search_graph", {"shard": shard}
        yield "merge_graph", {}
        parts = self.last_result if isinstance(self.last_result, list) else []
        yield "build_embeddings", {}
        for algorithm in reversed(run.spec.clustering.algorithms):
            yield "cluster", {"algorithm": str(algorithm)}
        yield "profile_clusters", {}
        for part in reversed(parts):
            yield "load_lookalikes", {"part": part}
        yield "place_customers", {}
        if run.spec.recommendations is not None:
            yield "measure_recommendations", {}
            yield "recommend", {}
        if run.build.facts.get("audiences"):
            yield "list_audiences", {}
            for name in reversed(self.last_result):
                yield "train_audience", {"audience": name}
            yield "join_audiences", {}
        for stage in ("quality_gate", "publish", "clean_up"):
            yield stage, {}

    last_result: Any = None
    ended: Run | None = None


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


def people(
    count: int,
    *,
    seed: int = 1,
    first: str = "2026-01-01T12:00",
    days: int = 20,
    keys: Sequence[Any] | None = None,
) -> list[tuple[Any, ...]]:
    """Rows of ``COLUMNS`` in four groups of alike customers, changed in turn on ``days`` days."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[Any, ...]] = []
    for number in range(count):
        group = number % 4
        rows.append(
            (
                number + 1 if keys is None else keys[number],
                moment(first) + timedelta(days=number % days, seconds=number),
                float(np.round(rng.normal(20_000 * (group + 1), 2_000), 2)),
                int(rng.integers(20 + 15 * group, 30 + 15 * group)),
                bool(rng.random() < 0.2 + 0.2 * group),
                ("CA", "NY", "TX", None)[int(rng.integers(4))],
                bool(rng.random() < 0.5),
            )
        )
    return rows
