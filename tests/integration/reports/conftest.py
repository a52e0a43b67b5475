"""The published scene that reports are made of, whose charts are drawn once."""

import json
from pathlib import Path
from typing import Any

import pytest
import vl_convert

from integration.reports import report_scene
from integration.warehouse import Laboratory

_draw, _drawn = vl_convert.vegalite_to_svg, dict[str, str]()


def _drawn_once(described: dict[str, Any], **options: Any) -> str:
    """The picture of a chart: most tests look at the same ones, and each takes some 50 ms."""
    asked = json.dumps([described, options])
    if asked not in _drawn:
        _drawn[asked] = _draw(described, **options)
    return _drawn[asked]


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no chart again that a test has drawn."""
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", _drawn_once)


@pytest.fixture(scope="session")
def reported(make_laboratory, tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """Both nights, which nothing may change."""
    folder: Path = tmp_path_factory.mktemp("audiences")
    return report_scene.publish(make_laboratory(), folder)
