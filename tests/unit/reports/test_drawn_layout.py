"""Charts at both widths: names are whole, labels stand where they belong, and none meet."""

import re
from dataclasses import replace
from itertools import pairwise
from math import hypot

import pytest

from kindred.reports.audience_charts import overlaps
from kindred.reports.chart import Frame
from kindred.reports.effect_charts import effects
from kindred.reports.figures import CustomerMap, MapCell, Move, Moves
from kindred.reports.lettering import LINE, SIZE, lines_of, width_of
from kindred.reports.lookalike_charts import examples
from kindred.reports.map_chart import cells_of, map_chart
from kindred.reports.map_labels import RADIUS, map_labels
from kindred.reports.moves_chart import ends_of, moves_chart
from kindred.reports.named_rows import named_rows
from kindred.reports.night_charts import drift, stages
from kindred.reports.outcome_charts import outcomes
from kindred.reports.segment_charts import colour_of, sizes, title_of
from kindred.reports.vega import COLOURS, OTHERS, inner_width
from kindred.reports.wording import shown
from unit.reports import report_cases
from unit.reports.drawings import SVG, layers, lines, marks, place, squeezed, texts_of_axes

NARROW, HALF, WIDE = Frame(330, is_narrow=True), Frame(508, is_narrow=False), Frame(760, False)
NIGHT = report_cases.night()
SCOPE = NIGHT.scope
SEGMENTS = report_cases.segmentation("kmeans", SCOPE)
NAMES = [title_of(SEGMENTS, one.cluster_id) for one in SEGMENTS.segments]
TRAITS = {one.title for one in SEGMENTS.traits if one.role == "feature"}
COLUMNS = [one.column_name for one in NIGHT.columns if one.as_of == SCOPE.as_of]
NAMED = {
    "sizes": (sizes(SEGMENTS)[0], NAMES),
    "outcomes": (outcomes(SEGMENTS)[0], NAMES),
    "effects": (effects(SEGMENTS)[0], TRAITS),
    "drift": (drift(NIGHT.columns, SCOPE.snapshot)[0], COLUMNS),
    "stages": (stages(SCOPE.snapshot)[0], SCOPE.snapshot.stage_seconds),
    "why": (examples([report_cases.example()])[1], ["state"]),
    "overlap": (overlaps(report_cases.audiences().overlap)[0], [report_cases.HOSTILE[0]]),
}


@pytest.mark.parametrize("frame", [NARROW, HALF], ids=["narrow", "half"])
@pytest.mark.parametrize("kind", NAMED)
def test_no_name_is_cut_and_no_two_names_meet(kind, frame):
    chart, names = NAMED[kind]
    # The first layer has the names.
    texts = layers(chart, frame)[0][1]
    written = [squeezed("".join(lines(one))) for one in texts]
    for name in names:
        assert any(squeezed(shown(name)) in one for one in written), name
    rows = [(place(one)[1], len(lines(one))) for one in texts]
    for (base, count), (following, _) in pairwise(rows):
        assert base + LINE * (count - 1) <= following - LINE + 0.1


def test_names_stand_above_their_marks_on_a_telephone_and_beside_them_at_a_desk():
    names = ["short", "a name of several words that do not fit on one line " * 2]
    above = named_rows(NARROW, names, 16)
    assert not above.is_beside
    for row in above.rows:
        assert row.base + LINE * (len(row.lines) - 1) < row.top
    beside = named_rows(HALF, names, 16)
    for row in beside.rows:
        middle = row.base + LINE * (len(row.lines) - 1) / 2
        assert middle == pytest.approx(row.middle, abs=5)
    assert len(beside.rows[1].lines) > len(above.rows[1].lines) > 1


def test_lines_to_compare_with_go_through_no_name():
    [chart, _] = outcomes(SEGMENTS)
    _, _, (kind, limits), *_ = layers(chart, NARROW)
    assert (kind, len(limits)) == ("rule", len(NAMES))
    for text, limit in zip(layers(chart, NARROW)[0][1], limits, strict=True):
        lowest = place(text)[1] + LINE * (len(lines(text)) - 1)
        assert min(place(limit)[1], place(limit)[1] + float(limit.get("y2"))) >= lowest
    assert len(layers(chart, HALF)[2][1]) == 1


