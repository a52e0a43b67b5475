"""Recommendations of whole nights: what readers see, and what is left of them later."""

from collections import Counter, defaultdict
from dataclasses import replace

import psycopg2.errors
import pytest

from integration.events_shop import (
    CUSTOMERS,
    FEATURES,
    FIRST_NIGHT,
    ITEMS,
    LAST_NIGHT,
    PURCHASES,
    QUIET,
    open_shop,
    order_lines,
)
from integration.leaving import SECRET, request
from integration.recommendations.shop import RECOMMENDED, owned, spec_of
from integration.warehouse import make_spec, moment
from kindred.encoding import encoder_versions
from kindred.encoding.vectors import read_embeddings
from kindred.erasure.task import erase
from kindred.history.erasure_key import VARIABLE
from kindred.publication.prune import Retention, prune
from kindred.publication.withdraw import withdraw
from kindred.recommendations import measuring, task
from kindred.recommendations.measuring import NotMeasurableError, measure
from kindred.recommendations.parameters import Method, Parameters
from kindred.run.context import open_run
from kindred.tasks import run_task

SPEC = spec_of()
LISTS = "select customer_id, rank, item, method from bi.recommendations_current order by 1, 2"
COUNT = 8


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """Two nights by one encoder."""
    laboratory = make_laboratory()
    open_shop(laboratory)
    for night in (FIRST_NIGHT, LAST_NIGHT):
        laboratory.run(SPEC, night)
    return laboratory


@pytest.fixture
def copied(shop, copy_laboratory):
    return copy_laboratory(shop)


def begun(shop, **changes):
    """A run of a spec with changes: the newest date again."""
    return shop.begin(spec_of(**changes), LAST_NIGHT)


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
        ("'5', 0", "n is 0, but must be at least 1 and at most 1000000"),
        ("'5', 2000000000", "n is 2000000000, but must be .* at most 1000000"),
        ("'5', null", "n is <NULL>"),
        ("null", "item has <NULL> bytes"),
        ("repeat('x', 20000)", "item has 20000 bytes, but must have at most 10000"),
        ("'60'", 'item "60" is not recommended .* not available'),
        ("'nothing'", 'item "nothing" is not recommended .*: unknown'),
    ],
)
def test_an_audience_is_bounded_and_says_what_is_wrong(shop, arguments, message):
    with pytest.raises(psycopg2.errors.RaiseException, match=message):
        shop.query(f"select * from bi.item_audience({arguments})")  # noqa: S608


def test_quality_is_measured_once_as_of_the_fit(shop):
    rows = shop.query(
        "select method, is_published, k, customers, recall_low <= recall and recall <= recall_high,"
        " test_start < test_end, test_end, fitted_as_of, neighbours, reason"
        " from bi.recommendation_quality order by method"
    )
    assert [row[0] for row in rows] == ["ease", "item_neighbours", "neighbours", "popular"]
    for row in rows:
        assert row[1:3] == (row[0] == "neighbours", COUNT)
        assert row[3] > 100
        assert row[4:6] == (True, True)
        assert row[6:8] == (moment(FIRST_NIGHT), moment(FIRST_NIGHT))
        assert row[8:] == ((40, None) if row[0] == "neighbours" else (None, None))


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


def test_withdrawn_and_pruned_lists_go(copied):
    today = copied.query(LISTS)
    withdraw(copied.deployment, SPEC, moment(LAST_NIGHT))
    yesterday = copied.query(LISTS)
    assert yesterday != today
    assert copied.query("select distinct as_of from bi.recommendations") == [(moment(FIRST_NIGHT),)]
    copied.run(SPEC, LAST_NIGHT)
    assert copied.query(LISTS) == today
    prune(copied.deployment, SPEC, Retention(1, 0), is_dry_run=False)
    kept = (
        "select distinct as_of from kindred.customer_recommendations"
        " union all select distinct as_of from kindred.recommended_items"
    )
    assert copied.query(kept) == [(moment(LAST_NIGHT),)] * 2


