from hypothesis import given, settings
from hypothesis import strategies as st

from kindred.segments.profiles.names import MAX_NAME, NO_DIFFERENCE, name_clusters


def test_a_name_has_the_first_three_terms():
    terms = [["high income", "homeownership MORTGAGE", "state CA", "low age"], ["low income"]]
    assert name_clusters(terms, [4, 7], {}) == [
        "high income · homeownership MORTGAGE · state CA",
        "low income",
    ]


def test_a_cluster_that_is_kept_keeps_its_name():
    terms = [["low income"], ["high income"]]
    assert name_clusters(terms, [4, 7], {4: "high income", 9: "low income"}) == [
        "high income",
        "high income #7",
    ]


def test_where_two_are_equal_the_next_telling_feature_is_added():
    terms = [["a", "b", "c", "d"], ["a", "b", "c", "e"], ["a", "b", "c", "e"], ["a", "b", "c"]]
    assert name_clusters(terms, [0, 1, 2, 3], {}) == [
        "a · b · c",
        "a · b · c · e",
        "a · b · c #2",
        "a · b · c #3",
    ]


def test_where_a_fourth_term_does_not_fit_it_takes_the_place_of_the_last():
    long = [c * 18 for c in "abc"]
    names = name_clusters([long, [*long, "telling"]], [0, 1], {})
    assert names[1] == f"{long[0]} · {long[1]} · telling"


def test_a_term_that_does_not_fit_is_left_out_and_a_first_one_is_cut():
    assert name_clusters([["a" * 30, "b" * 40, "c"]], [0], {}) == [f"{'a' * 30} · c"]
    (name,) = name_clusters([["a" * 90]], [0], {})
    assert name == "a" * (MAX_NAME - 1) + "…"


def test_a_cluster_like_everyone_says_so():
    assert name_clusters([[], []], [0, 5], {}) == [NO_DIFFERENCE, f"{NO_DIFFERENCE} #5"]


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(st.lists(st.sampled_from(["a", "b" * 25, "c" * 70, "d"]), max_size=6), max_size=8))
def test_names_are_short_and_differ(terms):
    ids = [10**6 + number for number in range(len(terms))]
    names = name_clusters(terms, ids, {})
    assert len(set(names)) == len(terms)
    assert all(0 < len(name) <= MAX_NAME for name in names)
    assert names == name_clusters(terms, ids, {})
    kept = dict(list(zip(ids, names, strict=True))[::2])
    assert name_clusters(terms[::-1], ids[::-1], kept)[::-1][::2] == names[::2]
