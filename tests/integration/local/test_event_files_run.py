"""Files of events, loaded and run until their recommendations are published and reported."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from integration.local_server import LaboratoryServer
from local.csv_file import csv_data_set
from local.file_request import CsvRequest
from local.layout import Layout
from local.report import print_report, read_report
from unit.infer.event_files import content, order_lines, people

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)


class Shop:
    """Files of customers and their lines, loaded and run in a laboratory."""

    def __init__(self, laboratory, layout, folder):
        self.laboratory, self.layout = laboratory, layout
        self.people, self.lines = folder / "people.csv", folder / "lines.csv"
        self.people.write_bytes(people())
        self.lines.write_bytes(content(order_lines()))

    def run(self, request):
        """Load and run; returns the data set and the printed report."""
        data_set = csv_data_set(self.layout, request, NOW)
        told = list(data_set.load(LaboratoryServer(self.laboratory)))
        (as_of,) = data_set.as_of_by_logical_date.values()
        self.laboratory.run(data_set.spec, f"{as_of:%Y-%m-%dT%H:%M}")
        rows = data_set.file_rows, data_set.event_file_rows
        report = read_report(self.laboratory.warehouse_dsn, data_set.spec, None, *rows)
        output = io.StringIO()
        print_report(Console(file=output, width=150), report, [], data_set.spec.bi_schema)
        return data_set, "\n".join(told), " ".join(output.getvalue().split())


@pytest.fixture
def shop(laboratory, repository, tmp_path):
    layout = Layout(repository, tmp_path / ".kindred")
    layout.create()
    return Shop(laboratory, layout, tmp_path)


def test_customers_and_their_events_are_run_to_recommendations_with_reasons(shop):
    """Of lines whose date and time of the day are in two columns."""
    header, *lines = shop.lines.read_text().splitlines()
    split = [line.replace("T", ",", 1).replace("Z", "", 1) for line in lines]
    header = header.replace("ordered_at", "order_date,order_time").replace("shipped_at", "sent")
    shop.lines.write_text("\n".join([header, *split]))
    request = CsvRequest(shop.people, "id", updated_at="joined", events=shop.lines)
    _, told, printed = shop.run(request)
    assert "'order_date' is the day and 'order_time' the time of the day" in told
    query = "select count(*), count(distinct at::time) > 300 from kindred_people.events_purchases"
    assert shop.laboratory.query(query) == [(1200, True)]
    assert "120 rows loaded in shop.public.people" in told
    assert "1,200 rows loaded in shop.public.people_lines" in told
    assert "120 read from the file 120 landed" in printed
    assert (
        "1,200 read from the file 1,200 landed 0 rejected, as bi_people.rejected_events" in printed
    )
    assert "Recommended to customer C0" in printed
    assert "Secret thing" in printed  # the name, by the catalogue of the events themselves
    query = (
        "select count(*), count(distinct customer_id), bool_and(name is not null)"
        " from bi_people.recommendations"
    )
    ((rows, customers, are_named),) = shop.laboratory.query(query)
    assert rows > 1000
    assert customers == 120
    assert are_named


def test_a_file_of_transactions_alone_is_run_too(shop):
    data_set, told, printed = shop.run(CsvRequest(shop.lines, "customer_id"))
    assert "looks like transactions" in told
    assert data_set.spec.source.events == "purchases"
    assert "From the file of events" in printed
    _, _, example = printed.partition("and its lookalikes (bi_lines.lookalikes_current)")
    assert "2025-0" in example.partition("What customer")[0]  # the last purchase of each
    assert "Recommended to customer C0" in printed
