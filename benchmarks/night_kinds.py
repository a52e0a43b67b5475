"""The nights of `benchmarks.night`: what changes before each, and the dates that they are of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.mixed_changes import add_customers, change_customers
from kindred.run.windows import Window
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec

FIRST = datetime(2026, 1, 5, 2, tzinfo=UTC)
DAY = timedelta(days=1)
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Night:
    """A night: what has changed before it, per mille, and the most seconds for a million.

    ``algorithms`` are those of the spec from then on.
    """

    name: str
    changed: int
    new: int
    limit_seconds: float | None
    algorithms: tuple[Algorithm, ...] = (Algorithm.KMEANS, Algorithm.HDBSCAN)


KMEANS = (Algorithm.KMEANS,)
NIGHTS = (
    Night("first", 0, 0, 220.0),
    Night("full", 300, 2, 150.0),
    Night("changed", 10, 2, 110.0),
    Night("quiet", 0, 0, 30.0),
    Night("switched, kmeans", 10, 2, None, KMEANS),
    Night("changed, kmeans", 10, 2, 60.0, KMEANS),
)


def chosen_nights(names: str) -> list[Night]:
    """The nights named, in their order; a later one needs the first.

    Raises
    ------
    SystemExit
        A name is unknown, or the first night is missing.
    """
    known = {night.name.replace(", ", "-"): night for night in NIGHTS}
    wanted = [name.strip() for name in names.split(",")] if names else list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown or "first" not in wanted:
        raise SystemExit(
            f"--nights: found {names!r}, allowed are 'first' and any of {', '.join(known)}"
        )
    return [night for name, night in known.items() if name in wanted]


def with_algorithms(spec: Spec, algorithms: Sequence[Algorithm]) -> Spec:
    """The spec with other algorithms of segments."""
    clustering = spec.clustering.model_copy(update={"algorithms": tuple(algorithms)})
    return spec.model_copy(update={"clustering": clustering})


@dataclass
class ChangingSource:
    """A source of so many mixed customers, and what happens to them between the nights."""

    dsn: str
    customers: int
    columns: int

    def change(self, number: int, night: Night) -> dict[str, int]:
        """Change the source before a night; return how many rows have changed, and are new."""
        when, new = FIRST + number * DAY - timedelta(hours=6), self.customers * night.new // 1000
        add_customers(self.dsn, self.customers, new, when, self.columns)
        self.customers += new
        rows = change_customers(
            self.dsn, self.customers, night.changed, when, self.columns, seed=number
        )
        return {"rows_changed": rows, "rows_new": new}


def window_of(number: int) -> Window:
    """The window of a night; the first one's has everything that was known before."""
    as_of = FIRST + number * DAY
    return Window(as_of - DAY if number else BEGINNING, as_of)
