"""Features of events, from the history to what readers see."""

from dataclasses import replace

import numpy as np
import pytest

from integration.events_shop import (
    CUSTOMERS,
    FIRST_NIGHT,
    LAST_NIGHT,
    LINE_COLUMNS,
    QUIET,
    open_shop,
    order_lines,
    shop_spec,
)
from integration.leaving import SECRET
from integration.warehouse import moment
from kindred.encoding import encoder_versions
from kindred.encoding.vectors import read_embeddings, vectors_as_of
from kindred.erasure.task import erase, request_erasure
from kindred.events import populations
from kindred.events.event_rows import read_events
from kindred.events.lines import Unknown
from kindred.events.populations import population_as_of
from kindred.history.erasure_key import VARIABLE
from kindred.spec.model import spec_from_dict
from kindred.tasks import run_task

FEATURES = {
    "income": "numeric",
    "last_purchase": {"kind": "recency", "of": "purchases"},
    "orders_90d": {"kind": "count", "of": "purchases", "days": 90, "transform": "log1p"},
    "spend": {"kind": "sum", "of": "purchases", "column": "amount", "transform": "log1p"},
    "price": {"kind": "mean", "of": "purchases", "column": "amount"},
    "width": {"kind": "distinct_count", "of": "purchases", "column": "item"},
    "pace": {"kind": "days_between", "of": "purchases"},
    "online": {"kind": "share", "of": "purchases", "by": "channel", "value": "online"},
    "basket": {"kind": "items", "of": "purchases", "components": 8, "weight": 20},
}
NUMBERS = tuple(sorted(FEATURES.keys() - {"income"}))  # as in the settings of a snapshot
CLUSTERING = {"algorithms": ["kmeans"], "kmeans": {"k": 2}}
SPEC = shop_spec(features=FEATURES, clustering=CLUSTERING)
NIGHT = moment(FIRST_NIGHT)
LINES = order_lines()
DAYS_90 = 90 * 86_400


@pytest.fixture(scope="module")
def night(make_laboratory):
    laboratory = make_laboratory()
    open_shop(laboratory)
    laboratory.run(SPEC, FIRST_NIGHT)
    return laboratory


def expected(customer, as_of=NIGHT):
    """The features of one customer, line by line."""
    lines = [line for line in LINES if line[1] == customer and line[2] < as_of]
    bought = [line for line in lines if line[4] > 0]
    moments = sorted({line[2] for line in bought})
    amounts = [float(line[4]) for line in lines]
    paid = {}
    for line in lines:
        paid[line[6]] = paid.get(line[6], 0.0) + float(line[4])
    kept = {channel: max(0.0, amount) for channel, amount in paid.items()}
    recent = [line for line in bought if (as_of - line[2]).total_seconds() <= DAYS_90]
    gaps = len(moments) - 1
    return {
        "last_purchase": moments[-1].timestamp() / 86_400 if moments else np.nan,
        "orders_90d": float(len(recent)),
        "spend": sum(amounts),
        "price": np.mean(amounts) if amounts else np.nan,
        "width": float(len({line[3] for line in bought})),
        "pace": (moments[-1] - moments[0]).total_seconds() / 86_400 / gaps if gaps > 0 else np.nan,
        "online": kept.get("online", 0.0) / sum(kept.values()) if sum(kept.values()) else np.nan,
    }


def behaviour(laboratory, as_of):
    query = "select customer_id, numbers from kindred.customer_behaviour where as_of = %s"
    rows = laboratory.query(query, [as_of])
    return {customer: dict(zip(NUMBERS, numbers, strict=True)) for customer, numbers in rows}


def test_each_number_is_that_of_the_lines_before_the_snapshot(night):
    found = behaviour(night, NIGHT)
    assert len(found) == CUSTOMERS
    for customer in range(1, CUSTOMERS + 1):
        for name, value in expected(customer).items():
            np.testing.assert_allclose(found[customer][name], value, rtol=1e-9, err_msg=name)
    nobody = found[CUSTOMERS - QUIET + 1]
    assert (nobody["orders_90d"], nobody["spend"], nobody["width"]) == (0.0, 0.0, 0.0)
    assert np.isnan([nobody[name] for name in ("last_purchase", "price", "pace", "online")]).all()


