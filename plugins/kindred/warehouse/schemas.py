"""The schemas of a space: created, migrated and opened to BI by ``prepare``, under a lock."""

import hashlib
import json
from dataclasses import dataclass

from psycopg2 import sql

from kindred.errors import PreflightError
from kindred.spec.clustering import Algorithm
from kindred.spec.metrics import OPERATORS, Metric
from kindred.spec.model import Spec
from kindred.warehouse import statements
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

BI_OBJECTS = (
    "publication/bi/snapshots",
    "lookalikes/bi/lookalikes",
    "lookalikes/bi/lookalikes_current",
    "segments/bi/clusters",
    "segments/bi/clusters_current",
    "segments/bi/cluster_lineage",
    "segments/bi/cluster_lineage_current",
    "segments/bi/cluster_movements",
    "segments/bi/cluster_movements_current",
    "segments/bi/cluster_profiles",
    "segments/bi/cluster_profiles_current",
    "segments/bi/cluster_quality",
    "segments/bi/cluster_summary",
    "segments/bi/cluster_summary_current",
    "serving/bi/index_builds",
    "serving/bi/index_checks",
    "history/bi/rejected_rows",
    "encoding/bi/column_quality",
    "serving/bi/similar_customers",
    "lookalikes/bi/explain_pair",
    "lookalikes/bi/lookalike_audience",
)
CLUSTER_CUSTOMERS = "segments/bi/cluster_customers"
"""The function of ``bi`` that is made only where a spec lists the algorithm ``plpython``."""

INTERNAL_FUNCTIONS = ("serving/check_segment", "serving/row_condition")
"""What functions of ``bi`` call."""


@dataclass(frozen=True)
class Space:
    """Where a space lives in the warehouse."""

    schema: str
    bi_schema: str
    extension_schema: str


def extension_schema_in(database: Database) -> str:
    """The schema that holds pgvector."""
    return str(database.value("warehouse/extension_schema") or "public")


def create_space(database: Database, spec: Spec, key_type: KeyType) -> Space:
    """Bring the warehouse to what this version of Kindred needs; safe to run every night.

    Must be called under ``Resource.SCHEMA``, inside a transaction.

    Raises
    ------
    PreflightError
        when the space was made for another type of key.
    """
    database.run("warehouse/create_reader")
    database.run("warehouse/create_extension")
    database.run("warehouse/create_schema", schema=spec.internal_schema)
    database.run("warehouse/create_schema", schema=spec.bi_schema)
    database.run("warehouse/configure_session", {"schema": spec.internal_schema})
    _create_key_domain(database, spec, key_type)
    _migrate(database)
    space = Space(spec.internal_schema, spec.bi_schema, extension_schema_in(database))
    _create_bi_objects(database, spec, space, key_type)
    return space


def _create_key_domain(database: Database, spec: Spec, key_type: KeyType) -> None:
    existing = database.value("warehouse/key_domain_type", {"schema": spec.internal_schema})
    if existing is None:
        database.execute(_key_domain(key_type))
    elif existing != key_type.value:
        raise PreflightError(
            f"schema {spec.internal_schema} was made for keys of type {existing}, but column"
            f" {spec.source.key!r} of the source is now {key_type}: name a new space for it"
            " (a spec file of another name), or cast the key in the spec's source query"
        )


def _key_domain(key_type: KeyType) -> sql.Composed:
    collation = sql.SQL(' collate "C"' if key_type is KeyType.TEXT else "")
    return sql.SQL("create domain customer_key as {}{}").format(sql.SQL(key_type.value), collation)


def _migrate(database: Database) -> None:
    database.run("warehouse/create_ledger")
    applied = _applied(database)
    for path in sorted((statements.sql_dir() / "warehouse/migrations").glob("[0-9]*.sql")):
        if path.stem not in applied:
            database.run(f"warehouse/migrations/{path.stem}")
            database.run("warehouse/record_migration", {"name": path.stem})


def _applied(database: Database) -> set[str]:
    return {name for (name,) in database.rows("warehouse/applied_migrations")}


def _create_bi_objects(database: Database, spec: Spec, space: Space, key_type: KeyType) -> None:
    """Make views and functions anew where their text changed: a new view locks readers out."""
    operators = OPERATORS[spec.metric]
    applied = _applied(database)
    changed = False
    optional = [CLUSTER_CUSTOMERS] if Algorithm.PLPYTHON in spec.clustering.algorithms else []
    made = [*INTERNAL_FUNCTIONS, *BI_OBJECTS, *optional]
    for name in made:
        statement = statements.compose(
            name,
            space=space.schema,
            bi=space.bi_schema,
            extension=space.extension_schema,
            key_type=sql.SQL(key_type.value),
            operator=sql.SQL(operators.operator),
            similarity=sql.SQL(operators.similarity_sql),
            contribution=sql.SQL(operators.contribution_sql),
            private=sql.Literal(list(spec.private)),
            is_cosine=sql.Literal(spec.metric is Metric.COSINE),
            memory_mb=sql.Literal(spec.clustering.plpython.memory_mb),
            filterable=sql.SQL("{}::text[]").format(sql.Literal(list(spec.filterable_columns))),
            metric=sql.Literal(spec.metric.value),
            metrics=sql.Literal(_metrics_as_json()),
        )
        text = statement.as_string(database.connection)
        version = f"{name}@{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        if version not in applied:
            database.execute(statement)
            database.run("warehouse/record_migration", {"name": version})
            changed = True
    if changed:
        database.run("warehouse/grant_reader", bi=space.bi_schema)


def _metrics_as_json() -> str:
    """Operator and similarity of every metric, for functions that are asked for any of them."""
    return json.dumps(
        {
            metric.value: {"operator": found.operator, "similarity": found.similarity_sql}
            for metric, found in OPERATORS.items()
        }
    )


def key_type_in(database: Database, schema: str) -> KeyType:
    """The key type a prepared space was made for.

    Raises
    ------
    PreflightError
        when the space has not been prepared.
    """
    existing = database.value("warehouse/key_domain_type", {"schema": schema})
    if existing is None:
        raise PreflightError(f"schema {schema} has not been prepared: run the DAG or 'kindred fit'")
    return KeyType(existing)
