"""The context of every stage: its snapshot, its settings, and sessions in source and warehouse."""

import logging
import posixpath
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kindred.artefacts.folder import ArtefactFolder, snapshot_slug
from kindred.run import builds
from kindred.run.builds import Build
from kindred.run.connections import WAREHOUSE, Connections
from kindred.run.machine import peak_megabytes
from kindred.settings import Settings
from kindred.spec.model import Spec, schema_of, spec_from_dict
from kindred.warehouse import schemas
from kindred.warehouse.database import Database, connect
from kindred.warehouse.keys import KeyType
from kindred.warehouse.locks import Resource, locked, shared

log = logging.getLogger(__name__)

Session = AbstractContextManager[Database]
SEED = 20_180_401  # one seed for all randomness: equal inputs give an equal snapshot


@dataclass(frozen=True)
class Deployment:
    """What all runs share: connections, and settings of the machine."""

    connections: Connections
    settings: Settings

    @contextmanager
    def warehouse(
        self, label: str, schema: str = "", *, prove: bool = False, is_migrated: bool = False
    ) -> Iterator[Database]:
        """A session in the warehouse; with a schema, statements find that space's tables.

        ``is_migrated``: this release must have upgraded the space.

        Raises
        ------
        PreflightError
            when a newer release of Kindred has changed that space, or this one has yet to.
        """
        with self._session(WAREHOUSE, label, schema=schema, writes=True, prove=prove) as database:
            if schema:
                schemas.require_known_migrations(database, schema, is_migrated=is_migrated)
            yield database

    def source(self, spec: Spec, label: str, *, prove: bool = False) -> Session:
        """A session in the source of a space."""
        return self.reader(spec.source.connection, label, prove=prove)

    @contextmanager
    def reader(
        self, connection_id: str, label: str, *, schema: str | None = None, prove: bool = False
    ) -> Iterator[Database]:
        """A session that only reads, and in which no statement takes longer than is allowed.

        With an empty ``schema``, statements find the catalogue alone.
        """
        with self._session(connection_id, label, schema=schema, prove=prove) as database:
            database.limit(timeout_seconds=self.settings.source_timeout_seconds)
            yield database

    def _session(self, connection_id: str, label: str, **options: Any) -> Session:
        conninfo = self.connections(connection_id)
        return connect(conninfo, connection_id=connection_id, application_name=label, **options)


@dataclass(frozen=True)
class Run:
    """One build of a snapshot, as the tasks after ``prepare`` see it.

    ``full_extract``: read the whole source again; ``only_lands``: land the rows and leave the
    snapshot to a later date of the same backfill; ``session``: the warehouse session that all of a
    task uses.
    """

    deployment: Deployment
    spec: Spec
    as_of: datetime
    build: Build
    landing_suffix: str = ""
    full_extract: bool = False
    only_lands: bool = False
    session: Database | None = None

    @property
    def slug(self) -> str:
        """The suffix of the names of the run's own tables."""
        return self.landing_suffix or snapshot_slug(self.as_of)

    @property
    def settings(self) -> Settings:
        """Settings of the machine."""
        return self.deployment.settings

    @property
    def folder(self) -> ArtefactFolder:
        """The artefacts of this snapshot, unless a guard of the run's session is lost."""
        if self.session is not None:
            self.session.require_guards()
        names = (self.spec.space, snapshot_slug(self.as_of), self.build.settings_hash)
        return ArtefactFolder(posixpath.join(self.settings.artifacts, *names))

    @property
    def encoder_version(self) -> int:
        """The encoder of the build, known after ``fit_encoder``."""
        if self.build.encoder_version is None:
            raise ValueError("the build has no encoder yet")
        return self.build.encoder_version

    def label(self, stage: str) -> str:
        """The application name of a session, which others log while they wait for it."""
        return _label(self.spec.space, self.as_of, stage)

    def warehouse(self, stage: str) -> Session:
        """The task's session, or one opened for the block; in the space's schema."""
        return self.second_session(stage) if self.session is None else nullcontext(self.session)

    def second_session(self, stage: str) -> Session:
        """A second session beside the task's, which may be busy or lost."""
        return self.deployment.warehouse(self.label(stage), self.spec.internal_schema)

    def locked(self, database: Database, *resources: Resource) -> AbstractContextManager[None]:
        """Hold the locks of resources of the space."""
        wait_seconds = self.settings.lock_wait_seconds
        return locked(database, self.spec.internal_schema, *resources, wait_seconds=wait_seconds)

    def record_forecast(self, stage: str, megabytes: int) -> None:
        """Record a stage's memory forecast in the build."""
        with self.warehouse(stage) as warehouse:
            builds.record_forecast(warehouse, self.as_of, self.build.run_id, stage, megabytes)

    @contextmanager
    def working(self, stage: str) -> Iterator[Database]:
        """The session of a stage, and erasures wait while it reads customers or writes results.

        Even if the stage loses its sessions, the lock lasts until the stage ends.
        """
        wait_seconds = self.settings.lock_wait_seconds
        scope = self.spec.internal_schema
        with (
            self.warehouse(stage) as warehouse,
            shared(warehouse, scope, Resource.ERASURE, wait_seconds=wait_seconds),
        ):
            yield warehouse

    def key_type(self, database: Database) -> KeyType:
        """The type of the space's customer keys."""
        return schemas.key_type_in(database, self.spec.internal_schema)

    def reopened(self) -> "Run":
        """The same run with what its other tasks have recorded since.

        Raises
        ------
        SupersededError
            when another run has begun to build the snapshot since.
        """
        with self.warehouse("reopen") as database:
            return replace(self, build=builds.read_build(database, self.as_of, self.build.run_id))

    def add_facts(self, database: Database, **facts: Any) -> None:
        """Add facts to the build, for the gate and for people to read."""
        builds.add_facts(database, self.as_of, self.build.run_id, **facts)


