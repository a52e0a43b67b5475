"""Resolve the populations of an audience to customers of the snapshot of a run."""

import logging
from dataclasses import dataclass

import numpy as np

from kindred.audiences.audience_checks import problems_with, shown_labels
from kindred.audiences.conditions import condition_of, customers_meeting, customers_unknown
from kindred.audiences.populations import Found, Populations, Rows, odd_exclusion, populations_from
from kindred.audiences.status import Status
from kindred.audiences.stored_ids import StoredIds, delete_other_roles
from kindred.encoding.embeddings import Embeddings
from kindred.errors import AudienceError
from kindred.history.snapshot_customers import Customers, customers_of
from kindred.run.context import Run
from kindred.spec.audiences import Audience
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Resolved:
    """One population: its rows, the distinct ids given, and who is known not to belong to it."""

    rows: Rows
    given: int
    warnings: tuple[str, ...] = ()
    others: Rows | None = None
    is_complete: bool = False


def populations_of(
    run: Run, warehouse: Database, audience: Audience, embeddings: Embeddings
) -> Populations:
    """The populations of an audience in the snapshot of a run.

    What queries, tables and files give is stored for the snapshot's date, and found again whenever
    the date is run again. Labels are those of the snapshot's customers.

    Raises
    ------
    AudienceError
        with a status and a reason that quotes no id and no value.
    """
    if problems := list(problems_with(run.spec, audience)):
        for problem in problems_with(run.spec, audience, may_quote=True):
            log.warning("audience %s: %s", audience.name, problem)
        raise AudienceError(Status.FAILED, "; ".join(problems))
    delete_other_roles(run, warehouse, audience)
    customers, everybody = customers_of(warehouse, run), embeddings.customers
    found: dict[str, _Resolved] = {}
    pool = None
    try:
        for role, population in audience.populations.items():
            resolve = _by_label if population.label is not None else _by_ids
            found[role] = resolve(run, warehouse, audience, role, customers, everybody)
        if audience.pool is not None:
            allowed = run.spec.filterable_columns
            condition = condition_of(warehouse, audience.pool, allowed, "pool")
            pool = rows_of(everybody, customers_meeting(run, warehouse, customers, condition))
    except AudienceError as error:
        if (resolved := found.get("seed")) is not None:
            error.seeds = {"seeds_given": resolved.given, "seeds_known": len(resolved.rows)}
        raise
    seed, contacted, excluded = (found.get(role) for role in ("seed", "contacted", "exclude"))
    assert seed is not None
    warnings = [warning for one in found.values() for warning in one.warnings]
    if excluded is not None:
        warnings += odd_exclusion(excluded.given, bool(len(excluded.rows)))
    return populations_from(
        Found(
            customers=len(everybody),
            given=seed.given,
            seeds=seed.rows,
            excluded=np.empty(0, np.int32) if excluded is None else excluded.rows,
            contacted=None if contacted is None else contacted.rows,
            not_seeds=seed.others,
            is_complete=seed.is_complete,
            pool=pool,
            warnings=tuple(warnings),
        ),
        include_contacted=audience.include_contacted,
    )


def _by_ids(
    run: Run,
    warehouse: Database,
    audience: Audience,
    role: str,
    customers: Customers,
    everybody: Array,
) -> _Resolved:
    ids = StoredIds(run, warehouse, audience, role)
    resolution = ids.resolve()
    known = ids.known(customers)
    return _Resolved(rows_of(everybody, known), resolution.given, resolution.warnings)


def _by_label(
    run: Run,
    warehouse: Database,
    audience: Audience,
    role: str,
    customers: Customers,
    everybody: Array,
) -> _Resolved:
    labels = audience.populations[role].label or {}
    condition = condition_of(warehouse, labels, shown_labels(run.spec), f"{role}.label")
    with warehouse.repeatable_read():
        rows = rows_of(everybody, customers_meeting(run, warehouse, customers, condition))
        unknown = rows_of(everybody, customers_unknown(run, warehouse, customers, condition))
    decided = np.union1d(rows, unknown)
    others = np.setdiff1d(np.arange(len(everybody), dtype=np.int32), decided)
    return _Resolved(rows, len(rows), others=others, is_complete=not len(unknown))


def rows_of(everybody: Array, customers: Array) -> Rows:
    """The row numbers of some customers, ascending; who is not among all is left out.

    ``everybody`` and ``customers`` are keys (see ``KeyType``), ascending and distinct.
    """
    if not len(everybody):
        return np.empty(0, dtype=np.int32)
    places = np.searchsorted(everybody, customers)
    places[places == len(everybody)] = 0
    rows: Rows = places[everybody[places] == customers].astype(np.int32)
    return rows
