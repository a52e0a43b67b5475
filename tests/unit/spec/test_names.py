"""Names in messages."""

import pytest

from kindred.spec.names import MAX_LISTED, did_you_mean, listed, plain


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Customer_ID", "customerId"),
        ("customer id", "customerId"),
        ("costumerid", "customerId"),
        ("INCOM", "income"),
        ("straße", "STRASSE"),
    ],
)
def test_a_name_like_it_is_suggested_whatever_its_case(name, meant):
    known = ["income", "customerId", "STRASSE"]
    assert did_you_mean(name, known) == f"; did you mean {meant!r}?"


@pytest.mark.parametrize("name", ["zip", "x" * 100_000, "\N{GRINNING FACE}", "\ud800"])
def test_nothing_is_suggested_for_a_name_that_is_like_none(name):
    assert did_you_mean(name, ["income", "customer_id"]) == ""


def test_a_list_of_names_is_bounded():
    names = [f"column {number}" for number in range(1_500)]
    text = listed(names)
    assert text.endswith(f"column {MAX_LISTED - 1}, and 1,470 more")
    assert len(text) < 500
    assert listed(["a", "b\x1b[2J"]) == "a, b\\x1b[2J"


def test_what_can_be_seen_is_plain():
    assert plain("größe [red] {x} <b> '\"") == "größe [red] {x} <b> '\""
    assert plain("größe · שלום\u2028 \\") == "größe · שלום\\u2028 \\"
    assert plain("a\u200bb\x00") == "a\\u200bb\\x00"
