"""Charts are drawn from the figures: as many marks as there are figures, in the right places."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from kindred.reports.audience_charts import lifts, results
from kindred.reports.chart import Frame
from kindred.reports.effect_charts import effects
from kindred.reports.figures import MapCell, Move, Moves
from kindred.reports.lookalike_charts import distances, index_charts
from kindred.reports.map_chart import cells_of, map_chart
from kindred.reports.moves_chart import ends_of, moves_chart
from kindred.reports.night_charts import drift, stages, trends
from kindred.reports.outcome_charts import outcomes
from kindred.reports.recommendation_charts import recommendation_charts
from kindred.reports.report import main_algorithm
from kindred.reports.sections import index_section, map_section, night_section, sections_of
from kindred.reports.segment_charts import sizes
from kindred.reports.vega import ACCENT, CONTRAST, OTHERS, names, number, round_axis, spec, svg
from kindred.reports.wording import (
    days,
    decimals_of,
    figure,
    interval,
    several,
    short,
    shown,
    stability_index,
)
from unit.reports import drawings, report_cases
from unit.reports.drawings import SVG
from unit.reports.report_cases import CUSTOMERS, SIZES

FRAMES = (Frame(330, is_narrow=True), Frame(760, is_narrow=False))
NIGHT = report_cases.night()
SCOPE = NIGHT.scope


def marks(chart, kind, frame=FRAMES[1]):
    """The marks of a kind at a desk, unless it is said where."""
    return drawings.marks(chart, kind, frame)


@pytest.mark.parametrize("frame", FRAMES)
def test_bars_are_as_many_as_there_are_stages_and_as_long_as_their_seconds(frame):
    [seconds, memory] = stages(SCOPE.snapshot)
    drawn = marks(seconds, "rect", frame)
    assert len(drawn) == len(SCOPE.snapshot.stage_seconds)
    lengths = [float(one.get("d").split("h")[1].split("v")[0]) for one in drawn]
    expected = sorted(SCOPE.snapshot.stage_seconds.values(), reverse=True)
    assert [length / lengths[0] for length in lengths] == pytest.approx(
        [one / expected[0] for one in expected], abs=0.01
    )
    assert len(marks(memory, "rect", frame)) == 4 + 3, "what was measured and what was forecast"


def test_trends_have_a_point_per_night_and_none_for_a_single_night():
    assert [len(marks(chart, "symbol")) for chart in trends(SCOPE.nights)] == [9, 9, 9]
    assert trends(SCOPE.nights[:1]) == []


def test_drift_shows_both_comparisons_of_each_column():
    [chart] = drift(NIGHT.columns, SCOPE.snapshot)
    assert len(marks(chart, "symbol")) == 2 * 13
    assert chart.title.startswith("8 columns of 13 drifted, income the most")


def test_segments_have_a_bar_a_cell_and_an_estimate_each():
    found = report_cases.segmentation("kmeans", SCOPE)
    assert len(marks(sizes(found)[0], "rect")) == len(SIZES)
    assert "31 segments" in sizes(found)[0].title
    [heat] = effects(found)
    telling = [one for one in found.traits if one.role == "feature"]
    assert len(marks(heat, "rect")) == len(telling) == len(heat.table.rows)
    told = re.compile(r"[\d.]+ % of segment \d have (.+); 22\.0 % of everybody")
    assert [told.fullmatch(chart.title)[1] for chart in outcomes(found)] == [
        "</script><script>document.title='taken'</script>",
        "churned",
    ]
    for chart in outcomes(found):
        assert len(marks(chart, "symbol")) == len(SIZES)
        rules = 2 * len(SIZES) + 1
        assert len(marks(chart, "rule")) == rules, "a line and an interval each, and everybody"


def test_the_map_shows_the_segments_that_most_customers_are_in():
    noisy, lists, whole = (
        report_cases.segmentation(name, SCOPE) for name in ("hdbscan", "ivfflat", "kmeans")
    )
    few = [replace(segment, segments=10) for segment in whole.segments]
    clean = [replace(quality, noise_share=0.0, silhouette=0.1) for quality in whole.quality]
    whole = replace(whole, segments=tuple(few), quality=tuple(clean))
    noisy = replace(noisy, segments=tuple(few))
    assert main_algorithm((noisy, lists, whole)) is whole
    assert main_algorithm((noisy, lists)) is noisy
    assert main_algorithm(()) is None


def test_flows_are_as_thick_as_the_customers_they_carry():
    moves = report_cases.moves(SCOPE)
    for side in ("source", "target"):
        ends = ends_of(moves.moves, side, 150)
        thick = {name: end.stop - end.start for name, end in ends.items()}
        total = sum(one.customers for one in moves.moves)
        assert sum(end.customers for end in ends.values()) == total
        scale = thick["0"] / ends["0"].customers
        for name, end in ends.items():
            assert thick[name] == pytest.approx(scale * end.customers)
    [chart] = moves_chart(moves, {})
    assert len(marks(chart, "area")) == len(moves.moves)
    one_way = Moves(SCOPE.as_of, (Move(SCOPE.as_of, "new", "0", 5),), {"0": "a"})
    assert marks(moves_chart(one_way, {})[0], "area")
    assert moves_chart(None, {}) == []


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_customer_is_lost_on_a_coarser_map(size):
    found = report_cases.customer_map()
    cells = cells_of(found, size)
    assert sum(sum(inside.values()) for inside in cells.values()) == CUSTOMERS
    assert max(column for column, _ in cells) < -(-found.columns // size)


def test_the_map_has_a_mark_per_cell_and_a_number_per_segment():
    found = report_cases.customer_map()
    [chart] = map_chart(found, {0: "first"}, {0: "red", 1: "blue"})
    assert len(marks(chart, "rect")) == len({(one.column, one.row) for one in found.cells})
    assert [one.text for one in marks(chart, "text")] == ["0", "1"]
    assert map_chart(None, {}, {}) == []
    alone = replace(found, cells=found.cells[:1], customers=12, landmarks=0)
    one_landmark = replace(found, landmarks=1)
    for few in (alone, one_landmark):
        section = map_section(few, (), None)
        assert section.blocks == ()
        assert section.lead[0].startswith(f"There is no map: the {few.customers:,} customers all")


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("columns", "rows"), [(36, 96), (4, 96), (72, 60)])
def test_a_tall_map_fits_a_screen_and_has_square_cells(columns, rows, frame):
    found = report_cases.customer_map()
    cells = (MapCell(1, 1, 0, 5), MapCell(columns, rows, 1, 5))
    found = replace(found, cells=cells, columns=columns, rows=rows)
    [chart] = map_chart(found, {}, {0: "red", 1: "blue"})
    drawn = chart.draw(frame)
    assert drawn["height"] <= 760
    assert drawn["width"] <= frame.width
    x, y = (drawn["layer"][0]["encoding"][axis]["scale"]["domain"] for axis in "xy")
    assert drawn["width"] / x[1] == pytest.approx(drawn["height"] / y[1], rel=0.02)
    assert all(0 <= row["x"] < row["x2"] <= x[1] for row in drawn["data"]["values"])
    assert marks(chart, "rect", frame)


def test_the_index_says_which_recall_is_planned_or_tried_and_which_is_as_built():
    found = report_cases.index(NIGHT)
    section = index_section(found, NIGHT)
    [tile] = [one for one in section.facts if one.name.startswith("Recall")]
    assert tile.name == "Recall as built"
    assert "no part in the choice" in tile.note
    sweep, _, planned = section.blocks
    assert sweep.title.startswith("Tried: 6 probes found 95.1 %")
    assert "The recall and the latency as built were measured later" in sweep.note
    assert {"recall planned", "recall as built"} <= {*planned.table.columns}
    for frame in FRAMES:
        written = drawings.texts_of_axes(sweep, frame)
        assert len(written) <= 6 + 7
        assert len({*written}) == len(written)
        assert "0.0" in written, "latencies are compared from 0"


def test_the_recall_of_all_customers_has_no_interval():
    whole = replace(SCOPE.snapshot, recall=1.0, recall_low=1.0, recall_high=1.0)
    night = replace(NIGHT, scope=replace(SCOPE, nights=(whole,)))
    found = {one.name: one.note for one in night_section(night).facts}
    assert found["Recall"].endswith("that the lookalikes have, of all customers")
    found = {one.name: one.note for one in night_section(NIGHT).facts}
    assert found["Recall"].endswith("; 95 % interval 99.0 % to 99.6 %")


def test_words_of_the_trade_are_explained_where_they_stand():
    explained = {
        "stage": "a stage is one task of the run",
        "PSI": "how much the shares of a column's values have changed",
        "probes": "probes are the lists of near customers that a query looks into",
        "ef_search": "ef_search is how many candidates a query keeps",
        "NDCG": "NDCG counts hits near the top of a list more",
    }
    sections = sections_of(report_cases.figures())
    notes = {one.note.casefold() for section in sections for one in section.blocks}
    for word, phrase in explained.items():
        assert any(phrase.casefold() in note for note in notes), word


def test_what_all_marks_of_a_group_have_is_written_once():
    [chart] = map_chart(report_cases.customer_map(), {}, {0: "red", 1: "blue"})
    root = ElementTree.fromstring(svg(chart.draw(FRAMES[0]), "label", "test"))
    groups = {one.get("class", "").split(" layer")[0]: one for one in root.iter(f"{SVG}g")}
    cells, numbers = groups["mark-rect role-mark"], groups["mark-text role-mark"]
    assert (cells.get("stroke"), cells.get("stroke-width")) == ("var(--card)", "0.4")
    assert {"red", "blue"} <= {one.get("fill") for one in cells}
    assert not any(one.get("stroke") for one in cells)
    [numbers] = [
        one for one in root.iter(f"{SVG}g") if "mark-text role-mark" in one.get("class", "")
    ]
    assert numbers.get("font-size") == "10px"


def test_curves_of_the_index_and_of_audiences_have_a_point_per_measurement():
    [sweep, checks, _] = index_charts(report_cases.index(NIGHT), SCOPE.nights)
    assert len(marks(sweep, "symbol")) == 6
    assert len(marks(checks, "symbol")) == 9
    assert [len(marks(chart, "symbol")) for chart in lifts(report_cases.audiences())] == [9, 9]
    [result] = results(report_cases.audiences().results)
    assert "1 of 1 exports made a clear difference" in result.title
    assert distances(()) == []


def test_a_forest_plot_writes_what_is_compared_in_the_same_decimals_and_order():
    found = report_cases.segmentation("kmeans", SCOPE)
    for chart in outcomes(found):
        at = [chart.table.columns.index(name) for name in ("estimate", "everybody")]
        written = [row[column] for row in chart.table.rows for column in at]
        figures = re.findall(r"[\d.]+", " ".join(written))
        assert {len(one.partition(".")[2]) for one in figures} == {1}
        # From top to bottom: estimates fall.
        named = [key.label for key in chart.keys]
        assert named == ["above everybody", "not clear", "below everybody"]
        assert [key.colour for key in chart.keys] == [ACCENT, OTHERS, CONTRAST]


def test_legends_have_the_order_of_what_they_name():
    reversed_lifts = replace(
        report_cases.audiences(),
        quality=tuple(
            replace(one, lift=10 - one.lift) if one.lift else one
            for one in report_cases.audiences().quality
        ),
    )
    assert [key.label for key in lifts(report_cases.audiences())[0].keys] == [
        "this audience",
        "by the seeds' centroid",
        "by chance",
    ]
    assert [key.label for key in lifts(reversed_lifts)[0].keys] == [
        "by chance",
        "by the seeds' centroid",
        "this audience",
    ]
    [chart, _] = recommendation_charts(
        replace(
            report_cases.recommendations(),
            quality=report_cases.recommendations().quality[::-1],
        )
    )
    assert [key.label for key in chart.keys] == ["for comparison", "what customers get"]


@pytest.mark.parametrize(
    ("values", "most", "options", "expected"),
    [
        ((0.0, 61.0), 5, {}, ["0", "20", "40", "60", "80"]),
        ((4.818, 4.832), 5, {"zero": True}, ["0", "2", "4", "6"]),
        ((0.9996, 1.0), 5, {"is_share": True}, ["99.96%", "99.97%", "99.98%", "99.99%", "100.00%"]),
        ((0.92, 0.951), 5, {"is_share": True}, ["92%", "93%", "94%", "95%", "96%"]),
        ((1.0, 1.0), 5, {"is_share": True}, ["94%", "96%", "98%", "100%"]),
        ((-0.14, -0.02), 4, {"is_share": True}, ["-15%", "-10%", "-5%", "0%"]),
        ((7.0, 7.0), 5, {}, ["2", "4", "6", "8", "10", "12"]),
        ((None,), 5, {}, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
    ],
)
def test_axes_have_few_round_ticks_that_differ_as_they_are_written(values, most, options, expected):
    found = round_axis(values, most, **options)
    x = number("value", **found)
    point = {"mark": "point", "encoding": {"x": x}}
    drawn = svg(spec(FRAMES[1], 60, [{"value": values[0]}], [point]), "label", "a")
    group = re.search(r'role-axis-label"[^>]*>(.*?)</g>', drawn)[1]
    written = [one.replace("\u2212", "-") for one in re.findall(r">([^<]+)</text>", group)]
    assert written == expected


@pytest.mark.parametrize("text", report_cases.HOSTILE)
def test_texts_of_the_data_are_texts_and_never_expressions(text):
    rows = [{"name": shown(text), "value": 1.0}]
    encoding = {"y": names("name"), "x": number("value"), "text": {"field": "name"}}
    drawn = svg(
        spec(FRAMES[0], {"step": 30}, rows, [{"mark": "text", "encoding": encoding}]), text, "a"
    )
    root = ElementTree.fromstring(drawn)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "g", "path", "line", "text", "tspan", "defs", "clipPath", "rect",
    }  # fmt: skip
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]


def test_words_and_figures():
    assert several(1, "night") == "1 night"
    assert several(2_000, "row") == "2,000 rows"
    assert interval(0.5, 0.4, 0.6, is_share=True) == "50.0 % (40.0 to 60.0)"
    assert interval(1.0, 0.996, 1.0, is_share=True) == "100.00 % (99.60 to 100.00)"
    assert interval(41_234.5, 40_000.0, 42_500.0) == "41,234 (40,000 to 42,500)"
    assert interval(0.0342, 0.0105, 0.0789) == "0.034 (0.011 to 0.079)"
    assert interval(None, None, None) == "unknown"
    assert interval(0.25, None, None, is_share=True) == "25.0 %"
    assert [figure(one) for one in (0.0, 3e-9, -3e-9, 0.00123)] == [
        "0",
        "< 0.0001",
        "> -0.0001",
        "0.00123",
    ]
    # One in ten thousand is as far as shares of a half are worth writing.
    assert decimals_of([(0.5, 0.49999, 0.50001)], is_share=True) == 2
    assert decimals_of([(118.0, 112.0, 123.0), (20.1, 19.5, 20.7)]) == 1
    assert [stability_index(one) for one in (None, 0.0, 0.0004, 0.31)] == [
        "unknown",
        "< 0.001",
        "< 0.001",
        "0.310",
    ]
    assert shown("a" * 300) == "a" * 199 + "…"
    assert short("b" * 90) == "b" * 79 + "…"
    two = [SCOPE.as_of, SCOPE.as_of.replace(year=2025)]
    assert days(two) == ["29 Mar 2026", "29 Mar 2025"]
    assert days([SCOPE.as_of]) == ["29 Mar"]
