"""Detect deleted customers by comparing the source's keys with the history."""

import logging
from datetime import datetime

from kindred.errors import DataError
from kindred.spec.model import Spec
from kindred.spec.source import Deletes
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)


def compare_keys(database: Database, spec: Spec, keys_table: str, end: datetime) -> int:
    """Record customers who are no longer in the source as deleted; returns how many.

    Rejected rows that left it are marked. Does nothing if the keys were not extracted. Needs the
    customers in force.

    Raises
    ------
    DataError
        when more customers have vanished than the gate allows.
    """
    if not database.has_table(keys_table):
        return 0
    database.run("history/mark_left", {"window_end": end}, keys=keys_table)
    if spec.source.delete_detection is not Deletes.COMPARE_KEYS:
        return 0
    known, vanished = database.row("history/count_vanished", keys=keys_table) or (0, 0)
    if vanished > known * spec.gates.max_deleted_share:
        raise DataError(
            f"{vanished} of {known} customers are no longer in the source, more than"
            f" gates.max_deleted_share = {spec.gates.max_deleted_share} allows; check that the"
            " source is complete, or raise the gate in the spec for one run"
        )
    deleted = 0
    if vanished:
        deleted = database.run("history/delete_vanished", {"window_end": end}, keys=keys_table)
    log.info("%d customers have left the source", deleted)
    return deleted
