"""Debian's pgbouncer in front of a server: sessions that are shared, or the client's own."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg2

from benchmarks.debian import libraries, unpacked
from local.postgres import SUPERUSER, EmbeddedServer
from local.processes import wait_until
from local.unprivileged import open_path, open_tree, server_user

START_SECONDS = 10


@dataclass(frozen=True)
class Pooler:
    """A pgbouncer that is running in front of every database of a server."""

    folder: Path
    process: "subprocess.Popen[bytes]" = field(repr=False)

    def dsn(self, database: str, user: str = SUPERUSER) -> str:
        """A libpq URI of one database, through the pooler."""
        return f"postgresql://{user}@/{quote(database, safe='')}?host={quote(str(self.folder))}"


def installed(build: Path) -> Path:
    """The folder with pgbouncer, made where it is missing.

    Raises
    ------
    CannotInstallError
        when the package cannot be had here.
    """
    return unpacked(("pgbouncer",), build.resolve() / "pgbouncer")


@contextmanager
def pooling(tree: Path, server: EmbeddedServer, mode: str, **settings: object) -> Iterator[Pooler]:
    """Run pgbouncer in a mode (``session``, ``transaction``, ``statement``) during the block."""
    with tempfile.TemporaryDirectory(prefix="pooler-") as name:
        folder = Path(name)
        user = server_user()
        if user is not None:
            open_path(folder)
            open_path(tree)
            open_tree(tree)
            os.chown(folder, user.pw_uid, user.pw_gid)
        content = {
            "auth_type": "any",
            "listen_port": 5432,
            "unix_socket_dir": folder,
            "pool_mode": mode,
            "logfile": folder / "pgbouncer.log",
            "ignore_startup_parameters": "extra_float_digits",
            **settings,
        }
        lines = [f"{key} = {value}" for key, value in content.items()]
        path = folder / "pgbouncer.ini"
        path.write_text(
            f"[databases]\n* = host={server.socket_dir} user={SUPERUSER}\n[pgbouncer]\n"
            + "\n".join(lines)
        )
        process = subprocess.Popen(
            [tree / "usr/sbin/pgbouncer", "--quiet", path],
            env={"LD_LIBRARY_PATH": libraries(tree), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
        )
        try:
            pooler = Pooler(folder, process)
            assert wait_until(lambda: _answers(pooler), START_SECONDS), "pgbouncer does not answer"
            yield pooler
        finally:
            process.terminate()
            process.wait()


def _answers(pooler: Pooler) -> bool:
    try:
        psycopg2.connect(pooler.dsn("postgres")).close()
    except psycopg2.OperationalError:
        return False
    return True
