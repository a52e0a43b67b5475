"""The services of docker-compose.yaml outside containers, each with what compose gives it.

A service has a network namespace with a cable to each of its networks, in which it knows the names
of whom it shares one with; a root with its volumes; its user without capabilities, its own /tmp and
its shared memory. What compose has and this has not: limits of memory, restarts, published ports.
"""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import psutil

from integration.compose.enter_container import READY
from integration.compose.images import Image, images
from local.cluster.network import (
    FIRST_PLACE,
    Bridge,
    Place,
    add_bridge,
    add_namespace,
    mark_of,
    plug,
    remove,
    unused_network,
)
from local.failures import RunFailedError, tail_of
from local.layout import Layout
from local.processes import wait_for_end
from local.supervisor import Supervisor
from unit.compose_file import environment_of, interpolated, seconds, starting_order, words

ENTER = Path(__file__).with_name("enter_container.py")
SYSTEM_FOLDERS = (("/usr", "ro"), ("/etc", "ro"), ("/sys", "ro"), ("/dev", "rw"))
# Read by the name of the service's user, as images have it.
PASSWD = "airflow:x:50000:0:airflow:/home/airflow:/bin/bash\n"
SMALL_SHARED_MEMORY = "64m"
ONE_SHOT_SECONDS = 300


@contextmanager
def networks(folder: Path, compose: Mapping[str, Any]) -> Iterator[dict[str, Bridge]]:
    """A bridge per network of the file; its places are the services that are on it."""
    mark = mark_of(folder)
    first = f"kd{mark}"
    remove(first, mark)
    made = {}
    try:
        for service in compose["services"]:
            add_namespace(f"kindred-{mark}-{service}")
        for letter, network in zip(ascii_lowercase, compose["networks"], strict=False):
            of_it = [n for n, found in compose["services"].items() if network in found["networks"]]
            addresses, name = unused_network(), f"{first}{letter}"
            places = tuple(
                Place(
                    f"kindred-{mark}-{service}",
                    str(addresses[FIRST_PLACE + number]),
                    f"{name}{number}",
                )
                for number, service in enumerate(of_it)
            )
            made[network] = add_bridge(name, addresses, places)
            for place in places:
                plug(place, made[network])
        yield made
    finally:
        remove(first, mark)


