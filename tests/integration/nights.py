"""Five nights of customers in a plane: some move, a group splits, others merge, die, are born."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np

from integration.warehouse import Laboratory, make_spec, moment
from kindred.spec.model import Spec

NIGHTS = (1, 2, 3, 4, 5)
COLUMNS = "customer_id bigint, updated_at timestamptz, x float8, y float8, gone boolean"
PLACES = {
    "west": (0, 0),
    "east": (20, 0),
    "north": (0, 20),
    "south": (0, -20),
    "far west": (-20, 0),
    "far east": (40, 20),
}
GROUPS = {1: 4, 2: 4, 3: 5, 4: 4, 5: 4}
"""Planted groups, by night."""


def night(number: int) -> str:
    return f"2026-02-{number:02d}T02:00"


@dataclass
class Town:
    """Versions of customers, and where each of them lives after the last change."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    place: dict[int, str] = field(default_factory=dict)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(11))

    def move(self, number: int, customers: list[int], place: str) -> None:
        """Customers come, or go elsewhere, in the window of a night."""
        for customer in customers:
            x, y = self.rng.normal(PLACES[place], 1.0)
            self._note(number, customer, float(x), float(y), False)
            self.place[customer] = place

    def leave(self, number: int, customers: list[int]) -> None:
        for customer in customers:
            self._note(number, customer, None, None, True)
            del self.place[customer]

    def of(self, place: str) -> list[int]:
        return [customer for customer, where in self.place.items() if where == place]

    def _note(self, number: int, customer: int, *values: Any) -> None:
        when = moment(night(number)) - timedelta(hours=12) + timedelta(seconds=customer)
        self.rows.append((customer, when, *values))


def plant() -> Iterator[Town]:
    """The town after each night's changes."""
    town = Town()
    ends = np.cumsum([0, 100, 80, 60, 50]).tolist()
    for place, first, last in zip(("west", "east", "north", "south"), ends, ends[1:], strict=False):
        town.move(1, list(range(first + 1, last + 1)), place)
    yield town
    town.move(2, town.of("west")[:10], "east")
    town.move(2, list(range(1001, 1006)), "north")
    yield town
    town.move(3, town.of("west")[:40], "far west")
    yield town
    town.leave(4, town.of("south"))
    yield town
    town.move(5, list(range(2001, 2046)), "far east")
    town.move(5, town.of("north"), "east")
    yield town


def spec_of(number: int) -> Spec:
    """KMeans is told how many groups there are; HDBSCAN finds out."""
    return make_spec(
        source={"history": "versions", "tombstone": "gone"},
        features={"x": "numeric", "y": "numeric"},
        labels=[],
        gates={"max_drift": 100.0},
        clustering={
            "kmeans": {"k": GROUPS[number]},
            "hdbscan": {"min_cluster_size": 20, "min_samples": 5},
        },
    )


def open_town(laboratory: Laboratory) -> dict[int, dict[int, str]]:
    """Fill the source; returns where everybody lives, by night."""
    homes = {}
    for number, town in zip(NIGHTS, plant(), strict=True):
        homes[number] = dict(town.place)
    laboratory.fill("customers", COLUMNS, town.rows)
    return homes


def run_nights(laboratory: Laboratory, order: tuple[int, ...] = NIGHTS) -> None:
    """All nights with the encoder of the first."""
    laboratory.fit(spec_of(1), night(1))
    for number in order:
        laboratory.run(spec_of(number), night(number))
