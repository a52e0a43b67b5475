"""``bi.customers``: the one view whose columns are those of the spec."""

from collections.abc import Collection, Iterator, Mapping

from psycopg2 import sql

from kindred.spec.features import Kind
from kindred.spec.model import Spec
from kindred.warehouse import statements

CUSTOMERS = "history/bi/customers"

OWN = ("as_of", "customer_id")


def compose_customers(
    spec: Spec, landed: Collection[str], names: Mapping[str, statements.Name]
) -> sql.Composed:
    """The statement that makes the view; every name and text of the spec is quoted by the driver.

    ``landed``: the columns of the history in their order, which only grows: so one that the spec
    gains is the last, and the view is replaced in place. ``names``: of the other placeholders.
    """
    algorithms = [str(algorithm) for algorithm in spec.clustering.algorithms]
    wanted = [column for column in landed if column in _shown_columns(spec)]
    named = dict(zip(wanted, _free_names(wanted, {*OWN, *_segment_names(algorithms)}), strict=True))
    flags: list[sql.Composable] = []
    selected: list[sql.Composable] = []

    def show(condition: sql.Composable, source: tuple[str, str], name: str) -> None:
        """Ask once whether the column is shown: to ask per row took longer than to read it."""
        flag = f"shows_{len(flags)}"
        flags.append(sql.SQL("{} as {}").format(condition, sql.Identifier(flag)))
        case = sql.SQL("case when shown.{} then {} end as {}")
        parts = (sql.Identifier(flag), sql.Identifier(*source), sql.Identifier(name))
        selected.append(case.format(*parts))

    for algorithm in algorithms:
        is_shown = sql.SQL("{} <> all (settings.hidden_algorithms)").format(sql.Literal(algorithm))
        for source, name in zip(("cluster_id", "name"), _segment_names([algorithm]), strict=True):
            show(is_shown, (f"{algorithm}_clusters", source), name)
    for column, name in named.items():
        is_shown = sql.SQL("{} = any (settings.filterable)").format(sql.Literal(column))
        show(is_shown, ("version", column), name)
    joins = [_join(algorithm, names["space"]) for algorithm in algorithms]
    described = {**dict(_described_segments(algorithms))}
    described |= {name: _described(spec, column) for column, name in named.items()}
    comments = [
        statements.compose(
            "history/comment_on_column", bi=names["bi"], name=name, comment=sql.Literal(comment)
        )
        for name, comment in described.items()
    ]
    parts = {
        "flags": statements.further(flags),
        "shown_columns": statements.further(selected),
        "joins": sql.SQL(" ").join(joins),
        "comments": sql.SQL("").join(comments),
    }
    return statements.compose(CUSTOMERS, **names, **parts)


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
