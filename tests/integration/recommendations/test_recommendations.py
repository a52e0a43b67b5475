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
from kindred.recommendations.similar_by import compared_blocks
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


QUALITY = (
    "select events, similar_by, most_neighbours, k, is_current, as_of, method, is_published, reason"
    " from bi.recommendation_quality where method in ('neighbours', 'popular')"
    " order by most_neighbours, method"
)


METHODS = [("neighbours", True), ("popular", False)]


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
    """Their quality is named by its settings, of which two are of one encoder."""
    today = copied.query(LISTS)
    copied.run(spec_of(recommendations={**RECOMMENDED, "neighbours": 30}), LAST_NIGHT)
    first, last = moment(FIRST_NIGHT), moment(LAST_NIGHT)
    by_30, by_40 = (
        [("purchases", ["basket"], n, COUNT, now, at, *rest, None) for rest in METHODS]
        for n, now, at in ((30, True, last), (40, False, first))
    )
    assert copied.query(QUALITY) == [*by_30, *by_40]
    copied.query("update kindred.customer_recommendations set method = 3 where as_of = %s", [last])
    fallen = copied.query(QUALITY)
    assert [row[7] for row in fallen] == [False, True, True, False]
    assert fallen[0][8].endswith("everybody gets the most popular items")
    withdraw(copied.deployment, SPEC, moment(LAST_NIGHT))
    assert [row[4:8] for row in copied.query(QUALITY)] == [
        *((False, None, method, False) for method in ("neighbours", "popular")),
        *((True, first, *method) for method in METHODS),
    ]
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


def test_what_was_made_with_signs_goes_as_soon_as_they_are_private(copied):
    """No feature is made of the quantity, but its signs say what is owned, and what counts."""
    spec = spec_of(private=["quantity"])
    assert not spec.hidden_features
    shown = (
        "select distinct as_of from bi.recommendations",
        "select distinct as_of from bi.lookalikes",
        "select distinct as_of from bi.cluster_profiles",
    )
    two_nights = {(moment(FIRST_NIGHT),), (moment(LAST_NIGHT),)}
    for query in shown:
        assert set(copied.query(query)) == two_nights
    of_pair = "select value_a from bi.explain_pair(1, 91) where column_name = 'orders_90d'"
    extremes = (
        "select as_of from bi.column_quality"
        " where column_name = 'orders_90d' and maximum is not null"
    )
    assert copied.query(of_pair) != [(None,)]
    assert set(copied.query(extremes)) == two_nights
    copied.begin(spec, LAST_NIGHT)
    for query in (*shown, extremes):
        assert copied.query(query) == []
    assert copied.query(of_pair) == [(None,)]
    similar = "select distance from bi.similar_customers(1, 3)"
    assert copied.query(similar) == [(None,)] * 3
    copied.run(spec, LAST_NIGHT)
    for query in (*shown, extremes):
        assert copied.query(query) == [(moment(LAST_NIGHT),)]
    assert copied.query(of_pair) != [(None,)]
    assert (None,) not in copied.query(similar)


@pytest.mark.soak
def test_nothing_public_depends_on_a_private_quantity(copied):
    """Neither on its values nor on its signs, by which other quantities are given back."""
    units = {"of": "purchases", "column": "quantity"}
    features = {**FEATURES, "units": {"kind": "sum", **units}, "sizes": {"kind": "mean", **units}}
    features["several"] = {"kind": "distinct_count", **units}
    spec = spec_of(features=features, private=["quantity"])
    assert set(spec.hidden_features) == {"units", "sizes", "several"}
    seen = []
    for _ in range(2):
        copied.run(spec, LAST_NIGHT, full_extract=True)
        seen.append(
            [
                copied.query(text)
                for text in (
                    "select * from bi.recommendations_current order by 2, 3",
                    "select * from bi.item_audience('5')",
                    "select method, recall, ndcg, coverage from bi.recommendation_quality"
                    " where is_current order by 1",
                    "select number, pair.* from unnest('{1, 4, 7, 95}'::bigint[]) as number,"
                    " bi.explain_pair(number, number + 90) as pair order by 1, 2",
                    "select * from bi.column_quality where minimum is not null order by 1, 3",
                    "select * from bi.lookalikes_current order by 1, 2, 3",
                )
            ]
        )
        hidden = "select count(minimum) + count(maximum) + count(rejected) from bi.column_quality"
        of_hidden = " where column_name = any (%s)"
        assert copied.query(hidden + of_hidden, [list(spec.hidden_features)]) == [(0,)]
        profiled = "select distinct column_name from bi.cluster_profiles_current"
        assert not {name for (name,) in copied.query(profiled)} & set(spec.hidden_features)
        # All that was bought is given back, and the reverse; the amounts stay.
        copied.query("update order_lines set quantity = -7 * quantity - 1", source=True)
    assert seen[0] == seen[1]
    assert len(seen[0][0]) > 1000


