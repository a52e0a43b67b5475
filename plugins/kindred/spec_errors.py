"""What is wrong with a feature spec, said with the keys, the finds and the choices of its file."""

from collections.abc import Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kindred.features import MODELS, Kind, Role

Models = Mapping[str, type[BaseModel]]


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
        return f"allowed are {allowed} (found {_shown(problem['input']['kind'])})"
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
    return f"{allowed} (found {_shown(problem['input'])})"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
