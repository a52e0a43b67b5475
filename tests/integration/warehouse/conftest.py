"""Fixtures of the tests of warehouses."""

from collections.abc import Callable

import pytest

from databases import administer
from integration.reader_shop import AS_OF, CUSTOMERS, READER, SPEC, execute
from integration.warehouse import COLUMNS, Laboratory, people
from local.postgres import EmbeddedServer


@pytest.fixture(scope="session")
def shop_of_readers(
    make_laboratory: Callable[..., Laboratory], server: EmbeddedServer
) -> Laboratory:
    """A published night, in a database whose pgvector is in schema ``public``."""
    laboratory = make_laboratory(is_bare=True)
    administer(server, f"create role {READER} login")
    execute(laboratory.warehouse_dsn, "create extension vector schema public")
    laboratory.fill("customers", COLUMNS, people(CUSTOMERS))
    laboratory.run(SPEC, AS_OF)
    execute(laboratory.warehouse_dsn, f"grant bi_reader to {READER}")
    return laboratory


@pytest.fixture
def shop(shop_of_readers: Laboratory) -> Laboratory:
    """That night; a test that changes it changes it back."""
    return shop_of_readers
