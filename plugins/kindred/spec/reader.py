"""Read a spec file as plain values; reject, with their location, YAML values a spec cannot have."""

import io
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from kindred.errors import SpecError
from kindred.spec.messages import Place, Problem, shown
from kindred.spec.names import plain
from kindred.spec.regular_file import read_bytes

MAX_BYTES = 1 << 20
"""Of a spec: several thousand features."""
MOST_NODES = 100_000
"""Values of a file with all that its aliases and merges repeat: a hundred lines can be billions."""
MOST_DIGITS = 100
"""Characters of a number: Python reads no decimal number of 4,301, and none of 310 is a float."""
MOST_BRACKETS = 200
"""Open at once: of more PyYAML looks through all at each character, seconds before it gives up."""
MERGE_TAG = "tag:yaml.org,2002:merge"  # of the key <<
_NUMBER_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# PyYAML passes on Python's own errors for invalid values: ValueError for the date 2026-13-45 or a
# number of 5,000 digits, KeyError for `!!bool maybe`, and so on.
_NO_VALUE = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
# What PyYAML says, by words of it, and what a person can do about it.
_ADVICE = {
    "cannot start any token": "",
    "end of stream": "a quote that is opened here is not closed",
    "expected ',' or": "a bracket that is opened here is not closed, or a text in it needs quotes",
    "mapping values are not allowed": "a colon where no key can be; put a text that holds one in"
    " quotes, or correct the indentation",
    "<block end>": "this does not continue what is above: correct the indentation, or put the whole"
    " value in one pair of quotes",
    "found another document": "--- begins a second document; a spec is one",
    "unhashable key": "a key must be a plain text; put it in quotes",
    "for merging": "<< merges mappings alone",
    "unknown escape character": "a backslash means something in double quotes; use single quotes",
}


class _OwnError(yaml.MarkedYAMLError):
    """A problem in our words."""


class _Loader(yaml.SafeLoader):
    """Reject duplicate keys, of which PyYAML keeps only the last, and say which value is none.

    ``quotable``: the texts that messages may quote; None for all.
    """

    quotable: Collection[str] | None = None

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        if self.flow_level >= MOST_BRACKETS:
            raise RecursionError
        super().fetch_flow_collection_start(token)

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        if node is not None:
            _require_few(node)
        return node

    def _quoted(self, value: object, otherwise: str) -> str:
        return shown(value) if self.quotable is None or value in self.quotable else otherwise

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        is_number = isinstance(node, yaml.ScalarNode) and node.tag in _NUMBER_TAGS
        if is_number and len(node.value) > MOST_DIGITS:
            raise _OwnError(
                problem=f"a number of {len(node.value):,} characters; at most {MOST_DIGITS} are"
                " allowed; correct it, or put it in quotes",
                problem_mark=node.start_mark,
            )
        try:
            return super().construct_object(node, deep)
        except _NO_VALUE as error:
            tag = node.tag.rpartition(":")[2]
            what = {"timestamp": "a date or time", "int": "a number", "float": "a number"}.get(tag)
            found = self._quoted(node.value, "what stands here")
            raise _OwnError(
                problem=f"{found} is not {what or f'a value of the tag !!{tag}'};"
                " correct it, or put it in quotes",
                problem_mark=node.start_mark,
            ) from error

    def _key(self, node: yaml.ScalarNode) -> str:
        text = self._quoted(plain(node.value), "")
        return f"key {text}" if text else "a key"

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: dict[tuple[str, str], int] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            line = seen.get((key.tag, key.value))
            if line is not None:
                raise _OwnError(
                    problem=f"{self._key(key)} is given twice, first in line {line}; take one out",
                    problem_mark=key.start_mark,
                )
            if key.tag != MERGE_TAG:
                seen[key.tag, key.value] = key.start_mark.line + 1
        return node


def _require_few(root: yaml.Node) -> None:
    """Count nodes as if nothing were shared, since merges copy and readers follow each path.

    Raises
    ------
    _OwnError
        where they are too many, or a mapping merges itself.
    """
    sizes: dict[int, int] = {}
    open_: set[int] = set()

    def size_of(node: yaml.Node, *, is_merged: bool = False) -> int:
        if id(node) in open_:  # a collection that contains itself, which validation refuses
            if is_merged:
                raise _OwnError(problem="<< merges itself", problem_mark=node.start_mark)
            return 1
        if id(node) not in sizes:
            open_.add(id(node))
            total = 1
            for part in node.value if isinstance(node, yaml.CollectionNode) else ():
                if isinstance(part, tuple):
                    key, value = part
                    total += size_of(key) + size_of(value, is_merged=key.tag == MERGE_TAG)
                else:
                    total += size_of(part, is_merged=is_merged)
            if total > MOST_NODES:
                raise _OwnError(
                    problem=f"with what aliases and << repeat, here are more than {MOST_NODES:,}"
                    " values, which is the most",
                    problem_mark=node.start_mark,
                )
            open_.discard(id(node))
            sizes[id(node)] = total
        return sizes[id(node)]

    size_of(root)


