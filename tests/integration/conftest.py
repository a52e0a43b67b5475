"""Fixtures of the tests that need a source and a warehouse."""

from collections.abc import Callable
from pathlib import Path

import pytest

from integration.warehouse import Laboratory


@pytest.fixture(scope="session")
def make_laboratory(
    make_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Laboratory]:
    """Create a source and a warehouse; with ``beside``, a warehouse of its own on that source."""

    def make(beside: Laboratory | None = None) -> Laboratory:
        source = make_database("shop") if beside is None else beside.source_dsn
        artefacts: Path = tmp_path_factory.mktemp("artefacts")
        return Laboratory(source, make_database("warehouse"), artefacts)

    return make


@pytest.fixture
def laboratory(make_laboratory: Callable[..., Laboratory]) -> Laboratory:
    """A new source and a new warehouse."""
    return make_laboratory()
