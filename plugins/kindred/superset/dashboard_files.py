"""The YAML files of the dashboards, wherever this release has them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from kindred.errors import SettingsError
from kindred.superset.content import KINDS, Content, unknown_names


def dashboards_dir() -> Path:
    """``deploy/superset`` of a checkout or image, otherwise what the package carries."""
    package = Path(__file__).resolve().parents[1]
    beside = package.parents[1] / "deploy" / "superset"
    return beside if beside.is_dir() else package / "superset" / "files"


def read_dashboards(folder: Path) -> Content:
    """Kind -> name -> what its file says.

    Raises
    ------
    SettingsError
        when a folder has no such files, or one cannot be used: the message names file and key.
    """
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for kind, model in KINDS.items():
        paths = sorted((folder / kind).glob("*.yaml"))
        if not paths:
            raise SettingsError(
                f"{folder / kind}: YAML files of {kind} are expected, found none: copy"
                " deploy/superset of the release to that place"
            )
        found[kind] = {path.stem: _read(path, model) for path in paths}
    if unknown := list(unknown_names(found)):
        raise SettingsError(f"{folder}: {'; '.join(unknown)}")
    return found


def write_zip(path: Path, content: bytes) -> None:
    """Write the zip, in place of an earlier one.

    Raises
    ------
    SettingsError
        when the file cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise SettingsError(f"--output {path}: cannot be written: {error.strerror}") from error


def _read(path: Path, model: type[BaseModel]) -> Mapping[str, Any]:
    content: Any
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: a mapping is expected, found {type(content).__name__}")
    try:
        return model.model_validate(content).model_dump(exclude_unset=True)
    except ValidationError as error:
        problems = [(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        text = "; ".join(f"{place}: {problem}" for place, problem in problems)
        raise SettingsError(f"{path}: {text}") from error
