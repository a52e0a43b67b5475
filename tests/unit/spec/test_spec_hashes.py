"""What makes two specs different: their hashes, by which encoders and snapshots are found."""

import copy

import pytest

from kindred.errors import SpecError
from kindred.spec.model import Spec, spec_from_dict
from unit.spec_content import CONTENT, changed, spec


def test_hashes_are_fixed_for_all_time():
    """An encoder is found again by this hash: a change of it would fit all encoders anew."""
    assert spec().encoder_hash() == "bbaf50538f9ba7f5"


def test_the_short_form_and_written_defaults_change_no_hash():
    income = {"kind": "numeric", "weight": 1.0, "transform": "none", "scale": "standard"}
    longer = changed("features.income", income)
    longer = changed("k", 10, changed("metric", "l2", longer))
    same = spec_from_dict(longer, "elsewhere.yaml")
    assert same.settings_hash() == spec().settings_hash()
    assert same.encoder_hash() == spec().encoder_hash()


def test_a_spec_survives_the_way_through_the_warehouse():
    again = spec_from_dict(spec().model_dump(mode="json"), "settings of snapshot")
    assert again == spec()
    assert again.settings_hash() == spec().settings_hash()


ENCODER_CHANGES = [
    ("features.income", "boolean"),
    ("features.income", {"kind": "numeric", "weight": 2}),
    ("features.income", {"kind": "numeric", "transform": "log1p"}),
    ("features.state.max_categories", 5),
    ("features.state.min_frequency", 3),
    ("features.age", "numeric"),
    ("features.is_active", None),
    ("features.income", {"kind": "numeric", "clip": 3}),
    ("features.income", {"kind": "numeric", "scale": "winsorised"}),
    ("features.state", {"kind": "text", "max_terms": 100}),
    ("features.state", {"kind": "text", "method": "sentence", "model": "models/minilm"}),
    ("features.income", {"kind": "date", "cyclic": ["month"]}),
]
OTHER_CHANGES = [
    ("space", "buying"),
    ("source.table", "clients"),
    ("source.key", "id"),
    ("source.where", "income > 0"),
    ("source.history", "versions"),
    ("source.deletes", "ignore"),
    ("source.source_timezone", "Europe/Berlin"),
    ("source.overlap_hours", 24),
    ("schedule", "0 3 * * *"),
    ("schedule", {"cron": "0 2 * * *", "timezone": "Europe/Berlin"}),
    ("metric", "cosine"),
    ("k", 5),
    ("target_recall", 0.9),
    ("exact", True),
    ("index", "hnsw"),
    ("index_precision", "half"),
    ("index_target_recall", 0.9),
    ("rewrite_share", 0.5),
    ("rebuild", "never"),
    ("refit", "never"),
    ("refit_drift", 0.1),
    ("labels", []),
    ("private", []),
    ("publish_distances", True),
    ("clustering.kmeans.k", 3),
    ("clustering.plpython.k", 3),
    ("clustering.algorithms", ["kmeans"]),
    ("gates.min_customers", 2),
    ("gates.max_drift", 0.5),
    ("gates.max_noise_share", 0.9),
    ("gates.min_clusters", 2),
]


@pytest.mark.parametrize(("path", "value"), ENCODER_CHANGES)
def test_a_change_of_the_features_changes_both_hashes(path, value):
    content = changed(path, value)
    content["private"] = []
    before = spec("private", [])
    after = spec_from_dict(content, "profile.yaml")
    assert after.encoder_hash() != before.encoder_hash()
    assert after.settings_hash() != before.settings_hash()


@pytest.mark.parametrize(("path", "value"), OTHER_CHANGES)
def test_any_other_change_changes_the_settings_hash_alone(path, value):
    after = spec(path, value)
    assert after.encoder_hash() == spec().encoder_hash()
    assert after.settings_hash() != spec().settings_hash()


def test_every_key_of_a_spec_is_in_one_of_the_lists_above():
    touched = {path.split(".")[0] for path, _ in (*ENCODER_CHANGES, *OTHER_CHANGES)}
    assert touched | {"events", "recommendations"} == set(Spec.model_fields)


EVENTS = {
    "space": "buying",
    "source": {"events": "purchases"},
    "events": {
        "purchases": {
            "table": "lines",
            "customer": "customer_id",
            "at": "ordered_at",
            "item": "product_id",
        }
    },
    "features": {"basket": {"kind": "items", "of": "purchases"}},
}


@pytest.mark.parametrize(
    ("path", "value", "is_another_encoder"),
    [
        ("events.purchases.item", "product_type", True),
        ("features.basket.components", 32, True),
        ("features.basket.days", 365, True),
        ("events.purchases.where", "not is_test", False),
        ("recommendations", {"of": "purchases", "similar_by": "basket"}, False),
        (
            "recommendations",
            {"of": "purchases", "similar_by": "basket", "owned_days": 365},
            False,
        ),
    ],
)
def test_what_the_block_is_made_of_is_in_the_hash_of_an_encoder(path, value, is_another_encoder):
    before = spec_from_dict(EVENTS, "buying.yaml")
    after = spec_from_dict(changed(path, value, EVENTS), "buying.yaml")
    assert (after.encoder_hash() != before.encoder_hash()) == is_another_encoder
    assert after.settings_hash() != before.settings_hash()
    assert spec_from_dict(after.model_dump(mode="json"), "settings") == after


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": ""}, "events.purchases.table: '' is not the name of a table"),
        ({"query": "select 1"}, "events.purchases: exactly one of 'table' and 'query'"),
        ({"customer": 3}, "events.purchases.customer: a text is required"),
        ({"source_timezone": "Mars"}, "events.purchases.source_timezone: 'Mars' is not"),
    ],
)
def test_what_is_wrong_with_the_events_of_a_source_is_said_once(changes, message):
    wrong = copy.deepcopy(EVENTS)
    wrong["events"]["purchases"] |= changes
    with pytest.raises(SpecError) as raised:
        spec_from_dict(wrong, "buying.yaml")
    [line] = str(raised.value).splitlines()
    assert line.startswith(f"buying.yaml: {message}")


def test_the_order_of_columns_in_the_file_changes_nothing():
    """An encoder is found by its hash, so an equal hash has to mean equal vectors."""
    turned = copy.deepcopy(CONTENT)
    turned["features"] = dict(reversed(turned["features"].items()))
    again = spec_from_dict(turned, "profile.yaml")
    assert again.encoder_hash() == spec().encoder_hash()
    assert list(again.features) == list(spec().features) == ["income", "is_active", "state"]
