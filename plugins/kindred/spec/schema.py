"""The JSON schema of a spec, and in words what it allows."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

Node = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Untitled(GenerateJsonSchema):
    """Without the titles that only repeat the names of keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@cache
def json_schema(spec: type[BaseModel]) -> Node:
    """The JSON schema of a file, for editors; the file need not say what its own name says."""
    schema = spec.model_json_schema(schema_generator=_Untitled)
    required = [key for key in schema.get("required", ()) if key not in ("space", "name")]
    title = f"Kindred {'feature spec' if spec.__name__ == 'Spec' else spec.__name__.lower()}"
    return {"$schema": DIALECT, **schema, "title": title, "required": required}


def node_at(place: Sequence[str | int], root: Node) -> Node:
    """The part of a schema at the place of an error, where a feature's kind follows its name."""
    node = root
    for key in place:
        node = _resolved(node, root)
        node = _mapping_of(node)
        if "discriminator" in node:
            node = {"$ref": node["discriminator"]["mapping"][str(key)]}
        elif "properties" in node:
            node = node["properties"][key]
        elif "items" in node:
            node = node["items"]
        else:
            others = node["additionalProperties"]
            node = others.get("anyOf", [others])[-1]
    return _resolved(node, root)


def keys_at(place: Sequence[str | int], root: Node) -> list[str]:
    """The keys of the mapping at a place."""
    return list(_mapping_of(node_at(place, root))["properties"])


def _mapping_of(node: Node) -> Node:
    """Of the forms that a value may have, the one with keys."""
    return next((part for part in node.get("anyOf", ()) if "properties" in part), node)


def _resolved(node: Node, root: Node) -> Node:
    """A node without a reference, and without a null or a short form that may stand for it."""
    parts = [part for part in node.get("anyOf", ()) if part.get("type") != "null"]
    parts = [part for part in parts if "$ref" in part] or parts
    if len(parts) == 1:
        node = {**parts[0], **{key: value for key, value in node.items() if key != "anyOf"}}
    if node.get("$ref"):
        return {**root["$defs"][node["$ref"].rpartition("/")[2]], **node, "$ref": None}
    return node


def allowed(node: Node, root: Node) -> str:
    """What a key allows, in words.

    >>> allowed({"type": "integer", "minimum": 1, "maximum": 1000}, {})
    'a whole number from 1 to 1000'
    """
    node = _resolved(node, root)
    if "const" in node:
        return str(node["const"])
    if "enum" in node:
        return _either([str(value) for value in node["enum"]])
    if "anyOf" in node:
        parts = [allowed(part, root) for part in node["anyOf"] if part.get("type") != "null"]
        return _either(parts)
    kind = node["type"]
    if kind == "array":
        least = "at least one of" if node.get("minItems") else "texts" if _texts(node) else ""
        items = "" if _texts(node) else allowed(node["items"], root)
        return " ".join(filter(None, ["a list of", least, items]))
    if kind == "object":
        keys = node.get("properties")
        return f"a mapping with the keys {', '.join(keys)}" if keys else "a mapping of columns"
    words = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
    return f"{words.get(kind, 'a text')}{_range(node)}"


def _texts(node: Node) -> bool:
    return bool(node["items"].get("type") == "string")


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def _range(node: Node) -> str:
    least, most, above = (
        f"{node[key]:,.4f}".rstrip("0").rstrip(".") if key in node else None
        for key in ("minimum", "maximum", "exclusiveMinimum")
    )
    if least is not None:
        return f" from {least} to {most}" if most is not None else f" of at least {least}"
    if above is not None:
        return f" above {above}" + (f", at most {most}" if most is not None else "")
    return ""
