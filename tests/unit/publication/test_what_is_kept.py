"""Which snapshots are kept."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from kindred.publication.prune import Retention

NIGHTS = [datetime(2026, 1, 1, 2, tzinfo=UTC) + timedelta(days=day) for day in range(120)]
DEFAULT = Retention(nights=7, month_ends=3)


def day(text):
    return datetime.fromisoformat(f"{text}T02:00").replace(tzinfo=UTC)


def kept(retention, published, zone=UTC):
    outdated = retention.outdated(published, zone)
    assert outdated == sorted(set(outdated))
    return [as_of for as_of in sorted(published) if as_of not in outdated]


def test_the_newest_nights_and_the_ends_of_earlier_months_are_kept():
    assert NIGHTS[-1] == day("2026-04-30")
    ends = [day("2026-01-31"), day("2026-02-28"), day("2026-03-31")]
    assert kept(DEFAULT, NIGHTS) == [*ends, *NIGHTS[-7:]]


def test_the_order_they_are_given_in_does_not_matter():
    assert DEFAULT.outdated(NIGHTS[::-1]) == DEFAULT.outdated(NIGHTS)


def test_the_end_of_a_month_may_be_one_of_the_newest_nights():
    published = NIGHTS[: 31 + 28 + 31 + 3]
    ends = [day("2026-01-31"), day("2026-02-28")]
    assert kept(Retention(7, 2), published) == [day("2026-02-28"), *published[-7:]]
    assert kept(Retention(7, 3), published) == [*ends, *published[-7:]]


def test_a_month_ends_with_the_last_snapshot_there_is_of_it():
    published = [*NIGHTS[:20], *NIGHTS[31:40]]
    assert kept(Retention(2, 1), published) == [NIGHTS[19], *published[-2:]]


def test_months_are_those_of_utc_or_of_the_schedules_clock():
    """Half past one in Berlin on the first of May is still April by UTC's clock."""
    berlin = timezone(timedelta(hours=2))
    late = datetime(2026, 5, 1, 1, 30, tzinfo=berlin)
    nights = [*NIGHTS, late, day("2026-05-02")]
    assert kept(Retention(1, 1), nights) == [late, day("2026-05-02")]
    assert kept(Retention(1, 1), nights, berlin) == [NIGHTS[-1], day("2026-05-02")]


@pytest.mark.parametrize("count", [0, 1, 6, 7])
def test_few_snapshots_are_all_kept(count):
    assert DEFAULT.outdated(NIGHTS[:count]) == []


def test_without_a_number_of_nights_everything_is_kept():
    assert Retention(0, 3).outdated(NIGHTS) == []
    assert Retention(0, 3).oldest_night(NIGHTS) is None


def test_without_month_ends_only_the_nights_are_kept():
    assert kept(Retention(1, 0), NIGHTS) == NIGHTS[-1:]


def test_the_oldest_night_is_known_once_there_are_enough():
    assert DEFAULT.oldest_night(NIGHTS[:6]) is None
    assert DEFAULT.oldest_night(NIGHTS[:7][::-1]) == NIGHTS[0]
    assert DEFAULT.oldest_night(NIGHTS) == NIGHTS[-7]
