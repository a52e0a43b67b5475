"""``docs/spec.md``: every key of a spec, as the model defines it."""

import json
from collections.abc import Iterator
from typing import Any

from kindred.spec.audiences import Audience
from kindred.spec.features import MODELS
from kindred.spec.model import Spec
from kindred.spec.schema import Node, allowed, json_schema, node_at

_HEAD = """# Keys of a feature spec

A spec is a YAML file in `include/features`; its name is that of the space.
[README](../README.md#your-own-database) shows a whole one. This page is made from the model:
`kindred spec-reference > docs/spec.md`.

Editors complete and check a spec by its JSON schema. Write it beside the specs, and name it in
their first lines:

    kindred spec-schema > include/features/spec.schema.json

    # yaml-language-server: $schema=spec.schema.json

Put a name in quotes if YAML would take it for something else: `"no"`, `"2026-01-01"`, `"012"`, and
all that begins with one of `* & ! % @` or a backtick. A wrong key or value is refused with its line
and what is allowed there.
"""


_AUDIENCES = """# Keys of an audience file

An audience is a YAML file in `include/audiences`; its name is that of the audience.
[audiences.md](audiences.md) shows a whole one. Editors complete and check it by its JSON schema,
as above:

    kindred spec-schema --audience > include/audiences/audience.schema.json

    # yaml-language-server: $schema=audience.schema.json
"""


def reference() -> str:
    """The page, in Markdown."""
    root, audience = json_schema(Spec), json_schema(Audience)
    sections = [_HEAD, *(_section(title, node, root) for title, node in _mappings(root))]
    sections += [
        _AUDIENCES,
        _section("The file", audience, audience),
        _section("`seed`, `contacted`, `exclude`", node_at(["seed"], audience), audience),
        _section("`outcome`", node_at(["outcome"], audience), audience),
    ]
    return "\n".join(sections)


def _mappings(root: Node) -> Iterator[tuple[str, Node]]:
    """Every mapping of a spec with its title, the outer ones first."""
    yield "The spec", root
    yield "`source`", node_at(["source"], root)
    yield "`events`: each table", node_at(["events", ""], root)
    for kind in MODELS:
        yield f"`features`: kind `{kind}`", node_at(["features", "", kind], root)
    yield "`recommendations`", node_at(["recommendations"], root)
    yield "`recommendations.catalogue`", node_at(["recommendations", "catalogue"], root)
    yield "`clustering`", node_at(["clustering"], root)
    for key, node in node_at(["clustering"], root)["properties"].items():
        if "$ref" in node:
            yield f"`clustering.{key}`", node_at(["clustering", key], root)
    yield "`gates`", node_at(["gates"], root)


def _section(title: str, node: Node, root: Node) -> str:
    rows = [
        f"| `{key}` | {' | '.join(_cells(key, inner, key in node.get('required', ()), root))} |"
        for key, inner in node["properties"].items()
    ]
    head = ["| key | meaning | allowed | default | example |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([f"## {title}", "", *head, *rows, ""])


def _cells(key: str, node: Node, is_required: bool, root: Node) -> Iterator[str]:
    words = allowed(node, root)
    is_mapping = words.startswith("a mapping with")
    yield node.get("description") or node_at([key], root)["description"]
    yield "see below" if is_mapping else words
    default = node.get("default")
    if key in ("space", "name") and "pattern" in node and default is None:
        yield "the file's name"
    elif is_required or is_mapping or default is None:
        yield "required" if is_required else "see below" if is_mapping else "none"
    else:
        yield f"`{_yaml(default)}`"
    yield ", ".join(f"`{key}: {_yaml(example)}`" for example in node.get("examples", ()))


def _yaml(value: Any) -> str:
    """A value as a spec writes it, on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_yaml(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, str):
        is_plain = value[:1].isalpha() or value[:1] == "/"
        return value if is_plain else f"'{value}'" if '"' in value else f'"{value}"'
    return json.dumps(value)
