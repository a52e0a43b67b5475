"""Recommendations of whole nights: what readers see, and what is left of them later."""

from collections import Counter, defaultdict
from dataclasses import replace

import psycopg2.errors
import pytest

from integration.events_shop import (
    CUSTOMERS,
    ITEMS,
    LAST_NIGHT,
    QUIET,
    order_lines,
)
from integration.leaving import SECRET, request
from integration.recommendations.shop import COUNT, RECOMMENDED, SPEC, owned, spec_of
from integration.warehouse import moment
from kindred.encoding import encoder_versions
from kindred.encoding.vectors import read_embeddings
from kindred.erasure.task import erase
from kindred.history.erasure_key import VARIABLE
from kindred.recommendations import task
from kindred.recommendations.parameters import Method, Parameters
from kindred.run.context import open_run
from kindred.tasks import run_task


def test_lists_hold_what_neighbours_own_and_the_customer_does_not(shop):
    own = owned(order_lines(), LAST_NIGHT)
    owners = Counter(item for items in own.values() for item in items)
    rows = shop.query(
        "select customer_id, rank, item, name, score, bought_by, neighbours, share, lift, method,"
        " catalogue_as_of from bi.recommendations where as_of = %s order by 1, 2",
        [moment(LAST_NIGHT)],
    )
    lists = defaultdict(list)
    for customer, rank, item, name, score, bought_by, asked, share, lift, method, landed_at in rows:
        lists[customer].append((item, score, method))
        assert rank == len(lists[customer])
        assert item not in own.get(customer, ())
        assert owners[item] >= 5
        assert name == f"Product {item}"
        assert item != str(ITEMS), "not in stock"
        assert share == pytest.approx(owners[item] / len(own))
        assert landed_at == moment(LAST_NIGHT)
        if method == "popular":
            assert (bought_by, lift) == (0, None)
        else:
            assert 5 <= bought_by <= asked <= 40
            assert lift == pytest.approx(bought_by / asked / share)
    assert len(lists) == CUSTOMERS
    assert {len(found) for found in lists.values()} == {COUNT}
    quiet = range(CUSTOMERS - QUIET + 1, CUSTOMERS + 1)
    for customer, found in lists.items():
        methods = [method for *_, method in found]
        assert methods == sorted(methods), "the most popular come last"
        assert methods[0] == ("profile" if customer in quiet else "neighbours")
        scores = [score for _, score, method in found if method != "popular"]
        assert scores == sorted(scores, reverse=True)
    tastes = [
        (int(item) > ITEMS // 2) == bool(customer % 2)
        for customer, found in lists.items()
        for item, _, method in found
        if method == "neighbours"
    ]
    assert sum(tastes) > 0.8 * len(tastes)


def test_who_should_hear_of_an_item(shop):
    found = shop.query("select * from bi.item_audience('5', 12)")
    [(every,)] = shop.query("select count(*) from bi.recommendations_current where item = '5'")
    assert every > 12
    assert [row[0] for row in found] == list(range(1, 13))
    listed = shop.query(
        "select customer_id, score, rank, bought_by, neighbours, method"
        " from bi.recommendations_current where item = '5'"
        " order by method = 'popular', score desc, customer_id limit 12"
    )
    assert [row[1:] for row in found] == listed
    assert len(shop.query("select * from bi.item_audience('5')")) == every


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'5', 0", "n is 0, but must be a number of customers from 1 to 1000000"),
        ("'5', -7", "n is -7, but must be a number of customers from 1 to 1000000"),
        ("'5', 2000000000", "n is 2000000000, but must be .* from 1 to 1000000"),
        ("'5', null", "n is null, but must be a number"),
        (
            "null, 1",
            "no item was given: item is null\\nHINT: .* as bi.recommendations_current shows",
        ),
        ("null", "no item was given"),
        ("null, 0", "no item was given"),
        ("''", 'item "" is on no list'),
        ("repeat('x', 20000)", "item has 20000 bytes, but must have at most 10000"),
        ("'60'", 'item "60" is on no list .* not available'),
        ("'nothing'", 'item "nothing" is on no list .*: it is unknown'),
    ],
)
def test_an_audience_is_bounded_and_says_what_is_wrong(shop, arguments, message):
    with pytest.raises(psycopg2.errors.RaiseException, match=message):
        shop.query(f"select * from bi.item_audience({arguments})")  # noqa: S608


