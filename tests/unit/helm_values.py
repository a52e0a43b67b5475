"""The values of ``deploy/kubernetes``, as helm puts several files together."""

import copy
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
KEYS = Path(__file__).parent / "chart_keys.yaml"
LAYERS: tuple[tuple[str, ...], ...] = (
    (),
    ("values-celery.yaml",),
    ("values-git-sync.yaml",),
    ("values-celery.yaml", "values-git-sync.yaml"),
)
"""What goes on top of ``values.yaml``."""


@cache
def read(name: str) -> dict[str, Any]:
    """One file of values."""
    content: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return content


def values(*names: str) -> dict[str, Any]:
    """The files on top of ``values.yaml``: mappings are merged, and lists replaced."""
    merged = copy.deepcopy(read("values.yaml"))
    for name in names:
        _merge(merged, read(name))
    return merged


def _merge(below: dict[str, Any], above: dict[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _merge(below[key], value)
        else:
            below[key] = value


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its path, such as ``workers.env[].name``; an empty mapping has none."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(node, list):
        for entry in node:
            yield from leaves(entry, f"{path}[]")
    else:
        yield path, node


def known_keys() -> dict[str, str]:
    """The keys of the chart that are used, and what each allows."""
    content: dict[str, str] = yaml.safe_load(KEYS.read_text(encoding="utf-8"))
    return content


def key_of(path: str) -> str:
    """The path as ``chart_keys.yaml`` has it."""
    return re.sub(r"^config\..+$", "config.*.*", path)
