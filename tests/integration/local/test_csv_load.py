"""Loading a file: its table is made anew where it differs, and its space then starts over."""

import io
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from psycopg2 import sql
from rich.console import Console

from integration.local_server import LaboratoryServer
from local.csv_file import csv_data_set
from local.file_request import CsvRequest
from local.layout import Layout
from local.report import print_report, read_report, shown_columns
from local.tables import Column, SourceTable, load_table

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HEADER = "id,joined,income,town,active,zip_code,gone,quote"
LANDED = "Some [red]\\back\\slash, tab\there"


def lines(count=200, first=1):
    return [
        f'{n},2026-01-{1 + n % 27:02d},"{1000 + n * 37 % 900:,}.5",{"ABCD"[n % 4]}town,'
        f'{"ny"[n % 2]},0{1000 + n % 7},{"" if n % 3 else "NA"},"{LANDED}"'
        for n in range(first, first + count)
    ]


class Folder:
    """A file of customers, and what loading and running it leaves behind."""

    def __init__(self, laboratory, layout, path):
        self.laboratory, self.layout, self.path = laboratory, layout, path
        self.server = LaboratoryServer(laboratory)

    def write(self, rows):
        self.path.write_text("\n".join([HEADER, *rows]) + "\n")

    def load(self, **options):
        request = CsvRequest(self.path, **({"key": "id", "updated_at": "joined"} | options))
        data_set = csv_data_set(self.layout, request, NOW)
        return data_set, list(data_set.load(self.server))

    def run(self, data_set):
        (as_of,) = data_set.as_of_by_logical_date.values()
        self.laboratory.run(data_set.spec, f"{as_of:%Y-%m-%dT%H:%M}")
        return as_of

    def snapshots(self):
        text = "select as_of_date, status, customers from bi_clients.snapshots order by 1"
        return self.laboratory.query(text)

    def shop(self, text):
        return self.laboratory.query(text, source=True)


@pytest.fixture
def folder(laboratory, repository, tmp_path):
    layout = Layout(repository, tmp_path / ".kindred")
    layout.create()
    folder = Folder(laboratory, layout, tmp_path / "Clients.csv")
    folder.write(lines())
    return folder


def test_types_values_and_indexes(folder):
    _, told = folder.load()
    assert "200 rows loaded in shop.public.clients" in told
    assert not any("changed" in line or "starts over" in line for line in told)
    assert any(line.startswith("    income ") for line in told)
    types = dict(
        folder.shop(
            "select column_name, data_type from information_schema.columns"
            " where table_name = 'clients'"
        )
    )
    assert types == {
        "id": "bigint",
        "joined": "date",
        "income": "double precision",
        "town": "text",
        "active": "boolean",
        "zip_code": "text",
        "gone": "text",
        "quote": "text",
    }
    row = folder.shop("select * from clients where id = 1")
    assert row == [(1, date(2026, 1, 2), 1037.5, "Btown", True, "01001", None, LANDED)]
    indexes = " ".join(
        text for (text,) in folder.shop("select indexdef from pg_indexes where tablename='clients'")
    )
    assert "UNIQUE INDEX clients_pkey" in indexes
    assert "(joined)" in indexes


def test_an_equal_file_is_left_alone_and_its_date_is_run_again(folder):
    data_set, _ = folder.load()
    folder.run(data_set)
    before = folder.shop("select xmin, ctid, id from clients order by id")
    hashes = folder.laboratory.hashes("clients")
    again, told = folder.load()
    assert told[-2:] == ["200 rows are in place in shop.public.clients", told[-1]]
    assert not any("starts over" in line for line in told)
    assert folder.shop("select xmin, ctid, id from clients order by id") == before
    folder.run(again)
    assert folder.snapshots() == [(date(2026, 1, 27), "published", 200)]
    assert folder.laboratory.hashes("clients") == hashes


