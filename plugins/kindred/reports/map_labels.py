"""Where the numbers of segments stand on a map: in the middle of their customers, apart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import cos, hypot, pi, sin

from kindred.reports.chart import Frame
from kindred.reports.vega import inner_width

Cells = dict[tuple[int, int], dict[int | None, int]]
"""Customers by segment, by cell."""

Place = tuple[float, float]

RADIUS = (9, 12)
"""Pixels of the disc of a number: on a telephone, at a desk."""

_APART = 2
"""Cells of one cloud have a cell of the same segment at most so far away."""

_DIRECTIONS, _TURNS = 24, 200


def main_segment(inside: Mapping[int | None, int]) -> int | None:
    """The segment of most customers of a cell; of equals the first, as no colour is by chance."""
    return min(inside, key=lambda one: (-inside[one], one is None, one or 0))


@dataclass(frozen=True)
class Label:
    """Where the number of a segment stands, in cells, and the middle of its cloud.

    ``is_beside``: outside of the cloud, so that a line has to lead there.
    """

    place: Place
    middle: Place
    is_beside: bool


def map_labels(
    cells: Cells, frame: Frame, columns: int, lines: int, colours: Mapping[int, str]
) -> dict[int, Label]:
    """The label of each segment that has a colour.

    It is in the weighted middle of the segment's largest cloud, of the cells that have its colour;
    where that is a cell of another segment, on the nearest own one. A larger segment that is there
    already sends it to the nearest own cell that is free, or else beside its cloud.
    """
    clouds = {cluster: _cloud(cells, cluster) for cluster in _by_size(cells) if cluster in colours}
    radius = frame.pick(*RADIUS) * columns / inner_width(frame)
    found: dict[int, Label] = {}
    for cluster, cloud in clouds.items():
        middle = _middle(cloud)
        own = sorted(
            ((column + 0.5, row + 0.5) for column, row in cloud),
            key=lambda place: (_distance(place, middle), place),
        )
        cell = int(middle[0]), int(middle[1])
        is_others = cell in cells and cell not in cloud and main_segment(cells[cell]) != cluster
        taken = [one.place for one in found.values()]
        free = (
            place
            for place in chain([] if is_others else [middle], own, _around(middle, radius))
            if all(_distance(place, one) > 2 * radius for one in taken)
            and _is_inside(place[0], columns, radius)
            and _is_inside(place[1], lines, radius)
        )
        place = next(free, middle)
        is_own = place == middle or (int(place[0]), int(place[1])) in cloud
        found[cluster] = Label(place, middle, not is_own)
    return found


def _distance(one: Place, other: Place) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])


def _is_inside(at: float, end: int, radius: float) -> bool:
    """Whether a disc is on the map, as far as the map is wide enough for one."""
    return 2 * radius > end or radius <= at <= end - radius


def _by_size(cells: Cells) -> list[int]:
    totals: dict[int, int] = {}
    for inside in cells.values():
        for cluster, customers in inside.items():
            if cluster is not None:
                totals[cluster] = totals.get(cluster, 0) + customers
    return sorted(totals, key=lambda one: (-totals[one], one))


def _cloud(cells: Cells, cluster: int) -> dict[tuple[int, int], int]:
    """The customers of a segment in the cells of its largest cloud."""
    all_of_it = {place: inside[cluster] for place, inside in cells.items() if cluster in inside}
    coloured = {
        place: customers
        for place, customers in all_of_it.items()
        if main_segment(cells[place]) == cluster
    }
    left = set(coloured or all_of_it)
    clouds = []
    while left:
        start = min(left)
        left.remove(start)
        cloud, edge = [start], [start]
        while edge:
            column, row = edge.pop()
            reach = range(-_APART, _APART + 1)
            near = left & {(column + right, row + up) for right in reach for up in reach}
            left -= near
            cloud += near
            edge += near
        clouds.append({place: all_of_it[place] for place in sorted(cloud)})
    return max(clouds, key=lambda one: (sum(one.values()), min(one)))


def _middle(cloud: Mapping[tuple[int, int], int]) -> Place:
    total = sum(cloud.values())
    return (
        sum((column + 0.5) * customers for (column, _), customers in cloud.items()) / total,
        sum((row + 0.5) * customers for (_, row), customers in cloud.items()) / total,
    )


def _around(middle: Place, radius: float) -> Iterator[Place]:
    """Places in rings around a middle, from the inner ones to the outer ones."""
    for turn in range(1, _DIRECTIONS * _TURNS):
        distance = radius * (0.5 + turn / _DIRECTIONS)
        angle = 2 * pi * turn / _DIRECTIONS
        yield middle[0] + distance * cos(angle), middle[1] + distance * sin(angle)
