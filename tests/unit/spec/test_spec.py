"""What a feature spec means: defaults, names, and what follows from its keys."""

import pytest

from kindred.errors import SpecError
from kindred.spec.clustering import Algorithm
from kindred.spec.features import Kind
from kindred.spec.model import dag_id_of, schema_of, spec_from_dict
from kindred.spec.source import Deletes, History
from unit.spec_content import CONTENT, changed, spec


def refusal(path, value):
    with pytest.raises(SpecError) as caught:
        spec(path, value)
    return str(caught.value)


def test_defaults_are_those_of_the_documents():
    plain = spec()
    assert (plain.schedule, plain.metric, plain.k) == ("0 2 * * *", "l2", 10)
    assert (plain.target_recall, plain.rewrite_share) == (0.99, 0.2)
    assert plain.source.connection == "kindred_source"
    assert plain.source.history is History.CURRENT
    assert plain.clustering.algorithms == (Algorithm.KMEANS, Algorithm.HDBSCAN)
    assert plain.features["income"].kind is Kind.NUMERIC


def test_names_follow_from_the_space():
    profile, default = spec(), spec("space", "default")
    assert (profile.internal_schema, profile.bi_schema) == ("kindred_profile", "bi_profile")
    assert profile.dag_id == dag_id_of("profile") == "customer_similarity__profile"
    assert (default.internal_schema, default.bi_schema) == ("kindred", "bi")
    assert default.dag_id == "customer_similarity"
    assert (schema_of("default"), schema_of("profile")) == ("kindred", "kindred_profile")
    assert (default.is_default, profile.is_default) == (True, False)


@pytest.mark.parametrize(
    ("source", "deletes"),
    [
        ({}, Deletes.COMPARE_KEYS),
        ({"history": "versions"}, Deletes.IGNORE),
        ({"tombstone": "is_gone"}, Deletes.TOMBSTONE),
        ({"history": "versions", "tombstone": "is_gone"}, Deletes.TOMBSTONE),
        ({"tombstone": "is_gone", "deletes": "ignore"}, Deletes.IGNORE),
        ({"history": "versions", "deletes": "compare_keys"}, Deletes.COMPARE_KEYS),
    ],
)
def test_deletes_follow_from_the_other_keys(source, deletes):
    content = changed("source", CONTENT["source"] | source)
    assert spec_from_dict(content, "profile.yaml").source.delete_detection is deletes


def test_updated_at_none_is_no_column():
    assert spec().source.has_updated_at
    assert not spec("source.updated_at", "none").source.has_updated_at


def test_payload_is_features_then_labels():
    assert spec().payload_columns == ("income", "is_active", "state", "churned")


def test_labels_and_ignored_columns_may_stand_among_the_features():
    features = {**CONTENT["features"], "note": "ignore", "grade": {"kind": "label"}}
    among = spec("features", {**features, "churned": "label"})
    assert among.payload_columns == ("income", "is_active", "state", "churned", "grade")
    assert among == spec("labels", ["churned", "grade"])
    assert "at least one column" in refusal("features", {"note": "ignore"})


def test_specs_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        spec().k = 5
