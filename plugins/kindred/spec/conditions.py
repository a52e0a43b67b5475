"""Conditions on columns in an audience file, as ``bi.similar_customers`` takes them."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import WithJsonSchema

_VALUE = {"type": ["string", "number", "boolean", "null"]}
_RANGE = {"type": "object", "properties": {"min": _VALUE, "max": _VALUE}, "minProperties": 1}
Condition = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                _VALUE,
                {"type": "array", "items": _VALUE, "minItems": 1},
                {**_RANGE, "additionalProperties": False},
            ]
        }
    ),
]
"""As in ``bi.similar_customers``: a value, a list of values, or a range with min and max."""


def labels_with_values(conditions: dict[str, Any]) -> dict[str, Any]:
    """Conditions on labels, as they are.

    Raises
    ------
    ValueError
        naming the label whose condition is none, or asks for those without a value.
    """
    for name, condition in conditions.items():
        check_condition(name, condition)
        if None in (condition if isinstance(condition, list) else [condition]):
            raise ValueError(
                f"label {name!r} has no value here: give one, such as '{name}: yes'; who has no"
                " label neither belongs nor is known not to"
            )
    return conditions


def check_condition(name: str, condition: object) -> None:
    """Refuse what no condition on a column can be.

    Raises
    ------
    ValueError
        naming the column.
    """
    inner: Sequence[object] = [condition]
    is_range = isinstance(condition, dict)
    if isinstance(condition, dict):
        inner = list(condition.values())
        is_known = bool(condition) and not condition.keys() - {"min", "max"}
    else:
        inner = condition if isinstance(condition, list) else inner
        is_known = condition != []
    is_plain = all(isinstance(value, str | bool | int | float | None) for value in inner)
    if not (is_known and is_plain) or (is_range and None in inner):
        raise ValueError(
            f"column {name!r} is given {_in_words(condition)}; allowed are a value, a list of"
            " values, or a range such as {min: 10, max: 20}"
        )


def _in_words(condition: object) -> str:
    """What a wrong condition is, without its values, which may be somebody's."""
    if isinstance(condition, list):
        return "a list that holds a list or mapping" if condition else "an empty list"
    if not isinstance(condition, dict):
        return f"a {type(condition).__name__}"
    if condition and not condition.keys() - {"min", "max"}:
        return "a range with an end that is no value"
    return "a mapping with other keys than min and max" if condition else "an empty mapping"
