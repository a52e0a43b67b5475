"""Read a spec file as plain values; reject, with their location, YAML values a spec cannot have."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from kindred.errors import SpecError
from kindred.spec.messages import shortened, shown

MERGE_TAG = "tag:yaml.org,2002:merge"  # of the key <<
# PyYAML passes on Python's own errors for invalid values: ValueError for the date 2026-13-45 or a
# number of 5,000 digits, KeyError for `!!bool maybe`, and so on.
_NO_VALUE = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)


class _Loader(yaml.SafeLoader):
    """Reject duplicate keys: PyYAML keeps only the last, so a column would silently disappear."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: dict[tuple[str, str], int] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            line = seen.get((key.tag, key.value))
            if line is not None:
                raise yaml.composer.ComposerError(
                    None,
                    None,
                    f"key {shown(_printable(key.value))} is given twice, first in line {line};"
                    " take one out",
                    key.start_mark,
                )
            if key.tag != MERGE_TAG:
                seen[key.tag, key.value] = key.start_mark.line + 1
        return node


def read_yaml(path: Path) -> object:
    """The content of a YAML file.

    Raises
    ------
    SpecError
        naming the file and the location of the error.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecError(f"{path}: cannot be read as YAML: {error}") from error
    except RecursionError as error:
        raise SpecError(
            f"{path}: cannot be read as YAML: it is nested hundreds of levels deep; a spec has five"
        ) from error
    except _NO_VALUE as error:
        raise SpecError(
            f"{path}: cannot be read as YAML: {shortened(repr(error))} from an invalid date, number"
            " or tag (!!); correct it, or put it in quotes"
        ) from error


def impossible_values(content: object) -> Iterator[str]:
    """One line for every text that PostgreSQL cannot store, and every value without an order.

    Values that YAML aliases repeat are checked once, since nested aliases can be very many.
    """
    seen: set[int] = set()
    waiting: list[tuple[tuple[str, ...], object]] = [((), content)]
    while waiting:
        place, value = waiting.pop()
        problem = _problem(value)
        if problem is not None:
            yield f"{'.'.join(map(_printable, place)) or 'spec'}: {problem}"
        elif isinstance(value, Mapping | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            waiting += _parts(place, value)


def _parts(
    place: tuple[str, ...], value: Mapping[object, object] | list[object] | tuple[object, ...]
) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield place, key
            yield (*place, str(key)), inner
        return
    for number, inner in enumerate(value):
        yield (*place, str(number)), inner


def _problem(value: object) -> str | None:
    if isinstance(value, set | frozenset | bytes):
        kind = "bytes" if isinstance(value, bytes) else "a set"
        return f"{kind} (a YAML tag) is not allowed in a spec; write a list or a text"
    if not isinstance(value, str):
        return None
    if "\0" in value:
        return f"a NUL character, which PostgreSQL cannot store (found {shown(_printable(value))})"
    if not value.isascii() and _has_surrogate(value):
        return f"half a surrogate pair, not a character (found {shown(_printable(value))})"
    return None


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _printable(text: str) -> str:
    return text[:60].encode("ascii", "backslashreplace").decode()
