"""How good recommendations are said to be, and of which lists that holds."""

from collections import Counter
from dataclasses import replace

import pytest

from integration.events_shop import (
    CUSTOMERS,
    FIRST_NIGHT,
    ITEMS,
    LAST_NIGHT,
    order_lines,
)
from integration.recommendations.shop import COUNT, LISTS, RECOMMENDED, SPEC, begun, owned, spec_of
from integration.warehouse import moment
from kindred.publication.prune import Retention, prune
from kindred.publication.withdraw import withdraw
from kindred.recommendations import measuring, task
from kindred.recommendations.measuring import NotMeasurableError, measure
from kindred.recommendations.parameters import Method
from kindred.run.context import open_run
from kindred.tasks import run_task


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
