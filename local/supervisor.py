"""Start and end the processes of an installation, including those of a run that was killed."""

import json
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.credentials import write_private
from local.failures import RunFailedError, tail_of
from local.layout import Layout
from local.processes import MARKER, ProcessId, identify, marked_processes, wait_for_end

API_SERVER = "api-server"
# It closes within a tenth of a second; after that its interpreter frees memory for some seconds.
_API_SERVER_SECONDS = 1.0


@dataclass(frozen=True)
class Component:
    """One started process; its output is in the log file of its name."""

    name: str
    process: ProcessId


class Supervisor:
    """The processes of one installation.

    Each runs in a session of its own, so that Ctrl-C in the terminal reaches only the run, which
    then ends them in order. Their list is written to disk first.
    """

    def __init__(self, layout: Layout, marker: str) -> None:
        self.layout = layout
        self.marker = marker
        self._popens: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def _list_file(self) -> Path:
        return self.layout.state / "processes.json"

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], nice: int = 0
    ) -> Component:
        """Start one process; its output goes to the log file of its name."""
        log_file = self.layout.log_file(name)
        prefix = ("nice", "-n", str(nice)) if nice else ()
        with log_file.open("wb") as log:
            popen = subprocess.Popen(
                [*prefix, *command],
                cwd=self.layout.state,
                env={**environment, MARKER: self.marker},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._popens[name] = popen
        process = identify(popen.pid)
        if process is None:
            raise RunFailedError(name, "ended as soon as it was started", tail_of(log_file))
        component = Component(name, process)
        self._write([*(kept for kept in self.components() if kept.name != name), component])
        return component

    def components(self) -> list[Component]:
        """The components that were started and not yet stopped, in the order of their start."""
        try:
            entries = json.loads(self._list_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        return [Component(entry["name"], ProcessId(**entry["process"])) for entry in entries]

    def running(self) -> list[Component]:
        """The components that are alive."""
        return [component for component in self.components() if component.process.is_alive]

    def leave_up(self) -> None:
        """Record that the processes stay up on purpose when this command ends."""
        write_private(self._up_file, json.dumps(self._api_server()))

    @property
    def is_left_up(self) -> bool:
        """Whether an earlier command left these very processes up on purpose."""
        try:
            recorded = json.loads(self._up_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        return bool(recorded) and recorded == self._api_server()

    @property
    def _up_file(self) -> Path:
        return self.layout.state / "up.json"

    def _api_server(self) -> list[dict[str, Any]]:
        """The identity of the API server, if it runs."""
        return [asdict(found.process) for found in self.running() if found.name == API_SERVER]

    def has_ended(self, name: str) -> bool:
        """Whether a process has ended, even if an earlier command started it."""
        if name in self._popens:
            return self._popens[name].poll() is not None
        return all(component.name != name for component in self.running())

    def check_all_run(self, names: Sequence[str]) -> None:
        """Raise with the tail of its log if one of these components has ended."""
        for name in names:
            if self.has_ended(name):
                raise self._failure(name, f"ended{self._code(name)}")

    def wait_for_success(self, name: str, seconds: float, meanwhile: Sequence[str] = ()) -> None:
        """Wait until a process has succeeded, while the others must keep running."""
        deadline = time.monotonic() + seconds
        while not self.has_ended(name):
            self.check_all_run(meanwhile)
            if time.monotonic() > deadline:
                raise self._failure(name, f"did not end within {seconds:.0f} seconds")
            time.sleep(0.05)
        if self._popens[name].returncode != 0:
            reason = _last_line(tail_of(self.layout.log_file(name)))
            raise self._failure(name, reason or f"ended{self._code(name)}")

    def end(self, name: str) -> None:
        """End one process that this object started, if it still runs; the others continue."""
        popen = self._popens.get(name)
        if popen is not None and popen.poll() is None:
            popen.kill()
            popen.wait()
        self._write([kept for kept in self.components() if kept.name != name])

    def stop(self, patience_seconds: float) -> None:
        """End all processes of this installation in reverse order: by SIGTERM, then by SIGKILL.

        The API server ends after all others, since they use it until their end.
        """
        components = self.running()[::-1]
        servers = [component for component in components if component.name == API_SERVER]
        others = [component for component in components if component not in servers]
        for wave, seconds in ((others, patience_seconds), (servers, _API_SERVER_SECONDS)):
            for component in wave:
                component.process.send(signal.SIGTERM)
            self._wait([component.process for component in wave], seconds)
        # What is left: components that did not end, and children that outlived their parents.
        for _ in range(3):
            survivors = marked_processes(self.marker)
            for process in survivors:
                process.send(signal.SIGKILL)
            if self._wait(survivors, seconds=5) and not marked_processes(self.marker):
                break
        self._list_file.unlink(missing_ok=True)

    def _wait(self, processes: Sequence[ProcessId], seconds: float) -> bool:
        ended = wait_for_end(processes, seconds)
        for popen in self._popens.values():
            popen.poll()
        return ended

    def _code(self, name: str) -> str:
        """The exit code of a process as text, which only its parent knows."""
        popen = self._popens.get(name)
        return "" if popen is None else f" with code {popen.returncode}"

    def _failure(self, name: str, reason: str) -> RunFailedError:
        return RunFailedError(name, reason, tail_of(self.layout.log_file(name)))

    def _write(self, components: Sequence[Component]) -> None:
        entries = [asdict(component) for component in components]
        write_private(self._list_file, json.dumps(entries, indent=1))


def _last_line(lines: Sequence[str]) -> str:
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
