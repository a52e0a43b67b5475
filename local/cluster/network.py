"""A bridge of this machine and the network namespaces behind it, by ``ip`` of iproute2."""

import hashlib
import ipaddress
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local.failures import LocalError

Network = ipaddress.IPv4Network
_CANDIDATES = [Network(f"10.213.{number}.0/24") for number in range(256)]
_STATISTICS = Path("/sys/class/net")
FIRST_PLACE = 11
NEEDED = ("ip", "unshare", "mount")


@dataclass(frozen=True)
class Place:
    """One namespace: its name, its address, and the bridge's end of the cable to it."""

    name: str
    address: str
    cable: str

    @property
    def inner(self) -> str:
        """The other end of the cable, in the namespace."""
        return f"{self.cable}i"

    def cut(self) -> None:
        """Take the network down in the namespace: who is there is told at once, others are not."""
        _ip("-netns", self.name, "link", "set", self.inner, "down")

    def unplug(self) -> None:
        """Take the bridge's end of the cable down: nobody is told, everything is lost."""
        _ip("link", "set", self.cable, "down")

    def mend(self) -> None:
        """Bring the network up again."""
        _ip("-netns", self.name, "link", "set", self.inner, "up")
        _ip("link", "set", self.cable, "up")

    def bytes_moved(self) -> tuple[int, int]:
        """Bytes that the namespace has received and sent so far."""
        # The bridge's end sends what the other end receives.
        received = _counter(self.cable, "tx_bytes")
        return received, _counter(self.cable, "rx_bytes")


@dataclass(frozen=True)
class Bridge:
    """The network of a cluster: the address of the services, and the places of the workers."""

    name: str
    network: Network
    places: tuple[Place, ...]

    @property
    def address(self) -> str:
        """Where the services listen."""
        return str(self.network[1])


def why_impossible() -> str | None:
    """Why this machine cannot have namespaces, in a sentence; None where it can."""
    if os.geteuid() != 0:
        return "network namespaces are made by root only: run it as root"
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        return f"{', '.join(missing)} is missing: apt-get install iproute2 util-linux mount"
    name = f"kindred-{os.getpid()}"
    try:
        _ip("netns", "add", name)
        _ip("netns", "delete", name)
    except LocalError as error:
        return f"this machine allows no network namespaces: {error}"
    return None


@contextmanager
def bridged(folder: Path, workers: int) -> Iterator[Bridge]:
    """Make the network of the cluster in a folder, after removing what a killed run has left.

    Raises
    ------
    LocalError
        There can be none here; the message says why and what to do.
    """
    problem = why_impossible()
    if problem is not None:
        raise LocalError(problem)
    mark = mark_of(folder)
    bridge = f"kd{mark}"
    remove(bridge, mark)
    network = unused_network()
    places = tuple(
        Place(f"kindred-{mark}-{number}", str(network[FIRST_PLACE + number]), f"{bridge}{number}")
        for number in range(workers)
    )
    try:
        made = add_bridge(bridge, network, places)
        for place in places:
            add_namespace(place.name)
            plug(place, made)
        yield made
    finally:
        remove(bridge, mark)


def free_network(used: Sequence[Network], candidates: Sequence[Network]) -> Network:
    """The first network that overlaps none of those in use.

    Raises
    ------
    LocalError
        All do.
    """
    for candidate in candidates:
        if not any(candidate.overlaps(other) for other in used):
            return candidate
    raise LocalError(f"all of {candidates[0]} to {candidates[-1]} are in use on this machine")


def unused_network() -> Network:
    """A network that this machine has no route to."""
    return free_network(_networks_in_use(), _CANDIDATES)


def mark_of(folder: Path) -> str:
    """What is in the names of all that belongs to a folder."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:6]


def add_bridge(name: str, network: Network, places: tuple[Place, ...] = ()) -> Bridge:
    """Make a bridge with the first address of a network."""
    bridge = Bridge(name, network, places)
    _ip("link", "add", name, "type", "bridge")
    _ip("address", "add", f"{bridge.address}/{network.prefixlen}", "dev", name)
    _ip("link", "set", name, "up")
    return bridge


def add_namespace(name: str) -> None:
    """Make a network namespace that has only a loopback."""
    _ip("netns", "add", name)
    _ip("-netns", name, "link", "set", "lo", "up")


def plug(place: Place, bridge: Bridge) -> None:
    """Lay the cable of a place from its namespace to a bridge."""
    _ip("link", "add", place.cable, "type", "veth", "peer", "name", place.inner)
    _ip("link", "set", place.inner, "netns", place.name)
    _ip("link", "set", place.cable, "master", bridge.name, "up")
    inside = ("-netns", place.name)
    address = f"{place.address}/{bridge.network.prefixlen}"
    _ip(*inside, "address", "add", address, "dev", place.inner)
    _ip(*inside, "link", "set", place.inner, "up")


def _networks_in_use() -> list[Network]:
    """The networks that this machine has a route to, but for the default one."""
    routes = json.loads(_ip("-json", "-4", "route", "show", "table", "all"))
    found = []
    for route in routes:
        with suppress(ValueError):
            found.append(Network(route["dst"], strict=False))
    return [network for network in found if network.prefixlen]


def remove(bridge: str, mark: str) -> None:
    """Remove the bridge and its namespaces, if there are any; their cables go with them."""
    for entry in json.loads(_ip("-json", "netns", "list") or "[]"):
        if entry["name"].startswith(f"kindred-{mark}-"):
            _ip("netns", "delete", entry["name"])
    for folder in _STATISTICS.glob(f"{bridge}*"):
        with suppress(LocalError):  # the other end has gone
            _ip("link", "delete", folder.name)


def _counter(link: str, name: str) -> int:
    return int((_STATISTICS / link / "statistics" / name).read_text(encoding="utf-8"))


def _ip(*arguments: str) -> str:
    command = ["ip", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise LocalError(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout.strip()
