"""Events that are too old are dropped, and those of an erased customer; neither lands again."""

import pytest

from integration.events_shop import FIRST_NIGHT, in_force, open_shop, order_lines, shop_spec
from integration.leaving import SECRET
from integration.warehouse import moment
from kindred.erasure.task import erase, request_erasure
from kindred.errors import PreflightError, SpecError
from kindred.history.erasure_key import VARIABLE
from kindred.preparation.doctor import examine
from kindred.tasks import run_task

COUNT = {"kind": "count", "of": "purchases", "days": 30}


@pytest.fixture
def shop(laboratory):
    """Thirty customers, of whom the first alone has bought two items, and had a bad line."""
    lines = [line for line in order_lines(30) if line[3] != 60]
    lines += [(80001, 1, moment("2026-03-20"), 60, 5, 1, "phone")]
    lines += [(80002, 1, moment("2026-03-20"), 60, "NaN", 1, "phone")]
    lines += [(80003, 1, moment("2026-03-20"), 61, 5, 1, "phone")]
    open_shop(laboratory, lines=lines)
    return laboratory


def test_old_events_are_dropped_and_never_land_again(shop, monkeypatch):
    spec = shop_spec(
        events={"keep_days": 45}, features={"income": "numeric", "orders": COUNT}, labels=[]
    )
    run = shop.land(spec, FIRST_NIGHT)
    kept = moment("2026-02-15")  # a midnight 45 days before
    assert min(row[1] for row in in_force(shop)) >= kept  # what is too old does not even land
    shop.land(spec, "2026-04-21T02:00")
    run_task(shop.land(spec, "2026-04-22T02:00"), "clean_up")
    kept = moment("2026-03-08")
    rows = in_force(shop)
    assert rows
    assert min(row[1] for row in rows) >= kept
    partitions = "select relname from pg_class where relname like 'events_purchases 2026-__'"
    assert sorted(name for (name,) in shop.query(partitions)) == [
        "events_purchases 2026-03",
        "events_purchases 2026-04",
    ]
    raised = shop_spec(events={"keep_days": 365}, features=spec.model_dump()["features"])
    shop.land(raised, "2026-04-23T02:00", full_extract=True)
    assert min(row[1] for row in in_force(shop)) >= kept
    with pytest.raises(PreflightError, match=r"needs purchases from 2026-03-02.*dropped"):
        shop.begin(spec, FIRST_NIGHT)
    what_recommendations_without_the_limit_get(shop)
    assert run.as_of == moment(FIRST_NIGHT)
    what_a_spec_without_the_limit_gets(shop, kept, monkeypatch)


def what_recommendations_without_the_limit_get(shop):
    """Ownership has a window of its own, which must not reach further back than the events."""
    recent = {"basket": {"kind": "items", "of": "purchases", "days": 20}, "income": "numeric"}

    def asking(owned, **events):
        asked = {"of": "purchases", "similar_by": "basket", **owned}
        return shop_spec(features=recent, recommendations=asked, events=events, labels=[])

    for owned, found in (({}, "all events"), ({"owned_days": 46}, "46 days")):
        said = rf"ownership .* looks back {found}, but .*'owned_days: 45' or less, or keep more"
        with pytest.raises(SpecError, match=said):
            asking(owned, keep_days=45)
    for spec, problem in (
        (asking({"owned_days": 45}, keep_days=45), r"needs purchases from 2026-03-06.*2026-04-22"),
        (asking({"owned_days": 90}), r"the first date that can be computed is 2026-06-06"),
        (asking({}), r"made of all purchases.*'owned_days: 43' or less"),
    ):
        for ask in (shop.begin, shop.fit):
            with pytest.raises(
                PreflightError, match=rf"ownership in 'recommendations' .*{problem}"
            ):
                ask(spec, "2026-04-20T02:00")
    shop.begin(asking({"owned_days": 45}, keep_days=45), "2026-04-24T02:00")


def what_a_spec_without_the_limit_gets(shop, kept, monkeypatch):
    """What was dropped is gone, and everybody is told: readers, doctor, and who asks for it."""
    assert set(shop.query("select events_kept_from from bi.snapshots")) == {(kept,)}
    monkeypatch.setenv("KINDRED_ARTIFACTS", str(shop.artefacts))
    dsns = {"kindred_source": shop.source_dsn, "kindred_warehouse": shop.warehouse_dsn}

    def told(**changes):
        spec = shop_spec(features={"income": "numeric", **changes}, labels=[])
        found = examine(dsns.__getitem__, "default", lambda _: spec)
        return spec, [
            (f.outcome, f.message)
            for f in found
            if f.check == "events purchases" and "dropped" in f.message
        ]

    spec, [(outcome, message)] = told(orders=COUNT)
    assert outcome == "warning"
    assert "before 2026-03-08T00:00:00+00:00 have been dropped" in message
    assert "though the spec keeps them for ever" in message
    shop.begin(spec, "2026-04-25T02:00")
    for days, problem in ((None, "is made of all purchases"), (90, "the first date that can be")):
        back = {"kind": "count", "of": "purchases"} | ({} if days is None else {"days": days})
        spec, found = told(orders=back)
        assert ("failure" in [outcome for outcome, _ in found]) == (days is None)
        for ask in (shop.begin, shop.fit):
            with pytest.raises(PreflightError, match=rf"'orders' .*{problem}"):
                ask(spec, "2026-04-25T02:00")
        if days is None:
            with pytest.raises(PreflightError, match=r"'days: 48' or less, or .* another name"):
                shop.begin(spec, "2026-04-25T02:00")


def test_an_erased_customer_leaves_no_event_and_lands_no_more(shop, monkeypatch):
    """Nor a text that was of their events alone, be it of one that was dropped since."""
    features = {"income": "numeric", "orders": COUNT}
    shop.land(shop_spec(features=features), FIRST_NIGHT)
    shop.query("update order_lines set product_id = 1 where line_id = 80003", source=True)
    spec = shop_spec(events={"where": "line_id > 0"}, features=features)
    shop.land(spec, "2026-04-02T02:00")  # reads everything anew
    found = "select value from kindred.event_values where value in ('60', '61') order by 1"
    assert shop.query(found) == [("60",), ("61",)]
    others = [row for row in in_force(shop) if row[0] != 1]
    monkeypatch.setenv(VARIABLE, SECRET)
    number = request_erasure(shop.deployment, "default", "1")
    receipt = erase(shop.deployment, "default", number)
    assert receipt["rows"]["events_purchases"] > 0
    assert receipt["rows"]["rejected_events"] == 1
    assert receipt["rows"]["event_values"] == 2
    kept = shop.query("select count(*) from kindred.event_values")[0][0]
    assert kept == len({row[2] for row in in_force(shop)})
    shop.land(spec, "2026-04-03T02:00", full_extract=True)
    rows = in_force(shop)
    assert {row[0] for row in rows} == set(range(2, 31))
    assert set(others) <= set(rows)
    assert shop.query("select event from kindred.rejected_events") == []
    for query in (
        found,
        "select at from kindred.landing_events_0_20260402t020000 where customer_id = 1",
    ):
        assert shop.query(query) == []
