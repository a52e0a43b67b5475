"""Mixed customers in a source: what changes between nights, and stages without an Airflow."""

from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import psycopg2
import pytest

from benchmarks import encode, night_stages
from benchmarks import mixed_customers as mixed
from benchmarks.mixed_changes import add_customers, change_customers
from benchmarks.night_kinds import NIGHTS
from benchmarks.processes import execute
from benchmarks.report import Report
from local.tables import load_table

N, NEW = 1_500, 30
WHEN = datetime(2026, 1, 5, 20, tzinfo=UTC)
COLUMNS = list(mixed.column_types())


def rows_of(dsn):
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("select * from customers order by customer_id")
        found = cursor.fetchall()
    connection.close()
    return [dict(zip(COLUMNS, row, strict=True)) for row in found]


@pytest.fixture(scope="module")
def nights(make_database):
    """The rows before and after a night in which a tenth have changed and some are new."""
    dsn = make_database("shop")
    load_table(dsn, mixed.source_table(N))
    before = rows_of(dsn)
    add_customers(dsn, N, NEW, WHEN, mixed.COLUMNS)
    changed = change_customers(dsn, N + NEW, 100, WHEN, mixed.COLUMNS, seed=1)
    return before, rows_of(dsn), changed


def test_new_customers_are_the_next_of_the_generator(nights):
    _, after, _ = nights
    assert len(after) == N + NEW
    frame = mixed.make_frame(N, N + NEW)
    new = after[N:]
    assert [row["customer_id"] for row in new] == frame[mixed.KEY].tolist()
    devices = [None if pd.isna(device) else device for device in frame["device"]]
    assert [row["device"] for row in new] == devices
    assert {row["updated_at"] for row in new} == {WHEN}


def test_a_share_of_the_customers_has_moved_a_little(nights):
    before, after, changed = nights
    pairs = [(old, new) for old, new in zip(before, after, strict=False) if old != new]
    assert 0.06 * N < len(pairs) < 0.14 * N
    assert len(pairs) <= changed
    assert {new["updated_at"] for _, new in pairs} == {WHEN}
    ratios = [new["spend_12m"] / old["spend_12m"] for old, new in pairs]
    assert 0.4 < min(ratios) < 1 < max(ratios) < 2.5
    assert any(old["region"] != new["region"] for old, new in pairs)
    assert sum(old["region"] != new["region"] for old, new in pairs) < 0.3 * len(pairs)
    assert all(0 <= new["discount_share"] <= 1 and new["orders_12m"] >= 0 for _, new in pairs)
    assert all(
        (old["annual_income"] is None) == (new["annual_income"] is None) for old, new in pairs
    )


def test_nothing_changes_where_nothing_is_to_change(make_database):
    dsn = make_database("shop")
    add_customers(dsn, N, 0, WHEN, mixed.COLUMNS)
    assert change_customers(dsn, N, 0, WHEN, mixed.COLUMNS, seed=1) == 0


@pytest.mark.soak
def test_stages_run_without_an_airflow(make_database, server, monkeypatch):
    @contextmanager
    def running():
        yield server

    def alone(work, *given):
        return SimpleNamespace(
            result=work(*given), seconds=1.0, cpu_seconds=1.0, main_cpu_seconds=1.0, peak_rss_mb=9.0
        )

    def database(server, name):
        dsn = make_database(name)
        if name == "warehouse":
            execute(dsn, "create extension if not exists vector")
        return dsn

    monkeypatch.setattr(night_stages, "embedded_server", running)
    monkeypatch.setattr(night_stages, "new_database", database)
    monkeypatch.setattr(night_stages, "measure_alone", alone)
    # An encoder fitted on the first half, as beyond a million customers.
    monkeypatch.setattr(night_stages, "FIT_AT_MOST", 200)
    report = Report("night_stages", {}, machine={})
    night_stages.measure_stages(
        report, mixed.make_spec(), NIGHTS[:1], stages="graph,lookalikes", n=400, columns=20
    )
    tasks = [row["what"] for row in report.measurements if "processor" in row]
    assert tasks == [
        "prepare", "extract", "validate", "fit_encoder", "encode", "plan_graph", "search_graph",
        "merge_graph", "load_lookalikes",
    ]  # fmt: skip
    assert [(target.name, target.holds) for target in report.targets] == [("recall", True)]
    assert report.measurements[-1]["instances"] == 4


def test_encode_takes_mixed_customers_too(make_database, tmp_path):
    dsn = make_database("bench")
    execute(dsn, "create extension if not exists vector")
    encode.land_mixed(dsn, str(tmp_path), 300)
    result = encode.run_stage_encode(dsn, str(tmp_path))
    assert result["customers"] == 300
    assert result["dimensions"] > 40
