"""The report's tables about events: what lookalikes share, and what is recommended and why."""

import io

from rich.console import Console

from local.event_report import EventReport, reason_of
from local.report import Report, print_report
from unit.local.test_local_report import ODD, SNAPSHOT, SUMMARY

SHARED = {
    "customer_id": 1,
    "item": f"Apple sauce {ODD}",
    "lookalikes": 9,
    "of_lookalikes": 10,
    "share": 0.213,
    "lift": 4.225,
}
LIKE = {
    "customer_id": 1,
    "rank": 1,
    "item": "Oat milk",
    "bought_by": 63,
    "neighbours": 200,
    "share": 0.2,
    "lift": 1.575,
    "method": "neighbours",
}
POPULAR = {**LIKE, "rank": 2, "item": "Bananas", "bought_by": 0, "lift": None, "method": "popular"}
QUALITY = {
    "method": "neighbours",
    "is_published": True,
    "customers": 2014,
    "k": 20,
    "recall": 0.136,
    "recall_low": 0.13,
    "recall_high": 0.1431,
    "coverage": 0.25,
    "reason": None,
    "not_measured": ["availability"],
    "listable_share": 0.875,
    "left_out": 1066,
}


def printed(events=None, rows=(), file_rows=None, **changes):
    output = io.StringIO()
    snapshot = SNAPSHOT | changes
    report = Report([snapshot], [], [], SUMMARY, event_rows=list(rows), event_file_rows=file_rows)
    if events is not None:
        report = Report([SNAPSHOT], [], [], SUMMARY, events=events)
    print_report(Console(file=output, width=150, emoji=False), report, [], "bi_shop")
    return [line.strip() for line in output.getvalue().splitlines()]


def test_what_lookalikes_share_has_everyones_share_beside_it():
    lines = printed(EventReport(shared_items=[SHARED]))
    assert "What customer 1 and its lookalikes share" in lines
    (line,) = [line for line in lines if line.startswith("Apple sauce")]
    assert ODD in line
    assert line.split("9 of its 10 lookalikes")[1].split() == ["21.3%", "4.2"]


def test_recommendations_have_their_reasons():
    lines = printed(EventReport(recommendations=[LIKE, POPULAR]))
    assert "Recommended to customer 1 (bi_shop.recommendations_current)" in lines
    why = "63 of 200 customers like this one bought it, and 20.0% of all (lift 1.6)"
    assert any(line.startswith("1  Oat milk") and line.endswith(why) for line in lines)
    assert reason_of(POPULAR) == "popular: 20.0% of all bought it"


def test_the_quality_of_recommendations_stands_beside_other_methods():
    other = {**QUALITY, "method": "popular", "is_published": False, "recall": 0.12}
    lines = printed(EventReport(quality=[QUALITY, other]))
    assert any("recall@20" in line for line in lines)
    said = " ".join(lines)
    assert "(0.8750 of all that was new; 1,066 customers bought only others)" in said
    assert "not measured: availability" in said
    found = [line.split() for line in lines if "0.1300 - 0.1431" in line]
    assert [(words[0], words[1], words[-1]) for words in found] == [
        ("neighbours", "0.1360", "published"),
        ("popular", "0.1200", "25%"),
    ]


def test_why_nothing_was_measured_is_told():
    unknown = dict.fromkeys(QUALITY) | {"reason": "too few customers"}
    assert "too few customers" in printed(EventReport(quality=[unknown]))


def test_events_of_nobody_stand_beside_the_snapshots():
    unknown = {"events_unknown": 1020, "event_customers_unknown": 2, "event_customers_alike": 1}
    said = " ".join(printed(**unknown))
    assert "no customer of the newest snapshot has 1,020 of the events, which are of 2" in said
    assert "would know 1 of them" in said
    assert "of the events" not in " ".join(printed(**dict.fromkeys(unknown, 0)))


def test_a_space_without_recommendations_has_no_such_tables():
    lines = printed(EventReport())
    assert not any("ecommend" in line or "share" in line for line in lines)


def test_the_rows_of_a_file_of_events_are_followed():
    rows = [
        {"what": "landed", "rows": 1000, "reason": None},
        {"what": "rejected", "rows": 2, "reason": "at: null"},
    ]
    lines = printed(rows=rows, file_rows=1005)
    start = lines.index("From the file of events")
    assert lines[start + 2 : start + 7] == [
        "1,005  read from the file",
        "1,000  landed",
        "2  rejected, as bi_shop.rejected_events says",
        "2    at: null",
        "3  left out by the spec, or dated after the snapshot",
    ]
