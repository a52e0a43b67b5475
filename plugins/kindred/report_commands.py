"""The commands ``kindred report``, ``lookalikes``, ``segments`` and ``snapshots``."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kindred.artefacts.folder import snapshot_slug
from kindred.artefacts.stored_reports import write_file
from kindred.command_context import SpaceOption, deployment, spec_of
from kindred.errors import DataError, NothingPublishedError
from kindred.run.connections import WAREHOUSE
from kindred.spec.model import DEFAULT_SPACE, bi_schema_of
from kindred.spec.names import listed, plain
from kindred.spec.spec_files import spec_paths

if TYPE_CHECKING:
    from kindred.reports.figures import Segmentation, Trait
    from kindred.reports.figures_of_lists import Example
    from kindred.warehouse.database import Database

app = typer.Typer()
console = Console(emoji=False)
SHOWN_OUTCOMES = 2
MOST_CONTRIBUTIONS = 10
"""Columns that a distance is explained by; those that add less are one line."""

_NARROW, _LEAST = 16, 10
"""Characters of columns that are never folded, and that a folded one has at least."""

AsOfOption = Annotated[
    str | None,
    typer.Option(
        help="The snapshot, as in bi.snapshots; a date: the newest of that day by the schedule's"
        " clock; default: the current."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command()
def report(
    space: SpaceOption = DEFAULT_SPACE,
    as_of: AsOfOption = None,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; default: one of this folder.")
    ] = None,
    examples: Annotated[
        bool, typer.Option("--examples", help="Also show single customers, by their ids.")
    ] = False,
) -> None:
    """Write the report of a snapshot: one file of HTML, from what bi shows."""
    from kindred.reports.figure_rows import as_of_asked
    from kindred.reports.report import read_figures, report_html

    schema = spec_of(space).bi_schema
    with _reader("report", space) as database:
        moment = as_of_asked(database, schema, as_of)
        figures = read_figures(database, space, schema, moment, has_examples=examples)
    text, found = report_html(figures), figures.night.scope.as_of
    path = Path(f"kindred_{space}_{snapshot_slug(found)}.html") if out is None else out
    write_file(str(path.absolute()), text)
    _say(f"report of {found.isoformat()}: {path} ({len(text.encode()) / 1e6:.1f} MB)")
    if examples:
        _say("it shows single customers: keep it where they may be seen; erasure cannot find it")


@app.command()
def lookalikes(
    customer_id: Annotated[str, typer.Argument(help="The customer's id.")],
    space: SpaceOption = DEFAULT_SPACE,
    as_of: AsOfOption = None,
    most: Annotated[int, typer.Option("--n", min=1, help="How many, at most the spec's k.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show who is most like a customer, and why the first one is."""
    from kindred.reports import figure_rows

    schema = spec_of(space).bi_schema
    with _reader("lookalikes", space) as database:
        moment = figure_rows.as_of_asked(database, schema, as_of)
        scope = figure_rows.find_scope(database, schema, moment, most_nights=1)
        found = figure_rows.read_example(database, scope, customer_id, most=most)
    if not (found.lookalikes or found.segments):
        raise DataError(
            f"snapshot {scope.as_of.isoformat()} has no customer of this id"
            f" ({len(customer_id)} characters)"
        )
    if as_json:
        _print_json({"as_of": scope.as_of, **asdict(found)}, without=("title",))
        return
    _say(f"customer {plain(found.customer_id)}, snapshot {scope.as_of.isoformat()}")
    for algorithm, cluster, name in found.segments:
        where = "in no segment" if cluster < 0 else f"segment {cluster}"
        _say(f"{algorithm}: {where}{f', {plain(name)}' if name else ''}")
    _print_lookalikes(found)