def test_a_rerun_of_every_task_ends_in_the_same_tables(copied):
    """The last task of the lists is killed once after its tables were filled."""
    before = copied.hashes()
    assert {"recommended_items", "customer_recommendations", "recommendation_quality"} < set(before)
    for stage, run in copied.stages(SPEC, LAST_NIGHT, times=2):
        if stage == "quality_gate":
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(type(run), "add_facts", _die)
                with pytest.raises(KeyboardInterrupt):
                    run_task(run, "recommend")
    assert copied.hashes() == before
    with copied.deployment.warehouse("test", "kindred") as database:
        leftovers = database.rows("publication/run_tables", {"schema": "kindred"})
    assert leftovers == []


def _die(*args, **facts):
    raise KeyboardInterrupt


def test_an_erased_customer_has_no_list(copied, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    receipt = erase(copied.deployment, "default", request(copied, 7))
    assert receipt["rows"]["customer_recommendations"] == 2 * COUNT
    of_them = (
        "select (select count(*) from kindred.customer_recommendations where customer_id = 7)"
        " + (select count(*) from bi.item_audience('5', 1000) where customer_id = 7)"
    )
    assert copied.query(of_them) == [(0,)]


def test_a_snapshot_without_any_list_hides_no_other_one(copied):
    reasons = "select * from bi.recommendation_reasons order by 1, 2"
    distances = "select * from bi.lookalike_distances order by 1, 2, 3"
    before = copied.query(reasons), copied.query(distances)
    copied.run(SPEC, "2026-01-01T03:00")  # nothing was bought yet
    counted = "select recommendation_methods from kindred.snapshots order by as_of limit 1"
    assert copied.query(counted) == [([],)]
    assert copied.query(reasons) == before[0]
    assert copied.query(distances)[-len(before[1]) :] == before[1]
    # As earlier releases have stored it.
    copied.query(
        "update kindred.snapshots set recommendation_methods = '{}', lookalike_distances = '{}'"
        " where as_of = (select min(as_of) from kindred.snapshots)"
    )
    assert (copied.query(reasons), copied.query(distances)) == before


def test_due_items_come_back_if_asked_for(shop):
    run = open_run(shop.deployment, "default", moment(LAST_NIGHT))
    asked = run.spec.recommendations.model_copy(update={"include_owned": True})
    run = replace(run, spec=run.spec.model_copy(update={"recommendations": asked}))
    with run.warehouse("test") as database:
        encoder = encoder_versions.read(database, run.encoder_version)
        embeddings = read_embeddings(run, run.key_type(database))
        _, listed, _ = task._recommend(run, database, encoder, embeddings, Parameters(40))
    own = owned(order_lines(), LAST_NIGHT)
    again = listed.lists.methods == Method.REPURCHASE
    assert again.any()
    for row, place in zip(*again.nonzero(), strict=True):
        item = listed.items[listed.lists.items[row, place]]
        assert item in own[int(embeddings.customers[row])]
        assert listed.lists.scores[row, place] >= 3


@pytest.mark.soak
def test_repurchases_over_several_nights(copied):
    """What is bought again is not due until the customer's rhythm has passed once more."""
    spec = spec_of(recommendations={**RECOMMENDED, "include_owned": True})
    again = (
        "select customer_id, rank, item, score from bi.recommendations_current"
        " where method = 'repurchase' order by 1, 2"
    )
    copied.run(spec, LAST_NIGHT)
    first = copied.query(again)
    own = owned(order_lines(), LAST_NIGHT)
    assert first
    assert all(item in own[customer] and rank <= COUNT // 2 for customer, rank, item, _ in first)
    # The first customer buys what was due; of the others, more may become due.
    who = first[0][0]
    bought = [item for customer, _, item, _ in first if customer == who]
    at = moment("2026-05-02T12:00")
    copied.append(
        "order_lines",
        [(91_000 + n, who, at, int(item), 5, 1, "shop") for n, item in enumerate(bought)],
    )
    copied.run(spec, "2026-05-03T02:00")
    second = copied.query(again)
    assert who not in {row[0] for row in second}
    assert {row[0] for row in first} - {who} <= {row[0] for row in second}
    twice = copied.query(
        "select customer_id, item from bi.recommendations_current group by 1, 2 having count(*) > 1"
    )
    assert twice == []
    hashes = copied.hashes()
    copied.run(spec, "2026-05-03T02:00")
    assert copied.hashes() == hashes
