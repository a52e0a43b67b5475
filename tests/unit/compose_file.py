"""docker-compose.yaml and env.template as they are written, and as compose reads them."""

import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import timedelta
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE, TEMPLATE_FILE = ROOT / "docker-compose.yaml", ROOT / "env.template"
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<form>:[?-])?(?P<rest>[^}]*)\}")
TEMPLATE_LINE = re.compile(r"^(?P<optional>#?)(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$", re.M)
_DURATION = re.compile(r"(\d+)([hms])")
_UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}


def strings(node: Any) -> Iterator[str]:
    """Every text below a node."""
    if isinstance(node, dict):
        node = node.values()
    if isinstance(node, str):
        yield node
    elif not isinstance(node, (int, type(None))):
        for child in node:
            yield from strings(child)


def variables(node: Any) -> set[tuple[str, str | None]]:
    """Name and default (None where compose demands a value) of every variable below ``node``."""
    return {(name, "") for name in passed_on(node)} | {
        (match["name"], match["rest"] if match["form"] == ":-" else None)
        for text in strings(node)
        for match in VARIABLE.finditer(text)
    }


def passed_on(node: Any) -> Iterator[str]:
    """Variables of services without a value: those of .env, not set where it has none."""
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if value is None and re.fullmatch(r"[A-Z_]+", key):
            yield key
        yield from passed_on(value)


def template() -> dict[str, tuple[str | None, re.Match[str]]]:
    """Default (None where there is none) and line of each variable of env.template."""
    lines = list(TEMPLATE_LINE.finditer(TEMPLATE_FILE.read_text(encoding="utf-8")))
    assert len({line["name"] for line in lines}) == len(lines), "a variable is documented twice"
    return {line["name"]: (line["value"] if line["optional"] else None, line) for line in lines}


def filled_in(values: Mapping[str, str]) -> str:
    """The text of a .env: env.template with these values, the other lines as they are."""

    def line(found: re.Match[str]) -> str:
        name = found["name"]
        return f"{name}={values[name]}" if name in values else found[0]

    return TEMPLATE_LINE.sub(line, TEMPLATE_FILE.read_text(encoding="utf-8"))


def variables_of(env_file: str) -> dict[str, str]:
    """The variables that the text of a .env sets."""
    found = TEMPLATE_LINE.finditer(env_file)
    return {line["name"]: line["value"] for line in found if not line["optional"]}


def interpolated(node: Any, values: Mapping[str, str]) -> Any:
    """A node with the variables replaced, as compose does before it starts anything.

    Raises
    ------
    ValueError
        A variable that must have a value has none.
    """
    if isinstance(node, dict):
        return {key: interpolated(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [interpolated(child, values) for child in node]
    if not isinstance(node, str):
        return node

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        given = values.get(found["name"], "")
        if not given and found["form"] == ":?":
            raise ValueError(f"{found['name']}: {found['rest']}")
        return given or (found["rest"] if found["form"] == ":-" else "")

    return re.sub(rf"\$\$|{VARIABLE.pattern}", value, node)


def environment_of(service: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """The environment of an interpolated service; those without a value are taken from .env."""
    given = {
        name: values.get(name) if value is None else str(value)
        for name, value in service.get("environment", {}).items()
    }
    return {name: value for name, value in given.items() if value is not None}


def words(command: str | list[str]) -> list[str]:
    """A command as its process gets it."""
    return shlex.split(command) if isinstance(command, str) else list(command)


def starting_order(services: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The services that compose starts by itself, each behind those it depends on."""
    graph = {
        name: list(service.get("depends_on", {}))
        for name, service in services.items()
        if "profiles" not in service
    }
    return list(TopologicalSorter(graph).static_order())


def seconds(duration: str) -> float:
    """A duration such as ``1m30s``."""
    parts = {_UNITS[unit]: float(number) for number, unit in _DURATION.findall(duration)}
    return timedelta(**parts).total_seconds()
