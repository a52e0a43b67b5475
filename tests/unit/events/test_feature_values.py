"""Features of customers from lines in memory: windows, parts, threads and drift."""

import numpy as np
import pandas as pd
import pytest

from kindred.encoding.column_profile import Profile
from kindred.encoding.encoder import fit_encoder
from kindred.errors import DataError
from kindred.events import feature_values
from kindred.events.behaviour import Behaviour
from kindred.events.feature_values import compute_features
from kindred.events.lines import MICROSECONDS_PER_DAY as DAY
from kindred.events.lines import EventRows, Lines
from kindred.spec.features import feature
from kindred.spec.model import spec_from_dict

CUSTOMERS, LINES, ITEMS, AS_OF = 300, 4_000, 30, 400
FEATURES = {
    "last": feature("recency", of="p"),
    "orders": feature("count", of="p", days=90),
    "spend": feature("sum", of="p", days=180, transform="log1p"),
    "price": feature("mean", of="p"),
    "online": feature("share", of="p", by="channel", value="online"),
    "never": feature("share", of="p", by="channel", value="by post"),
    "width": feature("distinct_count", of="p", days=90),
    "pace": feature("days_between", of="p"),
    "basket": feature("items", of="p", days=180, components=4),
}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    amounts = np.round(rng.normal(20, 15, LINES), 2)
    lines = Lines(
        np.sort(rng.integers(0, CUSTOMERS, LINES)),
        rng.integers(0, AS_OF * DAY, LINES),
        rng.integers(0, ITEMS, LINES),
        amounts,
        np.sign(amounts),
    )
    channels = {"code channel": rng.integers(-1, 2, LINES).astype(np.int32)}
    names = {"code channel": np.array(["online", "shop"])}
    return EventRows(lines, np.arange(ITEMS).astype(str), {"amount": amounts}, channels, names)


def same(one, other):
    for name, numbers in one.numbers.items():
        assert numbers.tobytes() == other.numbers[name].tobytes()
    for name, purchases in one.purchases.items():
        assert (purchases.counts != other.purchases[name].counts).nnz == 0
    return True


def test_parts_threads_and_the_order_of_lines_change_no_bit(rows, monkeypatch):
    expected = compute_features(FEATURES, rows, CUSTOMERS + 1, AS_OF * DAY)
    monkeypatch.setattr(feature_values, "PART_LINES", 250)
    rng = np.random.default_rng(5)
    order = np.lexsort((rng.random(LINES), rows.lines.customers))
    assert same(
        expected, compute_features(FEATURES, rows.take(order), CUSTOMERS + 1, AS_OF * DAY, 4)
    )
    basket = expected.purchases["basket"].counts
    assert basket.shape == (CUSTOMERS + 1, ITEMS)
    assert basket.nnz > 100


def test_a_window_counts_its_days_and_a_value_that_nobody_has_is_a_share_of_0(rows):
    found = compute_features(FEATURES, rows, CUSTOMERS + 1, AS_OF * DAY)
    is_recent = (rows.lines.at >= (AS_OF - 90) * DAY) & ~rows.lines.is_negative
    recent = np.bincount(rows.lines.customers[is_recent], minlength=CUSTOMERS + 1)
    np.testing.assert_array_equal(found.numbers["orders"], recent)
    assert set(np.unique(found.numbers["never"][~np.isnan(found.numbers["never"])])) == {0.0}
    nobody = {name: numbers[-1] for name, numbers in found.numbers.items()}
    assert [nobody[name] for name in ("orders", "spend", "width")] == [0.0, 0.0, 0.0]
    assert np.isnan([nobody[name] for name in ("last", "price", "online", "pace")]).all()


def test_somebody_unknown_has_no_event(rows):
    values = compute_features(FEATURES, rows, CUSTOMERS + 1, AS_OF * DAY)
    behaviour = Behaviour(np.arange(CUSTOMERS) * 2, values)
    found = behaviour.columns(np.array([2, 3, 10**6]))
    assert found["orders"].tolist() == [values.numbers["orders"][1], 0.0, 0.0]
    assert np.isnan(found["basket"][1:]).all()
    assert behaviour.purchases(np.array([2, 3]))["basket"].counts[[1]].nnz == 0


def test_recency_is_encoded_by_the_fitted_day_and_drifts_by_its_age(rows):
    features = {name: FEATURES[name] for name in ("last", "orders", "basket")}
    values = compute_features(features, rows, CUSTOMERS + 1, AS_OF * DAY)
    behaviour = Behaviour(np.arange(CUSTOMERS), values)
    keys = behaviour.customers
    frame = pd.DataFrame(behaviour.columns(keys))
    encoder = fit_encoder(features, frame, fitted_day=AS_OF, purchases=behaviour.purchases(keys))
    ages = encoder.blocks["last"].to_json()
    assert ages["block"] == "date"
    assert ages["fitted_day"] == AS_OF
    with pytest.raises(DataError, match="purchases"):
        encoder.transform(frame)
    later = frame.assign(last=frame["last"] + 60)  # everybody goes on buying
    for day, drifted in ((AS_OF + 60, set()), (AS_OF, {"last"})):
        profile = Profile.empty(features, encoder.baselines, day=day)
        profile.add(later)
        assert profile.drifted(0.25).keys() == drifted
    items = encoder.baselines["basket"]
    assert items.counts[-1] == np.isnan(frame["basket"]).sum()


def test_what_is_made_of_a_private_column_is_private():
    events = {"p": {"table": "lines", "customer": "c", "at": "at", "item": "i", "amount": "a"}}
    features = {name: found.model_dump(mode="json") for name, found in FEATURES.items()}
    source = {"table": "customers", "key": "c", "updated_at": "at"}
    content = {"space": "default", "source": source, "events": events, "features": features}

    def private(*names):
        return set(spec_from_dict({**content, "private": names}, where="test").private)

    assert private("item") == {"item", "width", "basket"}
    assert private("channel") == {"channel", "online", "never"}
    assert private("orders") == {"orders"}
    features["paid"] = {"kind": "mean", "of": "p", "column": "a"}
    features["kinds"] = {"kind": "distinct_count", "of": "p", "column": "i"}
    # One column of the source has two names, and may be called private by either.
    assert private("item") == {"item", "i", "width", "basket", "kinds"}
    assert private("i") == private("item")
    assert {"a", "amount", "paid"} <= private("amount") == private("a")