def read_yaml(
    path: Path,
    quotable: Collection[str] | None = None,
    *,
    where: str | None = None,
    most_bytes: int = MAX_BYTES,
    folder: Path | None = None,
) -> tuple[object, str]:
    """The content of a YAML file, and its text.

    ``quotable``: the only texts of the file that a message may quote; None for all. ``where``: what
    messages call it instead of its path. ``most_bytes``, ``folder``: see ``read_bytes``.

    Raises
    ------
    SpecError
        naming the file and the location of the error.
    """
    try:
        # As text files are read: each line end is \n.
        binary = io.BytesIO(read_bytes(path, most_bytes, folder))
        text = io.TextIOWrapper(binary, encoding="utf-8").read()
        loader = type("Loader", (_Loader,), {"quotable": quotable})
        return yaml.load(text, Loader=loader), text
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not UTF-8; save the file as UTF-8"
    except yaml.MarkedYAMLError as error:
        reason = _explained(error, may_quote=quotable is None)
    except yaml.reader.ReaderError as error:
        reason = f"character {error.position} is one that YAML does not allow; take it out"
    except RecursionError:
        reason = "it is nested hundreds of levels deep; a spec has five"
    raise SpecError(f"{where or path}: cannot be read as YAML: {reason}")


def _explained(error: yaml.MarkedYAMLError, *, may_quote: bool) -> str:
    """Where a text is no YAML, and what to do about it."""
    problem = error.problem or ""
    advice = next((text for words, text in _ADVICE.items() if words in problem), None)
    mark = error.problem_mark
    if error.context_mark is not None and ("here" in (advice or "") or not advice):
        mark = error.context_mark
    if not may_quote and not isinstance(error, _OwnError):
        problem = "this is no YAML"  # PyYAML's words name tags and aliases
    if mark is None:
        return problem
    if not advice and mark.buffer is not None and not isinstance(error, _OwnError):
        sign = mark.buffer[mark.pointer]
        if sign == "\t":
            advice = "a tab; YAML is indented with spaces"
        elif sign in "*&!%@`|>":
            advice = f"an unquoted {sign} has a meaning of its own; put the value in quotes"
    return f"line {mark.line + 1}, column {mark.column + 1}: {advice or problem}"


class Written:
    """A YAML file as it is written: on which line a value stands, and with which characters."""

    def __init__(self, text: str) -> None:
        loader = _Loader(text)
        self._root = loader.get_single_node() if text else None
        self._key_of = loader.construct_object

    def find(self, place: Place) -> tuple[int, str | None] | None:
        """The line of a place or of the nearest one around it, and a scalar without quotes.

        A place that ends in None is the key itself; None if nothing is known.
        """
        node = self._root
        line: int | None = None
        for number, key in enumerate(place):
            found = self._child(node, key, is_key=place[number + 1 :] == (None,))
            if found is None:
                return None if line is None else (line, None)
            line, node = found
            if place[number + 1 :] == (None,):
                break
        if node is None or line is None:
            return None
        is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return line, str(node.value) if is_plain else None

    def _child(
        self, node: yaml.Node | None, key: object, *, is_key: bool
    ) -> tuple[int, yaml.Node] | None:
        if isinstance(node, yaml.SequenceNode):
            inner = node.value[int(str(key))] if str(key).isdigit() else None
            return None if inner is None else (inner.start_mark.line + 1, inner)
        merged: list[yaml.Node] = []
        for key_node, inner in node.value if isinstance(node, yaml.MappingNode) else ():
            if key_node.tag == MERGE_TAG:
                merged += inner.value if isinstance(inner, yaml.SequenceNode) else [inner]
            elif isinstance(key_node, yaml.ScalarNode) and self._key_of(key_node) == key:
                return key_node.start_mark.line + 1, key_node if is_key else inner
        found = (self._child(other, key, is_key=is_key) for other in merged)
        return next(filter(None, found), None)


def impossible_values(content: object) -> Iterator[Problem]:
    """Every text that PostgreSQL cannot store, every value without an order, and no text as key.

    Values that YAML aliases repeat are checked once, since nested aliases can be very many.
    """
    seen: set[int] = set()
    waiting: list[tuple[Place, object]] = [((), content)]
    while waiting:
        place, value = waiting.pop()
        problem = _problem(value)
        if problem is not None:
            yield Problem(place, problem, value)
        elif isinstance(value, Mapping | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, Mapping):
                for key in value:
                    if isinstance(key, str):
                        waiting.append((place, key))
                    else:
                        text = "a text is required as key"
                        yield Problem((*place, key, None), text, key, wants_text=True)
            inner = value.items() if isinstance(value, Mapping) else enumerate(value)
            waiting += [((*place, key), part) for key, part in inner]


def _problem(value: object) -> str | None:
    if isinstance(value, set | frozenset | bytes):
        kind = "bytes" if isinstance(value, bytes) else "a set"
        return f"{kind} (a YAML tag) is not allowed in a spec; write a list or a text"
    if not isinstance(value, str):
        return None
    if "\0" in value:
        return "a NUL character, which PostgreSQL cannot store"
    if not value.isascii() and _has_surrogate(value):
        return "half a surrogate pair, not a character"
    return None


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
