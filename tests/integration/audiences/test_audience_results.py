"""What exports of audiences have achieved, night by night."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from integration.audiences.audience_scene import (
    FIRST_NIGHT,
    LABEL,
    audiences_in,
    scene_spec,
    write_audiences,
)
from integration.audiences.export_scene import FILES, SPEC, frozen
from integration.audiences.results_scene import DURING, EXPORTED_AT, OVER
from integration.leaving import SECRET, request
from integration.warehouse import moment
from kindred.audiences.preview import preview
from kindred.audiences.result_rows import measure_results
from kindred.audiences.results import Group, compare
from kindred.erasure.task import erase
from kindred.history.erasure_key import VARIABLE
from kindred.publication.prune import Retention, prune
from kindred.run.context import opened_run
from kindred.warehouse.database import Database

LATER = "2026-04-15T02:00"
RESULT = (
    "select members, member_outcomes, members_before, control, control_outcomes, control_before,"
    " is_over, verdict, counted_until from bi.audience_results where as_of = %s"
)


def test_results_compare_members_and_control_by_intention_to_treat(judged):
    fresh, held, had = judged.groups
    before, control_before = (
        len(had.intersection(frozen(judged, 1, role))) for role in ("member", "control")
    )
    assert min(before, control_before) > 5
    row = (len(fresh), 60, before, len(held), 4, control_before)
    end = moment(EXPORTED_AT) + timedelta(days=20)
    assert judged.query(RESULT, [moment(FIRST_NIGHT)]) == []
    assert judged.query(RESULT, [moment(DURING)]) == [(*row, False, "running", moment(DURING))]
    assert judged.query(RESULT, [moment(OVER)]) == [(*row, True, "more", end)]
    found = compare(Group(len(fresh), 60), Group(len(held), 4), is_over=True)
    [current] = judged.query(
        "select audience, export, exported_at, members_as_of, tier, exported_members, outcome,"
        " days, difference, low, high, reason, member_rate, control_rate"
        " from bi.audience_results_current"
    )
    assert current == (
        *("responders", 1, moment(EXPORTED_AT), moment(FIRST_NIGHT), 0.5),
        *(len(fresh) + before, LABEL, 20, found.difference, found.low, found.high, None),
        *(60 / len(fresh), 4 / len(held)),
    )
    # A past date counts only what was before it, though later rows have landed since.
    [past] = measured(judged, SPEC, "2026-02-01T20:30")
    assert (past["member_outcomes"], past["control_outcomes"], past["is_over"]) == (60, 4, False)
    [past] = measured(judged, SPEC, "2026-02-01T20:00")
    assert (past["member_outcomes"], past["verdict"]) == (0, "too few")
    assert measured(judged, SPEC, EXPORTED_AT) == []


def test_results_outlive_the_customers_and_the_snapshots(judged, copy_laboratory):
    laboratory = copy_laboratory(judged)
    stored = "select * from kindred.audience_results order by as_of, number"
    rows, hashes = laboratory.query(stored), laboratory.hashes()
    with audiences_in(judged.sharing):
        laboratory.run(SPEC, OVER)
    assert (laboratory.query(stored), laboratory.hashes()) == (rows, hashes), "a rerun is equal"
    laboratory.query("delete from kindred.audience_export_customers where customer_id % 2 = 0")
    with audiences_in(judged.few):
        laboratory.run(SPEC, LATER)
    [over] = laboratory.query(RESULT, [moment(OVER)])
    assert laboratory.query(RESULT, [moment(LATER)]) == [over]
    # A night that could not count is not the last word.
    laboratory.query(
        "update kindred.audience_results set verdict = 'not counted', members = null"
        " where as_of = %s",
        [moment(LATER)],
    )
    [row] = measured(laboratory, SPEC, "2026-04-16T02:00")
    assert (row["members"], row["verdict"]) == (over[0], "more")
    laboratory.query(
        "update kindred.audience_results set verdict = 'more!' where as_of = %s", [moment(LATER)]
    )
    of_later = "update kindred.audience_results set verdict = %s where as_of = %s"
    laboratory.query(of_later, ("not counted", moment(LATER)))
    prune(laboratory.deployment, SPEC, Retention(1, 0), is_dry_run=False)
    verdicts = "select as_of, verdict from bi.audience_results order by 1"
    counted = (moment(OVER), "more")
    assert laboratory.query(verdicts) == [counted, (moment(LATER), "not counted")]
    laboratory.query(of_later, ("more!", moment(LATER)))
    with laboratory.deployment.warehouse("test", "kindred") as warehouse:
        warehouse.run("publication/delete_pruned_results")
    assert laboratory.query(verdicts) == [(moment(LATER), "more!")]
    withdrawn = "update kindred.snapshots set status = 'pruned' where status = 'published'"
    laboratory.query(withdrawn)
    assert laboratory.query("select count(*) from bi.audience_results") == [(1,)]
    # Those of a private label are not shown.
    laboratory.query("insert into kindred.private_columns (column_name) values (%s)", [LABEL])
    assert laboratory.query("select count(*) from bi.audience_results") == [(0,)]


def test_an_erased_customer_leaves_later_counts_alone(judged, copy_laboratory, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    laboratory, (fresh, held, _) = copy_laboratory(judged), judged.groups
    before = laboratory.query(RESULT, [moment(OVER)])
    erase(laboratory.deployment, "default", request(laboratory, fresh[0]))
    assert laboratory.query(RESULT, [moment(OVER)]) == before
    [row] = measured(laboratory, SPEC, OVER)
    assert (row["members"], row["member_outcomes"]) == (len(fresh) - 1, 59)
    assert (row["control"], row["control_outcomes"]) == (len(held), 4)


def measured(laboratory, spec, when, outcome=None):
    """What a night would count, by another spec or outcome."""
    if outcome is not None:
        laboratory.query("update kindred.audience_exports set outcome = %s", [json.dumps(outcome)])
    with opened_run(laboratory.deployment, "default", moment(OVER), None) as run:
        asked = replace(run, spec=spec, as_of=moment(when))
        return measure_results(asked, run.session, {"responders": {"label": LABEL, "days": 3}})


def test_a_larger_control_group_says_whom_it_would_take_from_earlier_exports(judged, tmp_path):
    exported = set(frozen(judged, 1, "member"))
    held, warned = {}, {}
    for share in ("40%", "50%"):
        write_audiences(tmp_path, {"responders": {**FILES["responders"], "control_share": share}})
        with audiences_in(tmp_path):
            shown = preview(judged.deployment, SPEC, "responders")
        held[share] = sum(tier.control for tier in shown.tiers[-1:])
        warned[share] = [
            one for one in shown.row["warnings"] if "exported as members before" in one
        ]
    assert warned["40%"] == []
    [warning] = warned["50%"]
    count = int(warning.split()[0])
    assert 0 < count <= held["50%"] - held["40%"] + 1
    assert count < len(exported)
    # The earlier export is judged by the groups that it had.
    assert set(frozen(judged, 1, "member")) == exported


@pytest.fixture(scope="module")
def recounted(judged, copy_laboratory):
    """A copy whose export each test gives another outcome."""
    return copy_laboratory(judged)


def test_outcomes_may_be_labels_of_any_type(judged, recounted):
    laboratory, (fresh, held, _) = recounted, judged.groups
    laboratory.query(
        "alter table kindred.customer_versions add is_won boolean, add score integer;"
        " update kindred.customer_versions set score = 1, is_won = true"
        " where customer_id = any(%s) and updated_at between %s and '2026-02-02'",
        (fresh[:7] + held[:2], moment(EXPORTED_AT)),
    )
    spec = scene_spec(labels=[LABEL, "is_won", "score", "age"], features={"income": "numeric"})
    for outcome, happened in (
        ({"label": {LABEL: "yes"}, "days": 20}, (60, 4)),
        ({"label": {LABEL: ["yes", "100%"], "age": {"min": 0}}, "days": 20}, (60, 4)),
        ({"label": "is_won", "days": 20}, (7, 2)),
        ({"label": {"is_won": "yes"}, "days": 1}, (7, 2)),
        ({"label": "score", "days": 3}, (7, 2)),
        ({"label": {"score": {"min": 2}}, "days": 3}, (0, 0)),
    ):
        [row] = measured(laboratory, spec, OVER, outcome)
        assert (row["member_outcomes"], row["control_outcomes"]) == happened, outcome
    assert row["outcome"] == 'score = {"min": 2}'
    # What cannot be counted does not stop the night.
    [row] = measured(laboratory, spec, OVER, {"label": {"score": "many"}, "days": 3})
    assert row["verdict"] == "not counted"
    assert "the condition on column 'score' has a value that is none of its type" in row["reason"]
    assert "many" not in row["reason"]


def test_all_exports_are_counted_at_once_as_each_one_alone(judged, copy_laboratory, monkeypatch):
    laboratory = copy_laboratory(judged)
    columns = (
        "audience, as_of, tier, status, exported_by, destination, hashing, members, control,"
        " left_out, used_columns"
    )
    for days, outcome in enumerate(
        (
            {"label": LABEL, "days": 3},
            {"label": {LABEL: "no"}, "days": 20},
            {"label": {"age": {"max": 40}}, "days": 8},
            {"event": "calls", "days": 9},
            {"event": "calls", "days": 2},
        )
    ):
        laboratory.query(
            f"insert into kindred.audience_exports ({columns}, exported_at, outcome)"  # noqa: S608
            f" select {columns}, exported_at + make_interval(days => %s), %s"
            " from kindred.audience_exports where number = 1",
            (days, json.dumps(outcome)),
        )
        laboratory.query(
            "insert into kindred.audience_export_customers"
            " select %s, customer_id, role from kindred.audience_export_customers"
            " where number = 1 and customer_id %% %s > 0",
            (days + 2, days + 2),
        )
    laboratory.query(
        "create table kindred.events_calls as select customer_id, updated_at + interval '1 day' as"
        " at, null::timestamptz as withdrawn_at from kindred.customer_versions"
    )
    calls = {"calls": {"table": "calls", "customer": "customer_id", "at": "at"}}
    spec = scene_spec(events=calls, labels=[LABEL, "age"], features={"income": "numeric"})
    asked, rows = [], Database.rows

    def spy(database, name, *arguments, **names):
        asked.append(name)
        return rows(database, name, *arguments, **names)

    monkeypatch.setattr(Database, "rows", spy)
    found = measured(laboratory, spec, OVER)
    counting = [name for name in asked if name.startswith("audiences/count_by_")]
    assert counting == ["audiences/count_by_event", "audiences/count_by_label"]
    assert [row["number"] for row in found] == [1, 2, 3, 4, 5, 6]
    assert len({(row["member_outcomes"], row["members_before"]) for row in found}) == 6
    alone = "update kindred.audience_exports set status = %s where number <> %s"
    for row in found:
        laboratory.query(alone, ("unfinished", row["number"]))
        assert measured(laboratory, spec, OVER) == [row]
        laboratory.query(alone, ("finished", row["number"]))


def test_an_event_is_an_outcome_after_as_many_days_without_one(recounted):
    laboratory = recounted
    laboratory.query(
        "create table kindred.events_visits (customer_id kindred.customer_key, at timestamptz,"
        " identity uuid, landed_at timestamptz, withdrawn_at timestamptz)"
    )
    members = frozen(laboratory, 1, "member")
    control = frozen(laboratory, 1, "control")
    start, end = moment(EXPORTED_AT), moment(EXPORTED_AT) + timedelta(days=20)
    second = timedelta(seconds=1)
    events = [
        *((key, start, None) for key in members[:30]),
        *((key, end - second, None) for key in control[:5]),
        *((key, end, None) for key in members[30:40]),  # too late
        *((key, start + second, end) for key in members[40:50]),  # withdrawn
        *((key, start - second, None) for key in (*members[:3], *control[:1])),  # had it
        *((key, start - timedelta(days=20) - second, None) for key in members[3:9]),  # long ago
    ]
    for key, at, withdrawn_at in events:
        laboratory.query(
            "insert into kindred.events_visits values (%s, %s, gen_random_uuid(), %s, %s)",
            (key, at, at, withdrawn_at),
        )
    visits = {"table": "visits", "customer": "customer_id", "at": "at"}
    spec = scene_spec(events={"visits": visits})
    outcome = {"event": "visits", "days": 20}
    [row] = measured(laboratory, spec, OVER, outcome)
    assert (row["members"], row["member_outcomes"], row["members_before"]) == (
        len(members) - 3,
        27,
        3,
    )
    assert (row["control"], row["control_outcomes"], row["control_before"]) == (
        len(control) - 1,
        4,
        1,
    )
    assert row["outcome"] == "event visits"
    [row] = measured(laboratory, scene_spec(), OVER, outcome)
    assert row["verdict"] == "not counted"
    assert row["reason"] == "the outcome is none of the events of the space; it has none"


def test_what_is_given_back_is_no_outcome(recounted):
    laboratory = recounted
    laboratory.query(
        "create table kindred.events_lines (customer_id kindred.customer_key, at timestamptz,"
        " identity uuid, landed_at timestamptz, withdrawn_at timestamptz, amount double precision,"
        " quantity double precision)"
    )
    first, second, third, fourth, fifth, *_ = frozen(laboratory, 1, "member")
    after = moment(EXPORTED_AT) + timedelta(days=1)
    for key, days, amount, quantity in (
        (first, 0, -5.0, 1.0),
        (second, 0, 5.0, -1.0),
        (third, 0, 0.0, None),
        (third, 1, -5.0, -1.0),  # it was bought before it was given back
        (fourth, -3, -5.0, None),  # before the export
        (fourth, 0, None, 2.0),
        (fifth, -3, 5.0, None),
    ):
        laboratory.query(
            "insert into kindred.events_lines values (%s, %s, gen_random_uuid(), now(), null, %s,"
            " %s)",
            (key, after + timedelta(days=days), amount, quantity),
        )
    lines = {"table": "lines", "customer": "customer_id", "at": "at"}
    lines |= {"amount": "price", "quantity": "number"}
    outcome = {"event": "lines", "days": 20}
    for private, happened in (
        ([], (2, 1)),
        (["quantity"], (3, 1)),
        (["amount", "quantity"], (3, 2)),
    ):
        spec = scene_spec(events={"lines": lines}, private=private)
        [row] = measured(laboratory, spec, OVER, outcome)
        assert (row["member_outcomes"], row["members_before"]) == happened, private


def test_an_export_without_an_outcome_is_judged_by_the_file_as_it_is_now(recounted):
    laboratory = recounted
    laboratory.query("update kindred.audience_exports set outcome = null")
    [row] = measured(laboratory, SPEC, OVER)
    assert row["days"] == 3
    # Nothing is lost without a word.
    customers = laboratory.query("select * from kindred.audience_export_customers")
    laboratory.query("delete from kindred.audience_export_customers")
    laboratory.query("delete from kindred.audience_results")
    [row] = measured(laboratory, SPEC, OVER)
    assert row["verdict"] == "not counted"
    assert "not kept any more, and no night had counted them" in row["reason"]
    for row in customers:
        laboratory.query("insert into kindred.audience_export_customers values (%s, %s, %s)", row)
    laboratory.query("update kindred.audience_exports set status = 'unfinished'")
    assert measured(laboratory, SPEC, OVER) == []
    spec = scene_spec(private=[LABEL])
    laboratory.query("update kindred.audience_exports set status = 'finished'")
    [row] = measured(laboratory, spec, OVER)
    assert row["reason"] == "the outcome is none of the labels of the space; it has none"
    assert row["outcome"] == "unknown", "what a file says may be no name of the space"