@pytest.mark.parametrize("text", report_cases.HOSTILE)
def test_lines_have_all_of_a_text_and_fit(text):
    found = lines_of(text, 120)
    assert squeezed("".join(found)) == squeezed(shown(text))
    assert all(width_of(line) <= 120 for line in found)


def test_lines_break_at_words_then_behind_signs_and_keep_a_dot_with_what_is_before():
    assert lines_of("low own_brands · high spend", 1000) == ["low own_brands · high spend"]
    assert lines_of("low own_brands · high spend", width_of("low own_brands ·")) == [
        "low own_brands ·",
        "high spend",
    ]
    assert lines_of("days_since_purchases", width_of("days_since_purch")) == [
        "days_since_",
        "purchases",
    ]
    whole = "1 · MultipleLines No phone service · PhoneService no"
    assert lines_of(whole, width_of(whole) - 1) == [
        "1 · MultipleLines No phone",
        "service · PhoneService no",
    ]
    assert width_of("mmm") > width_of("iii") > 0
    assert width_of("\u4e2d") == pytest.approx(SIZE * 1.2)


@pytest.mark.parametrize("frame", [NARROW, WIDE], ids=["narrow", "wide"])
def test_a_heat_map_has_its_numbers_at_every_width(frame):
    [heat] = effects(SEGMENTS)
    written = ["".join(lines(one)) for one in layers(heat, frame)[2][1]]
    assert len(written) == len(heat.table.rows)
    assert all(re.fullmatch(r"[+-]\d\.\d", one) for one in written)
    assert texts_of_axes(heat, frame) == [*map(str, range(10))]
    [mixed] = effects(replace(SEGMENTS, segments=SEGMENTS.segments[::-1]))
    assert texts_of_axes(mixed, frame) == [*map(str, range(10))], "by number, not by size"


BAR = re.compile(r"M[-\d.]+,([\d.]+)h[-\d.]+v([\d.]+)")


def thin() -> Moves:
    """Two large segments, and many of a few customers between and behind them."""
    sizes = {"0": 4000, **{str(at): 1 + at % 3 for at in range(1, 8)}, "9": 3000, "noise": 2}
    found = [Move(SCOPE.as_of, name, name, size) for name, size in sizes.items()]
    found += [Move(SCOPE.as_of, "new", "0", 3), Move(SCOPE.as_of, "1", "gone", 1)]
    return Moves(SCOPE.as_of, tuple(found), {name: f"segment {name}" for name in sizes})


@pytest.mark.parametrize("frame", [NARROW, WIDE], ids=["narrow", "wide"])
def test_labels_of_who_moved_stand_at_their_own_bars_however_thin(frame):
    moves = thin()
    [chart] = moves_chart(moves, {})
    *_, left, right = [texts for kind, texts in layers(chart, frame) if kind == "text"]
    bars = [one.get("d") for one in marks(chart, "rect", frame)]
    at = 0
    for side, texts in (("source", left), ("target", right)):
        ends = ends_of(moves.moves, side, frame.pick(88, 150))
        assert len(texts) == len(ends)
        reached = 0.0
        for end, text in zip(ends.values(), texts, strict=True):
            top, high = map(
                float, re.search(r"M[-\d.]+,([\d.]+)h[-\d.]+v([\d.]+)", bars[at]).groups()
            )
            at += 1
            first, count = place(text)[1], len(lines(text))
            middle = first - 4 + LINE * (count - 1) / 2
            assert middle == pytest.approx(top + high / 2, abs=0.6), end.name
            assert first - LINE >= reached - 0.1
            reached = first + LINE * (count - 1)
            number = "".join(lines(text))
            assert number.replace(" ", "").endswith(f":{end.customers:,}")