def test_a_pair_is_explained_with_names_and_values(night):
    found = {name: row for name, *row in night.query("select * from bi.explain_pair(1, 300)")}
    assert found.keys() == set(FEATURES)
    own = behaviour(night, NIGHT)[1]
    assert float(found["orders_90d"][2]) == own["orders_90d"]
    assert float(found["spend"][2]) == own["spend"]
    assert found["basket"][2].endswith(" items")
    assert found["last_purchase"][2] < FIRST_NIGHT.replace("T", " ")
    assert [found[name][3] for name in ("spend", "price", "basket")] == ["0", None, None]
    assert float(found["income"][2]) > 1_000
    assert abs(sum(row[1] for row in found.values()) - 1.0) < 1e-9


def test_segments_are_described_by_features_and_items(night):
    traits = set(
        night.query(
            "select column_name, kind from bi.cluster_profiles_current where effect is not null"
        )
    )
    assert ("price", "numeric") in traits
    assert {kind for name, kind in traits if name == "last_purchase"} <= {"date", "missing"}
    assert "basket" not in {name for name, _ in traits}
    rows = night.query(
        "select cluster_id, feature, item::integer, customers, share, everyone_share, lift, low,"
        " high from bi.cluster_items_current order by cluster_id, position"
    )
    assert {row[1] for row in rows} == {"basket"}
    assert min(row[3] for row in rows) >= 10
    for _, _, _, _, share, everyone, lift, low, high in rows:
        assert abs(share / everyone - lift) < 1e-9
        assert 1.0 < low <= lift <= high
    assert night.query("select count(*) from bi.cluster_items") == [(len(rows),)]


def test_column_quality_counts_features_and_shows_recency_as_a_date(night):
    found = {
        name: row
        for name, *row in night.query(
            "select column_name, kind, missing, maximum, latest from bi.column_quality"
        )
    }
    assert found["basket"][:2] == ["items", QUIET]
    assert found["last_purchase"][0] == "recency"
    assert found["last_purchase"][2] is None
    assert found["last_purchase"][3] < NIGHT
    assert found["orders_90d"][0] == "count"


def test_a_night_without_new_events_changes_no_vector(night, copy_laboratory):
    """Unless a window of days moves: recency counts from the day of the encoder's fit."""
    still = copy_laboratory(night)
    still.query("delete from order_lines where ordered_at >= %s", [NIGHT], source=True)
    before = still.reopen({"space": "default", "as_of": FIRST_NIGHT + "+00:00"})
    after = still.run(SPEC, "2026-04-02T02:00", until="plan_graph")
    with before.warehouse("test") as database:
        first, second = (read_embeddings(run, run.key_type(database)) for run in (before, after))
        encoder = encoder_versions.read(database, after.encoder_version)
    assert first.encoder_version == second.encoder_version
    moves = slice(*encoder.column_blocks["orders_90d"])
    for vectors in (first.vectors, second.vectors):
        assert vectors[:, moves].any()
    still_vectors = [np.delete(found.vectors, moves, axis=1) for found in (first, second)]
    assert still_vectors[0].tobytes() == still_vectors[1].tobytes()


def test_what_is_public_is_made_of_what_is_public(night, copy_laboratory):
    """The signs of a private quantity show in no count; features of it are of all of it."""
    apart = copy_laboratory(night)
    run = apart.reopen({"space": "default", "as_of": FIRST_NIGHT + "+00:00"})
    content = run.spec.model_dump(mode="json")
    content["features"]["units"] = {"kind": "sum", "of": "purchases", "column": "quantity"}
    run = replace(run, spec=spec_from_dict({**content, "private": ["quantity"]}, where="test"))
    assert set(run.spec.hidden_features) == {"units"}
    seen = []
    for _ in range(2):
        with run.warehouse("test") as database:
            values = population_as_of(database, run, NIGHT, "test").behaviour.values
        seen.append((values.numbers, values.purchases["basket"].counts))
        apart.query("update kindred.events_purchases set quantity = -7 * quantity - 1")
    (first, items), (second, same_items) = seen
    assert (items != same_items).nnz == 0
    for name in NUMBERS[1:]:
        assert first[name].tobytes() == second[name].tobytes(), name
    assert (first["units"] != second["units"]).sum() > CUSTOMERS / 2


