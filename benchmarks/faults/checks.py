"""Checks after a fault: equal tables, nothing left over, and a reader that saw nothing wrong."""

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from benchmarks.faults.reader import Reader
from benchmarks.faults.room import Room
from kindred.publication.table_hash import table_hashes
from kindred.spec.model import Spec
from local.processes import command_line, marked_processes, wait_until

# Relations of a schema without numbers, because a sequence numbers generations. PostgreSQL appends
# one to the name of an index if another one, such as that of the partition in service, has it.
RELATIONS = (
    "select regexp_replace(regexp_replace(relname, '(_pkey|_idx)[0-9]+$', '\\1'),"
    " '[0-9]+', '#', 'g') || ' (' || relkind::text || ')'"
    " from pg_class where relnamespace = to_regnamespace(%s)::oid"
)
INVALID_INDEXES = (
    "select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indexrelid"
    " where relnamespace = to_regnamespace(%s)::oid and not (indisvalid and indisready)"
)
SESSIONS = (
    "select application_name || ' ' || state from pg_stat_activity where application_name like %s"
)
LOCKS = (
    "select locks.locktype || ' ' || locks.mode from pg_locks as locks"
    " join pg_stat_activity as activity using (pid)"
    " where activity.application_name like %s and activity.state not like 'active'"
)
# A backend checks every 5 s whether its client is still there.
SESSION_SECONDS = 12


@dataclass(frozen=True)
class State:
    """The contents of a space."""

    hashes: dict[str, str]
    relations: Counter[str]
    files: Counter[str]


def state_of(room: Room, spec: Spec) -> State:
    """The current contents of a space."""
    with room.deployment.warehouse("faults", spec.internal_schema) as database:
        hashes = table_hashes(database)
    names = _query(room, RELATIONS, spec.internal_schema)
    folder = room.artefacts / spec.space
    files = [_file_name(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    return State(hashes, Counter(names), Counter(files))


def _file_name(path: Path) -> str:
    """The name of an artefact file without the hash of the settings, which contain the space."""
    return "/".join((*path.parts[:1], *path.parts[2:]))


def _query(room: Room, text: str, value: str) -> list[Any]:
    dsn = room.warehouse_dsn
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(text, (value,))
        return [row[0] for row in cursor.fetchall()]


def problems_of(room: Room, spec: Spec, expected: State) -> list[str]:
    """Differences from the state after an undisturbed run."""
    found = state_of(room, spec)
    problems = [f"{t} differs" for t in expected.hashes if found.hashes[t] != expected.hashes[t]]
    for what, here, there in (
        ("relation", found.relations, expected.relations),
        ("file", found.files, expected.files),
    ):
        problems += [f"{what} {name} is left" for name in here - there]
        problems += [f"{what} {name} is missing" for name in there - here]
    indexes = _query(room, INVALID_INDEXES, spec.internal_schema)
    problems += [f"index {name} is invalid" for name in indexes]
    return problems + lingering(room, spec)


def lingering(room: Room, spec: Spec) -> list[str]:
    """Sessions of the space that are still alive, with their locks."""
    left: list[Any] = []

    def are_gone() -> bool:
        left[:] = _query(room, SESSIONS, f"kindred {spec.space} %")
        return not left

    wait_until(are_gone, SESSION_SECONDS, 0.2)
    return [f"session {name!r} is left" for name in left]


def locks_of(room: Room, spec: Spec) -> list[Any]:
    """Locks that sessions of the space hold although nobody uses them."""
    return _query(room, LOCKS, f"kindred {spec.space} %")


def orphans(room: Room) -> list[str]:
    """Processes of this installation that no component of Airflow supervises any more."""
    parents = {component.process.pid for component in room.local.supervisor.components()}
    found = marked_processes(room.marker)
    known = {process.pid for process in found}
    return [
        f"process {pid} is left: {command_line(pid)[:80]}"
        for pid in known
        if pid not in parents and not _has_ancestor(pid, parents)
    ]


def temporary_files(room: Room) -> set[Path]:
    """Temporary files that a task or the server has not removed."""
    folders = (room.temporary, room.server.pgdata / "base" / "pgsql_tmp")
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def _has_ancestor(pid: int, wanted: set[int]) -> bool:
    while pid > 1:
        if pid in wanted:
            return True
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return True  # it has ended in the meantime
        pid = int(re.split(r"\s+", stat.rpartition(")")[2].strip())[1])
    return False


def odd_sights(reader: Reader, expected: Sequence[str], *, may_be_cut: bool) -> list[str]:
    """Everything a reader saw other than the complete snapshots, of which the first was there."""
    problems = [f"the reader saw {seen}" for seen in reader.seen if seen not in expected]
    problems += [f"the reader got an error: {error}" for error in reader.errors]
    if reader.cuts and not may_be_cut:
        problems.append(f"the reader was cut off {reader.cuts} times")
    if not reader.seen[expected[0]]:
        problems.append("the reader has not seen the snapshot before")
    return problems
