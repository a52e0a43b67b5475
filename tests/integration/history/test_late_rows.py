"""Rows that arrive late: found, landed in their place, and told by the snapshots they change."""

import pytest

from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.backfills import fit
from kindred.history.landing import windows_to_read
from kindred.tasks import run_task

FIRST, SECOND, THIRD, FOURTH = (f"2026-02-0{day}T02:00" for day in (1, 2, 3, 4))
SPEC = make_spec(
    source={"deletes": "ignore", "overlap_hours": 36}, clustering={"algorithms": ["kmeans"]}
)
LATE = "2026-01-31 20:00Z"  # before the first snapshot; within the overlap of the second window


def row(customer, updated_at=LATE, income=50_000.0):
    return (customer, updated_at, income, 40, True, "CA", False)


def late(laboratory):
    """Snapshot -> customers whose rows came late, as BI is told."""
    return {
        as_of.strftime("%m-%d"): customers
        for as_of, customers in laboratory.query(
            "select as_of at time zone 'UTC', late_customers from bi.snapshots order by 1"
        )
    }


def customers(laboratory, as_of):
    return laboratory.query(
        "select count(distinct customer_id) from bi.clusters where as_of = %s", [moment(as_of)]
    )[0][0]


def in_force(laboratory):
    return laboratory.query(
        "select income from kindred.customer_versions where customer_id = 1"
        " order by updated_at desc limit 1"
    )


@pytest.fixture(scope="module")
def original(make_laboratory):
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(40, days=20))
    laboratory.run(SPEC, FIRST)
    return laboratory


@pytest.fixture
def shop(original, copy_laboratory):
    """Forty customers of January, and a first snapshot."""
    return copy_laboratory(original)


def test_a_late_row_is_found_and_marks_what_it_changes(shop):
    shop.append("customers", [row(1001), row(1002), row(1003, "2026-02-01 12:00Z")])
    shop.run(SPEC, SECOND)
    assert customers(shop, SECOND) == 43
    assert late(shop) == {"02-01": 2, "02-02": 0}
    landed = shop.query("select updated_at from kindred.customer_versions where customer_id = 1001")
    assert landed == [(moment("2026-01-31T20:00"),)]
    shop.run(SPEC, THIRD)
    assert late(shop) == {"02-01": 2, "02-02": 0, "02-03": 0}, "read again, nothing is new"

    shop.run(SPEC, FIRST)
    assert customers(shop, FIRST) == 42
    assert late(shop) == {"02-01": 0, "02-02": 0, "02-03": 0}


def test_a_late_row_that_a_newer_version_covers_changes_nothing_later(shop):
    shop.append("customers", [row(1001, "2026-02-01 12:00Z"), row(1002, "2026-02-01 13:00Z")])
    shop.run(SPEC, SECOND)
    shop.append("customers", [row(1001), row(1002, "2026-02-01 14:00Z", income=1.0)])
    shop.run(SPEC, THIRD)
    assert late(shop) == {"02-01": 1, "02-02": 1, "02-03": 0}


def test_a_row_from_before_the_overlap_comes_to_its_place_with_a_full_extract(shop):
    """Its newest time proves that it is missing, so that the newest window has it."""
    shop.query(
        "update customers set income = 1, updated_at = '2026-01-21 12:00Z' where customer_id = 1",
        source=True,
    )
    shop.run(SPEC, SECOND)
    assert late(shop) == {"02-01": 0, "02-02": 0}
    assert in_force(shop) == [(1.0,)]
    shop.run(SPEC, THIRD, full_extract=True)
    assert late(shop) == {"02-01": 1, "02-02": 0, "02-03": 0}
    assert in_force(shop) == [(1.0,)]


def test_the_overlap_is_refused_rows_and_counts_of_the_window_alone(shop):
    shop.append("customers", [row(1001), row(None), row(1002, "2026-02-01 12:00Z")])
    shop.run(SPEC, SECOND)
    shop.run(SPEC, THIRD)
    assert shop.rejected() == [(None, "customer_id: null")]
    windows = shop.query(
        "select rows_read, rows_landed, rows_rejected from kindred.extracted_windows order by"
        " window_end"
    )
    assert windows == [(40, 40, 0), (1, 1, 0), (0, 0, 0)]


def test_rows_that_land_while_another_date_is_built_are_late_for_it(shop):
    """A run for a later date lands a late row after this one has read the customers."""
    shop.fit(SPEC, FIRST)
    for stage, _ in shop.stages(SPEC, SECOND):
        if stage == "plan_graph":
            shop.append("customers", [row(1001)])
            shop.run(SPEC, THIRD)
    assert customers(shop, SECOND) == 40
    assert customers(shop, THIRD) == 41
    assert late(shop) == {"02-01": 1, "02-02": 1, "02-03": 0}


def test_a_task_cleared_after_its_run_has_ended_counts_who_has_come_since(shop):
    """The table of its customers is gone: they are found again, and the gate expects them all."""
    shop.append("customers", [row(1001)])
    shop.run(SPEC, SECOND)
    run = shop.reopen({"space": SPEC.space, "as_of": moment(FIRST).isoformat()})
    for task, part in shop.steps(run):
        if task not in ("extract", "validate", "embed_texts", "fit_encoder", "publish", "clean_up"):
            shop.last_result = run_task(run, task, **part)
    assert run.reopened().build.facts["customers"] == 41


def test_a_fit_leaves_no_table_behind_whatever_happens(shop, monkeypatch):
    def tables():
        return shop.query(
            "select relname from pg_class where relname ~ '^(landing_|snapshot_customers_).*fit_'"
            " and relkind = 'r'"
        )

    with monkeypatch.context() as patch:
        patch.setattr(fit, "fit_as_of", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            shop.fit(SPEC, SECOND, refit=True)
    assert tables() == []
    with monkeypatch.context() as patch:
        patch.setattr(fit, "_drop_tables", lambda _: None)  # as where it is killed
        shop.fit(SPEC, SECOND, refit=True)
    assert tables() != []
    shop.fit(SPEC, SECOND)
    assert tables() == []


def test_windows_begin_earlier_and_do_not_meet():
    first = ("-infinity", "2026-02-01 02:00:00+00")
    second = ("2026-02-03 02:00:00+00", "2026-02-04 02:00:00+00")
    assert windows_to_read([first, second], 0) == [first, second]
    assert windows_to_read([first, second], 12) == [
        first,
        ("2026-02-02T14:00:00+00:00", second[1]),
    ]
    assert windows_to_read([first, second], 72) == [first, (first[1], second[1])]
