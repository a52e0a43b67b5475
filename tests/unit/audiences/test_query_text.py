"""Where PostgreSQL would see the parameter of a query, and where it is part of something else."""

import pytest

from kindred.audiences.query_text import gives_past, parts_between
from kindred.spec.audiences import Population

BOUND = [
    "at < :as_of",
    "at<:as_of::date",
    "cast(:as_of as date)",
    "f(at :=:as_of)",
    "array[:as_of]",
    r"E'it\'s :as_of' < :as_of",
    "$x$ $$ :as_of $x$ < :as_of",
    "-- :as_of\n:as_of",
    "/* /* :as_of */ :as_of */ :as_of",
    "1 /* x */:as_of",
    "$1 < :as_of and $2 > 1",
    "a$b$ < :as_of and c$b$",
    "x > ':as_of'::text and y < :as_of",
    '"a ""b"" c" < :as_of',
]
FREE = [
    "':as_of'",
    "'it''s :as_of'",
    '":as_of"',
    "$$ :as_of $$",
    "$é$ :as_of $é$",
    "at::as_of",
    "at :: as_of",
    "numbers[1:as_of]",
    "numbers[i:as_of]",
    ":as_of2",
    ":as_offset",
    ":AS_OF",
    "'never closed :as_of",
    "/* /* never closed */ :as_of",
    r"'\' || ':as_of'",
    r"U&'\00e9 :as_of'",
]


@pytest.mark.parametrize("text", BOUND)
def test_a_parameter_is_found(text):
    assert len(parts_between(text)) == 2
    assert ":as_of".join(parts_between(text)) == text


@pytest.mark.parametrize("text", FREE)
def test_what_only_looks_like_one_is_left_alone(text):
    assert parts_between(text) == [text]


def test_every_parameter_is_found():
    assert parts_between("(:as_of,:as_of)") == ["(", ",", ")"]


@pytest.mark.parametrize("sign", ["'", '"', "/*", "$", "$a", "e'", "e'\\", "--", ":"])
def test_a_long_text_takes_no_long_time(sign):
    parts_between(sign * 200_000)


def test_what_knows_the_past():
    assert gives_past(Population(query="select 1 where now() < :as_of"))
    assert gives_past(Population(table="responders", where="at < :as_of"))
    assert gives_past(Population(label={"churned": "yes"}))
    for now in ({"query": "select ':as_of'"}, {"table": "responders"}, {"file": "ids.csv"}):
        assert not gives_past(Population(**now))
