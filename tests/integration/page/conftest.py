"""The scene of the report, looked at through the page."""

import pytest

from integration.bi_login import login_of
from integration.page.page_client import Client, StandIn
from integration.reports.conftest import drawn_once, reported  # noqa: F401
from integration.warehouse import Laboratory

RIGHTS = {
    "admin": {"default": "edit"},
    "viewer": {"default": "read"},
    "stranger": {},
    "elsewhere": {"other": "edit"},
}


@pytest.fixture(scope="session")
def client(server, reported: Laboratory) -> Client:  # noqa: F811
    """The page on the published scene, with the login of a reader."""
    return Client(StandIn(login_of(server, reported), RIGHTS))
