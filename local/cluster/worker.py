"""One Celery worker in a namespace: start it, kill it with all its processes, cut it off."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.cluster.environment import place_command, worker_environment, worker_folders
from local.cluster.network import Place
from local.failures import LocalError
from local.processes import MARKER, ProcessId, wait_for_end
from local.supervisor import Supervisor

END_SECONDS = 20
MACHINE_CODE = "NUMBA_CACHE_DIR"


@dataclass(frozen=True)
class Worker:
    """A machine of the cluster: where it is, its folder, and the folders that it must not see."""

    number: int
    place: Place
    own: Path
    hidden: tuple[Path, ...]
    supervisor: Supervisor
    environment: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name among the processes, and that of its log file."""
        return f"worker-{self.number + 1}"

    def start(self, slots: int, queues: Sequence[str], *, on_own_disk: bool = False) -> None:
        """Start the worker, which serves these queues; it answers some seconds later.

        With ``on_own_disk`` it keeps the artefacts itself, where no other worker sees them.
        """
        command = [sys.executable, "-m", "airflow", "celery", "worker", "--concurrency", str(slots)]
        command += ["--queues", ",".join(queues)]
        environment = dict(self.environment)
        if on_own_disk:
            environment["KINDRED_ARTIFACTS"] = str(self.own / "artifacts")
        self.supervisor.start(self.name, self._inside(command), environment)

    def take_machine_code(self, folder: Path) -> None:
        """Give it what has been compiled elsewhere, so that its tasks need not compile."""
        shutil.copytree(folder, self.environment[MACHINE_CODE], dirs_exist_ok=True)

    def process(self) -> ProcessId:
        """The process all others of this machine are below.

        Raises
        ------
        LocalError
            It does not run.
        """
        for component in self.supervisor.running():
            if component.name == self.name:
                return component.process
        raise LocalError(f"{self.name} does not run")

    def kill(self) -> None:
        """End all its processes at once, as when a machine loses its power."""
        process = self.process()
        process.send(signal.SIGKILL)
        self.supervisor.end(self.name)
        if not wait_for_end([process], END_SECONDS):
            raise LocalError(f"{self.name} does not end")

    def call(self, command: Sequence[str]) -> None:
        """Run a command on this machine, beside the worker, and wait for its end.

        Raises
        ------
        LocalError
            It fails; the message is what it has said.
        """
        result = subprocess.run(
            self._inside(list(command)),
            env={**self.environment, MARKER: self.supervisor.marker},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            said = (result.stderr or result.stdout).strip()
            raise LocalError(f"{self.name}: {' '.join(command)}: {said}")

    def can_read(self, paths: Sequence[Path]) -> list[Path]:
        """Which of these paths a process of this machine can see."""
        script = 'for path; do [ -e "$path" ] && echo "$path"; done; true'
        return [Path(line) for line in self._output(script, *map(str, paths)).splitlines()]

    def can_write(self, folders: Sequence[Path]) -> list[Path]:
        """In which of these folders a process of this machine can make a file."""
        script = (
            'for path; do ( : > "$path/.kindred-probe" ) 2> /dev/null || continue;'
            ' rm "$path/.kindred-probe"; echo "$path"; done'
        )
        return [Path(line) for line in self._output(script, *map(str, folders)).splitlines()]

    def _output(self, script: str, *arguments: str) -> str:
        command = self._inside(["sh", "-c", script, "sh", *arguments])
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise LocalError(f"{self.name}: {result.stderr.strip()}")
        return result.stdout

    def _inside(self, command: list[str]) -> list[str]:
        return place_command(self.place, self.own, list(self.hidden), sys.executable, command)


def make_worker(
    number: int,
    place: Place,
    folders: Sequence[Path],
    hidden: Sequence[Path],
    supervisor: Supervisor,
    of_airflow: Mapping[str, str],
    data: Mapping[str, str],
    specs: Path,
) -> Worker:
    """A worker with an empty folder, in which the specs are as a deployment brings them.

    ``folders`` are those of all workers; ``hidden``, what no worker may see.
    """
    own = folders[number]
    shutil.rmtree(own, ignore_errors=True)
    for folder in worker_folders(own):
        folder.mkdir(parents=True)
    features = own / "features"
    shutil.copytree(specs, features)
    environment = worker_environment(of_airflow, data, own, features)
    others = (folder for folder in folders if folder != own)
    return Worker(number, place, own, (*hidden, *others), supervisor, environment)
