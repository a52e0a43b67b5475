"""What is wrong with a feature spec, said with the keys, the finds and the choices of its file."""

from collections.abc import Mapping
from reprlib import Repr

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kindred.spec.features import MODELS, Kind, Role

Models = Mapping[str, type[BaseModel]]
MAX_SHOWN = 60
MAX_LINE = 1_000
MAX_LINES = 20


def lines_of(error: ValidationError, models: Models) -> list[str]:
    """One line a problem; ``models`` tells what stands under a key (``""``: under none)."""
    return [
        f"{'.'.join(_place(problem)) or 'spec'}: {_message(problem, models)}"
        for problem in error.errors()
    ]


_NO_KIND = ("union_tag_invalid", "union_tag_not_found")


def _place(problem: ErrorDetails) -> list[str]:
    """The keys that lead to a problem; the kind of a feature is no key."""
    place = [str(part) for part in problem["loc"]]
    if place[:1] == ["features"] and len(place) > 2:
        del place[2]
    return [*place, "kind"] if problem["type"] in _NO_KIND else place


def _message(problem: ErrorDetails, models: Models) -> str:
    """What is wrong, what was found, and what is allowed."""
    if problem["type"] == "union_tag_not_found":
        return "Field required"
    if problem["type"] == "union_tag_invalid":
        allowed = ", ".join([*Kind, *Role])
        return f"allowed are {allowed} (found {shown(problem['input']['kind'])})"
    return f"{problem['msg'].removeprefix('Value error, ')}{_more(problem, models)}"


def _more(problem: ErrorDetails, models: Models) -> str:
    """What was found, and for an unknown key those there are, where the message lacks it."""
    if problem["type"] in ("value_error", "missing"):
        return ""
    parents = problem["loc"][:-1]
    allowed = ""
    if problem["type"] == "extra_forbidden":
        inner = str(parents[-1]) if parents else ""
        model = MODELS[Kind(inner)] if parents[:1] == ("features",) else models[inner]
        allowed = f"; allowed are {', '.join(model.model_fields)}"
    return f"{allowed} (found {shown(problem['input'])})"


_REPR = Repr()
_REPR.maxstring = _REPR.maxother = 2 * MAX_SHOWN
_REPR.maxlevel = 3  # aliases of aliases of a YAML file are more than a memory holds


def shown(value: object) -> str:
    """A value as it was found, cut short; of nested ones the outer levels."""
    text = _REPR.repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def report_of(where: str, lines: list[str]) -> str:
    """All that is wrong with a file, as much as people can read."""
    report = [shortened(f"{where}: {line}") for line in lines[:MAX_LINES]]
    if len(lines) > MAX_LINES:
        report.append(f"{where}: and {len(lines) - MAX_LINES} more")
    return "\n".join(report)


def shortened(line: str) -> str:
    """A line without its middle where a value in it is long."""
    if len(line) <= MAX_LINE:
        return line
    return f"{line[: MAX_LINE // 2]} ... {line[-MAX_LINE // 2 :]}"
