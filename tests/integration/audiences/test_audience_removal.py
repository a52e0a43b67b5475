"""What is left of audiences once they are withdrawn, pruned, erased or private."""

import json

import pytest

from integration.audiences.audience_scene import (
    FIRST_NIGHT,
    LABEL,
    NEXT_NIGHT,
    audiences_in,
    opt_outs,
    scene_spec,
    write_audiences,
)
from integration.audiences.night_scene import (
    BUYERS,
    FILES,
    LITERAL,
    MEMBERS,
    NOWHERE,
    SPEC,
    VIEWS,
    named,
)
from integration.leaving import SECRET, request, tables_with
from integration.warehouse import moment
from kindred.erasure.task import erase
from kindred.history.erasure_key import VARIABLE
from kindred.publication.prune import Retention, prune
from kindred.publication.withdraw import withdraw
from kindred.run.context import open_run
from kindred.spec.audiences import Population

KEY_COLUMNS = (
    "select table_name, column_name from information_schema.columns"
    " where table_schema = 'kindred' and table_name ~ '^audience'"
    " and (domain_name = 'customer_key' or column_name = 'customer_id')"
)
SHOWN = "select distinct as_of from bi.{}"


def test_no_id_that_stands_in_sql_is_stored(nights):
    """Erasure could not find it there."""
    assert tables_with(nights, str(LITERAL)) == set()
    stored = "select settings #>> '{seed,query}' from kindred.audiences where audience = 'broken'"
    assert {text for (text,) in nights.query(stored)} == {
        f"digest:{Population(query=NOWHERE).digest}"
    }


def test_the_sql_that_was_stored_before_is_dropped(own_nights):
    before, written = own_nights.hashes(), json.dumps(Population(query=NOWHERE).model_dump())
    own_nights.query(
        "update kindred.audiences set settings = jsonb_set(settings, '{seed}', %s)"
        " where audience = 'broken';"
        " update kindred.snapshot_builds set facts = jsonb_set(jsonb_set("
        "facts, '{audiences,0,settings,seed}', %s), '{audience_rows,0,settings,seed}', %s)"
        " where facts #>> '{audiences,0,name}' = 'broken'",
        (written, written, written),
    )
    assert tables_with(own_nights, str(LITERAL)) == {"audiences", "snapshot_builds"}
    with own_nights.deployment.warehouse("test", "kindred") as warehouse:
        warehouse.run("warehouse/migrations/0069_drop_sql_of_audiences")
    assert tables_with(own_nights, str(LITERAL)) == set()
    assert own_nights.hashes() == before


def test_withdrawn_and_pruned_audiences_go_and_those_without_a_file(own_nights, tmp_path):
    first = {(moment(FIRST_NIGHT),)}
    withdraw(own_nights.deployment, SPEC, moment(NEXT_NIGHT))
    for view in VIEWS:
        assert set(own_nights.query(named(SHOWN, view))) == first
        assert set(own_nights.query(named(SHOWN, f"{view}_current"))) == first
    write_audiences(tmp_path, {})
    with audiences_in(tmp_path):
        own_nights.run(SPEC, NEXT_NIGHT)
    for view in VIEWS:
        assert set(own_nights.query(named(SHOWN, view))) == first
        assert own_nights.query(named(SHOWN, f"{view}_current")) == []
    prune(own_nights.deployment, SPEC, Retention(1, 0), is_dry_run=False)
    for table in VIEWS:
        held = own_nights.query(named("select distinct as_of from kindred.{}", table))
        assert held == ([(moment(NEXT_NIGHT),)] if table == "audience_members" else [])


def test_erased_members_controls_and_seeds_are_nowhere_and_later_nights_hide_what_is_private(
    own_nights, monkeypatch
):
    monkeypatch.setenv(VARIABLE, SECRET)
    rows = own_nights.query(MEMBERS)
    member = next(customer for _, customer, _, role in rows if role == "member")
    control = next(customer for _, customer, _, role in rows if role == "control")
    seed = min(BUYERS - set(opt_outs()))
    gone = {member, control, seed}
    for customer in gone:
        receipt = erase(own_nights.deployment, "default", request(own_nights, customer))
        assert (receipt["rows"].get("audience_members", 0) >= 2) == (customer in (member, control))
    assert own_nights.query(MEMBERS) == [row for row in rows if row[1] not in gone]
    columns = own_nights.query(KEY_COLUMNS)
    assert ("audience_members", "customer_id") in columns
    for table, column in columns:
        left = named("select count(*) from kindred.{} where {} = any (%s)", table, column)
        assert own_nights.query(left, [list(gone)]) == [(0,)], table

    own_nights.run(scene_spec(private=["income"]), NEXT_NIGHT)
    roles = {(audience, customer): role for audience, customer, _, role in rows}
    for audience, customer, _, role in own_nights.query(MEMBERS):
        assert customer not in gone
        assert roles.get((audience, customer), role) == role, "the control group stays"
    reasons = own_nights.query("select distinct unnest(reasons) from bi.audience_members_current")
    assert {name for (name,) in reasons} <= {"age", "state"}
    facts = open_run(own_nights.deployment, "default", moment(NEXT_NIGHT)).build.facts
    told = [
        *facts["audience_quality"],
        *({**row, "settings": ""} for row in facts["audience_rows"]),
    ]
    assert "income" not in str(told)


@pytest.mark.parametrize("private", [LABEL, "income"])
def test_what_depends_on_a_column_that_becomes_private_is_hidden_at_once(own_nights, private):
    told = explained(own_nights)
    assert len({str(told(customer)) for customer in (*range(1, 9), 10**6)}) > 1
    own_nights.begin(scene_spec(private=[private]), NEXT_NIGHT)
    hidden = {"buyers"} if private == LABEL else set(FILES)
    for view in VIEWS[1:]:
        rows = own_nights.query(named("select distinct audience from bi.{}", view))
        assert not {audience for (audience,) in rows} & hidden, view
    rows = own_nights.query(
        "select distinct audience, status, seeds_used is null from bi.audiences"
    )
    assert {audience for audience, status, _ in rows if status == "not shown"} == hidden
    assert all(is_empty for audience, _, is_empty in rows if audience in hidden)
    if private == "income":
        told = explained(own_nights)
        assert len({str(told(customer)) for customer in (*range(1, 9), 10**6)}) == 1


def explained(nights):
    """What EXPLAIN counts for a guess that a customer is in an audience."""

    def rows_of(plan):
        if plan["Actual Loops"]:
            yield plan.get("Relation Name", plan["Node Type"]), plan["Actual Rows"]
            for part in plan.get("Plans", ()):
                yield from rows_of(part)

    def told(customer):
        [([found],)] = nights.query(
            "explain (analyze, buffers off, timing off, summary off, costs off, format json)"
            " select * from bi.audience_members where as_of = %s and customer_id = %s",
            (moment(NEXT_NIGHT), customer),
        )
        return sorted(rows_of(found["Plan"]))

    return told