def test_any_other_date_is_encoded_as_it_was(night):
    run = night.reopen({"space": "default", "as_of": FIRST_NIGHT + "+00:00"})
    with run.warehouse("test") as database:
        published = read_embeddings(run, run.key_type(database)).vectors
        assert vectors_as_of(run, database, NIGHT, "test").tobytes() == published.tobytes()
        before = moment("2026-02-01")
        past = population_as_of(database, run, before, "test")
    values = past.behaviour.values.numbers
    for customer in (1, 17, 240):
        for name, value in expected(customer, before).items():
            np.testing.assert_allclose(values[name][customer - 1], value, rtol=1e-9)


def test_no_fitted_state_holds_a_person_or_a_rare_item(night):
    [(fitted,)] = night.query("select fitted from kindred.encoder_versions")
    basket = next(entry for entry in fitted["columns"] if entry["column"] == "basket")
    owners = {}
    for line in LINES:
        if line[2] < NIGHT and line[4] > 0:
            owners.setdefault(str(line[3]), set()).add(line[1])
    assert set(basket["items"]) <= {item for item, who in owners.items() if len(who) >= 5}
    assert any(len(who) < 5 for who in owners.values())
    run = night.reopen({"space": "default", "as_of": FIRST_NIGHT + "+00:00"})
    with run.warehouse("test") as database:
        encoder = encoder_versions.read(database, run.encoder_version)
    start, stop = encoder.column_blocks["basket"]
    with run.warehouse("test") as database:
        vectors = read_embeddings(run, run.key_type(database)).vectors[:, start:stop]
    components = encoder.blocks["basket"].components
    assert components.shape[0] == len(basket["items"])
    for vector in np.unique(vectors, axis=0):
        assert not any(np.array_equal(row, vector[: components.shape[1]]) for row in components)


def test_a_refit_measures_drift_and_a_cleared_task_finds_the_same(night, copy_laboratory):
    again = copy_laboratory(night)
    spec = shop_spec(
        features=FEATURES, clustering=CLUSTERING, refit="always", gates={"max_drift": 9}
    )
    run = again.run(spec, LAST_NIGHT, run_id="scheduled__1", may_refit=True)
    drift = dict(
        again.query(
            "select column_name, drift from bi.column_quality where as_of = %s", [run.as_of]
        )
    )
    assert again.query("select count(*) from kindred.encoder_versions") == [(2,)]
    assert 0.0 < drift["spend"] < 9  # a month later they have spent more
    assert drift["last_purchase"] < 1  # and go on buying
    assert drift["income"] == 0.0
    hashes = again.hashes()
    behaved = behaviour(again, run.as_of)
    assert behaved[7]["spend"] == pytest.approx(expected(7, run.as_of)["spend"])
    again.run(spec, FIRST_NIGHT, encoder_version=1)
    again.run(spec, LAST_NIGHT, encoder_version=2)
    assert again.hashes() == hashes
    before = read_embeddings(run, again_key(run))
    for stage in ("encode", "profile_clusters"):  # the customers' table is gone: clean_up
        run_task(again.reopen({"space": "default", "as_of": run.as_of.isoformat()}), stage)
    assert read_embeddings(run, again_key(run)).vectors.tobytes() == before.vectors.tobytes()


def again_key(run):
    with run.warehouse("test") as database:
        return run.key_type(database)


def test_a_fit_before_any_run_gives_the_encoder_of_the_run(night, copy_laboratory, make_laboratory):
    other = make_laboratory(beside=night)
    version = other.fit(SPEC, FIRST_NIGHT)
    [(fitted,)] = other.query("select fitted from kindred.encoder_versions")
    assert version == 1
    assert [(fitted,)] == night.query("select fitted from kindred.encoder_versions")
    assert not any(other.artefacts.rglob("*.npy"))


