"""The two nights of a shop that recommends."""

import pytest

from integration.events_shop import FIRST_NIGHT, LAST_NIGHT, open_shop
from integration.recommendations.shop import SPEC
from integration.warehouse import Laboratory


@pytest.fixture(scope="session")
def shop(make_laboratory) -> Laboratory:
    """Two nights by one encoder; nothing may change them."""
    laboratory = make_laboratory()
    open_shop(laboratory)
    for night in (FIRST_NIGHT, LAST_NIGHT):
        laboratory.run(SPEC, night)
    return laboratory


@pytest.fixture
def copied(shop: Laboratory, copy_laboratory) -> Laboratory:
    """A copy of the two nights that a test may change."""
    return copy_laboratory(shop)
