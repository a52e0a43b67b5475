"""Titles and tables say no more than their figures do."""

from dataclasses import replace
from unittest.mock import Mock

import pytest

from kindred.reports import lookalike_charts
from kindred.reports.chart import Frame
from kindred.reports.effect_charts import effects
from kindred.reports.figures import Trait
from kindred.reports.lookalike_charts import examples, index_charts
from kindred.reports.night_charts import drift, trends
from kindred.reports.outcome_charts import outcomes, strongest_outcomes
from kindred.reports.sections import (
    index_section,
    lookalike_section,
    night_section,
    segment_section,
)
from kindred.reports.segment_charts import stability
from kindred.reports.vega import EFFECT_COLOURS
from kindred.serving import index_plan
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


def test_the_index_is_the_cheapest_of_those_that_reach_the_recall_asked_for():
    stored = index_plan._reason(Mock(lists=100), 200, 64)
    assert stored == lookalike_charts.CHEAPEST
    found = report_cases.index(NIGHT)
    build = replace(found.builds[0], reason=stored)
    *_, planned = index_charts(replace(found, builds=(build,)), SCOPE.nights)
    why = "the cheapest of those measured that reach the recall asked for"
    assert planned.note.endswith(f"Why the newest is as it is: {why}.")


def test_each_latency_of_the_index_says_whether_it_is_a_median_and_of_when():
    found = report_cases.index(NIGHT)
    section = index_section(found, NIGHT)
    [tile] = [one for one in section.facts if one.name.startswith("Latency")]
    assert (tile.name, tile.value) == ("Latency as built", "1.4 ms")
    assert tile.note.startswith("95th percentile: ")
    assert "half of them no longer than 0.9 ms" in tile.note
    sweep = section.blocks[0]
    assert sweep.title.endswith(" ms (median)")
    assert {"median latency", "95th percentile"} <= {*sweep.table.columns}


def segments_with(*effects):
    """Segments whose first column has such effects."""
    whole = report_cases.segmentation("kmeans", SCOPE)
    income = [one for one in whole.traits if one.title == "income"]
    traits = [replace(one, effect=at) for one, at in zip(income, effects, strict=False)]
    return replace(whole, traits=tuple(traits))


def test_equal_numbers_of_a_heat_map_have_one_colour_and_below_mirrors_above():
    [heat] = effects(segments_with(0.84, 0.80, 0.76, -0.84, -0.80, -0.76, 0.24, -0.16, 0.04, 0.5))
    rows = [
        (row["text"], row["colour"], row["is_strong"])
        for row in heat.draw(Frame(760, is_narrow=False))["data"]["values"]
    ]
    far_below, below, _, alike, _, above, far_above = EFFECT_COLOURS
    assert rows[:3] == [("+0.8", far_above, True)] * 3
    assert rows[3:6] == [("-0.8", far_below, True)] * 3
    assert [colour for _, colour, _ in rows[6:]] == [
        EFFECT_COLOURS[4],
        EFFECT_COLOURS[2],
        alike,
        above,
    ]
    assert below not in {colour for _, colour, _ in rows}
    assert "is far above everybody" in heat.title
    assert "is above everybody" in effects(segments_with(0.74))[0].title


@pytest.mark.parametrize(
    ("figures", "kind", "written"),
    [
        ((0.0, 0.0, 0.0, 0.216), "numeric", ("0.00 (0.00 to 0.00)", "0.22")),
        ((0.0, 0.0, 0.0, 3.6), "numeric", ("0.0 (0.0 to 0.0)", "3.6")),
        (
            (40_000.0, 39_000.0, 41_000.0, 0.2),
            "numeric",
            ("40,000.00 (39,000.00 to 41,000.00)", "0.20"),
        ),
        ((0.0, 0.0, 0.0, 0.0004), "boolean", ("0.000 % (0.000 to 0.000)", "0.040 %")),
        ((0.0342, 0.0105, 0.0789, 346.0), "numeric", ("0.034 (0.011 to 0.079)", "346.000")),
        ((41_000.0, 40_000.0, 42_000.0, 0.0), "numeric", ("41,000 (40,000 to 42,000)", "0")),
        ((0.0, 0.0, 0.0, 2e-9), "numeric", ("0.000000 (0.000000 to 0.000000)", "0.000000")),
    ],
)
def test_a_row_has_as_many_decimals_as_everybody_s_figure_needs(figures, kind, written):
    estimate, low, high, everyone = figures
    whole = segments_with(0.5)
    trait = replace(
        whole.traits[0], kind=kind, estimate=estimate, low=low, high=high, everyone=everyone
    )
    [heat] = effects(replace(whole, traits=(trait,)))
    assert tuple(one.partition(";")[0] for one in heat.table.rows[0][-2:]) == written
    label = replace(trait, role="label")
    [forest] = outcomes(replace(whole, traits=(label,)))
    assert forest.table.rows[0][2:4] == written


