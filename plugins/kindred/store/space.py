"""The schemas of a space: created, migrated and opened to BI by ``prepare``, under a lock."""

import hashlib
import json
from dataclasses import dataclass

from psycopg2 import sql

from kindred.clustering import Algorithm
from kindred.errors import PreflightError
from kindred.metrics import OPERATORS, Metric
from kindred.spec import Spec
from kindred.store import statements
from kindred.store.database import Database
from kindred.store.keys import KeyType

BI_OBJECTS = (
    "snapshots",
    "lookalikes",
    "lookalikes_current",
    "clusters",
    "clusters_current",
    "cluster_lineage",
    "cluster_lineage_current",
    "cluster_movements",
    "cluster_movements_current",
    "cluster_profiles",
    "cluster_profiles_current",
    "cluster_quality",
    "cluster_summary",
    "cluster_summary_current",
    "index_builds",
    "index_checks",
    "rejected_rows",
    "column_quality",
    "similar_customers",
    "explain_pair",
    "lookalike_audience",
)
CLUSTER_CUSTOMERS = "plpython/cluster_customers"
"""The function of ``bi`` that is made only where a spec lists the algorithm ``plpython``."""

INTERNAL_FUNCTIONS = ("functions/check_segment", "functions/row_condition")
"""What functions of ``bi`` call."""


@dataclass(frozen=True)
class Space:
    """Where a space lives in the warehouse."""

    schema: str
    bi_schema: str
    extension_schema: str


def extension_schema_in(database: Database) -> str:
    """The schema that holds pgvector."""
    return str(database.value("space/extension_schema") or "public")


def create_space(database: Database, spec: Spec, key_type: KeyType) -> Space:
    """Bring the warehouse to what this version of Kindred needs; safe to run every night.

    Must be called under ``Resource.SCHEMA``, inside a transaction.

    Raises
    ------
    PreflightError
        when the space was made for another type of key.
    """
    database.run("space/create_reader")
    database.run("space/create_extension")
    database.run("space/create_schema", schema=spec.internal_schema)
    database.run("space/create_schema", schema=spec.bi_schema)
    database.run("session/configure", {"schema": spec.internal_schema})
    _create_key_domain(database, spec, key_type)
    _migrate(database)
    space = Space(spec.internal_schema, spec.bi_schema, extension_schema_in(database))
    _create_bi_objects(database, spec, space, key_type)
    return space


def _create_key_domain(database: Database, spec: Spec, key_type: KeyType) -> None:
    existing = database.value("space/key_domain_type", {"schema": spec.internal_schema})
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
    database.run("space/create_ledger")
    applied = _applied(database)
    for path in sorted((statements.sql_dir() / "schema").glob("[0-9]*.sql")):
        if path.stem not in applied:
            database.run(f"schema/{path.stem}")
            database.run("space/record", {"name": path.stem})


def _applied(database: Database) -> set[str]:
    return {name for (name,) in database.rows("space/applied")}


def _create_bi_objects(database: Database, spec: Spec, space: Space, key_type: KeyType) -> None:
    """Make views and functions anew where their text changed: a new view locks readers out."""
    operators = OPERATORS[spec.metric]
    applied = _applied(database)
    changed = False
    optional = [CLUSTER_CUSTOMERS] if Algorithm.PLPYTHON in spec.clustering.algorithms else []
    made = [*INTERNAL_FUNCTIONS, *(f"bi/{name}" for name in BI_OBJECTS), *optional]
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
            database.run("space/record", {"name": version})
            changed = True
    if changed:
        database.run("space/grant_reader", bi=space.bi_schema)


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
    existing = database.value("space/key_domain_type", {"schema": schema})
    if existing is None:
        raise PreflightError(f"schema {schema} has not been prepared: run the DAG or 'kindred fit'")
    return KeyType(existing)
