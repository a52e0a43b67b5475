"""The report of a benchmark: printed tables, ``build/bench/<name>.json``, and an exit code.

The code is 0 if every target holds, 1 if one does not, and 2 if the data is missing.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "bench"
ABSENT_DATA = 2
WIDTH = 120  # of output that is not a terminal

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """A measured figure and its limit."""

    name: str
    value: float
    limit: float
    holds: bool


@dataclass
class Report:
    """The figures of one benchmark; ``measurements`` are flat mappings of names to values."""

    name: str
    parameters: dict[str, Any]
    machine: dict[str, Any] = field(default_factory=lambda: machine())
    measurements: list[dict[str, Any]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    def measure(self, what: str, **figures: Any) -> None:
        """Record a measurement, and print it at once to show progress.

        Those of one ``group``, if there is one, get a table of their own with their own columns.
        """
        self.measurements.append({"what": what, **figures})
        group = figures.pop("group", "")
        shown = "  ".join(f"{name}={_shown(value)}" for name, value in figures.items())
        title = f"{group}: {what}" if group else what
        print(f"{title}: {shown}", file=sys.stderr, flush=True)

    def at_most(self, name: str, value: float, limit: float) -> None:
        """Check an upper limit."""
        self.targets.append(Target(name, float(value), float(limit), bool(value <= limit)))

    def at_least(self, name: str, value: float, limit: float) -> None:
        """Check a lower limit."""
        self.targets.append(Target(name, float(value), float(limit), bool(value >= limit)))

    def finish(self, *, folder: Path = FOLDER, console: Console | None = None) -> int:
        """Print the tables and write the file; return the exit code."""
        console = console or Console(width=None if sys.stdout.isatty() else WIDTH)
        groups = dict.fromkeys(row.get("group", "") for row in self.measurements)
        for table in (*map(self._measurement_table, groups), self._target_table()):
            console.print(table)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        return 0 if all(target.holds for target in self.targets) else 1

    def _measurement_table(self, group: str) -> Table:
        given = ", ".join(f"{name}={_shown(value)}" for name, value in self.parameters.items())
        table = _table(f"{self.name} ({given}){f': {group}' if group else ''}")
        rows = [row for row in self.measurements if row.get("group", "") == group]
        columns = list(dict.fromkeys(key for row in rows for key in row if key != "group"))
        for column in columns:
            table.add_column(column.replace("_", " "), justify=_side(column, "what"))
        for row in rows:
            table.add_row(*(_shown(row.get(column)) for column in columns))
        return table

    def _target_table(self) -> Table:
        table = _table("targets")
        for column in ("target", "found", "limit", "holds"):
            table.add_column(column, justify=_side(column, "target"))
        for target in self.targets:
            holds = "yes" if target.holds else "[bold red]no[/]"
            table.add_row(target.name, _shown(target.value), _shown(target.limit), holds)
        return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)


def _side(column: str, named: str) -> Literal["left", "right"]:
    return "left" if column == named else "right"


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def machine(**more: str) -> dict[str, Any]:
    """The machine and the versions used for the measurement."""
    memory = _first_value(Path("/proc/meminfo"), "MemTotal").removesuffix("kB").strip()
    return {
        "cpu": _first_value(Path("/proc/cpuinfo"), "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": int(memory) // 1024,
        "python": platform.python_version(),
        "numpy": version("numpy"),
        **more,
    }


def _first_value(path: Path, key: str) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "0"


def arguments(document: str | None, **defaults: int | str) -> argparse.Namespace:
    """Parse a benchmark's options, for example ``--n`` for ``n=1_000_000`` (``make bench N=…``).

    An option has the type of its default.
    """
    parser = argparse.ArgumentParser(
        description=document, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in defaults.items():
        option = f"--{name.replace('_', '-')}"
        shown = f"default {default:,}" if isinstance(default, int) else f"default {default!r}"
        parser.add_argument(option, type=type(default), default=default, help=shown)
    return parser.parse_args()


def timed(work: Callable[..., T], *given: Any) -> tuple[float, T]:
    """Wall seconds of a call, and its result."""
    started = time.perf_counter()
    result = work(*given)
    return time.perf_counter() - started, result


def median_seconds(seconds: list[float]) -> float:
    """The median of repetitions."""
    return float(statistics.median(seconds))


def data_file(name: str) -> Path:
    """A real data set in ``KINDRED_TEST_DATA`` (default ``../shared/data``); exits if missing."""
    folder = Path(os.environ.get("KINDRED_TEST_DATA") or ROOT.parent / "shared" / "data")
    path = folder / name
    if not path.is_file():
        _absent(path)
    return path


def _absent(path: Path) -> NoReturn:
    print(
        f"the data set {path.name} is not in {path.parent}; point KINDRED_TEST_DATA to the folder"
        " that has it",
        file=sys.stderr,
    )
    raise SystemExit(ABSENT_DATA)
