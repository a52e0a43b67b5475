import io
from datetime import UTC, datetime

from rich.console import Console

from kindred.local.report import Report, print_report

SNAPSHOT = {
    "as_of": datetime(2018, 4, 1, 2, tzinfo=UTC),
    "status": "published",
    "history": "complete",
    "customers": 10_000,
    "lookalikes": 100_000,
    "rows_landed": 3617,
    "rows_rejected": 2,
    "recall": 0.99912,
    "recall_low": 0.998,
    "recall_high": 0.9995,
    "stage_seconds": {"publish": 0.25, "extract": 1.5},
}
EMPTY = {
    **dict.fromkeys(SNAPSHOT),
    "as_of": datetime(2018, 1, 1, 2, tzinfo=UTC),
    "status": "empty",
    "history": "complete",
}
SUMMARY = {
    "snapshots": 3,
    "customers": 10_000,
    "lookalikes": 100_000,
    "clusters": 11,
    "recall": 0.99912,
}
CLUSTERS = [
    {"algorithm": "hdbscan", "cluster_id": 4, "customers": 7000},
    {"algorithm": "hdbscan", "cluster_id": -1, "customers": 3000},
]
LOOKALIKES = [
    {"rank": 0, "customer_id": 1, "similarity": None, "annual_income": 90000.0, "state": "NJ"},
    {"rank": 1, "customer_id": 6361, "similarity": 0.32834, "annual_income": None, "state": "CA"},
]


def printed(report: Report) -> str:
    output = io.StringIO()
    print_report(Console(file=output, width=120), report, ["extract", "encode", "publish"])
    return output.getvalue()


def test_last_line_is_what_scripts_expect():
    report = Report([], [], [], SUMMARY)
    assert report.last_line(66.6) == (
        "KINDRED OK snapshots=3 customers=10000 lookalikes=100000 clusters=11 recall=0.9991"
        " seconds=67"
    )


def test_last_line_of_a_snapshot_without_measured_recall():
    report = Report([], [], [], {**SUMMARY, "recall": None})
    assert "recall=none" in report.last_line(1)


def test_report_shows_counts_recall_and_seconds_in_the_order_of_the_flow():
    text = printed(Report([SNAPSHOT], CLUSTERS, LOOKALIKES, SUMMARY))
    assert "3,617" in text
    assert "0.9980 - 0.9995" in text
    lines = [line.split() for line in text.splitlines()]
    assert lines.index(["extract", "1.50"]) < lines.index(["publish", "0.25"])
    assert ["all", "1.75"] in lines


def test_report_shows_noise_apart_from_clusters():
    text = printed(Report([SNAPSHOT], CLUSTERS, LOOKALIKES, SUMMARY))
    line = next(line for line in text.splitlines() if line.startswith("hdbscan"))
    assert line.split(maxsplit=2)[1:] == ["1", "4: 7,000   noise: 3,000"]


def test_report_shows_the_largest_of_many_segments():
    lists = [
        {"algorithm": "ivfflat", "cluster_id": number, "customers": 900 - number}
        for number in range(300)
    ]
    text = " ".join(printed(Report([SNAPSHOT], lists, LOOKALIKES, SUMMARY)).split())
    assert "ivfflat 300 0: 900 1: 899" in text
    assert "19: 881 and 280 more" in text
    assert "20: 880" not in text


def test_report_puts_lookalikes_beside_the_customer():
    text = printed(Report([SNAPSHOT], CLUSTERS, LOOKALIKES, SUMMARY))
    lines = [line.split() for line in text.splitlines()]
    assert ["1", "90,000", "NJ"] in lines
    assert ["1", "6361", "0.3283", "CA"] in lines


def test_a_snapshot_without_customers_can_be_shown():
    text = printed(Report([EMPTY], [], [], SUMMARY))
    assert "2018-01-01 02:00  empty" in text
    assert "None" not in text
