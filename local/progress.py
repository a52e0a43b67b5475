"""Show the progress of runs: a live table if it fits the terminal, else one line per ended task."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

_MARKS = {
    "success": "[green]✓[/green]",
    "running": "[yellow]●[/yellow]",
    "failed": "[red]✗[/red]",
    "upstream_failed": "[red]-[/red]",
    "up_for_retry": "[yellow]↻[/yellow]",
    "skipped": "[dim]»[/dim]",
    "queued": "[dim]…[/dim]",
    "scheduled": "[dim]…[/dim]",
}
# The state of a mapped task is the first of these that one of its instances has.
_PRECEDENCE = ("failed", "up_for_retry", "running", "queued", "scheduled", "upstream_failed")
_WAITING = ("scheduled", "queued", None)
_TASK_WIDTH, _RUN_WIDTH = 20, 19
_ALWAYS_SIDE_BY_SIDE = 3
_NEWS = ("success", "failed", "skipped", "up_for_retry")


@dataclass(frozen=True)
class TaskProgress:
    """One task of one run; a mapped task counts all its instances as one."""

    state: str | None = None
    seconds: float | None = None
    done: int = 0
    instances: int = 1

    @classmethod
    def of(cls, instances: Sequence[Mapping[str, Any]], now: datetime) -> "TaskProgress":
        """Summarise the instances that Airflow lists for one task of one run."""
        states = [instance["state"] for instance in instances]
        state = next((state for state in _PRECEDENCE if state in states), None)
        if state is None:
            state = states[0] if len(set(states)) == 1 else "running"
        starts = [_time(entry["start_date"]) for entry in instances if entry["start_date"]]
        ends = [_time(entry["end_date"]) for entry in instances if entry["end_date"]]
        is_over = len(ends) == len(instances)
        until = max(ends) if is_over else now
        seconds = max((until - min(starts)).total_seconds(), 0.0) if starts else None
        return cls(state, seconds, states.count("success"), len(instances))

    def text(self) -> str:
        """A table cell such as ``✓ 4/4 1.2 s``."""
        mark = _MARKS.get(self.state or "", "[dim]·[/dim]")
        count = f" {self.done}/{self.instances}" if self.instances > 1 else ""
        seconds = "" if self.seconds is None or self.state in _WAITING else f" {self.seconds:.1f} s"
        return f"{mark}{count}{seconds}"


class RunBoard:
    """The runs of a backfill side by side, one row per task."""

    def __init__(
        self, console: Console, tasks: Sequence[str], runs: Mapping[datetime, str]
    ) -> None:
        """``runs`` maps each logical date to the title of its column."""
        self._console = console
        self._tasks = tasks
        self._runs = runs
        self._cells: dict[tuple[str, datetime], TaskProgress] = defaultdict(TaskProgress)
        fits = console.width >= _TASK_WIDTH + _RUN_WIDTH * len(runs)
        # Drawn only on changes: a refresh thread would take CPU time that tasks need.
        is_live = console.is_terminal and (fits or len(runs) <= _ALWAYS_SIDE_BY_SIDE)
        self._live = Live(console=console, auto_refresh=False) if is_live else None

    def __enter__(self) -> "RunBoard":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, task_instances: Iterable[Mapping[str, Any]], now: datetime) -> None:
        """Show the newest state of all task instances."""
        grouped: dict[tuple[str, datetime], list[Mapping[str, Any]]] = defaultdict(list)
        for instance in task_instances:
            grouped[instance["task_id"], _time(instance["logical_date"])].append(instance)
        for run in self._runs:
            for task in self._tasks:
                if instances := grouped.get((task, run)):
                    self._put(task, run, TaskProgress.of(instances, now))
        if self._live is not None:
            self._live.update(self.table(), refresh=True)

    def table(self) -> Table:
        """The board in its current state."""
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        table.add_column("task")
        for title in self._runs.values():
            table.add_column(title, min_width=16)
        for task in self._tasks:
            table.add_row(task, *(self._cells[task, run].text() for run in self._runs))
        return table

    def _put(self, task: str, run: datetime, cell: TaskProgress) -> None:
        before = self._cells[task, run]
        self._cells[task, run] = cell
        is_news = cell.state != before.state and cell.state in _NEWS
        if self._live is None and is_news:
            words = [self._runs[run], f"{task:<18}", str(cell.state)]
            if cell.instances > 1:
                words.append(f"{cell.done}/{cell.instances}")
            if cell.seconds is not None:
                words.append(f"{cell.seconds:.1f} s")
            self._console.print("  " + "  ".join(words), highlight=False, markup=False)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
