"""The views and functions that BI reads, recreated when their text has changed."""

import hashlib
import json

from psycopg2 import sql

from kindred.spec.clustering import Algorithm
from kindred.spec.metrics import OPERATORS, Metric
from kindred.spec.model import Spec
from kindred.warehouse import statements
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

INTERNAL_FUNCTIONS = ("serving/check_segment", "serving/row_condition")
"""Internal functions that the functions of ``bi`` call."""

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


def applied_names(database: Database) -> set[str]:
    """Names of what is applied: migrations, and views and functions with a hash of their text."""
    return {name for (name,) in database.rows("warehouse/applied_migrations")}


def create_bi_objects(database: Database, spec: Spec, extension: str, key_type: KeyType) -> None:
    """Recreate the views and functions whose text changed; others stay, as this locks readers out.

    The caller must hold ``Resource.SCHEMA``, inside a transaction; ``extension`` is the schema of
    pgvector.
    """
    applied = applied_names(database)
    changed = False
    for name, statement in _statements(spec, extension, key_type):
        text = statement.as_string(database.connection)
        version = f"{name}@{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        if version not in applied:
            database.execute(statement)
            database.run("warehouse/record_migration", {"name": version})
            changed = True
    if changed:
        database.run("warehouse/grant_reader", bi=spec.bi_schema)


def _statements(spec: Spec, extension: str, key_type: KeyType) -> list[tuple[str, sql.Composed]]:
    """Every object with its name, ordered so that each comes after what it calls."""
    names = _names(spec, extension, key_type)
    optional = [CLUSTER_CUSTOMERS] if Algorithm.PLPYTHON in spec.clustering.algorithms else []
    made = [(name, statements.compose(name, **names)) for name in INTERNAL_FUNCTIONS]
    for name in VIEWS_WITH_CURRENT:
        view = name.rpartition("/")[2]
        published = statements.compose("publication/shown_published", space=spec.internal_schema)
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
        table=table,
        has_no_rows=sql.SQL(has_no_rows),
    )


def _names(spec: Spec, extension: str, key_type: KeyType) -> dict[str, statements.Name]:
    operators = OPERATORS[spec.metric]
    return {
        "space": spec.internal_schema,
        "bi": spec.bi_schema,
        "extension": extension,
        "extension_name": sql.Literal(extension),
        "key_type": sql.SQL(key_type.value),
        "operator": sql.SQL(operators.operator),
        "similarity": sql.SQL(operators.similarity_sql),
        "contribution": sql.SQL(operators.contribution_sql),
        "private": sql.Literal(list(spec.private)),
        "is_cosine": sql.Literal(spec.metric is Metric.COSINE),
        "memory_mb": sql.Literal(spec.clustering.plpython.memory_mb),
        "filterable": sql.SQL("{}::text[]").format(sql.Literal(list(spec.filterable_columns))),
        "metric": sql.Literal(spec.metric.value),
        "metrics": sql.Literal(_metrics_as_json(extension)),
    }


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
