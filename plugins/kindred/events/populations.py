"""The customers of a date with what they have done, for all that encodes or profiles them."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import numpy as np
import pandas as pd
from scipy import sparse

from kindred.errors import ArtefactError
from kindred.events.behaviour import Behaviour, by_table, days_read, merged
from kindred.events.event_rows import read_events
from kindred.events.feature_values import (
    PART_BYTES,
    PART_LINES,
    FeatureValues,
    columns_read,
    compute_features,
)
from kindred.events.lines import NOBODY, EventRows, Unknown
from kindred.events.ownership import ItemCounts
from kindred.history import snapshot_customers
from kindred.history.column_expressions import ColumnExpression
from kindred.history.snapshot_customers import Customers
from kindred.run.context import Run
from kindred.run.machine import cores
from kindred.spec.features import ItemsFeature
from kindred.warehouse.copy_writer import Array, microseconds_of
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

BEHAVIOUR = "behaviour"
MADE_BY = "validate"
PURCHASE_BYTES = 24
"""Memory per line for the purchases of one feature, while those of its parts are joined."""

EXPECTED_UNKNOWN = 0.05
"""Share of the events that those who have left, or are not there yet, may have: one in twenty."""

OnBlock = Callable[[Array, Array, pd.DataFrame, dict[str, ItemCounts]], None]


@dataclass(frozen=True, eq=False)
class Population:
    """Customers, and their behaviour; None if the spec has no feature of events."""

    customers: Customers
    behaviour: Behaviour | None = None


def kept_population(database: Database, run: Run, stage: str) -> Population:
    """The customers of a run's snapshot; their behaviour is computed once, and handed on.

    Both are found again where a task is cleared after ``clean_up`` has dropped the table.
    """
    customers = snapshot_customers.kept_customers(database, run)
    if not run.spec.event_features:
        return Population(customers)
    made_with = snapshot_customers.table_number(database, run)
    return Population(customers, _handed_on(run, made_with) or _keep(database, run, stage))


def population_of(database: Database, run: Run, stage: str) -> Population:
    """The same for a task that does not encode them."""
    customers = snapshot_customers.customers_of(database, run)
    if not run.spec.event_features:
        return Population(customers)
    found = _handed_on(run, snapshot_customers.table_number(database, run))
    return Population(customers, found or _compute(database, run, customers, run.as_of, stage))


def population_as_of(database: Database, run: Run, as_of: datetime, stage: str) -> Population:
    """The customers as of another date, with what they had done by then."""
    customers = snapshot_customers.customers_as_of(run.spec, as_of)
    if not run.spec.event_features:
        return Population(customers)
    return Population(customers, _compute(database, run, customers, as_of, stage))


def read_population(
    database: Database,
    run: Run,
    population: Population,
    on_block: OnBlock,
    expressions: Mapping[str, ColumnExpression] | None = None,
) -> None:
    """Pass customers on as `snapshot_customers.read_customers` does, with their behaviour.

    The frame has one column more per feature of events (`Behaviour.columns`); the purchases are
    those of features of kind ``items``.
    """
    behaviour = population.behaviour

    def join(keys: Array, updated_at: Array, frame: pd.DataFrame) -> None:
        if behaviour is None:
            on_block(keys, updated_at, frame, {})
        else:
            on_block(keys, updated_at, behaviour.joined(keys, frame), behaviour.purchases(keys))

    snapshot_customers.read_customers(database, run, population.customers, join, expressions)


def _compute(
    database: Database,
    run: Run,
    customers: Customers,
    as_of: datetime,
    stage: str,
    *,
    counts_unknown: bool = False,
) -> Behaviour:
    keys = snapshot_customers.read_keys(database, run, customers)
    threads = cores(run.settings.graph_threads)
    parts: list[FeatureValues] = []
    unknown = NOBODY
    for name, features in by_table(run.spec.event_features).items():
        items = sum(isinstance(feature, ItemsFeature) for feature in features.values())
        rows = read_events(
            database,
            run,
            name,
            keys,
            as_of,
            days=days_read(features),
            columns=frozenset().union(*map(columns_read, features.values())),
            stage=stage,
            line_bytes=PURCHASE_BYTES * items,
            megabytes=threads * PART_LINES * PART_BYTES // 2**20,
            counts_unknown=counts_unknown,
        )
        unknown += _told_unknown(name, rows)
        private = run.spec.private
        moment = microseconds_of(as_of)
        known = rows.without_signs_of(private)
        # What readers see is made of what they may know, and all else of all that is known.
        for seen, some in ((known, features.keys() - {*private}), (rows, {*private})):
            chosen = {key: feature for key, feature in features.items() if key in some}
            if chosen:
                parts.append(compute_features(chosen, seen, len(keys) + 1, moment, threads))
        log.info("computed %d features of %d %s", len(features), len(rows.lines), name)
    return Behaviour(keys, merged(parts), unknown)


def _told_unknown(name: str, rows: EventRows) -> Unknown:
    """The events of customers whom the snapshot does not have; many are no accident."""
    found = rows.unknown
    every = found.events + len(rows.lines)
    if found.alike or found.events > EXPECTED_UNKNOWN * every:
        spelt = (
            f"; {found.alike} of these customers would be known without blanks around their keys"
            " and capitals in them: write keys as the customers' table does, in a query"
            if found.alike
            else ""
        )
        log.warning(
            "%d of %d %s are of %d customers whom the snapshot does not have, and count for nobody"
            "%s",
            found.events,
            every,
            name,
            found.customers,
            spelt,
        )
    return found


def _keep(database: Database, run: Run, stage: str) -> Behaviour:
    customers = snapshot_customers.kept_customers(database, run)
    behaviour = _compute(database, run, customers, run.as_of, stage, counts_unknown=True)
    if run.landing_suffix:  # no snapshot: nobody reads on, and a run of that date has its own
        return behaviour
    unknown = behaviour.unknown
    run.add_facts(
        database,
        events_unknown=unknown.events,
        event_customers_unknown=unknown.customers,
        event_customers_alike=unknown.alike,
    )
    values = behaviour.values
    facts = {"made_with": snapshot_customers.table_number(database, run)}
    for name, purchases in values.purchases.items():
        counts = purchases.counts
        arrays = {"counts": counts.data, "indices": counts.indices, "starts": counts.indptr}
        run.folder.write(items_artefact(name), arrays | {"items": purchases.items}, facts)
    numbers = np.array([values.numbers[name] for name in _numbers_of(run)], dtype=np.float64)
    arrays = {
        "customers": behaviour.customers,
        "numbers": numbers.reshape(len(values.numbers), len(behaviour.customers) + 1),
    }
    run.folder.write(BEHAVIOUR, arrays, facts)
    return behaviour


def _handed_on(run: Run, made_with: int | None) -> Behaviour | None:
    """The behaviour that an earlier task has written, unless it is that of other customers.

    ``made_with``: the table of the customers; None if it has been dropped since.
    """
    features = run.spec.event_features
    try:
        found = run.folder.read(BEHAVIOUR, MADE_BY)
        items = {
            name: run.folder.read(items_artefact(name), MADE_BY)
            for name, feature in features.items()
            if isinstance(feature, ItemsFeature)
        }
    except ArtefactError as error:
        log.info("the features of events are computed: %s", error)
        return None
    expected = found.facts["made_with"] if made_with is None else made_with
    if any(artefact.facts["made_with"] != expected for artefact in (found, *items.values())):
        return None
    purchases = {name: _purchases(artefact.arrays) for name, artefact in items.items()}
    numbers = dict(zip(_numbers_of(run), found.arrays["numbers"], strict=True))
    return Behaviour(found.arrays["customers"], FeatureValues(numbers, purchases))


def _numbers_of(run: Run) -> list[str]:
    features = run.spec.event_features
    return [name for name, feature in features.items() if not isinstance(feature, ItemsFeature)]


def _purchases(arrays: dict[str, Array]) -> ItemCounts:
    shape = (len(arrays["starts"]) - 1, len(arrays["items"]))
    parts = (arrays["counts"], arrays["indices"], arrays["starts"])
    return ItemCounts(sparse.csr_array(parts, shape=shape), arrays["items"])


def items_artefact(name: str) -> str:
    """The artefact with the purchases of a feature of kind ``items``.

    Its arrays make a csr_array (customers + 1, items) of int32; the rows are those of ``customers``
    in the artefact ``behaviour``, and last somebody without purchases.
    """
    is_plain = re.fullmatch(r"\w{1,100}", name, re.ASCII)
    return f"items_{name if is_plain else sha256(name.encode()).hexdigest()[:16]}"