def open_run(
    deployment: Deployment, space_name: str, as_of: datetime, run_id: str | None = None
) -> Run:
    """The run that ``prepare`` has begun, with the settings recorded then.

    Raises
    ------
    SupersededError
        when a ``run_id`` is given and another run has begun to build the snapshot since.
    PreflightError
        when the warehouse is that of another release of Kindred.
    DataError
        when a ``run_id`` is given and another release has begun the build.
    """
    with opened_run(deployment, space_name, as_of, run_id) as run:
        return replace(run, session=None)


@contextmanager
def opened_run(
    deployment: Deployment, space_name: str, as_of: datetime, run_id: str | None, stage: str = ""
) -> Iterator[Run]:
    """Like ``open_run``, with a session that all of a task can use."""
    label = _label(space_name, as_of, stage)
    with deployment.warehouse(label, schema_of(space_name), is_migrated=True) as database:
        build = builds.read_build(database, as_of, run_id)
        if run_id is not None:
            builds.require_release(build, as_of)
        yield replace(run_of(deployment, as_of, build), session=database)


def run_of(deployment: Deployment, as_of: datetime, build: Build) -> Run:
    """A build with the settings recorded then."""
    spec = spec_from_dict(build.settings, where=f"settings of snapshot {as_of.isoformat()}")
    return Run(deployment, spec, as_of, build)


def run_of_now(deployment: Deployment, as_of: datetime, build: Build, session: Database) -> Run:
    """A build as a run of tonight would have it: everything is read as it is now."""
    run = run_of(deployment, as_of, replace(build, may_fit=True))
    return replace(run, full_extract=True, session=session)


def _label(space_name: str, as_of: datetime, stage: str) -> str:
    return f"kindred {space_name} {as_of:%Y-%m-%dT%H:%M} {stage}".rstrip()


@contextmanager
def timed(run: Run, stage: str) -> Iterator[Run]:
    """The run with a session for a stage; if it succeeds, the build records its time and memory."""
    with run.warehouse(stage) as database:
        started, worked = time.monotonic(), time.process_time()
        yield replace(run, session=database)
        seconds, peak_mb = time.monotonic() - started, peak_megabytes()
        worked = time.process_time() - worked
        builds.record_stage(database, run.as_of, stage, seconds=seconds, peak_mb=peak_mb)
    log.info(
        "%s took %.2f s (%.2f s of processor time) and at most %d MB",
        stage, seconds, worked, peak_mb,
    )  # fmt: skip
