"""Error messages for a feature spec, in terms of its file: keys, values found, values allowed."""

from reprlib import Repr
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kindred.spec.features import MODELS, Kind, Role

MAX_SHOWN = 60
MAX_LINE = 1_000
MAX_LINES = 20


def lines_of(error: ValidationError, spec: type[BaseModel]) -> list[str]:
    """One line per problem of a mapping that is no valid ``spec``."""
    return [
        f"{'.'.join(_place(problem)) or 'spec'}: {_message(problem, spec)}"
        for problem in error.errors()
    ]


_NO_KIND = ("union_tag_invalid", "union_tag_not_found")


def _place(problem: ErrorDetails) -> list[str]:
    """The keys that lead to a problem; pydantic adds a feature's kind, which is not a key."""
    place = [str(part) for part in problem["loc"]]
    if place[:1] == ["features"] and len(place) > 2:
        del place[2]
    return [*place, "kind"] if problem["type"] in _NO_KIND else place


def _message(problem: ErrorDetails, spec: type[BaseModel]) -> str:
    """What is wrong, what was found, and what is allowed."""
    if problem["type"] == "union_tag_not_found":
        return "Field required"
    if problem["type"] == "union_tag_invalid":
        allowed = ", ".join([*Kind, *Role])
        return f"allowed are {allowed} (found {shown(problem['input']['kind'])})"
    return f"{problem['msg'].removeprefix('Value error, ')}{_more(problem, spec)}"


def _more(problem: ErrorDetails, spec: type[BaseModel]) -> str:
    """The value found, and the allowed keys for an unknown one, if the message lacks them."""
    if problem["type"] in ("value_error", "missing"):
        return ""
    allowed = ""
    if problem["type"] == "extra_forbidden":
        fields = _model_under(problem["loc"][:-1], spec).model_fields
        allowed = f"; allowed are {', '.join(fields)}"
    return f"{allowed} (found {shown(problem['input'])})"


def _model_under(place: tuple[int | str, ...], spec: type[BaseModel]) -> Any:
    """The model of the mapping at a place in the spec."""
    if place[:1] == ("features",):
        return MODELS[Kind(str(place[-1]))]
    model: Any = spec
    for key in place:
        model = model.model_fields[key].annotation
    return model


_REPR = Repr()
_REPR.maxstring = _REPR.maxother = 2 * MAX_SHOWN
_REPR.maxlevel = 3  # nested YAML aliases can expand to more than memory holds


def shown(value: object) -> str:
    """A value as it was found, shortened; nested values to their outer levels."""
    text = _REPR.repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def report_of(where: str, lines: list[str]) -> str:
    """All problems of a file, up to as many as people will read."""
    report = [shortened(f"{where}: {line}") for line in lines[:MAX_LINES]]
    if len(lines) > MAX_LINES:
        report.append(f"{where}: and {len(lines) - MAX_LINES} more")
    return "\n".join(report)


def shortened(line: str) -> str:
    """A line without its middle part if it is too long."""
    if len(line) <= MAX_LINE:
        return line
    return f"{line[: MAX_LINE // 2]} ... {line[-MAX_LINE // 2 :]}"
