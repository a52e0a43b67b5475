"""A real Airflow for a benchmark: set up as by ``make run``, with its own state and spaces."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from unittest.mock import patch

from benchmarks.report import FOLDER, ROOT
from kindred.backfills.fit import fit
from kindred.run.context import Deployment
from kindred.run.windows import resolve_window
from kindred.settings import Settings
from kindred.spec.model import Spec
from local.airflow import LocalAirflow, free_port
from local.credentials import load_credentials
from local.environment import SOURCE, WAREHOUSE, kindred_environment
from local.failures import InterruptedRunError, LocalError
from local.interrupts import Interrupts
from local.layout import Layout
from local.lock import hold_lock
from local.postgres import EmbeddedServer
from local.shutdown import STOP_SECONDS, stop_all
from local.supervisor import Supervisor
from local.tables import SourceTable, load_table

FAILED, INTERRUPTED = 1, 130


@dataclass(frozen=True)
class Machine:
    """An Airflow and the two databases of its tasks."""

    airflow: LocalAirflow
    deployment: Deployment

    @property
    def warehouse_dsn(self) -> str:
        """The warehouse as its owner sees it."""
        return self.airflow.server.dsn(WAREHOUSE)

    def change_spec(self, spec: Spec) -> None:
        """Replace the spec of a space; the next run reads it."""
        write_spec(self.airflow.layout, spec)

    def fit(self, spec: Spec, as_of: datetime) -> None:
        """Fit an encoder, as ``kindred fit`` does."""
        window = resolve_window(spec.schedule, run_after=as_of, now=datetime.now(UTC), end=as_of)
        fit(self.deployment, spec, window)


@contextmanager
def local_airflow(name: str, specs: Sequence[Spec], table: SourceTable) -> Iterator[Machine]:
    """Start an Airflow with one paused DAG per spec, and the source table of all of them.

    Everything is stopped when the block ends; after an error, logs stay in ``build/bench/<name>``.
    """
    layout = Layout(ROOT, FOLDER / name)
    layout.create()
    interrupts = Interrupts()
    interrupts.install()
    with ExitStack() as stack:
        stack.enter_context(hold_lock(layout, f"make bench NAME={name}"))
        server = EmbeddedServer(layout.pgdata)
        supervisor = Supervisor(layout, load_credentials(layout).marker)
        _begin_anew(layout, supervisor, server)
        stack.callback(server.stop)
        stack.callback(supervisor.stop, STOP_SECONDS)
        stack.callback(interrupts.shield)
        yield _start(layout, supervisor, server, specs, table)
    shutil.rmtree(layout.state)


def exit_code(measure: Callable[[], int]) -> int:
    """The exit code of a benchmark; what has kept it from measuring goes to standard error."""
    try:
        return measure()
    except InterruptedRunError as interrupt:
        print(f"interrupted by {interrupt.signal_name}", file=sys.stderr)
        return INTERRUPTED
    except LocalError as error:
        print(error, file=sys.stderr)
        return FAILED


def write_spec(layout: Layout, spec: Spec) -> None:
    """Put a spec where the DAGs of an installation find it."""
    text = json.dumps(spec.model_dump(mode="json"), indent=1)  # JSON is YAML
    (layout.own_features / f"{spec.space}.yaml").write_text(text, encoding="utf-8")


def _begin_anew(layout: Layout, supervisor: Supervisor, server: EmbeddedServer) -> None:
    """Stop and remove the leftovers of a killed run."""
    stop_all(supervisor, server)
    made = (layout.airflow_home, layout.artifacts, layout.logs, layout.own_features)
    for folder in (layout.pgdata, *made):
        shutil.rmtree(folder, ignore_errors=True)
    layout.create()


def _start(
    layout: Layout,
    supervisor: Supervisor,
    server: EmbeddedServer,
    specs: Sequence[Spec],
    table: SourceTable,
) -> Machine:
    server.start()
    for database in (SOURCE, WAREHOUSE):
        server.create_database(database)
    for spec in specs:
        write_spec(layout, spec)
    settings = {"KINDRED_FEATURES": str(layout.own_features)}
    credentials = load_credentials(layout)
    # Not the usual port, which another Airflow that is starting may have chosen, too.
    airflow = LocalAirflow(layout, server, supervisor, credentials, settings, free_port(()))
    airflow.begin_migration()
    load_table(server.dsn(SOURCE), table)
    airflow.finish_migration()
    airflow.start()
    airflow.wait_until_healthy(specs[0].dag_id)
    dsns = {"kindred_source": server.dsn(SOURCE), "kindred_warehouse": server.dsn(WAREHOUSE)}
    environment = kindred_environment(layout, server, credentials)
    with patch.dict(os.environ, environment, clear=True):
        place = Deployment(dsns.__getitem__, Settings.from_env())
    return Machine(airflow, place)
