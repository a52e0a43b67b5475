"""The published scene that reports are made of."""

from pathlib import Path

import pytest

from integration.reports import report_scene
from integration.warehouse import Laboratory


@pytest.fixture(scope="session")
def reported(make_laboratory, tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """Both nights, which nothing may change."""
    folder: Path = tmp_path_factory.mktemp("audiences")
    return report_scene.publish(make_laboratory(), folder)