def test_a_changed_file_starts_its_space_over(folder):
    data_set, _ = folder.load()
    folder.run(data_set)
    folder.write(lines(150))
    data_set, told = folder.load()
    dropped = "space clients starts over, and its 1 earlier snapshots are dropped"
    rows = f"the rows of the file have changed, and rows that landed stay as they are: {dropped}"
    assert rows in told
    schemas = "select count(*) from pg_namespace where nspname like '%clients'"
    assert folder.laboratory.query(schemas) == [(0,)]
    folder.run(data_set)
    assert folder.snapshots() == [(date(2026, 1, 27), "published", 150)]
    folder.path.write_text(folder.path.read_text().replace("income", "revenue"))
    _, told = folder.load()
    assert any(line.startswith("the columns of the file have changed") for line in told)


def test_a_spec_given_back_is_used_and_the_one_before_is_kept(folder, tmp_path):
    data_set, told = folder.load()
    folder.run(data_set)
    proposed = folder.layout.own_features / "clients.yaml"
    assert told[-1] == f"the spec is {proposed}"
    mine = tmp_path / "mine.yaml"
    mine.write_text(proposed.read_text().replace("  active: boolean", "  active: ignore"))
    data_set, told = folder.load(spec=mine)
    assert not any("starts over" in line for line in told)
    assert "active" not in data_set.spec.payload_columns
    folder.run(data_set)
    kept = proposed.with_name("clients.yaml.before")
    assert "  active: boolean" in kept.read_text()
    assert proposed.read_text() == mine.read_text()
    _, told = folder.load()  # as proposed: a column comes back that has not landed
    reads = "the spec reads columns or a source that it did not read before: "
    assert any(line.startswith(f"{reads}space clients starts over") for line in told)


