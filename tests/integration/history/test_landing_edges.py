"""Rare ways of a source: customers who come back, the ends of time, values jsonb refuses."""

import pytest

from integration.warehouse import make_spec, moment

DAY = "2026-01-10T10:00Z"
FIRST, SECOND, THIRD = "2026-02-01T02:00", "2026-02-02T02:00", "2026-02-03T02:00"
OPEN_GATES = {"max_deleted_share": 1.0, "max_rejected_share": 1.0, "max_drift": 1e6}
LATE = "2026-01-31T20:00Z"


def spec_of(source=None, **changes):
    defaults = {"features": {"value": "numeric"}, "labels": [], "k": 2, "gates": OPEN_GATES}
    clustering = {"algorithms": ["kmeans"], "kmeans": {"k": 2}}
    return make_spec(source=source or {}, clustering=clustering, **{**defaults, **changes})


def customers(laboratory, as_of):
    rows = laboratory.query(
        "select customer_id, value from (select distinct on (customer_id) * from"
        " kindred.customer_versions where updated_at < %s order by customer_id, updated_at desc)"
        " as latest where not is_deleted order by 1",
        [moment(as_of)],
    )
    return dict(rows)


def fill(laboratory, values, definition="float8", times="timestamptz", when=DAY):
    columns = f"customer_id bigint, updated_at {times}, value {definition}"
    laboratory.fill("customers", columns, [(key, when, value) for key, value in values.items()])


@pytest.mark.parametrize("source", [{}, {"updated_at": "none"}], ids=["dated", "undated"])
def test_a_customer_who_is_there_again_unchanged_is_no_longer_deleted(laboratory, source):
    """As after a night on which the source was only partly loaded."""
    spec, everybody = spec_of(source), {1: 1.0, 2: 2.0, 3: 3.0}
    fill(laboratory, everybody)
    laboratory.land(spec, FIRST)
    fill(laboratory, {1: 1.0})
    laboratory.land(spec, SECOND)
    assert customers(laboratory, SECOND) == {1: 1.0}
    fill(laboratory, everybody)
    laboratory.land(spec, THIRD)
    assert customers(laboratory, THIRD) == everybody
    assert customers(laboratory, SECOND) == {1: 1.0}, "what was known then"


def test_a_row_that_says_deleted_stays_deleted_though_its_key_is_there(laboratory):
    spec = spec_of({"tombstone": "gone", "deletes": "compare_keys"})
    columns = "customer_id bigint, updated_at timestamptz, value float8, gone boolean"
    rows = [(1, DAY, 1.0, False), (2, DAY, 2.0, False)]
    laboratory.fill("customers", columns, rows)
    laboratory.land(spec, FIRST)
    laboratory.fill("customers", columns, [rows[0], (2, "2026-02-01T10:00Z", 2.0, True)])
    laboratory.land(spec, SECOND)
    laboratory.land(spec, THIRD)
    assert customers(laboratory, THIRD) == {1: 1.0}


def test_a_full_extract_without_times_leaves_the_past_alone(laboratory):
    spec = spec_of({"updated_at": "none"})
    fill(laboratory, {1: 1.0, 2: 2.0})
    laboratory.land(spec, FIRST)
    laboratory.land(spec, SECOND)
    fill(laboratory, {1: 1.0, 2: 99.0})
    for as_of in (FIRST, SECOND):
        laboratory.land(spec, as_of, full_extract=True)
        assert customers(laboratory, as_of) == {1: 1.0, 2: 2.0}
    assert laboratory.rejected() == []
    laboratory.land(spec, THIRD, full_extract=True)
    assert customers(laboratory, THIRD) == {1: 1.0, 2: 99.0}


def test_to_hear_late_that_a_stranger_is_gone_makes_no_snapshot_stale(laboratory):
    spec = spec_of({"tombstone": "gone", "overlap_hours": 24})
    columns = "customer_id bigint, updated_at timestamptz, value float8, gone boolean"
    rows = [(key, DAY, float(key), False) for key in range(1, 6)]
    laboratory.fill("customers", columns, rows)
    laboratory.run(spec, FIRST)
    laboratory.append("customers", [(9, LATE, 9.0, True)])
    laboratory.land(spec, SECOND)
    stale = "select late_customers from kindred.snapshots where as_of = %s"
    assert laboratory.query(stale, [moment(FIRST)]) == [(0,)]
    laboratory.append("customers", [(1, LATE, 1.0, True), (8, LATE, 8.0, False)])
    laboratory.land(spec, THIRD)
    assert laboratory.query(stale, [moment(FIRST)]) == [(0,)], "older than the overlap"
    laboratory.land(spec, THIRD, full_extract=True)
    assert laboratory.query(stale, [moment(FIRST)]) == [(2,)]


@pytest.mark.parametrize(
    ("times", "zone", "far", "near"),
    [
        ("timestamp", "America/New_York", "294276-12-31 23:59:59", "4713-01-01 00:00 BC"),
        ("timestamp", "Asia/Tokyo", "294276-12-31 23:59:59", "4713-01-01 00:00 BC"),
        ("date", "UTC", "5874897-12-31", "4713-01-01 BC"),
    ],
)
def test_times_that_no_time_zone_holds(laboratory, times, zone, far, near):
    spec = spec_of({"source_timezone": zone})
    fill(laboratory, {1: 1.0, 2: 2.0}, times=times, when="2026-01-10")
    laboratory.append("customers", [(3, far, 3.0), (4, near, 4.0)])
    laboratory.land(spec, FIRST)
    assert customers(laboratory, FIRST) == {1: 1.0, 2: 2.0}
    assert laboratory.rejected() == [("4", "updated_at: infinite")]


def test_a_refused_row_may_hold_json_that_jsonb_does_not(laboratory):
    columns = (
        "customer_id bigint, updated_at timestamptz, value float8, details json, path jsonpath"
    )
    rows = [(1, DAY, 1.0, '"\\ud800"', "$.a"), (2, DAY, "NaN", '"\\u0000"', "$.a")]
    for row in rows:
        if row is rows[0]:
            laboratory.fill("customers", columns, [row])
        else:
            laboratory.append("customers", [row])
    spec = spec_of(labels=["details", "path"])
    laboratory.land(spec, FIRST)
    laboratory.land(spec, FIRST, full_extract=True)  # compares what landed, type by type
    assert customers(laboratory, FIRST) == {1: 1.0}
    raw = laboratory.query("select customer_id, raw ->> 'details' from kindred.rejected_rows")
    assert raw == [("2", '"\\u0000"')]


def test_the_smallest_key_is_a_key_like_others(laboratory):
    smallest = -(2**63)
    values = {smallest + number: float(number) for number in range(1_200)}
    fill(laboratory, values)
    laboratory.run(spec_of(), FIRST)
    found = laboratory.query("select min(customer_id), count(*) from kindred.customer_embeddings")
    assert found == [(smallest, 1_200)]
