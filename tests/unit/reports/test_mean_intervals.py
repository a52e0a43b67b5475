"""Intervals of means that are drawn end where a mean can be; those of ``bi`` need not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from kindred.reports.chart import Frame
from kindred.reports.figures import NeverNegative, Trait
from kindred.reports.mean_intervals import Scale, interval_on, labels_in_doubt, within_limits
from kindred.reports.segment_charts import effects, outcomes
from unit.reports import report_cases
from unit.reports.drawings import layers, place, texts_of_axes

FRAMES = (Frame(330, is_narrow=True), Frame(760, is_narrow=False))


def trait(cluster, column, values, role="feature", kind="numeric", everyone=1.2):
    """A mean as ``bi`` has it, with Student's interval."""
    mean, error = np.mean(values), stats.sem(values)
    half = stats.t.ppf(0.975, len(values) - 1) * error
    is_different = not mean - half <= everyone <= mean + half
    return Trait(
        cluster, role, column, kind, None, len(values), float(mean), float(mean - half),
        float(mean + half), everyone, is_different, 0.5,
    )  # fmt: skip


FEW = [0.0] * 11 + [9.0]
MANY = [0.0, 1.0, 2.0, 3.0] * 5


VISITS = (NeverNegative("visits", is_share=False),)


def segments(role="feature", known=VISITS):
    """Visits of two segments, of which one has few; a balance; and a share of own brands."""
    traits = (
        trait(0, "visits", FEW, role),
        trait(1, "visits", MANY, role),
        trait(0, "balance", np.array(FEW) - 0.5, role),
        trait(0, "own_brands", [1.0] * 11 + [0.2], role, everyone=0.5),
    )
    return replace(
        report_cases.segmentation("kmeans", report_cases.night().scope),
        traits=traits,
        never_negative=known,
    )


def drawn(found, cluster, column):
    """A trait as it is drawn."""
    traits = within_limits(found)[0].traits
    return next(one for one in traits if (one.cluster_id, one.column_name) == (cluster, column))


def test_an_interval_on_the_logarithm_is_as_far_below_the_mean_as_above_by_factor():
    low, high = interval_on(Scale.LOGARITHM, 3.0, 1.5)
    assert (low, high) == pytest.approx((3 / np.exp(0.5), 3 * np.exp(0.5)))


def test_an_interval_on_the_logit_is_as_far_below_the_mean_as_above_by_odds():
    ends = np.array(interval_on(Scale.LOGIT, 0.9, 0.18))
    odds = np.log(ends / (1 - ends))
    np.testing.assert_allclose(odds, np.log(9) + np.array([-2.0, 2.0]))
    mirrored = interval_on(Scale.LOGIT, 0.1, 0.18)
    np.testing.assert_allclose(mirrored, 1 - ends[::-1])


@pytest.mark.parametrize("scale", Scale)
def test_a_narrow_interval_is_students_on_every_scale(scale):
    np.testing.assert_allclose(interval_on(scale, 0.4, 0.001), (0.399, 0.401), atol=1e-5)


@pytest.mark.parametrize("mean", [1e-300, 1e-9, 0.5, 1 - 1e-9])
@pytest.mark.parametrize("scale", Scale)
def test_the_widest_interval_there_can_be_is_within_the_limits(scale, mean):
    # One of ten has a value, or one has none: the standard error is all that it can be.
    half = stats.t.ppf(0.975, 9) * min(mean, 1 - mean)
    low, high = interval_on(scale, mean, half)
    assert 0 <= low < mean < high <= (1 if scale is Scale.LOGIT else np.inf)


@pytest.mark.parametrize("mean", [-2e-13, 0.0, 2e-13, 1.0, 1 + 2e-16])
def test_what_rounding_has_left_of_equal_values_is_no_interval(mean):
    for scale in Scale:
        ends = interval_on(scale, mean, 1e-8)
        np.testing.assert_allclose(ends, (mean, mean), atol=1e-6)
        assert min(ends) >= min(mean, 0.0)
    doubtful = trait(0, "visits", FEW, "label")
    again = replace(doubtful, estimate=-2e-13, low=-1e-8, high=1e-8)
    assert labels_in_doubt((doubtful, again)) == ["visits"]


