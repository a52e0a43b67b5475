"""How resolved populations become seeds, known others and a pool."""

import numpy as np
import pytest

from kindred.audiences.populations import Found, Truth, populations_from
from kindred.audiences.resolution import rows_of
from kindred.audiences.status import Status
from kindred.errors import AudienceError


def rows(*numbers):
    return np.array(numbers, dtype=np.int32)


def span(first, end):
    return np.arange(first, end, dtype=np.int32)


def divide(include_contacted=False, **changes):
    content = {"customers": 200, "given": 50, "seeds": span(0, 50), "excluded": rows()}
    return populations_from(Found(**content | changes), include_contacted=include_contacted)


def test_nobody_is_in_two_populations():
    found = divide(excluded=span(40, 60), contacted=span(0, 100), pool=span(30, 180))
    assert found.seeds.tolist() == [*range(40)]
    assert found.judged.tolist() == [*range(30, 40)]
    assert found.others.tolist() == [*range(60, 100)]
    assert found.judged_others.tolist() == [*range(60, 100)]
    assert found.contacted.tolist() == [*range(40), *range(60, 100)]
    assert found.pool.tolist() == [*range(100, 180)]
    assert found.excluded.tolist() == [*range(40, 60)]
    assert found.known == 50


def test_only_those_who_meet_the_conditions_judge_a_pool():
    found = divide(contacted=span(0, 100), pool=span(30, 80), include_contacted=True)
    assert found.others.tolist() == [*range(50, 100)]
    assert found.judged_others.tolist() == [*range(50, 80)]
    labelled = divide(not_seeds=span(50, 200), is_complete=True, pool=span(30, 80))
    assert labelled.judged_others.tolist() == [*range(50, 80)]
    assert divide(pool=span(30, 80)).judged_others is None


def test_contacted_people_whose_label_is_missing_are_not_known_to_have_said_no():
    found = divide(contacted=span(0, 100), not_seeds=span(70, 150), is_complete=False)
    assert found.others.tolist() == [*range(70, 100)]
    assert found.truth is Truth.CONTACTED


def test_a_label_known_of_few_is_no_truth():
    found = divide(not_seeds=span(50, 60), is_complete=False)
    assert (found.others, found.truth) == (None, Truth.NONE)
    assert found.warnings == (
        "the label says of only 10 customers that they are no seeds: too few to learn from",
    )
    assert divide(not_seeds=span(50, 70)).truth is Truth.NONE
    assert divide(not_seeds=span(50, 200), is_complete=True).truth is Truth.LABEL


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"given": 0, "seeds": rows()}, Status.TOO_FEW_SEEDS),
        ({"seeds": rows()}, Status.TOO_FEW_SEEDS),
        ({"seeds": span(0, 19)}, Status.TOO_FEW_SEEDS),
        ({"excluded": span(10, 50)}, Status.TOO_FEW_SEEDS),
        ({"contacted": rows()}, Status.TOO_FEW_SEEDS),
        ({"contacted": span(0, 50)}, Status.FAILED),
        ({"contacted": span(0, 200)}, Status.NOBODY_IN_THE_POOL),
        ({"seeds": span(0, 200)}, Status.NOBODY_IN_THE_POOL),
        ({"excluded": span(50, 200)}, Status.NOBODY_IN_THE_POOL),
        ({"pool": rows()}, Status.NOBODY_IN_THE_POOL),
        ({"pool": span(0, 50)}, Status.NOBODY_IN_THE_POOL),
        ({"customers": 0, "seeds": rows()}, Status.TOO_FEW_SEEDS),
    ],
)
def test_what_is_left_of_degenerate_populations(changes, status):
    with pytest.raises(AudienceError) as caught:
        divide(**changes)
    assert caught.value.status == status
    counted = caught.value.seeds
    assert counted["seeds_given"] == changes.get("given", 50)
    assert counted["seeds_known"] == len(changes.get("seeds", span(0, 50)))
    assert counted["seeds_used"] + counted["seeds_excluded"] == counted["seeds_known"]


def test_everybody_who_was_asked_can_be_asked_again():
    found = divide(include_contacted=True, contacted=span(0, 200))
    assert found.pool.tolist() == [*range(50, 200)]


def test_rows_of_keys_that_are_there():
    assert rows_of(
        np.array([b"a", b"c", b"e"]), np.array([b"a", b"b", b"long", b"e"])[:2]
    ).tolist() == [0]
    assert rows_of(np.array([2, 5, 9]), np.array([1, 5, 9, 10])).tolist() == [1, 2]
    assert rows_of(np.empty(0, np.int64), np.array([1])).tolist() == []
