"""The parts of the page: which there are, and from a session to their HTML."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock

from kindred.errors import DataError
from kindred.page.person_rows import has_view, read_algorithms
from kindred.page.shell import Link
from kindred.reports import figure_rows, sections
from kindred.reports.chart import Section
from kindred.reports.document import section_html
from kindred.reports.figures import Night, Scope
from kindred.reports.report import MOST_MOVES, main_algorithm
from kindred.warehouse.database import Database

NIGHT, LOOKUP = "night", "lookup"
_DRAWN = 64
"""Drawings that are kept: what has been looked at lately, at most 0.4 MB each."""

EMPTY = "The snapshot has nothing to show here."

Read = Callable[[Database, Scope, str], tuple[object, Section]]


def links(database: Database, scope: Scope, *, has_lookup: bool) -> list[Link]:
    """The parts of a snapshot; segments have one per algorithm."""
    found: list[Link] = [("Night", {"part": NIGHT})]
    if has_view(database, scope, "customer_map"):
        found.append(("Map", {"part": "map"}))
    for name in read_algorithms(database, scope):
        found.append((f"Segments by {name}", {"part": "segments", "algorithm": name}))
    found += [(title, {"part": title.lower()}) for title in ("Lookalikes", "Index", "Audiences")]
    found.append(("Recommendations", {"part": "recommendations"}))
    return [*found, ("Look up", {"part": LOOKUP})] if has_lookup else found


def read_part(database: Database, scope: Scope, part: Mapping[str, str]) -> tuple[str, Section]:
    """A part, and all the figures that it is made of as a text, by which `drawn` knows it.

    Raises
    ------
    DataError
        when the snapshot has no such part.
    """
    read = _READ.get(part["part"])
    if read is None:
        raise DataError("the page has no such part; choose one of those above")
    figures, section = read(database, scope, part.get("algorithm", ""))
    if not (section.facts or section.blocks or section.lead):
        section = Section(section.anchor, section.title, (EMPTY,))
    return f"{section.anchor} {figures!r}", section


_kept: OrderedDict[bytes, str] = OrderedDict()
_lock = Lock()


def drawn(content: str, section: Section) -> str:
    """A section's HTML, drawn anew only if its ``content`` has changed since it was looked at.

    To draw a chart takes 50 ms of processor time, more than to read its figures.
    """
    key = hashlib.sha256(content.encode()).digest()
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = section_html(section)
    with _lock:
        _kept[key] = made
        while len(_kept) > _DRAWN:
            _kept.popitem(last=False)
    return made


def _night(database: Database, scope: Scope, _: str) -> tuple[object, Section]:
    night = figure_rows.read_night(database, scope)
    return night, sections.night_section(night)


def _map(database: Database, scope: Scope, _: str) -> tuple[object, Section]:
    segmentations = figure_rows.read_segments(database, scope)
    mapped = main_algorithm(segmentations)
    algorithm = None if mapped is None else mapped.algorithm
    clusters = [] if mapped is None else [one.cluster_id for one in mapped.segments]
    found = figure_rows.read_map(database, scope, algorithm, clusters)
    section = sections.map_section(found, segmentations, algorithm)
    return (found, mapped), section


def _segments(database: Database, scope: Scope, algorithm: str) -> tuple[object, Section]:
    found = [
        one for one in figure_rows.read_segments(database, scope) if one.algorithm == algorithm
    ]
    if not found:
        raise DataError("the snapshot shows no segments by this algorithm; choose one of the above")
    moves = figure_rows.read_moves(database, scope, algorithm, most=MOST_MOVES)
    night = Night(scope, (), (), (), (), ())
    return (found, moves, scope), sections.segment_section(found[0], moves, night)


def _lookalikes(database: Database, scope: Scope, _: str) -> tuple[object, Section]:
    found = figure_rows.read_lookalikes(database, scope)
    return found, sections.lookalike_section(found, ())


def _index(database: Database, scope: Scope, _: str) -> tuple[object, Section]:
    found = figure_rows.read_index(database, scope)
    night = Night(scope, (), (), (), (), ())
    return (found, scope), sections.index_section(found, night)


def _audiences(database: Database, scope: Scope, _: str) -> tuple[object, Section]:
    found = figure_rows.read_audiences(database, scope)
    return found, sections.audience_section(found)


def _recommendations(database: Database, scope: Scope, _: str) -> tuple[object, Section]:
    found = figure_rows.read_recommendations(database, scope)
    return found, sections.recommendation_section(found)


_READ: dict[str, Read] = {
    NIGHT: _night,
    "map": _map,
    "segments": _segments,
    "lookalikes": _lookalikes,
    "index": _index,
    "audiences": _audiences,
    "recommendations": _recommendations,
}
