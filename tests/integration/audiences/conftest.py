"""The nights of which these tests look at copies, or which they only read."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from integration.audiences import export_scene, night_scene, population_scene, results_scene
from integration.audiences.audience_scene import (
    FIRST_NIGHT,
    NEXT_NIGHT,
    audiences_in,
    open_scene,
    write_audiences,
)
from integration.audiences.population_scene import Resolver
from integration.warehouse import Laboratory


@pytest.fixture(scope="session")
def fitted(make_laboratory) -> Laboratory:
    """The scene with an encoder alone."""
    laboratory = make_laboratory()
    open_scene(laboratory)
    laboratory.fit(night_scene.SPEC, FIRST_NIGHT)
    return laboratory


@pytest.fixture(scope="session")
def export_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the audience files of ``exportable``."""
    return export_scene.folder_in(tmp_path_factory.mktemp("audiences"))


@pytest.fixture(scope="session")
def exportable(fitted: Laboratory, copy_laboratory, export_folder: Path) -> Laboratory:
    """The published night whose audiences are exported and shown; nothing may change it."""
    return export_scene.publish(copy_laboratory(fitted), export_folder)


@pytest.fixture(scope="session")
def judged(exportable, copy_laboratory, export_folder, tmp_path_factory) -> Laboratory:
    """An export, what its customers did, and the nights that have counted that (see `judge`)."""
    place = tmp_path_factory.mktemp("results")
    return results_scene.judge(copy_laboratory(exportable), export_folder, place)


@pytest.fixture
def scene(exportable: Laboratory, copy_laboratory) -> Laboratory:
    """A copy of the published night that a test may change."""
    return copy_laboratory(exportable)


@pytest.fixture
def kindred(export_folder: Path, tmp_path: Path) -> Any:
    """The command; exports go into ``out``."""
    return export_scene.command_in(tmp_path, export_folder)


@pytest.fixture(scope="session")
def encoded(fitted: Laboratory, copy_laboratory, tmp_path_factory) -> tuple[Laboratory, Path]:
    """A night up to the vectors, and the folder of the audience files it has read."""
    folder = tmp_path_factory.mktemp("audiences")
    return population_scene.encode(copy_laboratory(fitted), folder), folder


@pytest.fixture
def encoded_copy(
    encoded: tuple[Laboratory, Path], resolve_in: Resolver, copy_laboratory
) -> Laboratory:
    """A copy of that night, with nothing resolved yet."""
    resolve_in.close()
    laboratory = copy_laboratory(encoded[0])
    laboratory.query("truncate kindred.audience_ids, kindred.audience_resolutions")
    return laboratory


@pytest.fixture(scope="session")
def resolve_in(encoded: tuple[Laboratory, Path]) -> Iterator[Resolver]:
    """Resolve an audience in a laboratory."""
    resolver = Resolver(encoded[1])
    yield resolver
    resolver.close()


@pytest.fixture
def resolve(encoded: tuple[Laboratory, Path], resolve_in: Resolver) -> Callable[..., Any]:
    """Resolve an audience in the night up to the vectors itself."""
    return partial(resolve_in, encoded[0])


@pytest.fixture(scope="session")
def night_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the audience files of ``nights``."""
    folder = tmp_path_factory.mktemp("audiences")
    write_audiences(folder, night_scene.FILES)
    return folder


@pytest.fixture(scope="session")
def nights(fitted: Laboratory, copy_laboratory, night_folder: Path) -> Laboratory:
    """Two nights with audiences, one of which is broken; nothing may change them."""
    laboratory = copy_laboratory(fitted)
    with audiences_in(night_folder):
        for night in (FIRST_NIGHT, NEXT_NIGHT):
            laboratory.run(night_scene.SPEC, night)
    return laboratory


@pytest.fixture
def own_nights(nights: Laboratory, copy_laboratory, night_folder: Path) -> Iterator[Laboratory]:
    """A copy of the two nights that a test may change, which reads their files."""
    with audiences_in(night_folder):
        yield copy_laboratory(nights)
