"""``bi.customers``: the one view whose columns are those of the spec."""

from collections.abc import Collection, Iterator, Mapping

from psycopg2 import sql

from kindred.spec.features import Kind
from kindred.spec.model import Spec
from kindred.warehouse import statements

CUSTOMERS = "history/bi/customers"

OWN = ("as_of", "customer_id")
LOST = "Null: no column of the spec any more. It stays as long as something is built on this view."

Shown = tuple[sql.Composable, tuple[str, str]]
"""Whether readers see a column, as an expression, and which column of the joins it is."""


def compose_customers(
    spec: Spec,
    landed: Collection[str],
    kept: Mapping[str, str],
    names: Mapping[str, statements.Name],
) -> sql.Composed:
    """The statement that makes the view; every name and text of the spec is quoted by the driver.

    ``landed``: the columns of the history in their order, which only grows: so one that the spec
    gains is the last, and the view is replaced in place. ``kept``: the columns that the view has,
    with their types, if something is built on it: they stay where they are, and those that the spec
    does not show are null, so that the view is replaced in place whatever the spec has lost.
    ``names``: of the other placeholders.
    """
    algorithms = [str(algorithm) for algorithm in spec.clustering.algorithms]
    wanted = [column for column in landed if column in _shown_columns(spec)]
    named = dict(zip(wanted, _free_names(wanted, {*OWN, *_segment_names(algorithms)}), strict=True))
    shown = {**_segment_columns(algorithms), **_own_columns(named)}
    lost = {name: kind for name, kind in kept.items() if name not in (*OWN, *shown)}
    flags: list[sql.Composable] = []
    selected: list[sql.Composable] = []
    for name in dict.fromkeys([*kept, *shown]):
        if name in shown:
            # Asked once whether the column is shown: to ask per row took longer than to read it.
            condition, source = shown[name]
            flag = f"shows_{len(flags)}"
            flags.append(sql.SQL("{} as {}").format(condition, sql.Identifier(flag)))
            case = sql.SQL("case when shown.{} then {} end as {}")
            parts = (sql.Identifier(flag), sql.Identifier(*source), sql.Identifier(name))
            selected.append(case.format(*parts))
        elif name in lost:
            null = sql.SQL("null::{} as {}")
            selected.append(null.format(sql.SQL(lost[name]), sql.Identifier(name)))
    joins = [_join(algorithm, names["space"]) for algorithm in algorithms]
    described = dict(_described_segments(algorithms))
    described |= {name: _described(spec, column) for column, name in named.items()}
    described |= dict.fromkeys(lost, LOST)
    comments = [
        statements.compose(
            "history/comment_on_column", bi=names["bi"], name=name, comment=sql.Literal(comment)
        )
        for name, comment in described.items()
    ]
    filled = {
        "flags": statements.further(flags),
        "shown_columns": statements.further(selected),
        "joins": sql.SQL(" ").join(joins),
        "comments": sql.SQL("").join(comments),
    }
    return statements.compose(CUSTOMERS, **names, **filled)


def _shown_columns(spec: Spec) -> set[str]:
    texts = {name for name, feature in spec.features.items() if feature.kind is Kind.TEXT}
    return {*spec.filterable_columns} - texts


def _free_names(columns: Collection[str], taken: set[str]) -> Iterator[str]:
    """The columns' own names; one of the view's gets underscores until it is free."""
    for column in columns:
        name = column
        while name in taken or (name != column and name in columns):
            name += "_"
        taken = taken | {name}
        yield name


def _segment_names(algorithms: Collection[str]) -> Iterator[str]:
    for algorithm in algorithms:
        yield from (f"{algorithm}_cluster_id", f"{algorithm}_cluster_name")


def _segment_columns(algorithms: Collection[str]) -> dict[str, Shown]:
    is_shown = sql.SQL("{} <> all (settings.hidden_algorithms)")
    return {
        name: (is_shown.format(sql.Literal(algorithm)), (f"{algorithm}_clusters", source))
        for algorithm in algorithms
        for source, name in zip(("cluster_id", "name"), _segment_names([algorithm]), strict=True)
    }


def _own_columns(named: Mapping[str, str]) -> dict[str, Shown]:
    is_shown = sql.SQL("{} = any (settings.filterable)")
    return {
        name: (is_shown.format(sql.Literal(column)), ("version", column))
        for column, name in named.items()
    }


def _join(algorithm: str, space: statements.Name) -> sql.Composed:
    found = statements.compose(
        "history/segments_of_algorithm", space=space, algorithm=sql.Literal(algorithm)
    )
    return sql.SQL("left join ({}) as {} on {} = placed.customer_id").format(
        found,
        sql.Identifier(f"{algorithm}_clusters"),
        sql.Identifier(f"{algorithm}_clusters", "customer_id"),
    )


def _described_segments(algorithms: Collection[str]) -> Iterator[tuple[str, str]]:
    for algorithm in algorithms:
        id_name, name_name = _segment_names([algorithm])
        yield (
            id_name,
            f"The customer's segment by {algorithm}, as in clusters_current; -1 is noise.",
        )
        yield name_name, "The name of that segment, as in cluster_summary_current."


def _described(spec: Spec, column: str) -> str:
    feature = spec.features.get(column)
    role = "a label, which is not encoded" if feature is None else f"a {feature.kind} feature"
    return f"Column {column} of the source: {role}. Null once it is private."