def _print_lookalikes(found: "Example") -> None:
    """Who is similar, and what adds most to the distance of the first."""
    from kindred.reports.hidden import WITHOUT_DISTANCES

    hides_distances = all(one.distance is None for one in found.lookalikes)
    distances = [() if hides_distances else (one.distance,) for one in found.lookalikes]
    _print_table(
        ("rank", "lookalike", *(() if hides_distances else ("distance",)), "similarity"),
        [
            (one.rank, one.lookalike_id, *distance, one.similarity)
            for one, distance in zip(found.lookalikes, distances, strict=True)
        ],
    )
    if hides_distances and found.lookalikes:
        _say(WITHOUT_DISTANCES)
    known = [one for one in found.contributions if one.share is not None]
    known.sort(key=lambda one: -(one.share or 0))
    rest = [one.share or 0 for one in known[MOST_CONTRIBUTIONS:]]
    if known:
        _say(f"what sets customer {plain(found.lookalikes[0].lookalike_id)} apart:")
        _print_table(
            (
                "column",
                "share of the public distance" if hides_distances else "share of the distance",
                "customer",
                "lookalike",
            ),
            [
                (one.column_name, _percent(one.share), one.value_a, one.value_b)
                for one in known[:MOST_CONTRIBUTIONS]
            ]
            + ([(f"{len(rest)} others", _percent(sum(rest)), None, None)] if rest else []),
        )


