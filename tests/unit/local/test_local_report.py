import io
from datetime import UTC, datetime

from rich.console import Console

from local.report import Report, print_report
from local.run import Stopwatch, look_lines

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
SEGMENT = {
    "algorithm": "hdbscan",
    "cluster_id": 4,
    "customers": 7000,
    "name": "high annual_income · homeownership MORTGAGE · state CA",
    "outcome": "Churn",
    "is_share": True,
    "estimate": 0.123,
    "everyone": 0.2651,
    "is_different": True,
}
NOISE = {**dict.fromkeys(SEGMENT), "algorithm": "hdbscan", "cluster_id": -1, "customers": 3000}
CLUSTERS = [SEGMENT, NOISE]
LOOKALIKES = [
    {"rank": 0, "customer_id": 1, "similarity": None, "annual_income": 90000.0, "state": "NJ"},
    {"rank": 1, "customer_id": 6361, "similarity": 0.32834, "annual_income": None, "state": "CA"},
]


def printed(report: Report) -> str:
    output = io.StringIO()
    print_report(
        Console(file=output, width=120, emoji=False), report, ["extract", "encode", "publish"]
    )
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


def segments(rows, width=120):
    output = io.StringIO()
    print_report(Console(file=output, width=width), Report([], rows, [], SUMMARY), [])
    return output.getvalue()


def test_report_shows_noise_apart_from_clusters():
    text = segments(CLUSTERS)
    lines = [line.split() for line in text.splitlines()]
    assert ["noise", "3,000"] in lines
    (first,) = (line for line in text.splitlines() if line.startswith("hdbscan"))
    assert first.split(maxsplit=3)[1:3] == ["4", "7,000"]
    assert SEGMENT["name"] in first
    assert first.rstrip().endswith("12.3% ↓")
    assert "Churn: 26.5% of all" in text


def test_an_arrow_tells_where_a_segment_differs_from_everyone():
    above = {**SEGMENT, "cluster_id": 5, "estimate": 0.5}
    alike = {**SEGMENT, "cluster_id": 6, "estimate": 0.3, "is_different": False}
    unknown = {**SEGMENT, "cluster_id": 7, "estimate": None, "is_different": None}
    lines = [line.rstrip() for line in segments([SEGMENT, above, alike, unknown]).splitlines()]
    assert any(line.endswith("50.0% ↑") for line in lines)
    assert any(line.endswith("30.0%") for line in lines)
    assert any(line.endswith("state CA") for line in lines)


def test_segments_fit_into_a_narrow_terminal():
    lines = segments(CLUSTERS, width=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert any("12.3% ↓" in line for line in lines)


def test_small_segments_are_counted_together():
    rows = [{**SEGMENT, "cluster_id": number, "customers": 100 - number} for number in range(20)]
    lines = [line.split() for line in segments(rows).splitlines()]
    assert ["1,038", "12", "smaller", "ones"] in lines


def test_a_mean_is_no_percentage_and_without_labels_there_is_no_outcome():
    mean = {**SEGMENT, "outcome": "rate", "is_share": False, "estimate": 11.5, "everyone": 12.25}
    assert "rate: 12.25 of all" in segments([mean])
    bare = {**SEGMENT, **dict.fromkeys(("outcome", "is_share", "estimate", "everyone"))}
    text = segments([bare])
    assert SEGMENT["name"] in text
    assert "of all" not in text


def test_report_puts_lookalikes_beside_the_customer():
    text = printed(Report([SNAPSHOT], CLUSTERS, LOOKALIKES, SUMMARY))
    lines = [line.split() for line in text.splitlines()]
    assert ["1", "90,000", "NJ"] in lines
    assert ["1", "6361", "0.3283", "CA"] in lines


def test_a_snapshot_without_customers_can_be_shown():
    text = printed(Report([EMPTY], [], [], SUMMARY))
    assert "2018-01-01 02:00  empty" in text
    assert "None" not in text


ODD = "[red]a[/red] {b} <i>c</i> 'q' :car: \\"
ROWS = [
    {"what": "landed", "rows": 1000, "reason": None},
    {"what": "rejected", "rows": 9, "reason": "income: not a finite number"},
    *({"what": "rejected", "rows": 1, "reason": f"{ODD}{n}: no date"} for n in range(5)),
]


def test_rows_of_deleted_customers_do_not_land():
    made = Report([SNAPSHOT], [], [], SUMMARY, ROWS, 1_016, has_tombstone=True)
    assert "equal to another row, of a deleted customer, or dated after the" in printed(made)


def test_the_rows_of_a_file_are_followed_into_the_snapshot():
    summary = {**SUMMARY, "customers": 400}
    text = printed(Report([SNAPSHOT], [], [], summary, ROWS, 1_016))
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index("From the file to the snapshot")
    assert lines[start + 1 : start + 13] == [
        "rows",
        "1,016  read from the file",
        "1,000  landed",
        "14  rejected, as bi.rejected_rows says",
        "9    income: not a finite number",
        *(f"1    {ODD}{n}: no date" for n in range(4)),
        "1    1 other reasons",
        "2  equal to another row, or dated after the snapshot",
        "400  customers: of each, the newest row before the snapshot",
    ]


def test_a_run_without_a_file_says_nothing_of_one_and_a_window_is_called_so():
    text = printed(Report([SNAPSHOT], [], [], SUMMARY))
    assert "From the file" not in text
    assert "rows landed" not in text
    assert "window's rows" in text
    assert "a window: the rows dated since the snapshot before; earlier ones landed first" in text


def test_names_and_values_are_data_in_every_table_and_line():
    output = io.StringIO()
    console = Console(file=output, width=200, emoji=False)
    segment = {**SEGMENT, "name": f"high {ODD} x", "outcome": f"{ODD} yes"}
    known = {"rank": 0, "customer_id": f"{ODD} id", "similarity": None}
    alike = [{**known, f"{ODD}col": ":car: [b]"}]
    print_report(console, Report([SNAPSHOT], [segment], alike, SUMMARY), [])
    Stopwatch(console).say(f"column {ODD} is named {ODD}")
    text = output.getvalue()
    for found in (f"high {ODD} x", f"{ODD} yes", f"Customer {ODD} id", ":car: [b]"):
        assert found in text
    assert f"{ODD}col" in text
    assert f"column {ODD} is named {ODD}" in text
    alike = [{"rank": 0, "customer_id": "a\x1b[2J", "similarity": None}]
    text = printed(Report([SNAPSHOT], [], alike, SUMMARY))
    assert "Customer a\\x1b[2J and" in text
    assert "\x1b[2J" not in text


def test_hidden_segments_are_missing_for_a_reason():
    current = {**SNAPSHOT, "is_current": True, "hidden_algorithms": ["hdbscan", "kmeans"]}
    text = " ".join(printed(Report([current], [], LOOKALIKES, SUMMARY)).split())
    assert "segments by hdbscan, kmeans are not shown: they would tell readers too much" in text
    assert "Lower the weight" in text
    assert "not shown" not in printed(Report([SNAPSHOT], CLUSTERS, LOOKALIKES, SUMMARY))


def test_a_run_ends_with_the_commands_for_its_own_space():
    assert 'make kindred ARGS="segments --space odd"' in look_lines("odd")[0]
    assert all("--space odd" in line for line in look_lines("odd"))
    assert not any("--space" in line for line in look_lines("default"))
