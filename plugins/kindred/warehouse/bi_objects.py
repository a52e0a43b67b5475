"""The views and functions that BI reads: made when missing, replaced in publish when changed.

Their text depends on the release alone. What a spec says they read from ``reader_settings`` and
``shown_snapshots``, which change with the current snapshot and with what is private.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg2 import errors, sql

from kindred.errors import SpecError
from kindred.spec.clustering import Algorithm
from kindred.spec.metrics import OPERATORS
from kindred.spec.model import Spec, spec_from_dict
from kindred.warehouse import statements
from kindred.warehouse.customers_view import CUSTOMERS, compose_customers
from kindred.warehouse.database import Database
from kindred.warehouse.dependents import naming_dependents
from kindred.warehouse.keys import KeyType
from kindred.warehouse.metric_texts import by_metric, metrics_as_json
from kindred.warehouse.reader_rights import put_rights_right

log = logging.getLogger(__name__)

INTERNAL_VIEWS = (
    "publication/hidden_columns",
    "publication/signed_features",
    "publication/shown_snapshots",
    "publication/reader_settings",
    "segments/consecutive_snapshots",
    "segments/shown_profiles",
    "recommendations/shown_recommendations",
    "audiences/private_audiences",
    "audiences/shown_audiences",
)
"""What the views and functions of ``bi`` read; a release may only add columns to one."""

INTERNAL_FUNCTIONS = ("serving/check_segment", "serving/public_mask", "serving/row_condition")

VIEWS_WITH_CURRENT = (
    "lookalikes/bi/lookalikes",
    "segments/bi/clusters",
    "segments/bi/cluster_lineage",
    "segments/bi/cluster_movements",
    "segments/bi/cluster_profiles",
    "segments/bi/cluster_items",
    "segments/bi/cluster_summary",
    "recommendations/bi/recommendations",
    "audiences/bi/audiences",
    "audiences/bi/audience_members",
    "audiences/bi/audience_quality",
    "audiences/bi/audience_overlap",
    "audiences/bi/audience_results",
    "maps/bi/customer_map",
)
"""Views of all published snapshots; the same text makes the ``_current`` view of each."""

OBJECTS = (
    "publication/bi/snapshots",
    "segments/bi/cluster_quality",
    "serving/bi/index_builds",
    "serving/bi/index_checks",
    "history/bi/rejected_rows",
    "events/bi/rejected_events",
    "encoding/bi/column_quality",
    "serving/bi/similar_customers",
    "lookalikes/bi/explain_pair",
    "lookalikes/bi/lookalike_audience",
    "lookalikes/bi/lookalike_distances",
    "maps/bi/map_quality",
    "maps/bi/map_cells",
    "recommendations/bi/recommendation_quality",
    "recommendations/bi/recommendation_reasons",
    "recommendations/bi/item_audience",
)
"""The other views, and the functions."""

CLUSTER_CUSTOMERS = "segments/bi/cluster_customers"
"""The function of ``bi`` that is made once a spec lists the algorithm ``plpython``."""

PARTITIONED = {
    "recommendations": {"rows": "recommendations", "table": "customer_recommendations"},
    "audience_members": {"rows": "audience_members", "table": "audience_members"},
    "customer_map": {"rows": "mapped", "table": "customer_map"},
}
"""Views of a table with partitions, and the column of ``snapshots`` that counts its rows."""

CURRENT = defaultdict(
    lambda: "publication/shown_current",
    lookalikes="lookalikes/current_lookalikes",
    clusters="segments/current_clusters",
    cluster_movements="segments/current_clusters",
    **dict.fromkeys(PARTITIONED, "publication/shown_current_partition"),
)
"""The statement that finds the snapshot of each ``_current`` view."""

_HISTORY = {"table": "customer_versions"}

SMALLEST_GROUP = 20
"""Customers whose mean membership may be shown where the spec has private features."""

_NOT_IN_PLACE = (
    errors.InvalidTableDefinition,
    errors.InvalidFunctionDefinition,
    errors.AmbiguousFunction,
)


@dataclass(frozen=True)
class BiObject:
    """One view or function: its place, the statements that make it, and a digest of them."""

    name: str
    schema: str
    statement: sql.Composed
    text_hash: str

    @property
    def place(self) -> tuple[str, str]:
        """Its schema, and its name there."""
        return self.schema, self.name.rpartition("/")[2]


Outdated = tuple[list[BiObject], list[str]]
"""What publish has to replace, and the names of what it has to drop."""

Names = Mapping[str, statements.Name]

_composed: dict[tuple[str, str, str, KeyType, bool], tuple[list[BiObject], Names]] = {}
"""Every object of the release, and what fills it, by what its text depends on: it takes 15 ms."""


def create_missing(database: Database, spec: Spec, extension: str, key_type: KeyType) -> Outdated:
    """Make the views and functions that do not exist: in a new space, or if one was dropped.

    What they read is brought up to date first. ``bi.customers`` is made by the spec that the
    current snapshot was published with: that of the run takes effect in publish. The caller must
    hold ``Resource.SCHEMA``, inside a transaction; ``extension`` is the schema of pgvector. Returns
    what then is ``outdated``.
    """
    existing = _definitions(database, spec)
    changed, dropped = _outdated(database, spec, extension, key_type, existing)
    missing = [m for m in changed if m.place not in existing or m.name in INTERNAL_VIEWS]
    if not missing:
        return changed, dropped
    if any(made.name == CUSTOMERS for made in missing):
        _, names = _fixed(database, spec, extension, key_type)
        as_published = _customers(database, _published(database, spec), names)
        missing = [*(made for made in missing if made.name != CUSTOMERS), *as_published]
    _replace(database, spec, missing)
    return outdated(database, spec, extension, key_type)


def outdated(database: Database, spec: Spec, extension: str, key_type: KeyType) -> Outdated:
    """What publish has to replace, and the names of what this release no longer has.

    An object is up to date if its text was the last one applied, and the catalogue has not changed
    since. In a database that was restored from a dump, every one is replaced once.
    """
    return _outdated(database, spec, extension, key_type, _definitions(database, spec))


def _outdated(
    database: Database,
    spec: Spec,
    extension: str,
    key_type: KeyType,
    existing: Mapping[tuple[str, str], Mapping[str, str]],
) -> Outdated:
    applied = {name: digests for name, *digests in database.rows("warehouse/bi_objects")}
    changed = [
        made
        for made in _objects(database, spec, extension, key_type, existing)
        if applied.get(made.name) != [made.text_hash, *existing.get(made.place, {}).values()]
    ]
    return changed, sorted(applied.keys() - _names_of_release())


def replace(
    database: Database, spec: Spec, changed: Sequence[BiObject], dropped: Sequence[str]
) -> None:
    """Replace views and functions, and drop others, for the statements that begin afterwards.

    The caller must hold ``Resource.SCHEMA``, inside a transaction. Waits for readers of a view.

    Raises
    ------
    PreflightError
        when something was built on one that must be dropped; the message names it.
    """
    for name in dropped:
        drop(database, spec, (_schema_of(name, spec), name.rpartition("/")[2]))
        database.run("warehouse/delete_bi_object", {"name": name})
    _replace(database, spec, changed)


def _replace(database: Database, spec: Spec, changed: Sequence[BiObject]) -> None:
    """Make objects, with the rights that readers need: one that is made anew has none."""
    if not changed:
        return
    for made in changed:
        _make(database, spec, made)
    definitions = _definitions(database, spec)
    for made in changed:
        (definition_hash,) = definitions[made.place].values()
        digests = {"text_hash": made.text_hash, "definition_hash": definition_hash}
        database.run("warehouse/record_bi_object", {"name": made.name, **digests})
    put_rights_right(database, spec)


def _make(database: Database, spec: Spec, made: BiObject) -> None:
    """Replace an object in place; if its columns, arguments or results changed, make it anew.

    With other arguments a function gets a twin, and the comment on it is ambiguous.
    """
    database.run("warehouse/savepoint", savepoint="replacing")
    try:
        database.execute(made.statement)
    except _NOT_IN_PLACE:
        database.run("warehouse/rollback_to_savepoint", savepoint="replacing")
        drop(database, spec, made.place)
        database.execute(made.statement)


def drop(database: Database, spec: Spec, place: tuple[str, str]) -> None:
    """Drop the view or the functions of a schema and name, if there are any.

    Raises
    ------
    PreflightError
        when something was built on one; the message names it.
    """
    for identity in _definitions(database, spec).get(place, ()):
        with naming_dependents(identity):
            database.run("warehouse/drop_object", object=sql.SQL(identity))


def _definitions(database: Database, spec: Spec) -> dict[tuple[str, str], dict[str, str]]:
    """Schema and name -> digest of each definition there, by how a drop names the object."""
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    schemas = {"schemas": [spec.internal_schema, spec.bi_schema]}
    for schema, name, identity, digest in database.rows("warehouse/bi_definitions", schemas):
        found[schema, name][identity] = digest
    return dict(found)


def _schema_of(name: str, spec: Spec) -> str:
    return spec.bi_schema if "/bi/" in name else spec.internal_schema


def _names_of_release() -> set[str]:
    twins = (f"{name}_current" for name in VIEWS_WITH_CURRENT)
    internal = (*INTERNAL_VIEWS, *INTERNAL_FUNCTIONS)
    return {*internal, *VIEWS_WITH_CURRENT, *twins, *OBJECTS, CUSTOMERS, CLUSTER_CUSTOMERS}


def _objects(
    database: Database,
    spec: Spec,
    extension: str,
    key_type: KeyType,
    existing: Collection[tuple[str, str]],
) -> list[BiObject]:
    """Every object, ordered so that each comes after what it calls."""
    objects, names = _fixed(database, spec, extension, key_type)
    objects = [*objects, *_customers(database, spec, names)]
    # Made for one algorithm; once it exists, it follows the release whatever a spec lists.
    return [
        made
        for made in objects
        if made.name != CLUSTER_CUSTOMERS
        or Algorithm.PLPYTHON in spec.clustering.algorithms
        or made.place in existing
    ]


def _fixed(
    database: Database, spec: Spec, extension: str, key_type: KeyType
) -> tuple[list[BiObject], Names]:
    """Every object that depends on no key of the spec, and what fills the texts."""
    knows_restriction = bool(database.value("warehouse/has_relation_restriction"))
    place = (spec.internal_schema, spec.bi_schema, extension, key_type, knows_restriction)
    if place not in _composed:
        names = _names(spec, extension, key_type, knows_restriction=knows_restriction)
        made_of = _statements(spec, names)
        objects = [_object(database, spec, name, statement) for name, statement in made_of]
        _composed[place] = objects, names
    return _composed[place]


def _customers(database: Database, spec: Spec, names: Names) -> list[BiObject]:
    """The view whose columns are those of the spec, once there is a history."""
    landed = [column for column, _ in database.rows("warehouse/columns_of_relation", _HISTORY)]
    if not landed:
        return []
    place = {"schema": spec.bi_schema, "view": CUSTOMERS.rpartition("/")[2]}
    kept = dict(database.rows("warehouse/built_upon_columns", place))
    return [_object(database, spec, CUSTOMERS, compose_customers(spec, landed, kept, names))]


def _published(database: Database, spec: Spec) -> Spec:
    """The spec that the current snapshot was published with; the given one if none was."""
    settings = database.value("warehouse/published_settings")
    try:
        return spec_from_dict(settings, where="published settings") if settings else spec
    except SpecError:  # of an earlier release: what this one cannot read, it cannot show
        return spec


def _object(database: Database, spec: Spec, name: str, statement: sql.Composed) -> BiObject:
    text = statement.as_string(database.connection)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return BiObject(name, _schema_of(name, spec), statement, digest)


def _statements(spec: Spec, names: Names) -> Iterator[tuple[str, sql.Composed]]:
    for name in (*INTERNAL_VIEWS, *INTERNAL_FUNCTIONS):
        yield name, statements.compose(name, **names)
    for name in VIEWS_WITH_CURRENT:
        view = name.rpartition("/")[2]
        current = _current(spec, view)
        kinds = (
            ("", sql.SQL("is not null"), "for every published snapshot"),
            ("_current", sql.SQL("= ({})").format(current), "for the current snapshot"),
        )
        for ending, shown, scope in kinds:
            own = {"view": f"{view}{ending}", "shown": shown, "scope": sql.SQL(scope)}
            yield f"{name}{ending}", statements.compose(name, **names, **own)
    for name in (*OBJECTS, CLUSTER_CUSTOMERS):
        yield name, statements.compose(name, **names)


def _current(spec: Spec, view: str) -> sql.Composed:
    place = {"space": spec.internal_schema, **PARTITIONED.get(view, {})}
    return statements.compose(CURRENT[view], **place)


def _names(spec: Spec, extension: str, key_type: KeyType, *, knows_restriction: bool) -> Names:
    similarity = {metric: found.similarity_sql for metric, found in OPERATORS.items()}
    contribution = {metric: found.contribution_sql for metric, found in OPERATORS.items()}
    private = sql.SQL("{}::text[]").format(_setting(spec, "private"))  # else ANY reads its rows
    return {
        "space": spec.internal_schema,
        "bi": spec.bi_schema,
        "extension": extension,
        "extension_name": sql.Literal(extension),
        "key_type": sql.SQL(key_type.value),
        "contribution": by_metric(_setting(spec, "metric"), contribution),
        "similarity": by_metric(sql.SQL("found.metric"), similarity),
        "metrics": sql.Literal(metrics_as_json(extension)),
        "private": private,
        "current": _current(spec, "customer_map"),
        "private_reason": _setting(spec, "private_reason"),
        "shown_name": statements.compose(
            "segments/shown_name", space=spec.internal_schema, private=private
        ),
        "hides_nothing": statements.compose(
            "publication/hides_nothing", space=spec.internal_schema
        ),
        "hides_no_audience": statements.compose(
            "audiences/hides_no_audience", space=spec.internal_schema
        ),
        "method_of_found": _method_of("found"),
        "method_of_lists": _method_of("lists"),
        "smallest_group": sql.Literal(SMALLEST_GROUP),
        "own_relations": sql.SQL(
            "set restrict_nonsystem_relation_kind = ''" if knows_restriction else ""
        ),
    }


def _setting(spec: Spec, name: str) -> sql.Composed:
    """A setting by which readers see the current snapshot, as an expression."""
    return sql.SQL("(select shown.{} from {}.reader_settings as shown)").format(
        sql.Identifier(name), sql.Identifier(spec.internal_schema)
    )


def _method_of(relation: str) -> sql.Composed:
    number = sql.Identifier(relation, "method")
    return statements.compose("recommendations/shown_method", number=number)
