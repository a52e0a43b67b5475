"""Intervals of means that are drawn end where a mean can be; those of ``bi`` need not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from kindred.reports.chart import Frame
from kindred.reports.effect_charts import effects
from kindred.reports.figures import NeverNegative, Trait
from kindred.reports.mean_intervals import CUT, labels_in_doubt, within_limits
from kindred.reports.outcome_charts import outcomes
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


def test_an_interval_is_cut_at_0_where_no_value_is_below():
    found = segments()
    assert found.traits[0].low < 0 < found.traits[1].low
    again, cut = within_limits(found)
    assert cut == {"visits"}
    assert again.traits[0] == replace(found.traits[0], low=0.0)
    # A balance may be negative, and of a column without evidence nobody knows.
    assert again.traits[1:] == found.traits[1:]
    assert within_limits(segments(known=())) == (segments(known=()), set())


def test_a_share_per_customer_ends_at_1():
    found = segments(known=(NeverNegative("own_brands", is_share=True),))
    assert found.traits[3].high > 1
    assert drawn(found, 0, "own_brands") == replace(found.traits[3], high=1.0)
    amounts = segments(known=(NeverNegative("own_brands", is_share=False),))
    assert drawn(amounts, 0, "own_brands") == found.traits[3]


@pytest.mark.parametrize("mean", [-2e-13, 0.0, 1.0, 1 + 2e-16])
def test_a_mean_beyond_a_limit_by_its_rounding_stays_in_its_interval(mean):
    found = segments(known=(NeverNegative("visits", is_share=True),))
    rounded = replace(found.traits[0], estimate=mean, low=mean - 1e-8, high=mean + 1e-8)
    after = drawn(replace(found, traits=(rounded,)), 0, "visits")
    assert min(mean, 0.0) <= after.low <= mean <= after.high <= max(mean, 1.0)


def test_shares_of_customers_are_left_alone():
    missing = replace(segments().traits[0], kind="missing", estimate=0.1, low=-0.02, high=0.3)
    found = replace(segments(), traits=(missing,))
    assert within_limits(found) == (found, set())


def test_labels_are_in_doubt_if_an_interval_is_beyond_0_or_1_and_no_mean_is():
    labels = segments(role="label").traits
    assert labels_in_doubt(labels) == ["balance", "own_brands", "visits"]
    assert labels_in_doubt(labels[3:]) == ["own_brands"]
    assert labels_in_doubt(segments().traits) == [], "of features the range is known"
    below = replace(labels[1], estimate=-0.1)
    assert labels_in_doubt((labels[0], below)) == []
    assert labels_in_doubt((labels[1],)) == []
    rounded = replace(labels[0], estimate=-2e-13)
    assert labels_in_doubt((labels[0], rounded)) == ["visits"]


@pytest.mark.parametrize("frame", FRAMES)
def test_a_forest_plot_of_amounts_has_nothing_below_0(frame):
    found = segments(role="label")
    chart = next(one for one in outcomes(found) if "visits" in one.title)
    assert f"95 % interval, which {CUT};" in chart.note
    assert not [one for one in texts_of_axes(chart, frame) if one.startswith("\u2212")]
    *_, (kind, bars), (_, points) = layers(chart, frame)
    assert kind == "rule"
    assert len(bars) == len(points) == 2
    for bar, point in zip(bars, points, strict=True):
        ends = sorted((place(bar)[0], place(bar)[0] + float(bar.get("x2"))))
        assert 0 <= ends[0] < place(point)[0] < ends[1]
    assert not [row for row in chart.table.rows if "-" in " ".join(row)]
    # Without evidence it is Student's, and the text does not say otherwise.
    before = next(
        one for one in outcomes(replace(found, never_negative=())) if "visits" in one.title
    )
    assert "95 % interval; the dashed line" in before.note
    assert [one for one in texts_of_axes(before, frame) if one.startswith("\u2212")]


def test_the_table_of_the_heat_map_says_where_intervals_end():
    [heat] = effects(segments())
    written = {row[0]: row[3] for row in heat.table.rows if row[1].startswith("0 ")}
    assert "(-" not in written["visits"]
    assert "(-" in written["balance"]
    assert f"An interval of a mean {CUT}." in heat.note
    [heat] = effects(segments(known=()))
    assert CUT not in heat.note
