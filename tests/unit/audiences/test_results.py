"""Members beside the control group: the difference of two rates, and when it is not told."""

import numpy as np
import pytest

from kindred.audiences.results import Group, Verdict, compare, difference_interval

# Newcombe 1998, Statistics in Medicine 17, table II, method 10.
PUBLISHED = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("a", "m", "b", "n", "low", "high"), PUBLISHED)
def test_the_interval_is_the_one_in_print(a, m, b, n, low, high):
    found = difference_interval(Group(m, a), Group(n, b))
    assert found == pytest.approx((low, high), abs=6e-5)


def test_the_interval_covers_the_true_difference_where_one_is_given():
    rng = np.random.default_rng(4)
    for members, control, rate, lift in ((4_000, 200, 0.06, 0.02), (900, 900, 0.3, 0.0)):
        hits = given = 0
        for _ in range(1_000):
            treated = Group(members, int(rng.binomial(members, rate + lift)))
            held = Group(control, int(rng.binomial(control, rate)))
            found = compare(treated, held, is_over=True)
            if found.low is not None:
                given += 1
                hits += found.low <= lift <= found.high
        assert given > 900
        assert hits / given > 0.935


def test_too_few_is_said_in_numbers():
    found = compare(Group(950, 30), Group(50, 1), is_over=True)
    assert found.verdict == Verdict.TOO_FEW
    assert (found.low, found.high) == (None, None)
    assert found.difference == pytest.approx(30 / 950 - 1 / 50)
    assert found.reason == (
        "at the rate of both groups together, 1.6 of the 50 customers of the control group would be"
        " with the outcome; an interval is given from 5 on"
    )
    nearly_all = compare(Group(40, 39), Group(500, 498), is_over=True)
    assert "0.2 of the 40 members would be without" in nearly_all.reason
    assert compare(Group(100, 0), Group(100, 0), is_over=True).verdict == Verdict.TOO_FEW


@pytest.mark.parametrize(("members", "control"), [((0, 0), (9, 1)), ((9, 1), (0, 0))])
def test_an_empty_group_is_compared_with_nothing(members, control):
    found = compare(Group(*members), Group(*control), is_over=True)
    assert (found.difference, found.low, found.high) == (None, None, None)
    assert found.verdict == Verdict.TOO_FEW
    assert found.reason.startswith("there are no ")


@pytest.mark.parametrize(
    ("outcomes", "is_over", "verdict"),
    [
        (300, True, "more"),
        (50, True, "less"),
        (160, True, "no clear difference"),
        (300, False, "running"),
    ],
)
def test_the_verdict_waits_for_the_end_and_for_the_whole_interval(outcomes, is_over, verdict):
    found = compare(Group(1_000, outcomes), Group(500, 75), is_over=is_over)
    assert found.verdict == verdict
    assert found.low < found.difference < found.high
