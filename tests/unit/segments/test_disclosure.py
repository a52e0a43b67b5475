"""How much of the error of a guess segments leave."""

import numpy as np
import pytest

from kindred.segments.profiles.disclosure import error_share, joint_labels

RNG = np.random.default_rng(0)
LABELS = RNG.integers(-1, 3, 4000).astype(np.int32)


def test_segments_that_have_nothing_to_do_with_a_column_leave_all_of_it():
    numbers = RNG.normal(size=(4000, 1)).astype(np.float32)
    slots = np.eye(3, dtype=np.float32)[RNG.choice(3, 4000, p=[0.6, 0.3, 0.1])]
    assert error_share(numbers, LABELS, is_category=False) == pytest.approx(1, abs=0.01)
    assert error_share(slots, LABELS, is_category=True) == pytest.approx(1, abs=0.01)


def test_segments_that_are_the_values_leave_nothing():
    assert error_share(np.eye(4, dtype=np.float32)[LABELS], LABELS, is_category=True) == 0
    assert error_share(LABELS[:, None].astype(np.float32), LABELS, is_category=False) == 0


def test_segments_of_half_the_spread_leave_half():
    numbers = RNG.uniform(0, 1, (4000, 1)).astype(np.float32)
    halves = (numbers[:, 0] > 0.5).astype(np.int32)
    assert error_share(numbers, halves, is_category=False) == pytest.approx(0.5, abs=0.02)


def test_two_clusterings_say_more_together():
    first, second = (RNG.integers(0, 2, 4000).astype(np.int32) for _ in range(2))
    slots = np.eye(2, dtype=np.float32)[first ^ second]
    assert min(error_share(slots, one, is_category=True) for one in (first, second)) > 0.9
    together = joint_labels(joint_labels(None, first), second)
    assert error_share(slots, together, is_category=True) == 0


def test_a_constant_column_has_nothing_to_give_away():
    assert error_share(np.zeros((4000, 2), np.float32), LABELS, is_category=False) == 1
    assert error_share(np.ones((4000, 1), np.float32), LABELS, is_category=True) == 1