@app.command()
def segments(
    space: SpaceOption = DEFAULT_SPACE,
    as_of: AsOfOption = None,
    algorithm: Annotated[str | None, typer.Option(help="One algorithm; default: all.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the segments of a snapshot: names, sizes, outcomes, and what is telling of each."""
    from kindred.reports import figure_rows
    from kindred.reports.hidden import why_hidden
    from kindred.reports.report import main_algorithm

    schema = spec_of(space).bi_schema
    with _reader("segments", space) as database, database.repeatable_read():
        moment = figure_rows.as_of_asked(database, schema, as_of)
        scope = figure_rows.find_scope(database, schema, moment, most_nights=1)
        everything = figure_rows.read_segments(database, scope, most=1000)
    main = main_algorithm(everything)
    found = [one for one in everything if algorithm in (None, one.algorithm)]
    found.sort(key=lambda one: one is not main)  # as in the report
    hidden = [name for name in scope.snapshot.hidden_algorithms or () if algorithm in (None, name)]
    if not found:
        known = ", ".join(one.algorithm for one in everything)
        there = f"; there are those by: {known or 'none'}" if known or not hidden else ""
        raise DataError(
            f"snapshot {scope.as_of.isoformat()} shows no segments"
            f"{f' by {plain(algorithm)}' if algorithm else ''}{there}"
            f"{f'; {why_hidden(hidden)}' if hidden else ''}"
        )
    if as_json:
        content = {"as_of": scope.as_of, **_content_of(found), "hidden_algorithms": hidden}
        _print_json(content)
        return
    _say(f"segments of snapshot {scope.as_of.isoformat()}")
    for one in found:
        _print_segments(one)
    if hidden:
        _say(why_hidden(hidden))


def _content_of(found: "Sequence[Segmentation]") -> dict[str, list[dict[str, Any]]]:
    """The segments of several algorithms, for programs."""
    return {
        "segments": [_without_medoid(asdict(segment)) for one in found for segment in one.segments],
        "in_no_segment": [
            {"algorithm": one.algorithm, "customers": number, "share": alone}
            for one in found
            for number, alone in _in_no_segment(one)
        ],
        "traits": [
            {"algorithm": one.algorithm, **asdict(trait)} for one in found for trait in one.traits
        ],
    }


def _print_segments(found: "Segmentation") -> None:
    """The segments of an algorithm with their outcomes, and how many customers are in none."""
    from kindred.reports.outcome_charts import strongest_outcomes

    strongest = strongest_outcomes(found)
    titles = list(strongest)[:SHOWN_OUTCOMES]
    outcomes = {
        (trait.cluster_id, title): _estimate(trait)
        for title in titles
        for trait in strongest[title]
    }
    rows: list[Sequence[object]] = [
        (
            segment.cluster_id,
            f"{segment.customers:,}",
            _percent(segment.share),
            *(outcomes.get((segment.cluster_id, title)) for title in titles),
            segment.name,
        )
        for segment in found.segments
    ]
    rows += [
        ("", f"{number:,}", _percent(alone), *(None for _ in titles), "in no segment")
        for number, alone in _in_no_segment(found)
    ]
    _print_table((found.algorithm, "customers", "share", *titles, "name"), rows)


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0):.1f}%"


def _in_no_segment(found: "Segmentation") -> list[tuple[int, float]]:
    """How many customers an algorithm has put into no segment, and their share; none if nobody."""
    shares = [(one.customers, one.noise_share) for one in found.quality[:1]]
    return [(round(alone * customers), alone) for customers, alone in shares if alone > 0]


def _estimate(trait: "Trait") -> str | None:
    from kindred.reports.wording import figure, share

    if trait.estimate is None:
        return None
    return share(trait.estimate) if trait.is_share else figure(trait.estimate)


def _without_medoid(segment: dict[str, Any]) -> dict[str, Any]:
    """A segment without a customer, and without the number of all."""
    return {name: value for name, value in segment.items() if name not in ("medoid_id", "segments")}


@app.command()
def snapshots(space: SpaceOption = DEFAULT_SPACE, as_json: JsonOption = False) -> None:
    """Show the snapshots of a space: published ones, failed ones, and which one is current."""
    from kindred.reports import figure_rows

    schema = spec_of(space).bi_schema
    with _reader("snapshots", space) as database:
        found = figure_rows.read_states(database, schema)
        hint = "" if found else _elsewhere(database, space)
    if as_json:
        _print_json([asdict(one) for one in found])
        return
    if not found:
        _say(f"space {space} has no snapshots yet: run the DAG{hint}")
        return
    _print_table(
        ("as of", "status", "customers", "rejected", "recall", "to know"),
        [
            (
                f"{one.as_of:%Y-%m-%dT%H:%M}",
                "current" if one.is_current else one.status,
                "" if one.customers is None else f"{one.customers:,}",
                "" if one.rows_rejected is None else f"{one.rows_rejected:,}",
                one.recall,
                one.remark,
            )
            for one in found
        ],
    )


@contextmanager
def _reader(command: str, space: str) -> "Iterator[Database]":
    """A session that writes nothing, and finds no table but by its schema.

    Where the space shows nothing, the error names those that do.
    """
    with deployment().reader(WAREHOUSE, f"kindred {command}", schema="") as database:
        try:
            yield database
        except NothingPublishedError as error:
            text = f"{error}{_elsewhere(database, space)}"
            raise NothingPublishedError(text) from error


def _elsewhere(database: "Database", space: str) -> str:
    """The spaces that have a snapshot, where the one that was asked for has none."""
    from kindred.reports.figure_rows import has_snapshot

    others = [name for name in spec_paths() if name != space]
    found = [name for name in others if has_snapshot(database, bi_schema_of(name))]
    if not found:
        return ""
    return f". Space {space} shows nothing, but others do: {listed(found)}; add --space {found[0]}"


def _say(text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table as wide as the terminal: wide columns are folded, and none is left out."""
    heads = [plain(column) for column in columns]
    lines = [[_cell(value) for value in row] for row in rows]
    table = Table(box=None, pad_edge=False)
    for place, head in enumerate(heads):
        widest = max(map(cell_len, (head, *(line[place] for line in lines))))
        is_narrow = widest <= _NARROW
        least = widest if is_narrow else _LEAST
        table.add_column(escape(head), overflow="fold", no_wrap=is_narrow, min_width=least)
    for line in lines:
        table.add_row(*map(escape, line))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else plain(str(value))


def _print_json(content: Any, without: Sequence[str] = ()) -> None:
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if name not in without}
    typer.echo(json.dumps(content, indent=1, default=_as_json))


def _as_json(value: object) -> str:
    if isinstance(value, date):  # moments among them
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
