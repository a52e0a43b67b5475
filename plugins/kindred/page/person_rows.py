"""Read single customers and members of audiences from ``bi``, in a session of a ``bi_reader``."""

import json
from decimal import Decimal
from typing import Any, TypeVar

from psycopg2 import sql

from kindred.page.persons import (
    MOST_MEMBERS,
    InSegment,
    Member,
    Membership,
    Person,
    Recommended,
)
from kindred.reports.figure_rows import read_key_type
from kindred.reports.figures import Scope
from kindred.reports.figures_of_lists import Contribution, Lookalike
from kindred.reports.report import suits_a_map
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

Kind = TypeVar("Kind")

MOST_LOOKALIKES = 50


def read_person(
    database: Database, scope: Scope, customer_id: str, beside: str | None = None
) -> Person:
    """A customer of a snapshot; each statement reads by the customer's id.

    ``beside``: the lookalike to compare with, by default the first.

    Raises
    ------
    DataError
        when an id cannot be a key of the space; the message omits it.
    """
    key_type = read_key_type(database, scope.bi)
    customer = _key(key_type, customer_id)
    other = None if beside is None else str(_key(key_type, beside))
    asked = {"as_of": scope.as_of, "customer_id": customer}
    nights = {"as_ofs": [night.as_of for night in scope.nights], "customer_id": customer}
    lookalikes = _all(
        database, scope, Lookalike, "reports/lookalikes", {**asked, "most": MOST_LOOKALIKES}
    )
    ids = [one.lookalike_id for one in lookalikes]
    compared = other if other in ids else next(iter(ids), None)
    return Person(
        str(customer),
        lookalikes,
        compared,
        _contributions(database, scope, key_type, customer, compared),
        _columns(database, scope, key_type, [str(customer), *ids]),
        _all(database, scope, InSegment, "page/segment_history", nights),
        _all(database, scope, Recommended, "page/recommendations", asked),
        _all(database, scope, Membership, "page/memberships", asked),
    )


def read_members(
    database: Database, scope: Scope, audience: str, after: int = 0
) -> tuple[Member, ...]:
    """The next members of an audience behind a rank."""
    asked = {"as_of": scope.as_of, "audience": audience, "after": after, "most": MOST_MEMBERS}
    return _all(database, scope, Member, "page/members", asked)


def read_algorithms(database: Database, scope: Scope) -> tuple[str, ...]:
    """The algorithms whose segments the snapshot shows, that of the map first."""
    found = database.rows("page/algorithms", {"as_of": scope.as_of}, bi=scope.bi)
    hidden = scope.snapshot.hidden_algorithms or ()
    shown = [row for row in found if row[0] not in hidden]
    main = max(shown, key=lambda row: suits_a_map(*row), default=None)
    return tuple(row[0] for row in sorted(shown, key=lambda row: row is not main))


def has_view(database: Database, scope: Scope, view: str) -> bool:
    """Whether the space has a view that this login may read."""
    return bool(database.value("reports/has_view", {"schema": scope.bi, "view": view}))


def _contributions(
    database: Database, scope: Scope, key_type: KeyType, customer: Any, beside: str | None
) -> tuple[Contribution, ...]:
    """Why the two are similar; of the current snapshot alone, whose embeddings are kept."""
    if beside is None or not scope.snapshot.is_current:
        return ()
    pair = {"customer": customer, "lookalike": _key(key_type, beside)}
    return _all(database, scope, Contribution, "reports/explain_pair", pair)


def _columns(
    database: Database, scope: Scope, key_type: KeyType, customers: list[str]
) -> dict[str, dict[str, Any]]:
    if not (scope.snapshot.is_current and has_view(database, scope, "customers")):
        return {}
    asked = {"customers": [_key(key_type, one) for one in customers]}
    cast = sql.SQL(key_type.value)
    rows = database.rows("page/customer_columns", asked, bi=scope.bi, key_type=cast)
    # The segments are shown night by night.
    left_out = {"as_of", "customer_id"}
    hidden = scope.snapshot.hidden_algorithms or ()
    for algorithm in (*read_algorithms(database, scope), *hidden):
        left_out |= {f"{algorithm}_cluster_id", f"{algorithm}_cluster_name"}
    return {
        customer: {
            name: value
            # A float would drop digits and zeros of a numeric.
            for name, value in json.loads(columns, parse_float=Decimal).items()
            if name not in left_out
        }
        for customer, columns in rows
    }


def _key(key_type: KeyType, text: str) -> Any:
    return key_type.to_python(key_type.parse(text))[0]


def _all(
    database: Database, scope: Scope, kind: type[Kind], name: str, asked: dict[str, Any]
) -> tuple[Kind, ...]:
    return tuple(kind(**one) for one in database.records(name, asked, bi=scope.bi))
