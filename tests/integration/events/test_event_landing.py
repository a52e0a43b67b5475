"""Events land by windows; what is read again adds what is new and withdraws what is gone."""

import pytest

from integration.events_shop import (
    FIRST_NIGHT,
    LAST_NIGHT,
    in_force,
    open_shop,
    order_lines,
    shop_spec,
)
from integration.warehouse import moment


def before(lines, as_of):
    """What is in force of the source's lines."""
    return sorted(
        (customer, at, str(item), float(price), float(quantity))
        for _, customer, at, item, price, quantity, _ in lines
        if at < moment(as_of)
    )


@pytest.fixture
def shop(laboratory):
    open_shop(laboratory)
    return laboratory


def test_windows_bring_each_event_once(shop):
    lines = order_lines()
    shop.land(shop_spec(), FIRST_NIGHT)
    assert in_force(shop) == before(lines, FIRST_NIGHT)
    shop.land(shop_spec(), LAST_NIGHT)
    assert in_force(shop) == before(lines, LAST_NIGHT)
    windows = shop.query(
        "select window_start::text, window_end, events_landed from kindred.event_windows order by 2"
    )
    first, second = len(before(lines, FIRST_NIGHT)), len(before(lines, LAST_NIGHT))
    assert [window[1:] for window in windows] == [
        (moment(FIRST_NIGHT), first),
        (moment(LAST_NIGHT), second - first),
    ]
    assert [window[0] for window in windows] == ["-infinity", "2026-04-01 02:00:00+00"]
