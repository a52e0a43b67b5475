"""Charts are drawn from the figures: as many marks as there are figures, in the right places."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from kindred.reports.audience_charts import lifts, results
from kindred.reports.chart import Frame
from kindred.reports.figures import Move, Moves
from kindred.reports.lookalike_charts import distances, index_charts
from kindred.reports.map_chart import cells_of, map_chart
from kindred.reports.moves_chart import ends_of, moves_chart
from kindred.reports.night_charts import drift, stages, trends
from kindred.reports.report import main_algorithm
from kindred.reports.segment_charts import effects, outcomes, sizes
from kindred.reports.vega import names, number, spec, svg
from kindred.reports.wording import days, interval, labels, several, shown, wrapped
from unit.reports import report_cases
from unit.reports.report_cases import CUSTOMERS, SIZES

FRAMES = (Frame(330, is_narrow=True), Frame(760, is_narrow=False))
SVG = "{http://www.w3.org/2000/svg}"
NIGHT = report_cases.night()
SCOPE = NIGHT.scope


def marks(chart, kind, frame=FRAMES[1]):
    """The marks of a kind (rect, symbol, line, area, text) of the layers of a chart."""
    root = ElementTree.fromstring(svg(chart.draw(frame), "label", "test"))
    found = []
    for group in root.iter(f"{SVG}g"):
        classes = group.get("class", "")
        if f"mark-{kind} " in classes and "role-mark" in classes:
            found += [one for one in group if one.tag != f"{SVG}g"]
    return found


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
        assert len(marks(chart, "rule")) == len(SIZES) + 1, "an interval each, and everybody"


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
        ends = ends_of(moves.moves, side)
        thick = {name: end.stop - end.start for name, end in ends.items()}
        total = sum(one.customers for one in moves.moves)
        assert sum(end.customers for end in ends.values()) == total
        scale = thick["0"] / ends["0"].customers
        for name, end in ends.items():
            assert thick[name] == pytest.approx(scale * end.customers)
        assert max(end.stop for end in ends.values()) == pytest.approx(1)
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
    alone = replace(found, cells=found.cells[:1], customers=1)
    assert len(marks(map_chart(alone, {}, {})[0], "rect")) == 1


def test_curves_of_the_index_and_of_audiences_have_a_point_per_measurement():
    [sweep, checks, _] = index_charts(report_cases.index(NIGHT), SCOPE.nights)
    assert len(marks(sweep, "symbol")) == 6
    assert len(marks(checks, "symbol")) == 9
    assert [len(marks(chart, "symbol")) for chart in lifts(report_cases.audiences())] == [9, 9]
    [result] = results(report_cases.audiences().results)
    assert "1 of 1 exports made a clear difference" in result.title
    assert distances(()) == []


@pytest.mark.parametrize("text", report_cases.HOSTILE)
def test_texts_of_the_data_are_texts_and_never_expressions(text):
    rows = [{"name": label, "value": 1.0} for label in labels([text], 40)]
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
    assert interval(0.5, 0.4, 0.6, is_share=True) == "50 % (40 to 60)"
    assert interval(None, None, None) == "unknown"
    assert shown("a" * 300) == "a" * 199 + "…"
    assert wrapped("one two three four", 9, 2) == "one two\nthree…"
    assert labels(["same", "same", "same"], 20) == ["same", "same (2)", "same (3)"]
    two = [SCOPE.as_of, SCOPE.as_of.replace(year=2025)]
    assert days(two) == ["29 Mar 2026", "29 Mar 2025"]
    assert days([SCOPE.as_of]) == ["29 Mar"]