def test_private_items_and_amounts_are_never_shown(night, copy_laboratory):
    closed = copy_laboratory(night)
    light = {name: {**FEATURES[name], "weight": 0.01} for name in ("basket", "width")}
    spec = shop_spec(features=FEATURES | light, clustering=CLUSTERING, private=["item"])
    hidden = {"basket", "width"}
    assert set(spec.hidden_features) == hidden
    closed.begin(spec, "2026-04-02T02:00")  # hides them at once
    rows = closed.query("select * from bi.explain_pair(1, 2)")
    assert {row[0] for row in rows if row[3] is not None} == FEATURES.keys() - hidden
    assert closed.query("select count(*) from bi.cluster_items") == [(0,)]
    closed.run(spec, "2026-04-02T02:00")
    [(items,)] = closed.query(
        "select jsonb_agg(items) from kindred.cluster_profiles where as_of > %s", [NIGHT]
    )
    assert items == [[], []]
    traits = {name for (name,) in closed.query("select column_name from bi.cluster_profiles")}
    assert traits
    assert not traits & hidden


def test_who_is_erased_leaves_no_value(night, copy_laboratory, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    lab = copy_laboratory(night)
    own = behaviour(lab, NIGHT)
    richest = max(own, key=lambda customer: own[customer]["spend"])
    [(highest,)] = lab.query("select maximum from bi.column_quality where column_name = 'spend'")
    assert highest == own[richest]["spend"]
    erase(lab.deployment, "default", request_erasure(lab.deployment, "default", str(richest)))
    assert richest not in behaviour(lab, NIGHT)
    query = "select maximum from bi.column_quality where column_name = 'spend'"
    assert lab.query(query) == [(None,)]
    assert not any(lab.artefacts.rglob("*.npy"))


UNKNOWN = "select events_unknown, event_customers_unknown, event_customers_alike from bi.snapshots"


def test_events_alone_are_enough_and_keys_may_be_text(make_laboratory, caplog):
    """Who has an event before a date is a customer; text keys are looked up by the server."""
    lines = [(line[0], f"c{line[1]:04}", *line[2:]) for line in LINES if line[1] <= 60]
    laboratory = make_laboratory(is_bare=True)
    laboratory.fill(
        "order_lines", LINE_COLUMNS.replace("customer_id bigint", "customer_id text"), lines
    )
    features = {name: found for name, found in FEATURES.items() if name != "income"}
    content = shop_spec(features=features, clustering=CLUSTERING).model_dump(mode="json")
    spec = spec_from_dict({**content, "source": {"events": "purchases"}}, where="test")
    run = laboratory.run(spec, FIRST_NIGHT)
    found = behaviour(laboratory, run.as_of)
    assert found.keys() == {line[1] for line in lines if line[2] < NIGHT}
    for customer in (1, 30, 60):
        for name, value in expected(customer).items():
            np.testing.assert_allclose(found[f"c{customer:04}"][name], value, rtol=1e-9)
    pair = laboratory.query("select * from bi.explain_pair('c0001', 'c0002')")
    assert {row[0] for row in pair} == features.keys()
    assert all(row[3] is not None for row in pair)
    assert laboratory.query(UNKNOWN) == [(0, 0, 0)]
    with run.warehouse("test") as database:
        some = np.array([b" C0001\t", b"C0002", b"c0003"])
        rows = read_events(database, run, "purchases", some, run.as_of, counts_unknown=True)
    of_others = [line for line in lines if line[2] < NIGHT and line[1] != "c0003"]
    assert rows.unknown == Unknown(len(of_others), len({line[1] for line in of_others}), 2)
    populations._told_unknown("purchases", rows)
    assert f"{len(of_others)} of {len(of_others) + len(rows.lines)} purchases are of" in caplog.text
    assert "2 of these customers would be known without blanks around their keys" in caplog.text
    assert "0001" not in caplog.text.split("would be known")[1]
