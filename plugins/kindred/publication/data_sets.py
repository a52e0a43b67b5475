"""What a snapshot is made of, and what readers find, as data sets: names of columns, no values."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from kindred.events import event_source
from kindred.history import source
from kindred.history.source_errors import SOURCE, reading
from kindred.run.context import Run
from kindred.spec.events import Catalogue
from kindred.spec.model import Spec
from kindred.spec.source import Relation
from kindred.warehouse.database import Database
from kindred.warehouse.relations import address_of, place_of, relations_read, views_of

OF_CUSTOMERS = ("customer_id", "lookalike_id")
"""Columns of views that hold keys of customers, whichever view it is."""
OF_ITEMS = ("recommendations", "recommendations_current")
"""Views whose column ``item`` holds items of the events that recommendations are made of."""


@dataclass(frozen=True)
class Place:
    """A table or view of a database."""

    host: str
    port: int
    database: str
    schema: str
    name: str


@dataclass(frozen=True)
class Column:
    """A column; ``origins``: the columns of sources that it repeats, each with its place."""

    name: str
    type_name: str | None = None
    comment: str | None = None
    origins: tuple[tuple[Place, str], ...] = ()


@dataclass(frozen=True)
class DataSet:
    """A table or view, with the columns that are read or shown.

    ``columns`` is empty for the tables of a query: which of theirs it reads, nobody says.
    """

    place: Place
    columns: tuple[Column, ...] = ()


Wanted = Collection[str]
Sources = dict[str, list[DataSet]]
"""The data sets of each part of a spec: ``source``, ``events.purchases`` and so on."""


def read_sources(run: Run) -> Sources:
    """The tables of customers, events and the catalogue, with the columns that the spec reads.

    Raises
    ------
    PreflightError
        when one can no longer be read.
    """
    found: Sources = {}
    for section, (relation, wanted) in _relations(run.spec).items():
        label = run.label("lineage")
        with run.deployment.reader(relation.connection, label) as origin:
            found[section] = list(_data_sets(origin, relation, section, wanted))
    return found


def _relations(spec: Spec) -> dict[str, tuple[Relation, Wanted]]:
    relations: dict[str, tuple[Relation, Wanted]] = {}
    if spec.source.events is None:
        relations[SOURCE] = spec.source, source.wanted_columns(spec)
    for name, events in spec.events.items():
        relations[f"events.{name}"] = events, event_source.wanted_columns(spec, name)
    catalogue = spec.recommendations.catalogue if spec.recommendations else None
    if catalogue is not None:
        relations["recommendations.catalogue"] = catalogue, _columns_of(catalogue)
    return relations


def _columns_of(catalogue: Catalogue) -> Wanted:
    named = (catalogue.key, catalogue.name, catalogue.available)
    return [column for column in named if column is not None]


def _data_sets(
    origin: Database, relation: Relation, section: str, wanted: Wanted
) -> Iterator[DataSet]:
    types = source.column_types(origin, relation, section)
    address = address_of(origin)
    with reading(origin, relation, section):
        read = source.relation(relation)
        if relation.table is None:
            yield from (DataSet(Place(*address, *place)) for place in relations_read(origin, read))
            return
        place = place_of(origin, read.as_string(origin.connection))
    columns = tuple(Column(name, types[name][0]) for name in types if name in wanted)
    if place is not None:
        yield DataSet(Place(*address, *place), columns)


def read_views(
    run: Run, warehouse: Database, sources: Mapping[str, list[DataSet]]
) -> list[DataSet]:
    """The views of ``bi``, with all columns, and where the public ones come from."""
    address, schema = address_of(warehouse), run.spec.bi_schema
    return [
        DataSet(
            Place(*address, schema, view),
            tuple(
                Column(
                    column.name,
                    column.type_name,
                    column.comment,
                    tuple(origins_of(run.spec, view, column.name, sources)),
                )
                for column in columns
            ),
        )
        for view, columns in views_of(warehouse, schema)
    ]


def origins_of(
    spec: Spec, view: str, column: str, sources: Mapping[str, list[DataSet]]
) -> Iterator[tuple[Place, str]]:
    """The columns of tables that a column of a view repeats; none of a private column."""
    if column in OF_CUSTOMERS:
        section = SOURCE if spec.source.events is None else f"events.{spec.source.events}"
        repeated = {section: spec.source.key}
    elif view == "customers" and column in spec.filterable_columns:
        repeated = {SOURCE: column}
    elif view in OF_ITEMS and column == "item" and spec.recommendations is not None:
        name = spec.recommendations.of
        repeated = {f"events.{name}": _public(spec, spec.events[name].item)}
    else:
        return
    for section, name in repeated.items():
        for data_set in sources.get(section, ()):
            if name in {one.name for one in data_set.columns}:
                yield data_set.place, name


def _public(spec: Spec, item: str | None) -> str:
    return "" if item is None or {"item", item} & {*spec.private} else item
