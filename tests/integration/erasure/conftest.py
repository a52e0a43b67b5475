"""Every erasure has its secret."""

import pytest

from integration.leaving import SECRET
from kindred.history.erasure_key import VARIABLE


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