@pytest.mark.parametrize(
    ("draw", "scale", "truth"),
    [
        (lambda rng, size: rng.exponential(2.0, size), Scale.LOGARITHM, 2.0),
        (
            lambda rng, size: rng.exponential(2.0, size) * (rng.random(size) < 0.3),
            Scale.LOGARITHM,
            0.6,
        ),
        (lambda rng, size: rng.beta(0.5, 4.0, size), Scale.LOGIT, 1 / 9),
    ],
)
def test_it_holds_the_true_mean_no_less_often_than_students(draw, scale, truth):
    values = draw(np.random.default_rng(8), (2_000, 20))
    means = values.mean(axis=1)
    halves = stats.t.ppf(0.975, 19) * stats.sem(values, axis=1)
    students = np.mean(np.abs(means - truth) <= halves)
    ends = [interval_on(scale, *one) for one in zip(means, halves, strict=True) if one[0] > 0]
    anew = np.mean([low <= truth <= high for low, high in ends])
    assert anew >= max(0.9, students)


def test_all_intervals_of_a_column_are_made_anew_where_one_ends_below_0():
    found = segments()
    assert found.traits[0].low < 0 < found.traits[1].low
    again, scales = within_limits(found)
    assert scales == {"visits": Scale.LOGARITHM}
    for before, after in zip(found.traits[:2], again.traits[:2], strict=True):
        assert 0 < after.low < after.estimate < after.high
        assert (after.low * after.high) == pytest.approx(after.estimate**2)
        assert replace(after, low=before.low, high=before.high) == before
    # A balance may be negative, and of a column without evidence nobody knows.
    assert again.traits[2:] == found.traits[2:]
    assert within_limits(segments(known=())) == (segments(known=()), {})


def test_intervals_within_the_limits_stay_students():
    found = segments()
    many = replace(found, traits=found.traits[1:])
    assert within_limits(many) == (many, {})


def test_a_share_per_customer_stays_within_0_and_1():
    found = segments(known=(NeverNegative("own_brands", is_share=True),))
    assert found.traits[3].high > 1
    assert drawn(found, 0, "own_brands").high < 1
    amounts = segments(known=(NeverNegative("own_brands", is_share=False),))
    assert drawn(amounts, 0, "own_brands") == found.traits[3]


def test_equal_values_and_shares_of_customers_are_left_alone():
    found = segments()
    none = trait(2, "visits", [0.0] * 10)
    missing = replace(found.traits[0], kind="missing", estimate=0.1, low=0.02, high=0.3)
    found = replace(found, traits=(*found.traits, none, missing))
    again, _ = within_limits(found)
    assert again.traits[4:] == (none, missing)


def test_whether_a_segment_differs_goes_by_the_interval_that_is_drawn():
    found = segments()
    near = replace(found.traits[0], everyone=0.08)
    assert near.low < 0.08 < near.high
    again = drawn(replace(found, traits=(near, *found.traits[1:])), 0, "visits")
    assert again.low > 0.08
    assert again.is_different


def test_labels_are_in_doubt_if_an_interval_of_means_above_0_is_not():
    labels = segments(role="label").traits
    assert labels_in_doubt(labels) == ["balance", "own_brands", "visits"]
    assert labels_in_doubt(segments().traits) == [], "of features the range is known"
    below = replace(labels[1], estimate=-0.1)
    assert labels_in_doubt((labels[0], below)) == []
    assert labels_in_doubt((labels[1],)) == []


@pytest.mark.parametrize("frame", FRAMES)
def test_a_forest_plot_of_amounts_has_nothing_below_0(frame):
    found = segments(role="label")
    chart = next(one for one in outcomes(found) if "visits" in one.title)
    assert "95 % interval, which is made on the logarithm, since no value is below 0;" in chart.note
    assert not [one for one in texts_of_axes(chart, frame) if one.startswith("\u2212")]
    *_, (kind, bars), (_, points) = layers(chart, frame)
    assert kind == "rule"
    assert len(bars) == len(points) == 2
    for bar, point in zip(bars, points, strict=True):
        ends = sorted((place(bar)[0], place(bar)[0] + float(bar.get("x2"))))
        assert 0 < ends[0] < place(point)[0] < ends[1]
    assert not [row for row in chart.table.rows if "-" in " ".join(row)]
    # Without evidence it is Student's, and the text does not say otherwise.
    before = next(
        one for one in outcomes(replace(found, never_negative=())) if "visits" in one.title
    )
    assert "95 % interval; the dashed line" in before.note
    assert [one for one in texts_of_axes(before, frame) if one.startswith("\u2212")]


def test_the_table_of_the_heat_map_says_which_intervals_are_made_anew():
    [heat] = effects(segments())
    written = {row[0]: row[3] for row in heat.table.rows if row[1].startswith("0 ")}
    assert "(-" not in written["visits"]
    assert "(-" in written["balance"]
    assert "on the logarithm (no value is below 0)" in heat.note
    [heat] = effects(segments(known=()))
    assert "logarithm" not in heat.note
