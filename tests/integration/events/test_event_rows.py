"""Events in memory: which lines are read, and codes that do not depend on arrival."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from integration.events_shop import open_shop, shop_spec
from integration.warehouse import moment
from kindred.errors import SettingsError
from kindred.events.event_rows import read_events
from kindred.events.event_tables import ensure_months
from kindred.events.lines import NO_ITEM, Unknown

AS_OF = moment("2026-04-01T02:00")
MICROSECOND = timedelta(microseconds=1)
DAYS = 30
EDGE = AS_OF - timedelta(days=DAYS)
COLUMNS = ("item", "code channel")

# customer, at, withdrawn, code of the item, amount, quantity, code of the channel
EVENTS = [
    (7, AS_OF - MICROSECOND, False, 4, 2.5, 1.0, 1),
    (7, AS_OF, False, 4, 100.0, 1.0, 1),  # at the moment itself: not before it
    (7, EDGE, False, 9, -1.0, None, None),
    (7, EDGE - MICROSECOND, False, 4, 200.0, 1.0, 0),
    (3, EDGE, True, 4, 300.0, 1.0, 0),
    (3, EDGE, False, None, None, 2.0, 1),
    (5, EDGE, False, 4, 400.0, 1.0, 1),  # nobody's who is asked for
]
VALUES = [
    ("item", 4, "pear"),
    ("item", 9, "apple"),
    ("item", 11, "never sold"),
    ("code channel", 0, "shop"),
    ("code channel", 1, "online"),
]


@pytest.fixture(scope="module")
def landed(make_laboratory):
    laboratory = make_laboratory()
    open_shop(laboratory, lines=[])
    run = laboratory.begin(shop_spec(), "2026-04-01T02:00")
    with (
        run.warehouse("test") as database,
        database.transaction(),
        database.connection.cursor() as cursor,
    ):
        cursor.execute("create temporary table arrivals (at timestamptz)")
        cursor.executemany("insert into arrivals values (%s)", [(e[1],) for e in EVENTS])
        ensure_months(database, "purchases", "arrivals")
        cursor.executemany(
            "insert into events_purchases (customer_id, at, withdrawn_at, item, amount,"
            ' quantity, "code channel", identity, landed_at) values (%s, %s,'
            " case when %s then now() end, %s, %s, %s, %s, gen_random_uuid(), now())",
            EVENTS,
        )
        cursor.executemany("insert into event_values values ('purchases', %s, %s, %s)", VALUES)
    return run


def read(run, **options):
    with run.warehouse("test") as database:
        keys = np.array([3, 4, 7])
        return read_events(database, run, "purchases", keys, AS_OF, **options)


def test_lines_before_the_moment_and_within_the_window_are_read(landed):
    rows = read(landed, days=DAYS, columns=COLUMNS)
    assert rows.lines.customers.tolist() == [0, 2, 2]
    assert sorted(rows.lines.amounts.tolist()[1:]) == [-1.0, 2.5]
    assert np.isnan(rows.lines.amounts[0])
    assert len(read(landed).lines) == 4  # without a window the older one too
    assert rows.unknown == Unknown()
    assert read(landed, days=DAYS, counts_unknown=True).unknown == Unknown(1, 1)
    seven = rows.part(1, 3)
    assert seven.lines.customers.tolist() == [1, 1]
    assert sorted(seven.lines.at.tolist()) == sorted(rows.lines.at.tolist()[1:])


def test_codes_follow_the_texts_and_not_the_arrival(landed):
    rows = read(landed, days=DAYS, columns=COLUMNS)
    assert rows.items.tolist() == ["apple", "pear"]
    by_amount = dict(zip(rows.lines.amounts.tolist(), rows.lines.items.tolist(), strict=True))
    assert (by_amount[-1.0], by_amount[2.5]) == (0, 1)
    assert rows.lines.items[0] == NO_ITEM
    assert rows.values == {"code channel": np.array(["online"])}
    channels = dict(
        zip(rows.lines.amounts.tolist(), rows.codes["code channel"].tolist(), strict=True)
    )
    assert (channels[-1.0], channels[2.5]) == (-1, 0)


def test_no_event_at_all(landed):
    with landed.warehouse("test") as database:
        rows = read_events(
            database, landed, "purchases", np.array([3]), moment("2020-01-01"), columns=COLUMNS
        )
    assert len(rows.lines) == 0
    assert rows.items.tolist() == []


def test_what_does_not_fit_into_memory_is_not_read(landed):
    small = landed.settings.model_copy(update={"memory_limit_mb": 1})
    run = replace(landed, deployment=replace(landed.deployment, settings=small))
    with pytest.raises(SettingsError, match="reading of 5 purchases"):
        read(run)
