"""Titles and tables say no more than their figures do."""

from dataclasses import replace

import pytest

from kindred.reports.night_charts import trends
from unit.reports import report_cases

NIGHT = report_cases.night()
SCOPE = NIGHT.scope


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        # The oldest first.
        ((186, 69, 132), "2 min 12 s; the night before took 69.0 s"),
        ((150, 35.2, 38.1), "38.1 s; the night before took 35.2 s"),
        ((100, 101), "1 min 41 s; the night before took 1 min 40 s"),
        ((100, 300, 104, 101), "1 min 41 s; the night before took 1 min 44 s"),
        ((0, 38.1), "38.1 s"),
        ((100, 110, 104, 101), "1 min 41 s, as in the nights before"),
        ((100, 120, 100, 118), "1 min 58 s, as in the nights before"),
        ((100, 110, 104, 52), "52.0 s, 50 % less than the median of the nights before"),
        ((100, 110, 104, 130), "2 min 10 s, 25 % more than the median of the nights before"),
        ((100, 110, 104, 312), "5 min 12 s, 3.0 times the median of the nights before"),
    ],
)
def test_a_night_is_compared_with_those_before_only_if_these_are_alike(seconds, said):
    nights = [
        replace(night, stage_seconds={"encode": one} if one else {})
        for night, one in zip(SCOPE.nights, reversed(seconds), strict=False)
    ]
    assert trends(nights)[-1].title == f"The stages took {said}"
