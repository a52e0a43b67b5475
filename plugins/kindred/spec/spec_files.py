"""The files of feature specs: one per space, in one or more folders."""

from pathlib import Path

from kindred.errors import SettingsError, SpecError
from kindred.settings import Places, variable_name


def features_dirs() -> list[Path]:
    """The folders of specs: ``KINDRED_FEATURES``, else ``include/features`` beside ``plugins``.

    Raises
    ------
    SettingsError
        when neither exists, for example if Kindred was installed from a wheel.
    """
    if configured := Places.from_env().features:
        return list(configured)
    beside = Path(__file__).resolve().parents[3] / "include" / "features"
    if not beside.is_dir():
        raise SettingsError(
            f"{variable_name('features')} is not set, and there is no folder {beside}: set it to"
            " the folder of your feature specs (several are separated as in PATH)"
        )
    return [beside]


def spec_paths() -> dict[str, Path]:
    """The spec file of every space, by the name of the space.

    Raises
    ------
    SettingsError
        when there is no folder of specs.
    SpecError
        when two folders have a spec of the same name.
    """
    paths: dict[str, Path] = {}
    for folder in features_dirs():
        for path in sorted(folder.glob("*.yaml")):
            if path.stem in paths:
                raise SpecError(
                    f"space {path.stem!r} has two specs, {paths[path.stem]} and {path}: remove or"
                    " rename one of them"
                )
            paths[path.stem] = path
    return paths
