"""The published night whose audiences are exported and shown."""

from pathlib import Path

import pytest

from integration.audiences import export_scene
from integration.warehouse import Laboratory


@pytest.fixture(scope="session")
def export_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its audience files."""
    return export_scene.folder_in(tmp_path_factory.mktemp("audiences"))


@pytest.fixture(scope="session")
def exportable(make_laboratory, export_folder) -> Laboratory:
    """The night, which nothing may change."""
    return export_scene.publish(make_laboratory(), export_folder)
