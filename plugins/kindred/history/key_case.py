"""Keys that differ in case only and are equal: of ``citext``, or of a collation that ignores it."""

from collections.abc import Mapping
from typing import Any

from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.warehouse.database import Database

_COLLATED = ("text", "character varying", "bpchar", "name")


def is_ignored(
    database: Database,
    relation: sql.Composable,
    column: str,
    type_name: str,
    *,
    where: str,
    parameters: Mapping[str, Any] | None = None,
) -> bool:
    """Whether case means nothing in a column of keys.

    ``type_name``: its base type; ``where``: how messages name the relation.

    Raises
    ------
    PreflightError
        when its collation ignores accents too: the spellings of a customer cannot be told apart.
    """
    if type_name.split(".")[-1] == "citext":
        return True
    if type_name not in _COLLATED:
        return False
    rows = database.rows(
        "history/compare_spellings",
        dict(parameters or {}),
        relation=relation,
        column=sql.Identifier(column),
    )
    [(ignores_case, ignores_accents)] = rows
    if ignores_accents:
        raise PreflightError(
            f"{where}: by the collation of the keys 'a' and 'á' are equal, so that a customer may"
            " have several spellings, which are several customers here: write a 'query' that"
            ' selects the key in one spelling and another collation, such as "C"'
        )
    return bool(ignores_case)