def test_a_row_that_would_repeat_another_is_in_the_table_only():
    whole = segments_with(2.2, -1.0)
    income = whole.traits[:2]
    again = [replace(one, column_name=f"addon_{n}") for n in range(9) for one in income]
    other = [replace(one, column_name="other", effect=-one.effect) for one in income]
    lone = replace(income[0], column_name="lone")
    [heat] = effects(replace(whole, traits=(*again, *other, *income, lone)))
    named = ", ".join(f"addon_{n}" for n in range(6))  # the name has "income"
    assert f"are in the table only: {named}, 3 more." in heat.note
    assert {row[0] for row in heat.table.rows} == {
        "income", "other", "lone", *(f"addon_{n}" for n in range(9)),
    }  # fmt: skip
    drawn = heat.draw(Frame(760, is_narrow=False))["data"]["values"]
    assert len({row["middle"] for row in drawn}) == len(("income", "other", "lone"))


def test_a_heat_map_has_what_is_most_telling_of_each_segment_and_the_table_everything():
    whole = report_cases.segmentation("kmeans", SCOPE)
    names = {0: "low teenhome", 1: "high far_0", 2: "like all customers", 3: "low kept"}
    segments = [
        replace(whole.segments[at], name=name, customers=9 if at == 2 else 100)
        for at, name in names.items()
    ]
    cell = whole.traits[0]
    far = [
        replace(cell, cluster_id=1, column_name=f"far_{at}", effect=3 + 0.1 * at)
        for at in range(40)
    ]
    weak = [
        replace(cell, cluster_id=0, column_name="teenhome", effect=-0.3),
        *(replace(cell, cluster_id=3, column_name=f"now_{at}", effect=0.6) for at in range(30)),
        replace(cell, cluster_id=3, column_name="kept", effect=-0.2),
    ]
    [heat] = effects(replace(whole, segments=tuple(segments), traits=(*far, *weak)))
    assert len(heat.table.rows) == len((*far, *weak))
    drawn = heat.draw(Frame(760, is_narrow=False))
    rows = drawn["data"]["values"]
    assert {row["segment"] for row in rows} == {"0", "1", "3"}
    assert {row["text"] for row in rows} >= {"-0.3", "-0.2", "+3.0"}, "those of the names"
    assert f"{len((*far, *weak)) - len(rows)} more rows are in the table only." in heat.note
    assert "of fewer than 10 customers: segment 2." in heat.note


def test_a_mean_that_says_the_opposite_of_its_effect_is_explained_and_in_no_title():
    whole = segments_with(0.9, 0.6, -0.7)
    means = ((346.0, 472.0), (500.0, 472.0), (480.0, 472.0))
    cells = [
        replace(one, estimate=mean, low=mean - 90, high=mean + 90, everyone=everyone)
        for one, (mean, everyone) in zip(whole.traits, means, strict=False)
    ]
    [heat] = effects(replace(whole, traits=tuple(cells)))
    assert heat.title == "income tells much: segment 1 is above everybody"
    why = "everybody's: in a mean, a few large values count for more"
    assert [row[3] for row in heat.table.rows] == [
        f"346 (256 to 436); its mean is below {why}",
        "500 (410 to 590)",
        f"480 (390 to 570); its mean is above {why}",
    ]
    [heat] = effects(replace(whole, traits=(cells[0],)))
    assert heat.title == (
        "income tells most: segment 0 is far above everybody, though its mean is below"
    )
    rate = replace(cells[0], kind="boolean", estimate=0.2, low=0.1, high=0.3, everyone=0.3)
    [heat] = effects(replace(whole, traits=(rate,)))
    assert ";" not in heat.table.rows[0][3], "shares are no means"


def outcome(cluster, customers, effect, column="Married", rate=0.154):
    return Trait(
        cluster, "label", column, "boolean", None, customers, rate, rate - 0.05, rate + 0.05,
        0.462, True, effect,
    )  # fmt: skip


def test_a_title_says_of_how_few_customers_an_outcome_is_known():
    whole = report_cases.segmentation("kmeans", SCOPE)
    assert [one.customers for one in whole.segments[:7:3]] == [3200, 1100, 260]
    [chart] = outcomes(replace(whole, traits=(outcome(6, 13, -0.7),)))
    assert chart.title == (
        "15.4 % of the 13 customers of segment 6 whose value is known have Married;"
        " 46.2 % of everybody"
    )
    mean = replace(outcome(6, 13, -0.7), kind="numeric")
    [chart] = outcomes(replace(whole, traits=(mean,)))
    assert chart.title == (
        "Married is 0.15 on average in the 13 customers of segment 6 whose value is known;"
        " 0.46 in all"
    )
    [chart] = outcomes(replace(whole, traits=(outcome(6, 255, -0.7),)))
    assert chart.title.startswith("15.4 % of segment 6 have Married"), "nearly all"


