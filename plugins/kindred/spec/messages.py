"""Error messages for a feature spec, in terms of its file: keys, values found, values allowed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from reprlib import Repr
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kindred.spec.entries import Role
from kindred.spec.features import Kind
from kindred.spec.names import did_you_mean, plain
from kindred.spec.schema import allowed, json_schema, keys_at, node_at

MAX_SHOWN = 60
MAX_BITS = 1_000
"""Of whole numbers that are shown: Python writes none of more than 4,300 digits."""
MAX_LINE = 1_000
MAX_LINES = 20

Place = tuple[Any, ...]
"""The keys that lead to a value; a None at the end stands for the key itself."""
Find = Callable[[Place], tuple[int, str | None] | None]
"""The line of a place in a file, and the scalar that is written there without quotes."""

NO_SUCH_KEY = "there is no such key"
_NOTHING = object()
_NO_KIND = ("union_tag_invalid", "union_tag_not_found")
_KINDS = ", ".join([*Kind, *Role])
_READ_AS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    date: "a date",
    datetime: "a time",
    type(None): "nothing",
}


@dataclass(frozen=True)
class Problem:
    """What is wrong at a place of a spec, what was found there, and a question to end with.

    ``wants_text``: a text is allowed, so that quotes may be what is missing. ``told``: the place
    to write where not all of it may be.
    """

    place: Place
    text: str
    found: Any = _NOTHING
    wants_text: bool = False
    question: str = ""
    told: Place | None = None

    def without_value(self) -> "Problem":
        """The same without what was found, which readers may not see."""
        return replace(self, found=_NOTHING)

    def line(self, find: Find = lambda place: None) -> str:
        """The problem on one line; ``find`` looks up a place in the file."""
        number, written = find(self.place) or (None, None)
        place = self.place[:-2] if self.place[-1:] == (None,) else self.place
        place = place if self.told is None else self.told
        keys = ".".join(plain(str(key)[:MAX_SHOWN]) for key in place)
        return f"{keys or 'spec'}: {self.text}{self._found(number, written)}{self.question}"

    def _found(self, number: int | None, written: str | None) -> str:
        line = f" in line {number}" if number else ""
        if self.found is _NOTHING:
            return f" (line {number})" if number else ""
        if written == "" or (self.found is None and written is None):
            return f" (found nothing{line})"
        kind = _READ_AS.get(type(self.found))
        if kind is None or written is None:
            written = shown(self.found)
        text = _cut(written) + line
        if kind is not None and self.wants_text:
            return f" (found {text}, which is {kind} to YAML: put it in quotes)"
        if isinstance(self.found, int) and written != shown(self.found):
            text += f", which is {shown(self.found)} to YAML"
        return f" (found {text})"


def problems_of(
    error: ValidationError, spec: type[BaseModel], content: Mapping[str, Any]
) -> list[Problem]:
    """The problems of ``content``, a mapping that is no valid ``spec``."""
    root = json_schema(spec)
    # Of a list whose items are refused, the model also says that it is too short.
    found = [p for p in error.errors() if p["type"] != "too_short" or not p["input"]]
    return _where_written([_problem(problem, root) for problem in found], content)


def _where_written(problems: Sequence[Problem], content: Mapping[str, Any]) -> list[Problem]:
    """The same, once each, where the spec's author wrote what is wrong.

    A source of events is made of their own settings, so that a problem would be at both places.
    """
    source = content.get("source")
    if not isinstance(source, dict) or not isinstance(source.get("events"), str):
        return list(problems)
    own = {"key": "customer", "updated_at": "at"}
    found = {}
    for problem in problems:
        place = problem.place
        if place[:1] == ("source",):
            rest = (own.get(place[1], place[1]), *place[2:]) if place[1:] else ()
            place = ("events", source["events"], *rest)
        found[place, problem.text] = replace(problem, place=place)
    return list(found.values())


def _problem(problem: ErrorDetails, root: dict[str, Any]) -> Problem:
    """What is allowed where the model found something else."""
    place, kind, found = problem["loc"], problem["type"], problem["input"]
    is_feature = place[:1] == ("features",)
    # The model adds a feature's kind, which is not a key.
    keys = (*place[:2], *place[3:]) if is_feature and len(place) > 2 else place
    if kind == "value_error":
        return Problem(keys, problem["msg"].removeprefix("Value error, "))
    if kind in _NO_KIND:
        keys = (*keys, "kind")
        if kind == "union_tag_not_found":
            return Problem(keys, f"is missing; allowed are {_KINDS}")
        return _choice(keys, found["kind"], [*Kind, *Role])
    if kind == "recursion_loop":
        return Problem(keys, "refers to itself, which is not allowed")
    if is_feature and len(place) == 2:
        return Problem(keys, f"a kind ({_KINDS}) or a mapping with a kind is required", found)
    if kind == "extra_forbidden":
        names = keys_at(place[:-1], root)
        text = f"{NO_SUCH_KEY}; allowed are {', '.join(names)}"
        return Problem(keys, text, found, question=did_you_mean(str(place[-1]), names))
    node = node_at(place, root)
    if kind == "missing":
        examples = [example for example in node.get("examples", ()) if isinstance(example, str)]
        such = f", such as {examples[0]}" if examples else ""
        return Problem(keys, f"is missing; {allowed(node, root)} is required{such}")
    if "enum" in node:
        return _choice(keys, found, node["enum"])
    words = allowed(node, root)
    return Problem(keys, f"{words} is required", found, wants_text=words.startswith("a text"))


def _choice(place: Place, found: object, names: Sequence[str]) -> Problem:
    question = did_you_mean(found, names) if isinstance(found, str) else ""
    return Problem(place, f"allowed are {', '.join(names)}", found, question=question)


_REPR = Repr()
_REPR.maxstring = _REPR.maxother = 2 * MAX_SHOWN
_REPR.maxlevel = 3  # nested YAML aliases can expand to more than memory holds


def shown(value: object) -> str:
    """A value as it was found, shortened; nested values to their outer levels."""
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return f"a number of {value.bit_length():,} bits"
    return _cut(value.isoformat() if isinstance(value, date) else _REPR.repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def report_of(where: str, problems: Sequence[Problem], find: Find = lambda place: None) -> str:
    """All problems of a file, up to as many as people will read."""
    lines = [problem.line(find) for problem in problems[:MAX_LINES]]
    report = [shortened(f"{where}: {line}") for line in lines]
    if len(problems) > MAX_LINES:
        report.append(f"{where}: and {len(problems) - MAX_LINES} more")
    return "\n".join(report)


def shortened(line: str) -> str:
    """A line without its middle part if it is too long."""
    if len(line) <= MAX_LINE:
        return line
    return f"{line[: MAX_LINE // 2]} ... {line[-MAX_LINE // 2 :]}"
