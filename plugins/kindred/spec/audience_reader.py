"""Read an audience file: the values of conditions as they are written, errors by line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from kindred.errors import AudienceFileError, SpecError
from kindred.spec.audiences import Audience, Outcome, Population
from kindred.spec.messages import NO_SUCH_KEY, Place, Problem, problems_of, report_of
from kindred.spec.names import without_secrets
from kindred.spec.reader import Written, impossible_values, read_yaml
from kindred.spec.regular_file import read_bytes

KEYS = frozenset().union(*(model.model_fields for model in (Audience, Population, Outcome)))
"""All keys of an audience file: what else stands there may be an id or a value."""

MAX_BYTES = 256 * 1024
"""Of a file: a query of 20,000 ids. More of them belong in a file of ids or a table."""
UNREADABLE = (RecursionError, MemoryError, ArithmeticError, ValueError)
"""What Python may raise for values of a file that no check foresaw."""
MERGE = "<<"
_EVENTS = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # twenty times as fast
_BEFORE = (yaml.StreamStartEvent, yaml.DocumentStartEvent)

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)  # as PostgreSQL reads it too


def load_audience(path: Path, where: str | None = None) -> Audience:
    """Read and validate one audience file; the file's stem is its name.

    ``where``: what messages call it instead of its path. It is a regular file in its folder, of at
    most `MAX_BYTES`.

    Raises
    ------
    SpecError
        naming the file, the line, the key and what is allowed.
    """
    where = where or str(path)
    try:
        return _loaded(path, where)
    except UNREADABLE as error:
        raise SpecError(
            f"{where}: cannot be read: a value is too large or nested too deep"
            f" ({type(error).__name__}); write a smaller file"
        ) from error


def _loaded(path: Path, where: str) -> Audience:
    content, text = read_yaml(
        path, quotable=KEYS, where=where, most_bytes=MAX_BYTES, folder=path.parent
    )
    if not isinstance(content, dict):
        raise SpecError(f"{where}: a mapping with the keys 'seed' and 'sizes' is expected")
    if content.get("name", path.stem) != path.stem:
        raise SpecError(
            f"{where}: name: the file's name says {path.stem!r};"
            " leave the key 'name' out, or rename the file"
        )
    return audience_from_dict({"name": path.stem, **content}, where, text)


def keys_at_top(path: Path) -> Iterator[tuple[str, str | None]]:
    """The keys of an audience file with their values, None for what is no plain value.

    It reads no further than it is asked, and expands no alias: for the parsing of DAGs.

    Raises
    ------
    SpecError
        where the file cannot be read, or its keys are not written out.
    """
    try:
        events = yaml.parse(read_bytes(path, MAX_BYTES, path.parent), Loader=_EVENTS)
        yield from _pairs(event for event in events if not isinstance(event, _BEFORE))
    except (OSError, yaml.YAMLError, *UNREADABLE) as error:
        raise SpecError(f"{path}: its keys cannot be read") from error


def _pairs(events: Iterator[yaml.Event]) -> Iterator[tuple[str, str | None]]:
    first = next(events, None)
    if not isinstance(first, yaml.MappingStartEvent):
        raise SpecError("a mapping is expected")
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            raise SpecError("the keys are not written out")
        value, depth = next(events), 0
        yield key.value, value.value if isinstance(value, yaml.ScalarEvent) else None
        while True:
            depth += isinstance(value, yaml.CollectionStartEvent)
            depth -= isinstance(value, yaml.CollectionEndEvent)
            if not depth:
                break
            value = next(events)


def audience_from_dict(content: Mapping[str, Any], where: str, text: str = "") -> Audience:
    """Validate an audience given as a mapping; every message begins with ``where``.

    ``text`` is that of its file, if there is one: messages then name lines, and values of
    conditions are as they are written there: ``no`` is a state, not false.
    """
    written = Written(text)
    problems: Sequence[Problem] = list(impossible_values(dict(content)))
    cause: ValidationError | None = None
    if not problems:
        try:
            return Audience.model_validate(_as_written(content, written))
        except ValidationError as error:
            cause, problems = error, problems_of(error, Audience, content)
    told, public = ([tell(problem) for problem in problems] for tell in (_as_told, _as_public))
    raise AudienceFileError(
        without_secrets(report_of(where, told, written.find)),
        report_of(where, public, written.find),
    ) from cause


def _as_told(problem: Problem) -> Problem:
    """A problem as whoever runs Kindred sees it; a key at the top is named, whatever it is."""
    if not _may_be_told(problem.place):
        problem = problem.without_value()
    is_unknown = problem.text.startswith(NO_SUCH_KEY) and not problem.question
    if is_unknown and len(problem.place) > 1:
        return replace(problem, place=(*problem.place, None))  # the key may be an id
    return problem


def _as_public(problem: Problem) -> Problem:
    """The same as readers may see it: in no words of the file but the keys that there are."""
    place = tuple(takewhile(KEYS.__contains__, problem.place))
    told = replace(problem.without_value(), told=place[: len(_condition_of(place)) or None])
    if _condition_of(problem.place) and "'" in problem.text:  # which names a column
        return replace(told, text="a condition on a column is none; 'kindred audience' says which")
    return replace(told, text=_QUOTED.sub(_key_or_value, problem.text))


def _key_or_value(quoted: re.Match[str]) -> str:
    """What is quoted, if it is a key or a sign."""
    inner = quoted[0][1:-1]
    return quoted[0] if inner in KEYS or not re.search(r"\w", inner) else "what is written"


def _condition_of(place: Place) -> Place:
    """Where the conditions are that a place is in; empty if it is in none."""
    return next((one for one in _CONDITIONS if place[: len(one)] == one), ())


def _may_be_told(place: Place) -> bool:
    """Whether a value that stands there may be told: no population's, nor an unknown key's."""
    if place[:1] in (("seed",), ("contacted",), ("exclude",)):
        return False
    if place[:1] == ("pool",):
        return place[-1] is None  # the name of a column
    return not place or place[0] in _PLAIN or place == ("outcome", "days")


_PLAIN = ("name", "space", "include_contacted", "sizes", "control_share", "max_ids")

_CONDITIONS: tuple[Place, ...] = (
    ("pool",),
    *((role, "label") for role in ("seed", "contacted", "exclude", "outcome")),
)


def _as_written(content: Mapping[str, Any], written: Written) -> dict[str, Any]:
    """The content, with the values of conditions as the file has them: YAML 1.1 reads NO as false.

    PostgreSQL casts them to the type of the column.
    """
    made = dict(content)
    for place in _CONDITIONS:
        holder: Any = made
        for key in place[:-1]:
            inner = holder.get(key)
            if not isinstance(inner, dict):
                break
            holder[key] = dict(inner)
            holder = holder[key]
        else:
            if isinstance(holder.get(place[-1]), dict):
                holder[place[-1]] = dict(_texts(holder[place[-1]], place, written))
    return made


def _texts(conditions: Mapping[str, Any], place: Place, written: Written) -> Iterator[Any]:
    for name, value in conditions.items():
        here = (*place, name)
        if isinstance(value, list):
            yield name, [_text(part, (*here, i), written) for i, part in enumerate(value)]
        elif isinstance(value, dict):
            yield name, {key: _text(part, (*here, key), written) for key, part in value.items()}
        else:
            yield name, _text(value, here, written)


def _text(value: object, place: Place, written: Written) -> object:
    if value is None or isinstance(value, str | list | dict):
        return value
    _, text = written.find(place) or (None, None)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if text is not None and not (is_number and not _NUMBER.fullmatch(text)):
        return text
    return str(value).lower() if isinstance(value, bool) else str(value)