def test_a_failed_load_changes_nothing(folder, monkeypatch):
    folder.load()
    folder.write(lines(150))
    monkeypatch.setattr("local.csv_load._delete_space", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        folder.load()
    assert folder.shop("select count(*) from clients") == [(200,)]


def test_keys_that_repeat_load_too_and_are_rejected_with_a_reason(folder):
    folder.write([*lines(), lines(1)[0].replace("Btown", "Ctown")])
    data_set, _ = folder.load()
    folder.run(data_set)
    assert folder.snapshots() == [(date(2026, 1, 27), "published", 199)]
    assert len(folder.laboratory.rejected("kindred_clients")) == 2


def test_bad_rows_of_a_mixed_column_are_rejected_with_a_reason(folder):
    rows = lines()
    rows[3] = rows[3].replace('"1,148.5"', "soon")
    folder.write(rows)
    data_set, _ = folder.load()
    folder.run(data_set)
    rejected = folder.laboratory.rejected("kindred_clients")
    assert [key for key, _ in rejected] == ["4"]
    assert "income: not a finite number" in rejected[0][1]


def test_the_report_shows_the_columns_of_the_spec_but_no_private_ones(folder, tmp_path):
    data_set, _ = folder.load()
    mine = tmp_path / "mine.yaml"
    text = (folder.layout.own_features / "clients.yaml").read_text()
    mine.write_text(text.replace("quote: ignore", "quote: {kind: text}") + "private: [town]\n")
    data_set, _ = folder.load(spec=mine)
    folder.run(data_set)
    shown = shown_columns(data_set.spec)
    assert "town" not in shown
    assert "income" in shown
    report = read_report(folder.laboratory.warehouse_dsn, data_set.spec, None, data_set.file_rows)
    assert report.last_line(1).startswith("KINDRED OK snapshots=1 customers=200 lookalikes=2000")
    output = io.StringIO()
    print_report(Console(file=output, width=150), report, [], data_set.spec.bi_schema)
    assert "bi_clients.lookalikes_current" in output.getvalue()
    assert "town" not in output.getvalue()
    assert "[red]" in output.getvalue()
    words = " ".join(output.getvalue().split())
    assert "200 read from the file 200 landed 0 rejected, as bi_clients.rejected_rows says" in words
    assert "says 200 customers: of each, the newest row before the snapshot" in words


def test_the_demo_and_a_file_of_its_tables_name_live_side_by_side(folder):
    folder.path = folder.path.with_name("customers.csv")
    folder.write(lines())
    data_set, told = folder.load()
    assert data_set.spec.source.table == "public.customers_file"
    assert "200 rows loaded in shop.public.customers_file" in told
    assert folder.shop("select to_regclass('public.customers')") == [(None,)]


def test_a_table_of_many_rows_goes_in_whole(folder):
    folder.write(lines(10_500))
    folder.load()
    text = sql.SQL("select count(*), count(distinct id) from {}").format(sql.Identifier("clients"))
    assert folder.shop(text) == [(10_500, 10_500)]


STORED = [
    ("id", "bigint", pa.array([2**62, -5, 0, None])),
    ("amount", "double precision", pa.array([0.1, float("inf"), float("nan"), None])),
    ("flag", "boolean", pa.array([True, False, None, True])),
    ("day", "date", pa.array([date(1, 1, 1), date(9999, 12, 31), None, date(2026, 1, 31)])),
    (
        "at",
        "timestamp without time zone",
        pa.array([datetime(2026, 1, 31, 1, 2, 3, 4), *[None] * 3]),
    ),
    (
        "zoned",
        "timestamp with time zone",
        pa.array([datetime(2026, 1, 31, 1, tzinfo=UTC), *[None] * 3], pa.timestamp("us", "UTC")),
    ),
    ("key", "uuid", pa.array(["0a0b0c0d-0000-4000-8000-00000000000a", *[None] * 3])),
    (
        "text",
        "text",
        pa.array(["", None, 'a "b", \\N\r\n\t\u2028\U0001f389', "NULL"]).dictionary_encode(),
    ),
]


def stored_table(*rows, name="stored"):
    taken = [values.take(pa.array(rows)) for _, _, values in STORED]
    columns = [
        Column(name, kind, values) for (name, kind, _), values in zip(STORED, taken, strict=True)
    ]
    return SourceTable(name, columns, "id", repeats_keys=True)


def test_values_of_every_type_arrive_as_they_are(laboratory):
    assert load_table(laboratory.source_dsn, stored_table(0, 1, 2, 3))
    text = 'select id, amount::text, flag, day, "at", zoned, "key"::text, "text" from stored'
    found = laboratory.query(f"{text} order by id nulls last", source=True)
    assert found[2][0] == 2**62
    assert [row[1] for row in found] == ["Infinity", "NaN", "0.1", None]
    assert [row[2] for row in found] == [False, None, True, True]
    assert [row[3] for row in found] == [date(9999, 12, 31), None, date(1, 1, 1), date(2026, 1, 31)]
    assert found[2][4:7] == (
        datetime(2026, 1, 31, 1, 2, 3, 4),
        datetime(2026, 1, 31, 1, tzinfo=UTC),
        "0a0b0c0d-0000-4000-8000-00000000000a",
    )
    assert [row[7] for row in found] == [None, 'a "b", \\N\r\n\t\u2028\U0001f389', "", "NULL"]


def test_a_table_is_left_alone_only_if_it_holds_the_same_rows_as_often(laboratory):
    dsn = laboratory.source_dsn
    assert load_table(dsn, stored_table(0, 1, 1, 2))
    assert not load_table(dsn, stored_table(1, 0, 2, 1))  # in another order
    assert load_table(dsn, stored_table(0, 1, 2, 2))  # as many rows, of which others repeat
    assert load_table(dsn, stored_table(0, 1, 2))
    assert not load_table(dsn, stored_table(0, 1, 2))
    laboratory.query("update stored set amount = 0.2 where id = 0 returning 1", source=True)
    assert load_table(dsn, stored_table(0, 1, 2))
    left = "select count(*) from pg_class where relname like 'stored%'"
    assert laboratory.query(left, source=True) == [(2,)]
