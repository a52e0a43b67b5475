"""Where in the history landed rows belong whose time would hide them, or change the past."""

import logging
from datetime import datetime

from psycopg2 import sql

from kindred.history.row_comparison import Comparison
from kindred.spec.model import Spec
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)


def date_rows(
    warehouse: Database,
    spec: Spec,
    table: str,
    comparison: Comparison,
    *,
    end: datetime,
    is_anew: bool,
) -> None:
    """Place rows that are dated by the day, and changes that a later version would hide.

    In a window that is not the newest nothing is new. If all rows were read anew, since the spec
    defines the source otherwise, what differs from the versions in force is a change, too.
    """
    read_until = warehouse.value("history/newest_end")
    if read_until is None:
        return
    known = sql.Literal(read_until.isoformat() if read_until < end else None)
    names = {
        "landing": sql.Identifier(table),
        "read_until": sql.SQL("{}::timestamptz").format(known),
        "landed_values": comparison.row("landed"),
        "version_values": comparison.version(fills=True),
    }
    further = {
        "other_values": comparison.row("other"),
        "keeps_place": sql.Literal(comparison.is_full),
    }
    if is_anew:
        [(changed, left_out)] = warehouse.rows("history/date_anew", None, **names, **further)
        log.info("read anew: %d customers differ from what had landed, or are new", changed)
        if left_out:
            log.info("%d rows are older than their customer's newest, and do not land", left_out)
        return
    warehouse.run("history/date_days", None, zone=sql.Literal(spec.source.zone), **names)
    warehouse.run(
        "history/date_changes",
        None,
        known_values=comparison.version(fills=False),
        **names,
        **further,
    )
