"""Recommendations where the items, their signs or what customers are compared by is private."""

from dataclasses import replace

import psycopg2.errors
import pytest

from integration.events_shop import (
    FEATURES,
    FIRST_NIGHT,
    LAST_NIGHT,
    PURCHASES,
)
from integration.recommendations.shop import LISTS, RECOMMENDED, SPEC, begun, spec_of
from integration.warehouse import make_spec, moment
from kindred.encoding import encoder_versions
from kindred.encoding.vectors import read_embeddings
from kindred.recommendations import task
from kindred.recommendations.measuring import measure
from kindred.recommendations.parameters import Parameters
from kindred.recommendations.similar_by import compared_blocks
from kindred.run.context import open_run


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
