"""Random changes of a source that dates them by the day, at any hour of the night and clock."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from integration.narrow_source import narrow_spec
from integration.warehouse import moment

NIGHTS, CUSTOMERS, CHANGES = 6, 8, 10


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati"])
@pytest.mark.parametrize("hour", [2, 11, 20])
def test_each_night_has_what_the_source_had(laboratory, seed, zone, hour):
    rng = np.random.default_rng(seed)
    history = ["current", "versions"][seed % 2]
    spec = narrow_spec(
        source={"source_timezone": zone, "history": history, "deletes": "ignore"},
        schedule=f"0 {hour} * * *",
    )
    laboratory.fill("customers", "customer_id bigint, updated_at date, value integer", [])
    start = datetime(2026, 2, 1, hour, tzinfo=ZoneInfo("UTC"))
    values, expected = {}, {}
    for night in range(NIGHTS):
        as_of = start + timedelta(days=night)
        for hours in sorted(rng.uniform(0, 24, CHANGES), reverse=True):
            day = (as_of - timedelta(hours=hours)).astimezone(ZoneInfo(zone)).date()
            customer, value = int(rng.integers(CUSTOMERS)), int(rng.integers(3))
            values[customer] = value
            same = " and updated_at = %(day)s" if history == "versions" else ""
            row = {"customer": customer, "day": day, "value": value}
            laboratory.query(
                f"delete from customers where customer_id = %(customer)s{same};"  # noqa: S608
                " insert into customers values (%(customer)s, %(day)s, %(value)s)",
                row,
                source=True,
            )
        expected[as_of] = dict(values)
        text = f"{as_of:%Y-%m-%dT%H:%M}"
        for full_extract in (False, bool(rng.integers(2))):
            laboratory.land(spec, text, full_extract=full_extract)
            for past, customers in expected.items():
                assert customers_at(laboratory, past) == customers, (night, past)
    assert laboratory.rejected() == []


def customers_at(laboratory, as_of):
    query = (
        "select distinct on (customer_id) customer_id, value from kindred.customer_versions"
        " where updated_at < %s order by customer_id, updated_at desc"
    )
    return dict(laboratory.query(query, [moment(f"{as_of:%Y-%m-%dT%H:%M}")]))