def test_private_buying_profiles_of_other_events_compare_nobody(shop, make_laboratory):
    """The items are not private, so that everybody gets the most popular ones."""
    visits = {"table": "order_lines", "customer": "customer_id", "at": "ordered_at"}

    def spec(*similar_by):
        return make_spec(
            events={"purchases": PURCHASES, "visits": {**visits, "item": "channel"}},
            features={**FEATURES, "pages": {"kind": "items", "of": "visits"}},
            labels=[],
            clustering={"algorithms": ["kmeans"]},
            private=["pages"],
            recommendations={**RECOMMENDED, "similar_by": similar_by},
        )

    assert compared_blocks(spec("pages")) == []
    apart = make_laboratory(beside=shop)
    apart.run(spec("pages", "income"), LAST_NIGHT)
    assert apart.query("select distinct method from bi.recommendations_current") == [("popular",)]
    rows = apart.query(
        "select method, is_published, is_current, similar_by from bi.recommendation_quality"
        " where reason like 'the buying profiles of similar_by are private%' order by 1"
    )
    assert rows == [("neighbours", False, True, []), ("popular", True, True, [])]


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


def test_quality_says_of_which_lists_it_is_not(copied):
    """Nobody gets the measured lists where columns of the customers join them."""
    asked = {**RECOMMENDED, "include_owned": True, "similar_by": ["basket", "income"]}
    copied.run(spec_of(recommendations=asked), LAST_NIGHT)
    limits = (
        "select method, is_published, similar_by, not_measured, reason, listable_share, left_out"
        " from bi.recommendation_quality where is_current and method in ('neighbours', 'popular')"
        " order by method"
    )
    ours, popular = copied.query(limits)
    assert ours[:3] == ("neighbours", True, ["basket"])
    assert ours[3] == ["columns of the customers: income", "availability", "repurchases"]
    assert "no measurement could choose between" in ours[4]
    assert popular[:5] == ("popular", False, ["basket"], ours[3], None)
    assert 0 < ours[5] < 1
    assert ours[5:] == popular[5:]
    # The lists without repurchases have a measurement of their own.
    assert copied.query(
        "select distinct is_current, not_measured from bi.recommendation_quality order by 1"
    ) == [(False, ["availability"]), (True, ours[3])]
    again = copied.query(
        "select count(*), count(*) filter (where rank > 1) from bi.recommendations_current"
        " where method = 'repurchase'"
    )
    assert min(again[0]) > 0
    own = owned(order_lines(), LAST_NIGHT)
    owners = Counter(item for items in own.values() for item in items)
    for customer, items, ranks in copied.query(
        "select customer_id, array_agg(item order by rank), array_agg(rank::integer order by rank)"
        " from bi.recommendations_current group by 1"
    ):
        assert ranks == list(range(1, len(items) + 1)), customer
        assert len(set(items)) == len(items)
        assert all(owners[item] >= 5 and item != str(ITEMS) for item in items)
    begun(copied, private=["income"], recommendations=asked)
    hidden = {tuple(row[3]) for row in copied.query(limits.replace("is_current", "left_out >= 0"))}
    assert hidden == {("columns of the customers", *ours[3][1:]), ("availability",)}


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


def test_what_is_recommended_is_made_of_what_is_public(copied):
    run = open_run(copied.deployment, "default", moment(LAST_NIGHT))
    run = replace(run, spec=run.spec.model_copy(update={"private": ("quantity",)}))
    seen = []
    for _ in range(2):
        with run.warehouse("test") as database:
            encoder = encoder_versions.read(database, run.encoder_version)
            embeddings = read_embeddings(run, run.key_type(database))
            _, listed, _ = task._recommend(run, database, encoder, embeddings, Parameters(40))
            found = measure(run, database, moment(FIRST_NIGHT)).quality
        seen.append((listed.digest(), found))
        copied.query("update kindred.events_purchases set quantity = -7 * quantity - 1")
    assert seen[0] == seen[1]


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
