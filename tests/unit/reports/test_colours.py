"""Colours of charts: seen on light and dark paper, and told apart by usual and other vision."""

import re
from dataclasses import replace

import numpy as np
import pytest

from kindred.reports import style
from kindred.reports.segment_charts import colour_of
from kindred.reports.vega import COLOURS, OTHERS, SMALLER, colours_of
from unit.reports import report_cases

SCHEMES = {"light": style._LIGHT, "dark": style._DARK}
LEAST_CONTRAST = 3.0
"""Of graphics against what is beside them: WCAG 2.2, criterion 1.4.11."""

LEAST_OF_TEXTS = 4.5
"""Of texts against what is behind them: criterion 1.4.3."""

VISIONS = {
    "usual": np.eye(3),
    # Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
# Ottosson 2020: from linear RGB to cones, and from their cube roots to lightness and hue.
CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
OKLAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def linear(scheme, name):
    """A colour of a scheme as linear RGB."""
    digits = re.search(rf"--{name}:#([0-9a-f]+);", SCHEMES[scheme])[1]
    digits = digits if len(digits) == 6 else "".join(2 * one for one in digits)
    values = np.array([int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    lower, higher = sorted(float(rgb @ [0.2126, 0.7152, 0.0722]) for rgb in (one, other))
    return (higher + 0.05) / (lower + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_mark_is_seen_on_its_card(scheme):
    card = linear(scheme, "card")
    drawn = [*(f"c{at}" for at in range(13)), "d1", "d7", "edge", "rest", "ink", "muted"]
    found = {name: contrast(linear(scheme, name), card) for name in drawn}
    assert {name: round(one, 2) for name, one in found.items() if one < LEAST_CONTRAST} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_numbers_are_read_on_every_cell_of_a_heat_map(scheme):
    for at in range(1, 8):
        text = linear(scheme, "on-strong" if at in (1, 7) else "ink")
        assert contrast(text, linear(scheme, f"d{at}")) > LEAST_OF_TEXTS, at


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("vision", VISIONS)
def test_segments_are_told_apart_from_each_other_and_from_no_segment(scheme, vision):
    seen = np.array([linear(scheme, name) for name in (*(f"c{at}" for at in range(13)), "rest")])
    seen = np.clip(seen @ np.transpose(VISIONS[vision]), 0, 1)
    places = np.cbrt(seen @ np.transpose(CONES)) @ np.transpose(OKLAB)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    nearest = apart[np.triu_indices(len(places), 1)].min()
    # A difference of 0.02 can just be seen.
    assert nearest > 0.05


def test_twelve_segments_have_a_colour_each_and_none_that_of_no_segment():
    whole = report_cases.segmentation("kmeans", report_cases.night().scope)
    colours = colour_of(whole)
    assert len({*colours.values()}) == len(whole.segments) == 10
    assert not {OTHERS, SMALLER} & {*colours.values()}
    assert len({*COLOURS}) == 12


def with_ids(*ids):
    """Segments by size, the largest first."""
    whole = report_cases.segmentation("kmeans", report_cases.night().scope)
    segments = (replace(whole.segments[0], cluster_id=one) for one in ids)
    return replace(whole, segments=tuple(segments))


def test_a_segment_keeps_its_colour_whatever_its_rank_and_whoever_else_there_is():
    first, later = colour_of(with_ids(0, 1, 2, 7)), colour_of(with_ids(7, 2, 20, 0))
    assert {one: later[one] for one in (0, 2, 7)} == {one: first[one] for one in (0, 2, 7)}
    assert later[20] == COLOURS[20 % 12]
    assert first[7] == COLOURS[7]
    # 12 and 24 have the colour of 0: these two get free ones, in the order of their numbers.
    met = colour_of(with_ids(24, 12, 2, 0))
    assert [met[one] for one in (0, 2, 12, 24)] == [COLOURS[at] for at in (0, 2, 1, 3)]
    many = colour_of(with_ids(*range(100, 114)))
    assert len({*many.values()} - {SMALLER}) == 12
    assert [one for one, colour in many.items() if colour == SMALLER] == [112, 113]


def test_a_segment_that_has_ended_keeps_its_colour_if_no_other_has_it_now():
    assert colours_of([5], taken=[COLOURS[0]]) == {5: COLOURS[5]}
    assert colours_of([5, 17], taken=[COLOURS[0]]) == {5: COLOURS[5], 17: COLOURS[1]}
    assert colours_of([5], taken=[COLOURS[0], COLOURS[5]]) == {5: COLOURS[1]}
    assert colours_of([5], taken=COLOURS) == {}
