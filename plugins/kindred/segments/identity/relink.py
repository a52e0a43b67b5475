"""kindred relink: give published clusters the ids they would have if snapshots had run in order."""

import logging

from kindred.errors import PreflightError
from kindred.run.context import Deployment
from kindred.segments.identity.relink_rows import Change, can_relink
from kindred.segments.identity.relink_rows import relink as relink_store
from kindred.spec.model import Spec
from kindred.warehouse.locks import Resource, locked

log = logging.getLogger(__name__)


def relink(deployment: Deployment, spec: Spec, *, is_dry_run: bool = False) -> list[Change]:
    """Relink the ids of a space while nothing can be published; return what changed, or would.

    A build that chose its ids before the relink cannot be published until its task 'cluster' has
    been cleared.

    Raises
    ------
    PreflightError
        The space has not been prepared by a version that can relink.
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
                " 'kindred fit', then relink"
            )
        changes = relink_store(warehouse, is_dry_run=is_dry_run)
    log.info("ids, names or lineage differ in %d snapshots", len(changes))
    return changes
