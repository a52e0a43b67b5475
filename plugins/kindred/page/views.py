"""What the page answers: rights first, then a session, then the drawing without one."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from typing import Any
from urllib.parse import urlencode

from fastapi import HTTPException

from kindred.artefacts.folder import snapshot_slug
from kindred.errors import DataError
from kindred.page import found_html, parts
from kindred.page.access import Access, Answer
from kindred.page.bi_session import opened
from kindred.page.person_rows import read_members, read_person
from kindred.page.shell import Place, message, page
from kindred.reports.figure_rows import as_of_asked, find_scope, has_snapshot, read_audiences
from kindred.reports.figures import Scope
from kindred.reports.figures_of_lists import Audiences
from kindred.reports.report import read_figures, report_html
from kindred.reports.wording import count, moment, several
from kindred.spec.model import bi_schema_of
from kindred.spec.names import plain
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

Asked = Mapping[str, str]
Draw = Callable[[], str]
Read = Callable[[Database, Scope, Place], Draw]
"""Reads what is looked up, and returns what draws it without a session."""

MOST_NIGHTS = 100
MOST_AUDIENCES = 500
MOST_LOGGED = 600
LARGEST_RANK = 2**31
NO_SPACE = "There is no space of this name whose DAG you may read."
NO_PERSONS = "Single customers are for those who may edit the DAG of the space."
TOO_MANY = "You have looked up as many customers and audiences as one may in an hour."


def show(access: Access, user: Any, asked: Asked) -> Answer:
    """The figures of a part, or the forms of the look-up."""
    spaces = _spaces(access, user)
    if "dag" in asked:
        found = access.space_of(asked["dag"])
        if found is None:
            return _nothing(spaces, "This DAG makes no snapshots of customers.")
        asked = {**asked, "space": found}
    if not asked.get("space") and (other := _first_shown(access, spaces)) != spaces[0]:
        there = f"./?{urlencode({**asked, 'space': other})}"
        return Answer("", 302, {"Location": there})
    space = _space(spaces, asked)
    part = {name: asked[name] for name in ("part", "algorithm") if asked.get(name)}
    part.setdefault("part", parts.NIGHT)
    sees_persons = access.sees_persons(user, space)
    is_lookup = part["part"] == parts.LOOKUP
    if is_lookup and not sees_persons:
        raise HTTPException(403, NO_PERSONS)
    try:
        with opened(access.conninfo(), space) as database:
            scope = _scope(database, space, asked)
            place = _place(database, scope, space, spaces, asked, has_lookup=sees_persons)
            if is_lookup:
                body = found_html.forms(place, _audiences(database, scope))
                return Answer(page(place, part, body))
            content, section = parts.read_part(database, scope, part)
    except DataError as error:
        return _nothing(spaces, str(error), 404)
    return Answer(page(place, part, parts.drawn(content, section)))


def report(access: Access, user: Any, asked: Asked) -> Answer:
    """The whole report, as a file."""
    spaces = _spaces(access, user)
    space = _space(spaces, asked)
    try:
        with opened(access.conninfo(), space) as database:
            bi = bi_schema_of(space)
            figures = read_figures(database, space, bi, _moment(database, bi, asked))
    except DataError as error:
        return _nothing(spaces, str(error), 404)
    name = f"kindred_{space}_{snapshot_slug(figures.night.scope.as_of)}.html"
    return Answer(
        report_html(figures), headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def customer(access: Access, user: Any, asked: Asked) -> Answer:
    """A single customer by exact id, with lookalikes and reasons."""
    wanted, beside = asked.get("customer_id", ""), asked.get("beside") or None

    def read(database: Database, scope: Scope, place: Place) -> Draw:
        person = read_person(database, scope, wanted, beside)
        if not person.is_known:
            raise DataError("The snapshot has no customer of this id.")
        return lambda: found_html.person_html(place, person)

    subject = wanted if beside is None else f"{wanted} beside {beside}"
    return _look_up(access, user, asked, f"customer {subject}", read)


def audience(access: Access, user: Any, asked: Asked) -> Answer:
    """Members of an audience, by rank."""
    wanted, after = asked.get("audience", ""), asked.get("after", "0")

    def read(database: Database, scope: Scope, place: Place) -> Draw:
        if not (after.isascii() and after.isdigit() and int(after) < LARGEST_RANK):
            raise DataError("The rank to go on from is not a number.")
        found = audience_of(read_audiences(database, scope, most=MOST_AUDIENCES), wanted)
        members = read_members(database, scope, wanted, int(after))
        return lambda: found_html.members_html(place, found, members)

    return _look_up(access, user, asked, f"audience {wanted}", read)


def audience_of(found: Audiences, name: str) -> Audiences:
    """One audience and its quality.

    Raises
    ------
    DataError
        when there is no such audience.
    """
    own = tuple(one for one in found.audiences if one.audience == name)
    if not own:
        raise DataError("The snapshot has no audience of this name.")
    return Audiences(own, tuple(one for one in found.quality if one.audience == name), (), ())


def _look_up(access: Access, user: Any, asked: Asked, subject: str, read: Read) -> Answer:
    """Logged and counted before anything is read, so that a miss counts like a hit."""
    spaces = _spaces(access, user)
    space = _space(spaces, asked)
    if not access.sees_persons(user, space):
        raise HTTPException(403, NO_PERSONS)
    seconds = access.seconds_to_wait(user, space, subject.partition(" ")[0])
    outcome = "look-up beyond the limit" if seconds else "look-up"
    who = plain(access.name(user))
    log.info("%s: user %s, space %s, %s", outcome, who, space, plain(subject[:MOST_LOGGED]))
    if seconds:
        again = datetime.now(UTC) + timedelta(seconds=seconds)
        wait = f"in {several(ceil(seconds / 60), 'minute')}, at {again:%H:%M:%S} UTC"
        raise HTTPException(
            429, f"{TOO_MANY} The next is possible {wait}.", {"Retry-After": str(seconds)}
        )
    try:
        with opened(access.conninfo(), space) as database:
            scope = _scope(database, space, asked)
            place = _place(database, scope, space, spaces, asked, has_lookup=True)
            forms = found_html.forms(place, _audiences(database, scope))
            try:
                draw, status = read(database, scope, place), 200
            except DataError as error:
                draw, status = partial(found_html.missing, str(error)), 404
    except DataError as error:
        return _nothing(spaces, str(error), 404)
    return Answer(page(place, {"part": parts.LOOKUP}, draw() + forms), status)


def _spaces(access: Access, user: Any) -> list[str]:
    found = access.spaces(user)
    if not found:
        raise HTTPException(403, NO_SPACE)
    return found


def _space(spaces: Sequence[str], asked: Asked) -> str:
    """The space that is asked for; whether one exists is for those who may read it."""
    space = asked.get("space") or spaces[0]
    if space not in spaces:
        raise HTTPException(403, NO_SPACE)
    return space


def _first_shown(access: Access, spaces: Sequence[str]) -> str:
    """The space that opens if none is named: the first with a snapshot, else the first."""
    if len(spaces) == 1:
        return spaces[0]
    with opened(access.conninfo(), spaces[0]) as database:
        found = (one for one in spaces if has_snapshot(database, bi_schema_of(one)))
        return next(found, spaces[0])


def _nothing(spaces: Sequence[str], text: str, status: int = 200) -> Answer:
    links = [(f"Space {one}", {"space": one}) for one in spaces]
    return Answer(message("Nothing to show", text, links), status)


def _scope(database: Database, space: str, asked: Asked) -> Scope:
    bi = bi_schema_of(space)
    return find_scope(database, bi, _moment(database, bi, asked))


def _moment(database: Database, bi: str, asked: Asked) -> datetime | None:
    return as_of_asked(database, bi, asked.get("as_of"), "as_of")


def _place(
    database: Database,
    scope: Scope,
    space: str,
    spaces: Sequence[str],
    asked: Asked,
    *,
    has_lookup: bool,
) -> Place:
    snapshot = scope.snapshot
    current = find_scope(database, scope.bi, most_nights=MOST_NIGHTS)
    nights = sorted({scope.as_of, *(one.as_of for one in current.nights)}, reverse=True)
    state = "Current snapshot" if snapshot.is_current else "Earlier snapshot"
    before = f"{count(snapshot.customers)} customers as known before {moment(scope.as_of)} UTC"
    kept = several(len(current.nights), "kept night")
    return Place(
        space,
        spaces,
        scope.as_of,
        not asked.get("as_of"),
        nights,
        parts.links(database, scope, has_lookup=has_lookup),
        f"{state}: {before}.",
        f"From schema {scope.bi}, which has {kept}. Intervals are of 95\N{NO-BREAK SPACE}%.",
    )


def _audiences(database: Database, scope: Scope) -> list[str]:
    found = read_audiences(database, scope, most=MOST_AUDIENCES).audiences
    return [one.audience for one in found]
