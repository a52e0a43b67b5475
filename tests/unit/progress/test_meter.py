"""The rate of the last half minute, the time left by it, and when neither is worth printing."""

import pytest

from kindred.progress.meter import Meter, duration


def filled(*pieces, total=1_000, **given):
    """A meter that began at 0, and reached each (now, done)."""
    meter = Meter(0.0, total, **given)
    for now, done in pieces:
        meter.reach(done, now)
    return meter


def steady(rate, seconds, total=10_000):
    return filled(*((now, rate * now) for now in range(1, seconds + 1)), total=total)


def test_a_rate_and_the_time_left_by_it():
    meter = steady(100, 20)
    assert meter.rate(20) == pytest.approx(100)
    assert meter.seconds_left(20) == pytest.approx(80)
    assert meter.text(20) == "2,000 of 10,000 rows, 100 rows/s, 80 s left"


def test_the_rate_is_that_of_the_last_half_minute():
    meter = steady(100, 60)
    for now in range(61, 91):
        meter.reach(6_000 + 10 * (now - 60), now)
    assert meter.rate(90) == pytest.approx(10)
    assert meter.seconds_left(90) == pytest.approx(3_700 / 10)


def test_the_first_piece_says_nothing_of_the_next():
    """It waits for what only the first one needs: arrays from disk, machine code from a cache."""
    meter = filled((20.0, 54), total=1_000_000)
    assert meter.rate(21) is None
    assert meter.text(21) == "54 of 1,000,000 rows"
    meter.reach(90_054, 22.0)
    assert meter.rate(22) == pytest.approx(90_054 / 22)


@pytest.mark.parametrize("pieces", [[], [(1, 5)], [(1, 5), (2, 10), (4, 20)]])
def test_no_rate_before_there_is_one_worth_printing(pieces):
    meter = filled(*pieces)
    assert meter.rate(4.5) is None
    assert meter.seconds_left(4.5) is None
    assert "/s" not in meter.text(4.5)
    assert "left" not in meter.text(4.5)


def test_a_piece_that_is_not_done_yet_does_not_lower_the_rate():
    meter = filled((10, 100), (20, 200), (30, 300))
    assert meter.rate(39) == pytest.approx(10)
    assert meter.seconds_left(39) == pytest.approx(70 - 9)


def test_pieces_of_more_than_half_a_minute_have_a_rate_too():
    meter = filled((40, 100), (80, 200), (120, 300))
    assert meter.rate(121) == pytest.approx(2.5)


def test_what_has_come_to_a_stop_has_no_time_left():
    meter = steady(100, 20)
    assert meter.rate(49) == pytest.approx(100)
    assert meter.rate(51) is None
    assert meter.text(62) == "2,000 of 10,000 rows, none for 42 s"


def test_without_a_total_there_is_a_rate_alone():
    meter = filled((5, 50), (10, 100), total=None, unit="texts")
    assert meter.text(10) == "100 texts, 10 texts/s"


def test_what_was_done_before_it_was_looked_at_is_no_rate():
    meter = Meter(8.0, 1_000_000, done=600_000)
    assert meter.text(8.0) == "600,000 of 1,000,000 rows"
    meter.reach(680_000, 16.0)
    assert meter.rate(16) == pytest.approx(10_000)
    assert meter.seconds_left(16) == pytest.approx(32)


def test_no_less_than_before_is_no_news():
    meter = filled((5, 50), (10, 100))
    meter.reach(100, 11)
    meter.reach(90, 12)
    assert (meter.done, meter.silent_seconds(12)) == (100, 2)


def test_a_million_small_pieces_need_little_memory():
    meter = Meter(0.0, 10**6)
    for number in range(1, 100_001):
        meter.reach(number, number / 1000)
    assert len(meter._moments) <= 200
    assert meter.rate(100) == pytest.approx(1000, rel=0.02)


def test_more_than_the_total_leaves_nothing():
    assert filled((5, 600), (10, 1_200)).seconds_left(10) == 0.0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (119, "119 s"), (600, "10 min"), (9_000, "2.5 h")]
)
def test_durations_as_a_person_says_them(seconds, text):
    assert duration(seconds) == text


def test_slow_rates_keep_their_digits():
    assert "0.25 runs/s" in filled((4, 1), (8, 2), total=4, unit="runs").text(8)
