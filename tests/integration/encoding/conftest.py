"""Sentence models are read once by a process of tests: that takes a quarter of a second."""

from functools import cache

import pytest

from kindred.encoding import text_embedding

_load_once = cache(text_embedding.load_model)


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that cannot be used is refused each time."""
    monkeypatch.setattr(text_embedding, "load_model", _load_once)