def test_flows_are_equally_thick_at_both_ends():
    moves = thin()
    thick = [
        {one.name: (one.stop - one.start) / one.customers for one in ends.values()}
        for ends in (ends_of(moves.moves, side, 88) for side in ("source", "target"))
    ]
    assert max(thick[0].values()) == pytest.approx(min(thick[1].values()))


def test_who_moved_has_a_legend_in_the_order_of_its_bars():
    moves = thin()
    colours = {at: COLOURS[at] for at in range(8)}
    [chart] = moves_chart(moves, colours)
    named = [key.label for key in chart.keys]
    assert named[:2] == ["0 · segment 0", "1 · fewer than 10 customers"]
    assert named[-4:] == ["9 · segment 9", "in no segment", "new customers", "gone"]
    by_label = {key.label: key.colour for key in chart.keys}
    assert by_label["in no segment"] == OTHERS
    assert [key.colour for key in chart.keys].count(OTHERS) == 1
    assert by_label["9 · segment 9"] in set(COLOURS) - set(colours.values()), "it has ended"


def disc(middle, radius, cluster, customers=1):
    column, row = middle
    reach = range(-radius, radius + 1)
    return [
        MapCell(column + right, row + up, cluster, customers)
        for right in reach
        for up in reach
        if hypot(right, up) <= radius
    ]


def labels_on(cells, frame=WIDE, columns=72, rows=60):
    found = CustomerMap(
        sum(one.customers for one in cells), columns, rows, tuple(cells), None, None
    )
    colours = {one.cluster_id: "red" for one in cells if one.cluster_id is not None}
    return map_labels(cells_of(found, 1), frame, columns, rows, colours)


def test_the_number_of_a_segment_is_in_the_middle_of_its_largest_cloud():
    # Most of its cells are right, though its fullest cell is an island far to the left.
    cells = [*disc((50, 30), 8, 0, 5), MapCell(5, 5, 0, 90)]
    label = labels_on(cells)[0]
    assert label.place == pytest.approx((49.5, 29.5))
    assert not label.is_beside
    heavy = [replace(one, customers=50) if one.column > 54 else one for one in cells]
    assert labels_on(heavy)[0].place[0] > 52, "by weight"


def test_numbers_of_segments_do_not_meet_and_one_without_room_is_led_to():
    apart = 2 * RADIUS[1] * 72 / inner_width(WIDE)
    cells = [
        *disc((40, 30), 9, 0),
        MapCell(40, 31, 1, 9),
        MapCell(41, 30, 2, 8),
        *disc((44, 33), 1, 3, 7),
    ]
    labels = labels_on(cells)
    places = [one.place for one in labels.values()]
    assert len(places) == 4
    for at, one in enumerate(places):
        for other in places[at + 1 :]:
            assert hypot(one[0] - other[0], one[1] - other[1]) > apart
    assert [labels[cluster].is_beside for cluster in range(3)] == [False, True, True]


def test_a_ring_has_its_number_on_itself_if_another_segment_is_in_its_middle():
    inner = disc((36, 30), 3, 1, 50)
    taken = {(one.column, one.row) for one in inner}
    ring = [one for one in disc((36, 30), 12, 0, 3) if (one.column, one.row) not in taken]
    label = labels_on([*ring, *inner])[0]
    assert (int(label.place[0]) + 1, int(label.place[1]) + 1) not in taken


def test_a_map_draws_a_disc_and_a_number_per_segment_in_the_order_of_its_legend():
    found = report_cases.customer_map()
    colours = colour_of(SEGMENTS)
    [chart] = map_chart(found, {}, colours)
    assert [key.label for key in chart.keys] == [*map(str, range(8)), "in no segment"]
    drawn = {one.text for one in marks(chart, "text", NARROW)}
    assert drawn == {*map(str, range(8))}
    assert len(marks(chart, "symbol", NARROW)) == 8
    assert marks(chart, "text", NARROW)[0].tag == f"{SVG}text"
