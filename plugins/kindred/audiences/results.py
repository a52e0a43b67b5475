"""What an export has achieved: its members beside its control group, by intention to treat."""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from kindred.segments.profiles.effect import wilson_interval

LEAST_EXPECTED = 5
"""Customers with the outcome, and without it, to be expected in each group before an interval is
given: Cochran 1954, Biometrics 10, p. 420."""

LATE_DAYS = 35
"""Days after those of an outcome for which it is counted anew: rows may come late."""


class Verdict(StrEnum):
    """What a comparison shows."""

    RUNNING = "running"
    TOO_FEW = "too few"
    MORE = "more"
    LESS = "less"
    UNCLEAR = "no clear difference"
    NOT_COUNTED = "not counted"


@dataclass(frozen=True)
class Group:
    """One group of an export: its customers, and how many of them the outcome has happened to."""

    customers: int
    outcomes: int

    @property
    def rate(self) -> float | None:
        """Their share, from 0 to 1; None in an empty group."""
        return self.outcomes / self.customers if self.customers else None


@dataclass(frozen=True)
class Comparison:
    """Rate of the members minus that of the control group; ``reason`` says why a figure is None."""

    difference: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    reason: str | None = None


def compare(members: Group, control: Group, *, is_over: bool) -> Comparison:
    """Compare all members with the whole control group, whether they were reached or not.

    The interval is of 95 %, by Newcombe 1998, Statistics in Medicine 17, p. 873, method 10: it
    combines Wilson's intervals of the two rates. Where fewer than `LEAST_EXPECTED` customers are to
    be expected on one side, none is given.

    ``is_over``: whether the days of the outcome have passed; until then there is no verdict, since
    whoever looks every day would find a difference one day.
    """
    if members.rate is None or control.rate is None:
        empty = "members" if members.rate is None else "customers of the control group"
        return Comparison(None, None, None, Verdict.TOO_FEW, f"there are no {empty} to compare")
    difference = members.rate - control.rate
    if reason := _why_too_few(members, control):
        return Comparison(difference, None, None, Verdict.TOO_FEW, reason)
    low, high = difference_interval(members, control)
    verdict = Verdict.UNCLEAR
    if not is_over:
        verdict = Verdict.RUNNING
    elif low > 0.0:
        verdict = Verdict.MORE
    elif high < 0.0:
        verdict = Verdict.LESS
    return Comparison(difference, low, high, verdict)


def difference_interval(first: Group, second: Group) -> tuple[float, float]:
    """95 % interval of the difference of two rates, first minus second; neither group is empty."""
    shares = [group.outcomes / group.customers for group in (first, second)]
    ends = wilson_interval([first.outcomes, second.outcomes], [first.customers, second.customers])
    (low, other_low), (high, other_high) = (end.tolist() for end in ends)
    share, other = shares
    difference = share - other
    return (
        difference - sqrt((share - low) ** 2 + (other_high - other) ** 2),
        difference + sqrt((high - share) ** 2 + (other - other_low) ** 2),
    )


def _why_too_few(members: Group, control: Group) -> str | None:
    """The group and side on which fewer than `LEAST_EXPECTED` customers are to be expected."""
    everybody = members.customers + control.customers
    outcomes = members.outcomes + control.outcomes
    name, smaller = "members", members
    if control.customers < members.customers:
        name, smaller = "control", control
    for side, count in (("with", outcomes), ("without", everybody - outcomes)):
        expected = smaller.customers * count / everybody
        if expected < LEAST_EXPECTED:
            return (
                f"at the rate of both groups together, {expected:.1f} of the {smaller.customers}"
                f" {'customers of the control group' if name == 'control' else name} would be"
                f" {side} the outcome; an interval is given from {LEAST_EXPECTED} on"
            )
    return None
