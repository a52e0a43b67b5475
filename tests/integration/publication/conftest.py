"""Shops to publish from, each test with a copy of its own."""

from collections.abc import Callable

import pytest

from integration.publishing import build, day, open_shop
from integration.warehouse import Laboratory, make_spec

Copy = Callable[[Laboratory], Laboratory]


@pytest.fixture(scope="session")
def original_shop(make_laboratory: Callable[..., Laboratory]) -> Laboratory:
    return open_shop(make_laboratory())


@pytest.fixture(scope="session")
def original_night(original_shop: Laboratory, copy_laboratory: Copy) -> Laboratory:
    laboratory = copy_laboratory(original_shop)
    laboratory.run(make_spec(), day(5))
    return laboratory


@pytest.fixture(scope="session")
def original_build(original_night: Laboratory, copy_laboratory: Copy) -> Laboratory:
    laboratory = copy_laboratory(original_night)
    build(laboratory, make_spec(), 6)
    return laboratory


@pytest.fixture(scope="session")
def original_replacement(original_night: Laboratory, copy_laboratory: Copy) -> Laboratory:
    laboratory = copy_laboratory(original_night)
    build(laboratory, make_spec(k=3), 5)
    return laboratory


@pytest.fixture
def shop(original_shop: Laboratory, copy_laboratory: Copy) -> Laboratory:
    """A shop of 800 customers, 40 more each day, and an encoder that all days share."""
    return copy_laboratory(original_shop)


@pytest.fixture
def published(original_night: Laboratory, copy_laboratory: Copy) -> Laboratory:
    """The same shop with the snapshot of day 5 published."""
    return copy_laboratory(original_night)


@pytest.fixture
def built(original_build: Laboratory, copy_laboratory: Copy) -> Laboratory:
    """The shop with day 5 published, and day 6 built up to publish."""
    return copy_laboratory(original_build)


@pytest.fixture
def replaced(original_replacement: Laboratory, copy_laboratory: Copy) -> Laboratory:
    """The shop with day 5 published, and built once more with fewer lookalikes, up to publish."""
    return copy_laboratory(original_replacement)
