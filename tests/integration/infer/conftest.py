"""The command ``kindred infer-spec`` on the source of a test file's ``shop``."""

import pytest
from typer.testing import CliRunner

from kindred.cli import app


@pytest.fixture
def infer(shop, monkeypatch):
    """The command; returns what it prints."""
    monkeypatch.setenv("AIRFLOW_CONN_KINDRED_SOURCE", shop.source_dsn)

    def call(*arguments):
        result = CliRunner().invoke(app, ["infer-spec", *map(str, arguments)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return call
