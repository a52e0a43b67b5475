"""The views and functions that BI reads: made when missing, replaced in publish when changed.

Their text depends on the release, and on which private features the current snapshot's spec hides.
Its other settings they read from ``reader_settings``, which changes with the current snapshot.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg2 import Error, errors, sql

from kindred.errors import PreflightError
from kindred.spec.clustering import Algorithm
from kindred.spec.metrics import OPERATORS, Metric
from kindred.spec.model import Spec
from kindred.warehouse import statements
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

INTERNAL_OBJECTS = (
    "publication/reader_settings",
    "serving/check_segment",
    "serving/public_mask",
    "serving/row_condition",
)
"""What the views and functions of ``bi`` use, in the internal schema."""

VIEWS_WITH_CURRENT = (
    "lookalikes/bi/lookalikes",
    "segments/bi/clusters",
    "segments/bi/cluster_lineage",
    "segments/bi/cluster_movements",
    "segments/bi/cluster_profiles",
    "segments/bi/cluster_summary",
)
"""Views of all published snapshots; the same text makes the ``_current`` view of each."""

OBJECTS = (
    "publication/bi/snapshots",
    "segments/bi/cluster_quality",
    "serving/bi/index_builds",
    "serving/bi/index_checks",
    "history/bi/rejected_rows",
    "encoding/bi/column_quality",
    "serving/bi/similar_customers",
    "lookalikes/bi/explain_pair",
    "lookalikes/bi/lookalike_audience",
)
"""The other views, and the functions."""

CLUSTER_CUSTOMERS = "segments/bi/cluster_customers"
"""The function of ``bi`` that is made only if the spec lists the algorithm ``plpython``."""

PARTITIONED = {
    "lookalikes": ("customer_lookalikes", "snapshots.lookalikes = 0"),
    "clusters": ("customer_clusters", "false"),
    "cluster_movements": ("customer_clusters", "false"),
}
"""The views over partitions: their table, and the condition for a snapshot without rows."""

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


def create_missing(database: Database, spec: Spec, extension: str, key_type: KeyType) -> None:
    """Make the views and functions that do not exist: in a new space, or if one was dropped.

    The caller must hold ``Resource.SCHEMA``, inside a transaction; ``extension`` is the schema of
    pgvector.
    """
    existing = _definitions(database, spec)
    wanted = _objects(database, spec, extension, key_type)
    _replace(database, spec, [made for made in wanted if made.place not in existing])


def outdated(
    database: Database, spec: Spec, extension: str, key_type: KeyType
) -> tuple[list[BiObject], list[str]]:
    """What publish has to replace, and the names of what this release no longer has.

    An object is up to date if its text was the last one applied, and the catalogue has not changed.
    """
    existing = _definitions(database, spec)
    applied = {name: digests for name, *digests in database.rows("warehouse/bi_objects")}
    changed = [
        made
        for made in _objects(database, spec, extension, key_type)
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
        _drop(database, spec, (_schema_of(name, spec), name.rpartition("/")[2]))
        database.run("warehouse/delete_bi_object", {"name": name})
    _replace(database, spec, changed)
    put_rights_right(database, spec)


def wrong_rights(database: Database, spec: Spec) -> list[tuple[str, str]]:
    """Where rights on what BI reads are not as they must be, and the statement for each."""
    found = database.rows("warehouse/wrong_rights", {"bi_schema": spec.bi_schema})
    return [(problem, statement) for problem, statement in found]


def put_rights_right(database: Database, spec: Spec) -> None:
    """Let ``bi_reader``, and nobody else, read the views and call the functions of ``bi``."""
    for _, statement in wrong_rights(database, spec):
        database.execute(sql.SQL(statement))


def _replace(database: Database, spec: Spec, changed: Sequence[BiObject]) -> None:
    for made in changed:
        _make(database, spec, made)
    definitions = _definitions(database, spec) if changed else {}
    for made in changed:
        (definition_hash,) = definitions[made.place].values()
        digests = {"text_hash": made.text_hash, "definition_hash": definition_hash}
        database.run("warehouse/record_bi_object", {"name": made.name, **digests})


def _make(database: Database, spec: Spec, made: BiObject) -> None:
    """Replace an object in place; if its columns, arguments or results changed, make it anew.

    With other arguments a function gets a twin, and the comment on it is ambiguous.
    """
    database.run("warehouse/savepoint", savepoint="replacing")
    try:
        database.execute(made.statement)
    except _NOT_IN_PLACE:
        database.run("warehouse/rollback_to_savepoint", savepoint="replacing")
        _drop(database, spec, made.place)
        database.execute(made.statement)


def _drop(database: Database, spec: Spec, place: tuple[str, str]) -> None:
    for identity in _definitions(database, spec).get(place, ()):
        try:
            database.run("warehouse/drop_object", object=sql.SQL(identity))
        except errors.DependentObjectsStillExist as error:
            raise built_upon(identity, error) from error


def built_upon(what: str, error: Error) -> PreflightError:
    """The error of a change that would drop what somebody has built on an object of ours."""
    found = "; ".join((error.diag.message_detail or str(error)).splitlines())
    return PreflightError(
        f"warehouse: {what} must be made anew, but something was built on it: {found}. Nothing has"
        " been changed. Keep the definitions of what is named, drop it, clear this task, and create"
        " it again once the snapshot is published (docs/upgrade.md)"
    )


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
    return {*INTERNAL_OBJECTS, *VIEWS_WITH_CURRENT, *twins, *OBJECTS, CLUSTER_CUSTOMERS}


def _objects(database: Database, spec: Spec, extension: str, key_type: KeyType) -> list[BiObject]:
    """Every object, ordered so that each comes after what it calls."""
    return [
        BiObject(
            name,
            _schema_of(name, spec),
            statement,
            hashlib.sha256(statement.as_string(database.connection).encode()).hexdigest()[:16],
        )
        for name, statement in _statements(spec, extension, key_type)
    ]


def _statements(spec: Spec, extension: str, key_type: KeyType) -> list[tuple[str, sql.Composed]]:
    names = _names(spec, extension, key_type)
    optional = [CLUSTER_CUSTOMERS] if Algorithm.PLPYTHON in spec.clustering.algorithms else []
    made = [(name, statements.compose(name, **names)) for name in INTERNAL_OBJECTS]
    for name in VIEWS_WITH_CURRENT:
        view = name.rpartition("/")[2]
        published = statements.compose(
            "publication/shown_published",
            space=spec.internal_schema,
            is_shown=_is_shown(view, spec),
        )
        kinds = (
            ("", "in ({})", published, "for every published snapshot"),
            ("_current", "= ({})", _current(view, spec), "for the current snapshot"),
        )
        for ending, condition, snapshots, scope in kinds:
            statement = statements.compose(
                name,
                **names,
                view=f"{view}{ending}",
                shown=sql.SQL(condition).format(snapshots),
                scope=sql.SQL(scope),
            )
            made.append((f"{name}{ending}", statement))
    made += [(name, statements.compose(name, **names)) for name in (*OBJECTS, *optional)]
    return made


def _current(view: str, spec: Spec) -> sql.Composed:
    if view not in PARTITIONED:
        return statements.compose("publication/shown_current", space=spec.internal_schema)
    table, has_no_rows = PARTITIONED[view]
    return statements.compose(
        "publication/shown_current_partition",
        space=spec.internal_schema,
        table=_lookalikes(spec) if view == "lookalikes" else table,
        has_no_rows=sql.SQL(has_no_rows),
        is_shown=_is_shown(view, spec),
    )


def _lookalikes(spec: Spec) -> str:
    return "public_lookalikes" if spec.hidden_features else "customer_lookalikes"


def _is_shown(view: str, spec: Spec) -> sql.Composable:
    """Lookalikes that were found by a column which has become private since are not shown."""
    if view != "lookalikes" or not spec.hidden_features:
        return sql.SQL("true")
    return sql.SQL("snapshots.hidden_features @> {}::text[]").format(_texts(spec.hidden_features))


def _texts(values: Iterable[str]) -> sql.Composable:
    return sql.Literal(list(values))


def _names(spec: Spec, extension: str, key_type: KeyType) -> dict[str, statements.Name]:
    similarity = {metric: found.similarity_sql for metric, found in OPERATORS.items()}
    contribution = {metric: found.contribution_sql for metric, found in OPERATORS.items()}
    metric = _setting(spec, "metric")
    return {
        "space": spec.internal_schema,
        "bi": spec.bi_schema,
        "extension": extension,
        "extension_name": sql.Literal(extension),
        "key_type": sql.SQL(key_type.value),
        "contribution": _by_metric(metric, contribution),
        "is_cosine": sql.SQL("{} = {}").format(metric, sql.Literal(Metric.COSINE.value)),
        "memory_mb": _setting(spec, "memory_mb"),
        "filterable": _setting(spec, "filterable"),
        "metric": metric,
        "metrics": sql.Literal(_metrics_as_json(extension)),
        **_names_of_privacy(
            spec,
            similarity=_by_metric(sql.SQL("of_snapshot.metric"), similarity),
            private=sql.SQL("coalesce({}, {}::text[])").format(
                _setting(spec, "private"), _texts(spec.private)
            ),
        ),
    }


def _names_of_privacy(
    spec: Spec, similarity: sql.Composable, private: sql.Composable
) -> dict[str, statements.Name]:
    """What the views and functions show of private columns, and of what is made from them."""
    shown = {
        "distance": "distance",
        "membership": "membership",
        "mean_membership": "profiles.membership",
        "center_distance": "center_distance",
        "nearest_cluster_id": "nearest_cluster_id",
    }
    if spec.hidden_features:
        nothing = "null::real as {}"
        shown |= {name: nothing.format(name) for name in ("distance", "membership")}
        shown |= {
            "mean_membership": (
                f"(case when profiles.customers >= {SMALLEST_GROUP}"
                " then round(profiles.membership::numeric, 2) end)::real"
            ),
            "center_distance": nothing.format("center_distance"),
            "nearest_cluster_id": "null::integer as nearest_cluster_id",
        }
    failures = ("failure",) if spec.private else ("failure_detail", "failure")
    return {
        **{name: sql.SQL(text) for name, text in shown.items()},
        "shown_similarity": sql.SQL(
            "round(({})::numeric, 2)" if spec.hidden_features else "({})"
        ).format(similarity),
        "private": private,
        "private_reason": sql.Literal(_reason_pattern(spec.private)),
        "shown_name": (
            statements.compose("segments/shown_name", private=private)
            if spec.private
            else sql.SQL("profiles.name")
        ),
        "failures": statements.comma_separated(
            sql.Identifier(table, column)
            for table in ("run_notes", "snapshot_builds")
            for column in failures
        ),
        "lookalikes": _lookalikes(spec),
        "is_shown_segment": (
            sql.SQL("(as_of, algorithm) not in ({})").format(
                statements.compose(
                    "segments/hidden_segments",
                    space=spec.internal_schema,
                    hidden=_texts(spec.hidden_features),
                    every_algorithm=_texts(algorithm.value for algorithm in Algorithm),
                )
            )
            if spec.hidden_features
            else sql.SQL("true")
        ),
        "is_hidden": sql.Literal(bool(spec.hidden_features)),
        "hidden": _texts(spec.hidden_features),
    }


def _reason_pattern(columns: Iterable[str]) -> str:
    """A regular expression of PostgreSQL for the reasons that name one of the columns."""
    names = "|".join(re.sub(r"(\W)", r"\\\1", column) for column in columns)
    return f"(^|; )({names}): [^;]*"


def _setting(spec: Spec, name: str) -> sql.Composed:
    """A setting by which readers see the current snapshot, as an expression."""
    return sql.SQL("(select shown.{} from {}.reader_settings as shown)").format(
        sql.Identifier(name), sql.Identifier(spec.internal_schema)
    )


def _by_metric(metric: sql.Composable, expressions: Mapping[Metric, str]) -> sql.Composed:
    cases = [
        sql.SQL("when {} then {}").format(sql.Literal(name.value), sql.SQL(expression))
        for name, expression in expressions.items()
    ]
    return sql.SQL("case {} {} end").format(metric, sql.SQL(" ").join(cases))


def _metrics_as_json(extension: str) -> str:
    """Operator and similarity of every metric, for functions that take the metric as argument."""
    schema = '"{}"'.format(extension.replace('"', '""'))
    return json.dumps(
        {
            metric.value: {
                "operator": f"operator({schema}.{found.operator})",
                "similarity": found.similarity_sql,
            }
            for metric, found in OPERATORS.items()
        }
    )
