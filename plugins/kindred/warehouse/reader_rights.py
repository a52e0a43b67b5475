"""What ``bi_reader`` and PUBLIC may do in a space: read ``bi``, and nothing else."""

import logging

from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.spec.model import Spec
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)


def wrong_rights(database: Database, spec: Spec) -> list[tuple[str, str]]:
    """Where rights on what BI reads are not as they must be, and the statement for each."""
    schemas = {"schema": spec.internal_schema, "bi_schema": spec.bi_schema}
    found = database.rows("warehouse/wrong_rights", schemas)
    return [(problem, statement) for problem, statement in found]


def put_rights_right(database: Database, spec: Spec, level: int = logging.INFO) -> None:
    """Let ``bi_reader`` read the views and call the functions of ``bi``, and do nothing else.

    What is changed is logged at ``level``.

    Raises
    ------
    PreflightError
        when somebody else has granted a right that this login cannot revoke.
    """
    found = wrong_rights(database, spec)
    for problem, statement in found:
        database.execute(sql.SQL(statement))
        log.log(level, "%s: put right by '%s'", problem, statement)
    for problem, statement in wrong_rights(database, spec) if found else ():
        raise PreflightError(
            f"warehouse: {problem}, which '{statement}' of this login does not change; have who"
            " granted it revoke it. Nothing has been changed"
        )
