"""What is stored of populations: dates that run again or are past, erasure, retention."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from integration.audiences.audience_scene import (
    BY_CONTACT,
    BY_QUERY,
    LABEL,
    RESPONDED,
    asked,
    audiences_in,
    opt_outs,
    responders,
)
from integration.audiences.population_scene import EVERYBODY, ids
from integration.leaving import SECRET, request
from integration.warehouse import moment
from kindred.audiences.status import Status
from kindred.erasure.task import erase
from kindred.errors import AudienceError
from kindred.history.erasure_key import VARIABLE
from kindred.publication.retention import drop_hidden


def test_two_attempts_at_once_find_the_same_ids(encoded_copy, resolve_in):
    """If a task is taken for dead and tried again while it is still alive."""
    content = {"seed": {"query": f"{RESPONDED} and (select pg_sleep(0.3)) is not null"}}
    resolve_in.night(encoded_copy)
    with audiences_in(resolve_in.folder), ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(resolve_in, encoded_copy, content) for _ in range(2)]
    assert [ids(one.result().seeds) for one in tries] == [responders()] * 2


def test_a_date_that_is_run_again_finds_the_same_ids(encoded_copy, resolve_in):
    laboratory = encoded_copy
    content = {"seed": {"query": EVERYBODY.replace("customers", "responders")}}
    before = resolve_in(laboratory, content)
    laboratory.query("delete from responders", source=True)
    assert ids(resolve_in(laboratory, content).seeds) == ids(before.seeds)
    with pytest.raises(AudienceError, match="the seed gives no id"):
        resolve_in(laboratory, content, full_extract=True)
    other = {"seed": {"query": "select customer_id from contacted"}}
    assert ids(resolve_in(laboratory, other).seeds) == asked()
    roles = "select role, count(*) from kindred.audience_ids group by 1"
    assert laboratory.query(roles) == [("seed", len(asked()))]
    resolve_in(laboratory, {**other, "exclude": {"table": "opt_outs"}})
    assert len(laboratory.query(roles)) == 2
    resolve_in(laboratory, other)
    assert len(laboratory.query(roles)) == 1


def test_what_says_nothing_of_the_past_is_read_for_the_newest_date_alone(resolve):
    late = moment("2026-01-20T02:00")
    known = resolve(BY_QUERY, "past", as_of=late)
    assert 0 < known.given < len(responders())
    assert resolve({"seed": {"label": {LABEL: "yes"}}}, "past", as_of=late).given > 0
    for seed in ({"query": EVERYBODY}, {"table": "responders"}, {"file": "ids.csv"}):
        with pytest.raises(AudienceError, match="says who is meant now") as caught:
            resolve({"seed": seed}, "past", as_of=late)
        assert caught.value.status == Status.NO_HISTORY
    with pytest.raises(AudienceError, match="'exclude' says who is meant now, and nothing of this"):
        resolve(BY_CONTACT, "past", as_of=late)


def test_the_dates_of_a_backfill_read_nothing_of_the_present(resolve, resolve_in, encoded):
    backfill = replace(resolve_in.night(encoded[0])[0].build, may_fit=False)
    with pytest.raises(AudienceError, match="no history: the table of 'seed' says"):
        resolve({"seed": {"table": "responders"}}, "filled", build=backfill)
    assert ids(resolve(BY_QUERY, "filled", build=backfill).seeds) == responders()


def test_an_erased_customer_is_in_no_population_again(encoded_copy, resolve_in, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    laboratory = encoded_copy
    gone = responders()[3]
    resolve_in(laboratory, BY_CONTACT)
    stored = f"select role from kindred.audience_ids where customer_id = {gone} order by 1"  # noqa: S608
    assert laboratory.query(stored) == [("contacted",), ("seed",)]
    receipt = erase(laboratory.deployment, "default", request(laboratory, gone))
    assert receipt["rows"]["audience_ids"] == 2
    assert laboratory.query(stored) == []
    found = resolve_in(laboratory, BY_CONTACT, "anew")
    assert gone not in {*ids(found.seeds), *ids(found.contacted)}
    assert len(found.contacted) == len({*asked()} - {*opt_outs()}) - 1
    assert laboratory.query(stored) == []


def test_stored_ids_go_with_the_snapshot_of_their_date(encoded_copy, resolve_in):
    laboratory = encoded_copy
    resolve_in(laboratory, BY_QUERY)
    count = (
        "select (select count(*) from kindred.audience_ids),"
        " (select count(*) from kindred.audience_resolutions)"
    )
    for status, before, left in (
        ("published", "2026-03-01", 1),
        ("building", "2026-03-01", 1),
        ("failed", "2026-01-01", 1),
        ("failed", "2026-03-01", 0),
    ):
        laboratory.query("update kindred.snapshots set status = %s", [status])
        with laboratory.deployment.warehouse("test", "kindred") as warehouse:
            drop_hidden(warehouse, moment(f"{before}T00:00"))
        assert laboratory.query(count) == [(left * len(responders()), left)]