def test_an_erased_customer_has_no_list(copied, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    receipt = erase(copied.deployment, "default", request(copied, 7))
    assert receipt["rows"]["customer_recommendations"] == 2 * COUNT
    of_them = (
        "select (select count(*) from kindred.customer_recommendations where customer_id = 7)"
        " + (select count(*) from bi.item_audience('5', 1000) where customer_id = 7)"
    )
    assert copied.query(of_them) == [(0,)]


@pytest.mark.parametrize("private", [["item"], ["basket"]])
def test_private_items_are_shown_nowhere(shop, copied, private):
    told = explained(shop)
    assert told("8") != told("no such item")
    begun(copied, private=private, publish_distances=True)
    assert copied.query("select count(*) from bi.recommendations") == [(0,)]
    assert copied.query("select count(*) from bi.recommendations_current") == [(0,)]
    assert copied.query(
        "select distinct method, recall, reason from bi.recommendation_quality"
    ) == [(None, None, "the items are private: no recommendations are shown")]
    with pytest.raises(psycopg2.errors.RaiseException, match="the items are private"):
        copied.query("select * from bi.item_audience('5')")
    told = explained(copied)
    assert told("8") == told("no such item")


@pytest.mark.parametrize("similar_by", [["pages"], ["pages", "income"]])
def test_private_buying_profiles_of_other_events_compare_nobody(copied, similar_by):
    """The items are not private, so that everybody gets the most popular ones."""
    visits = {"table": "order_lines", "customer": "customer_id", "at": "ordered_at"}
    spec = make_spec(
        "other",
        events={"purchases": PURCHASES, "visits": {**visits, "item": "channel"}},
        features={**FEATURES, "pages": {"kind": "items", "of": "visits"}},
        labels=[],
        clustering={"algorithms": ["kmeans"]},
        private=["pages"],
        recommendations={**RECOMMENDED, "similar_by": similar_by},
    )
    copied.run(spec, LAST_NIGHT)
    assert copied.query("select distinct method from bi_other.recommendations_current") == [
        ("popular",)
    ]
    [(reason,)] = copied.query("select reason from bi_other.recommendation_quality")
    assert reason.startswith("the buying profiles of similar_by are private")


def explained(shop):
    """What EXPLAIN counts for a guess of one customer's item."""

    def rows_of(plan):
        if plan["Actual Loops"]:
            yield plan.get("Relation Name", plan["Node Type"]), plan["Actual Rows"]
            for part in plan.get("Plans", ()):
                yield from rows_of(part)

    def told(item):
        [([found],)] = shop.query(
            "explain (analyze, buffers off, timing off, summary off, costs off, format json)"
            " select * from bi.recommendations"
            " where as_of = %s and customer_id = 2 and item = %s",
            (moment(LAST_NIGHT), item),
        )
        return sorted(rows_of(found["Plan"]))

    return told


@pytest.mark.soak
def test_nights_with_private_items_and_without_recommendations(copied):
    before, lists = copied.hashes(), copied.query(LISTS)
    of_night = "select count(*) from kindred.customer_recommendations where as_of = %s"
    copied.run(spec_of(private=["item"]), LAST_NIGHT)
    assert copied.query("select distinct reason from bi.recommendation_quality") == [
        ("the items are private: no recommendations are shown",)
    ]
    assert copied.query(of_night, [moment(LAST_NIGHT)]) == [(0,)]
    assert copied.query("select count(*) from bi.recommendations") == [(0,)]
    copied.run(spec_of(recommendations=None), LAST_NIGHT)
    assert copied.query(LISTS) == []
    with pytest.raises(psycopg2.errors.RaiseException, match="its spec asks for none"):
        copied.query("select * from bi.item_audience('5')")
    copied.run(SPEC, LAST_NIGHT)
    assert copied.query(LISTS) == lists
    assert copied.hashes() == before


def test_a_measurement_that_is_not_possible_stops_nothing(copied, monkeypatch):
    run = open_run(copied.deployment, "default", moment(LAST_NIGHT))
    with run.warehouse("test") as database:
        with pytest.raises(NotMeasurableError, match=r"span less than a test needs: five days"):
            measure(run, database, moment("2026-01-03T02:00"))
        with pytest.raises(NotMeasurableError, match=r"bought something new .* 30 are needed"):
            measure(run, database, moment("2026-01-08T02:00"))
    monkeypatch.setattr(measuring, "LEAST_TESTED", 1_000_000)
    copied.query("delete from kindred.recommendation_quality")
    for stage in ("measure_recommendations", "recommend"):
        run_task(run, stage)
    [row] = copied.query(
        "select method, is_published, recall, neighbours, reason from bi.recommendation_quality"
    )
    assert row[:4] == ("neighbours", True, None, 40)
    assert "1000000 are needed" in row[4]
    for error, reason in ((MemoryError(), "could not be measured"), (ValueError("no"), None)):
        monkeypatch.setattr(task, "measure", raising(error))
        if reason is None:
            with pytest.raises(ValueError, match="no"):
                task._methods(run, FittedBefore())
        else:
            with run.warehouse("test") as database:
                [found] = task._methods(run, database)
            assert reason in found["reason"]


class FittedBefore:
    """A session that knows when the encoder was fitted."""

    def value(self, name, parameters):
        return moment(FIRST_NIGHT)


def raising(error):
    def measure(*arguments):
        raise error

    return measure


def test_where_neighbours_are_worse_everybody_gets_the_most_popular(copied):
    copied.query("update kindred.recommendation_quality set is_published = method = 'popular'")
    run = open_run(copied.deployment, "default", moment(LAST_NIGHT))
    run_task(run, "recommend")
    filled = (
        "select method, count(*) from kindred.customer_recommendations_20260502t020000_next"
        " group by 1"
    )
    assert copied.query(filled) == [(int(Method.POPULAR), COUNT * CUSTOMERS)]


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


def test_other_features_join_where_their_past_is_known(shop):
    run = open_run(shop.deployment, "default", moment(LAST_NIGHT))
    mixed = ["basket", "income", "orders_90d", "days_since_purchase"]
    asked = run.spec.recommendations.model_copy(update={"similar_by": tuple(mixed)})
    spec = run.spec.model_copy(update={"recommendations": asked})
    widths = {}
    for history in ("current", "versions"):
        source = spec.source.model_copy(update={"history": history})
        of_history = replace(run, spec=spec.model_copy(update={"source": source}))

        class Seen(measuring._Encoders):
            def encode(self, split, history=history):
                vectors = super().encode(split)
                widths.setdefault(history, []).append(vectors.shape[1])
                assert vectors.any(axis=1).sum() == (split.before.sum(axis=1) > 0).sum()
                return vectors

        with pytest.MonkeyPatch.context() as patch, run.warehouse("test") as database:
            patch.setattr(measuring, "_Encoders", Seen)
            found = measure(of_history, database, moment(LAST_NIGHT))
        assert found.quality.methods[0].customers > 100
    narrow, wide = widths["current"], widths["versions"]
    assert len(narrow) == len(wide) == 2
    assert [b - a for a, b in zip(narrow, wide, strict=True)] == [1, 1], "income"
    assert narrow[0] > 8