@dataclass(frozen=True)
class Containers:
    """The services of the file, and the processes of those that were started."""

    layout: Layout
    supervisor: Supervisor
    bridges: Mapping[str, Bridge]
    services: Mapping[str, Mapping[str, Any]]
    values: Mapping[str, str]
    """Those of .env."""
    images: Mapping[str, Image]
    healthy: set[str] = field(default_factory=set)

    def up(self) -> None:
        """Start all services but those of profiles, as ``docker compose up`` does."""
        for name in starting_order(self.services):
            for other, dependency in self.services[name].get("depends_on", {}).items():
                if dependency["condition"] == "service_healthy":
                    self.wait_until_healthy(other)
                else:
                    self.supervisor.wait_for_success(other, ONE_SHOT_SECONDS)
            self.start(name)
        for name in self.watched():
            self.wait_until_healthy(name)

    def watched(self) -> list[str]:
        """The services with a healthcheck."""
        return [name for name in starting_order(self.services) if "healthcheck" in self[name]]

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        return self.services[name]

    def address(self, name: str, network: str) -> str:
        """The address of a service in one of its networks."""
        return next(p.address for p in self.bridges[network].places if _service(p) == name)

    def run(self, name: str, *command: str) -> None:
        """Run a service to its end as ``docker compose run`` does, perhaps with another command."""
        self.start(name, *command)
        self.supervisor.wait_for_success(name, ONE_SHOT_SECONDS)

    def start(self, name: str, *command: str) -> None:
        """Start a service; it begins with what its volumes have."""
        service, image = self[name], self.image(name)
        own = self.layout.state / "containers" / name
        shutil.rmtree(own, ignore_errors=True)
        box = {
            "root": str(_made(own / "root", "0:0")),
            "hostname": name,
            "folder": image.folder,
            "mounts": [*self._mounts(own, service, image), *self._names(own, name)],
            "shm_size": service.get("shm_size", SMALL_SHARED_MEMORY),
            "command": [*_privileges(service, image), *_command(service, image, command)],
        }
        path = own / "box.json"
        path.write_text(json.dumps(box), encoding="utf-8")
        namespaces = ("--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child")
        netns = next(p.name for b in self.bridges.values() for p in b.places if _service(p) == name)
        enter = [
            *("nsenter", f"--net=/run/netns/{netns}"),
            *("unshare", *namespaces, "--propagation", "private", "--"),
            *(sys.executable, "-I", "-S", str(ENTER), str(path)),
        ]
        self.supervisor.start(name, enter, self.environment(name))

    def environment(self, name: str) -> dict[str, str]:
        """The environment of a service: that of its image, and what the file says."""
        given = environment_of(self[name], self.values)
        # The marker in it stays where the supervisor finds it.
        return {**self.image(name).environment, **given, "HOSTNAME": name, "SPT_NOENV": "1"}

    def image(self, name: str) -> Image:
        """The image of a service."""
        return self.images[self[name]["image"].partition(":")[0]]

    def first_process(self, name: str) -> psutil.Process | None:
        """The process that signals of compose go to, None until all is mounted for it."""
        for component in self.supervisor.running():
            if component.name == name:
                for child in psutil.Process(component.process.pid).children():
                    if Path(f"/proc/{child.pid}/root/{READY}").exists():
                        return child
        return None

    def check(self, name: str) -> str | None:
        """Run the healthcheck of a service once; what is wrong, or None."""
        first = self.first_process(name)
        if first is None:
            return "it does not run"
        kind, *test = self[name]["healthcheck"]["test"]
        test = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
        inside = ("--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd")
        command = ["nsenter", "--target", str(first.pid), *inside, "--"]
        command += [*_privileges(self[name], self.image(name)), *test]
        limit = seconds(self[name]["healthcheck"]["timeout"])
        try:
            done = subprocess.run(
                command,
                env=self.environment(name),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"no answer in {limit:.0f} seconds"
        said = f"{done.stdout}{done.stderr}".strip()[-2000:]
        return None if done.returncode == 0 else said or f"code {done.returncode}"

    def wait_until_healthy(self, name: str) -> None:
        """Wait until the healthcheck passes, for as long as compose would.

        Raises
        ------
        RunFailedError
            The service has ended, or is unhealthy.
        """
        if name in self.healthy:
            return
        found = self[name]["healthcheck"]
        once = seconds(found["interval"]) + seconds(found["timeout"])
        deadline = time.monotonic() + seconds(found["start_period"]) + found["retries"] * once
        while (problem := self.check(name)) is not None:
            self.supervisor.check_all_run([name])
            if time.monotonic() > deadline:
                tail = tail_of(self.layout.log_file(name))
                raise RunFailedError(name, f"is unhealthy: {problem}", tail)
            time.sleep(1)
        self.healthy.add(name)

    def stop(self, name: str) -> float | None:
        """Stop a service as compose does; the seconds it took, None if it would be killed."""
        [component] = [found for found in self.supervisor.running() if found.name == name]
        first = self.first_process(name)
        assert first is not None
        begun = time.monotonic()
        first.send_signal(self.image(name).stop_signal)
        ended = wait_for_end([component.process], seconds(self[name]["stop_grace_period"]))
        return time.monotonic() - begun if ended else None

    def _mounts(
        self, own: Path, service: Mapping[str, Any], image: Image
    ) -> Iterator[tuple[str, str, str]]:
        """What of this machine is where, in the order in which it is mounted."""
        user = service.get("user", image.user)
        yield from ((folder, folder, mode) for folder, mode in SYSTEM_FOLDERS)
        yield str(_made(own / "tmp", "0:0", 0o1777)), "/tmp", "rw"
        # Behind /tmp, where a checkout may be.
        yield from ((str(path), str(path), "ro") for path in image.programs)
        for folder in image.own_folders:
            path = own / folder.strip("/").replace("/", "-")
            yield str(_made(path, image.user)), folder, "rw"
        for volume in service.get("volumes", []):
            source, target, *mode = volume.split(":")
            if source.startswith("./"):
                yield str(self.layout.root / source), target, *(mode or ["rw"])
            else:
                yield str(_made(self.layout.state / "volumes" / source, user)), target, "rw"

    def _names(self, own: Path, name: str) -> Iterator[tuple[str, str, str]]:
        """The files of names: of the services that this one shares a network with, and of users."""
        hosts, passwd = own / "hosts", own / "passwd"
        lines = ["127.0.0.1 localhost"]
        for bridge in self.bridges.values():
            members = [(place.address, _service(place)) for place in bridge.places]
            if name in dict(members).values():
                lines += [f"{address} {service}" for address, service in members]
        hosts.write_text("\n".join(lines) + "\n", encoding="utf-8")
        passwd.write_text(Path("/etc/passwd").read_text(encoding="utf-8") + PASSWD, "utf-8")
        yield str(hosts), "/etc/hosts", "ro"
        yield str(passwd), "/etc/passwd", "ro"


def containers(
    layout: Layout,
    supervisor: Supervisor,
    bridges: Mapping[str, Bridge],
    compose: Mapping[str, Any],
    values: Mapping[str, str],
    environment: Path,
) -> Containers:
    """The services of the file with the values of a .env; none is started yet."""
    services = interpolated(compose["services"], values)
    return Containers(layout, supervisor, bridges, services, values, images(environment))


def _service(place: Place) -> str:
    return place.name.split("-", 2)[2]


def _command(service: Mapping[str, Any], image: Image, given: Sequence[str]) -> list[str]:
    entrypoint = service.get("entrypoint", list(image.entrypoint))
    return [*words(entrypoint), *(given or words(service.get("command", list(image.command))))]


def _privileges(service: Mapping[str, Any], image: Image) -> list[str]:
    """How a process becomes the user of a service, which ends with what has started it."""
    user, _, group = service.get("user", image.user).partition(":")
    command = ["setpriv", "--reuid", user, "--regid", group or user, "--clear-groups"]
    if "ALL" in service.get("cap_drop", []):
        command += ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]
    if "no-new-privileges:true" in service.get("security_opt", []):
        command += ["--no-new-privs"]
    return [*command, "--pdeathsig", signal.SIGKILL.name.removeprefix("SIG"), "--"]


def _made(folder: Path, user: str, mode: int = 0o775) -> Path:
    """A folder that belongs to a user, made if it is missing."""
    if not folder.exists():
        folder.mkdir(parents=True)
        name, _, group = user.partition(":")
        if name.isdecimal():
            os.chown(folder, int(name), int(group))
        else:
            found = pwd.getpwnam(name)
            os.chown(folder, found.pw_uid, found.pw_gid)
        folder.chmod(mode)
    return folder
