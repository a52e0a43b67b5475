"""``kindred withdraw``: withdraw a published snapshot; the previous one serves again."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from kindred.artefacts.stored_reports import remove_reports
from kindred.encoding.vectors import read_embeddings
from kindred.errors import ArtefactError, DataError
from kindred.publication import promotion, unchanged
from kindred.publication.task import view_changes
from kindred.run import builds
from kindred.run.builds import Current
from kindred.run.context import Deployment, Run, run_of
from kindred.serving import generations
from kindred.serving.generations import StagedEmbeddings
from kindred.serving.task import stage_against
from kindred.spec.model import Spec
from kindred.warehouse import schemas
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource, locked

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Withdrawn:
    """The snapshot that serves now, and the encoders withdrawn with the other one."""

    current_as_of: datetime | None
    encoder_versions: list[int]


def withdraw(deployment: Deployment, spec: Spec, as_of: datetime) -> Withdrawn:
    """Hide a snapshot from BI; if it was the current one, roll back to the previous one.

    Stored reports, which may show it, are removed; the next run makes the newest again.

    An encoder that was fitted for it and that no other published snapshot uses is withdrawn too,
    so that the next night does not use it.

    Raises
    ------
    DataError
        when the snapshot is not published, or no earlier one is left to roll back to.
    ArtefactError
        when neither a replaced generation nor an artefact holds the embeddings as they were
        published.
    """
    label = f"kindred {spec.space} {as_of:%Y-%m-%dT%H:%M} withdraw"
    wait_seconds = deployment.settings.lock_wait_seconds
    schema = spec.internal_schema
    with (
        deployment.warehouse(label, schema) as warehouse,
        locked(
            warehouse,
            schema,
            Resource.PUBLISH,
            Resource.EMBEDDINGS,
            Resource.SCHEMA,
            wait_seconds=wait_seconds,
        ),
    ):
        if not builds.is_published(warehouse, as_of):
            raise DataError(
                f"snapshot {as_of.isoformat()} is not published; see {spec.bi_schema}.snapshots"
            )
        current = builds.current(warehouse)
        if current.as_of != as_of:
            with warehouse.transaction():
                versions = promotion.withdraw_snapshot(warehouse, as_of)
            remove_reports(deployment.settings.artifacts, spec.space)
            return Withdrawn(current.as_of, versions)
        before = builds.previous(warehouse, as_of)
        if before is None:
            raise DataError(
                f"snapshot {as_of.isoformat()} is the only one, so there is none to roll back to;"
                " publish an earlier date first"
            )
        schemas.require_known_migrations(warehouse, schema, is_migrated=True)
        build, is_replaced = builds.read_published(warehouse, before[0])
        run = run_of(deployment, before[0], build)
        staged = _stage(run, warehouse, current, is_replaced=is_replaced)
        changes = view_changes(run, warehouse)
        versions = promotion.roll_back(warehouse, as_of, before[0], staged, wait_seconds, changes)
        remove_reports(deployment.settings.artifacts, spec.space)
    log.info("withdrew %s, %s serves again", as_of.isoformat(), before[0].isoformat())
    return Withdrawn(before[0], versions)


def _stage(
    run: Run, warehouse: Database, current: Current, *, is_replaced: bool
) -> StagedEmbeddings:
    """The embeddings of an earlier snapshot: those that serve, or a replaced generation, or staged.

    ``is_replaced``: the artefacts may be those of a later build.
    """
    stored = builds.stored_as_of(warehouse, run.as_of)
    if unchanged.serves(warehouse, stored):
        return StagedEmbeddings("skip", base_generation=current.generation)
    held = generations.holding(warehouse, run.as_of)
    if held is not None:
        return StagedEmbeddings("generation", generation=held[0], table=held[1])
    try:
        holder = replace(run, as_of=stored)
        encoder = read_embeddings(holder, run.key_type(warehouse)).encoder_version
        if is_replaced or encoder != run.encoder_version:
            raise ArtefactError("a later build of that date, which is not published, replaced them")
        return stage_against(holder, warehouse, current)
    except ArtefactError as error:
        raise ArtefactError(
            f"the embeddings of snapshot {run.as_of.isoformat()} are gone; run that date again,"
            f" then withdraw ({error})"
        ) from error
