"""kindred relink: the ids of published clusters as if the nights had run in order."""

import logging

from kindred.errors import PreflightError
from kindred.run.context import Deployment
from kindred.segments.identity.relink_rows import Change, can_relink
from kindred.segments.identity.relink_rows import relink as relink_store
from kindred.spec.model import Spec
from kindred.warehouse.locks import Resource, locked

log = logging.getLogger(__name__)


def relink(deployment: Deployment, spec: Spec, *, is_dry_run: bool = False) -> list[Change]:
    """Link the ids of a space anew while nothing is published; returns what changed, or would.

    A build that took its ids before is refused by its publish and wants its task 'cluster' cleared.

    Raises
    ------
    PreflightError
        when the space has not been prepared by a version that can link anew.
    """
    wait_seconds = deployment.settings.lock_wait_seconds
    schema = spec.internal_schema
    with (
        deployment.warehouse(f"kindred {spec.space} relink", schema) as warehouse,
        locked(warehouse, schema, Resource.PUBLISH, wait_seconds=wait_seconds),
        locked(warehouse, schema, Resource.CLUSTER_IDS, wait_seconds=wait_seconds),
    ):
        if not can_relink(warehouse):
            raise PreflightError(
                f"schema {schema} has not been prepared by this version of Kindred: run the DAG or"
                " 'kindred fit', then link anew"
            )
        changes = relink_store(warehouse, is_dry_run=is_dry_run)
    log.info("%d snapshots have other ids or another lineage", len(changes))
    return changes