def test_titles_are_rather_of_segments_and_labels_that_many_have_a_value_of():
    whole = report_cases.segmentation("kmeans", SCOPE)
    few, many = outcome(6, 13, -0.7, rate=0.1), outcome(3, 30, -0.3, rate=0.2)
    [chart] = outcomes(replace(whole, traits=(few, many)))
    assert "the 30 customers of segment 3 whose" in chart.title
    third = outcome(9, 4, -0.3, rate=0.2)  # of 10
    [chart] = outcomes(replace(whole, traits=(few, third)))
    assert "the 4 customers of segment 9 whose" in chart.title
    other = outcome(0, 3200, -0.2, column="Churn")
    assert [*strongest_outcomes(replace(whole, traits=(few, other)))] == ["Churn", "Married"]
    both = replace(other, effect=-0.9), outcome(1, 2400, 0.8, column="Age")
    assert [*strongest_outcomes(replace(whole, traits=both))] == ["Churn", "Age"]


def test_the_cards_of_an_example_stand_side_by_side():
    """A row at a desk has two cards, or a wide one."""
    distances, one = report_cases.figures().distances, report_cases.example()
    alone = replace(one, customer_id="43", contributions=())
    section = lookalike_section(distances, (one, alone, replace(one, customer_id="44")))
    rows, half = [], []
    for block in section.blocks:
        if block.is_wide:
            assert half == [], "a gap, which a later card would fill"
            rows.append([block])
            continue
        half.append(block)
        if len(half) == 2:
            rows.append(half)
            half = []
    assert half == []
    titles = [[block.title for block in row] for row in rows]
    for (who, why), customer in zip(titles[1::2], ("42", "44"), strict=True):
        assert who.startswith(f"Who is like customer {customer},")
        assert why.startswith(f"Why {customer} is similar")
    assert titles[2][0].startswith("Who is like customer 43,")
    assert not lookalike_section(distances, ()).blocks[0].is_wide


def test_a_snapshot_is_compared_with_a_date_unless_it_is_the_day_before():
    last, other = SCOPE.nights[0], SCOPE.nights[8]
    night = replace(NIGHT, scope=replace(SCOPE, nights=(last, other)))
    facts = {one.name: one for one in night_section(NIGHT).facts}
    assert facts["Customers"].note.endswith("since the night before")
    assert facts["Changed customers"].note.endswith("since the night before")
    section = night_section(night)
    facts = {one.name: one for one in section.facts}
    assert facts["Customers"].note.endswith("since 2026-03-21")
    assert "Changed customers" not in facts, "counted since another snapshot"
    assert "that of 2026-03-21 took" in trends(night.scope.nights)[-1].title
    whole = report_cases.segmentation("kmeans", night.scope)
    assert "Since 2026-03-21: 29 segments kept" in segment_section(whole, None, night).lead[0]


def test_nothing_is_said_of_the_stability_of_a_snapshot_without_one():
    whole = report_cases.segmentation("kmeans", SCOPE)
    [chart] = stability(whole, SCOPE.nights)
    assert chart.title.endswith("of the night before: stability 0.94")
    newest, *earlier = whole.quality
    compared = replace(newest, previous_as_of=SCOPE.nights[8].as_of)
    [chart] = stability(replace(whole, quality=(compared, *earlier)), SCOPE.nights)
    assert chart.title.endswith("of 2026-03-21: stability 0.94")
    unknown = replace(newest, stability=None)
    assert stability(replace(whole, quality=(unknown, *earlier)), SCOPE.nights) == []


def test_what_is_not_drawn_is_said_and_in_a_table():
    column = NIGHT.columns[0]
    columns = [
        replace(column, column_name=f"column_{at:03}", drift=0.001 * at, stability_index=None)
        for at in range(100)
    ]
    [chart] = drift(columns, SCOPE.snapshot)
    assert chart.note.endswith(" 20 of 100 columns, those with the most drift; the table has all.")
    assert len(chart.table.rows) == 100
    values = [row["value"] for row in chart.draw(Frame(508, is_narrow=False))["data"]["values"]]
    assert min(values) == pytest.approx(0.08)
    still = [replace(one, drift=0.0) for one in columns]
    assert "20 of 100 columns, none of which drifted" in drift(still, SCOPE.snapshot)[0].note
    whole = report_cases.segmentation("kmeans", SCOPE)
    labels = [outcome(0, 3200, 0.1 * at, column=f"label_{at}") for at in range(6)]
    *drawn, rest = outcomes(replace(whole, traits=tuple(labels)))
    assert len(drawn) == 4
    assert rest.title == "2 further outcomes, of 6"
    assert [row[0] for row in rest.table.rows] == ["label_1", "label_0"]


def test_an_example_has_bars_of_the_largest_parts_and_one_of_the_others():
    one = report_cases.example()
    part = one.contributions[0]
    parts = tuple(
        replace(part, column_name=f"column_{at:03}", share=at / 4950) for at in range(100)
    )
    listing, why = examples([replace(one, contributions=parts, segments=(("hdbscan", -1, None),))])
    assert listing.note == "hdbscan: in no segment"
    assert len(why.table.rows) == 100
    rows = why.draw(Frame(508, is_narrow=False))["data"]["values"]
    assert len(rows) == 15 + 1
    assert rows[0]["name"] == "column_099"
    assert rows[-1]["name"] == "85 others"
    assert sum(row["value"] for row in rows) == pytest.approx(1)
