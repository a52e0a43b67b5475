"""Tasks ``extract`` and ``validate``: rows of customers and events land."""

import logging
from contextlib import ExitStack
from typing import Any

from kindred.events import event_source, event_state
from kindred.events.event_extraction import Wanted, extract_events
from kindred.events.event_landing import EventLanding
from kindred.events.populations import kept_population
from kindred.history import key_padding
from kindred.history import task as customers
from kindred.history.landing import Landed
from kindred.history.suppression import SuppressionFilter
from kindred.run.context import Run
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource

log = logging.getLogger(__name__)


def extract(run: Run) -> dict[str, Any]:
    """Copy raw rows, then events, into landing tables; returns their numbers."""
    found = customers.extract(run)
    events = {name: _extract(run, number, name) for number, name in _numbered(run)}
    return {**found, "events": events} if events else found


def _numbered(run: Run) -> list[tuple[int, str]]:
    return list(enumerate(sorted(run.spec.events)))


def _extract(run: Run, number: int, name: str) -> int:
    spec, settings = run.spec, run.settings
    wanted = Wanted(
        end=run.as_of,
        full_extract=run.full_extract,
        # The order of a backfill's dates must not decide which of them lands late events.
        reconciles=run.build.may_fit and not settings.row_limit,
        row_limit=settings.row_limit,
        max_deleted_share=spec.gates.max_deleted_share,
    )
    with ExitStack() as stack:
        connection = spec.events[name].connection
        origin = stack.enter_context(run.deployment.reader(connection, run.label("extract")))
        warehouse = stack.enter_context(run.warehouse("extract"))
        source = event_source.describe(origin, spec, name, run.key_type(warehouse))
        if key_padding.is_ignored(warehouse):
            source = source.with_trimmed_keys()
        stack.enter_context(run.locked(warehouse, Resource.EXTRACT))
        suppression_filter = SuppressionFilter.of(warehouse)
        table = event_state.landing_of(number, run.slug)
        return extract_events(source, origin, warehouse, table, wanted, suppression_filter)


def validate(run: Run) -> dict[str, Any]:
    """Land rows and events, and store the snapshot's customers; returns the counts."""
    landed = land(run.reopened())
    if run.spec.events:
        with run.warehouse("validate") as warehouse:
            run.add_facts(warehouse, **event_state.window_counts(warehouse, run.as_of))
    counts = customers.keep(run, landed)
    if counts["customers"] and not run.only_lands:
        with run.warehouse("validate") as warehouse:
            kept_population(warehouse, run, "validate")  # what lands from now on is late
    return counts


def land(run: Run) -> Landed:
    """Move the valid rows and events into their histories and reject the others."""
    landed = customers.land(run)
    with run.warehouse("validate") as warehouse:
        for number, name in _numbered(run):
            with run.locked(warehouse, Resource.EXTRACT):
                _landing(run, warehouse, number, name).land(warehouse)
    return landed


def _landing(run: Run, warehouse: Database, number: int, name: str) -> EventLanding:
    return EventLanding(
        run.spec,
        name,
        event_state.landing_of(number, run.slug),
        run.key_type(warehouse),
        run.as_of,
        run.build.run_id,
        run.settings.lock_wait_seconds,
    )


def drop_landings(warehouse: Database, run: Run) -> None:
    """Drop the tables in which the events of a run have arrived."""
    for number, _ in _numbered(run):
        event_state.drop_landing(warehouse, event_state.landing_of(number, run.slug))
