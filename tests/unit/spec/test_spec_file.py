"""A spec file as plain values, before anything is known of specs."""

import pytest

from kindred.errors import SpecError
from kindred.spec.reader import read_yaml


@pytest.fixture
def content_of(tmp_path):
    def read(text: str) -> object:
        path = tmp_path / "shop.yaml"
        path.write_text(text, encoding="utf-8")
        return read_yaml(path)[0]

    return read


def test_a_key_given_twice_is_refused_with_both_lines(content_of):
    text = "features:\n  age: numeric\n  state: categorical\n  age: {kind: numeric, weight: 2}\n"
    with pytest.raises(SpecError, match="'age' is given twice, first in line 2") as caught:
        content_of(text)
    assert "line 4, column 3" in str(caught.value)
    assert "shop.yaml" in str(caught.value)


def test_a_key_in_a_flow_mapping_is_looked_at_too(content_of):
    with pytest.raises(SpecError, match="'k' is given twice, first in line 1"):
        content_of("{k: 5, exact: true, k: 6}")


def test_the_same_key_of_two_mappings_is_none_given_twice(content_of):
    text = "age: {kind: numeric}\nstate: {kind: categorical}\n'1': a\n1: b\n"
    assert content_of(text) == {
        "age": {"kind": "numeric"},
        "state": {"kind": "categorical"},
        "1": "a",
        1: "b",
    }


def test_what_is_merged_may_be_given_anew(content_of):
    text = "a: &a {kind: numeric, weight: 1}\nb: &b {<<: *a, weight: 2}\nc: {<<: *b, weight: 3}\n"
    assert content_of(text)["c"] == {"kind": "numeric", "weight": 3}
