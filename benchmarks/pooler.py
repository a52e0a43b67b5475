"""Debian's pgbouncer in front of a server: sessions that are shared, or the client's own."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from benchmarks.debian import libraries, unpacked
from local.processes import wait_until
from local.unprivileged import open_path, open_tree, server_user

START_SECONDS = 10


@dataclass(frozen=True)
class Pooler:
    """A pgbouncer that is running in front of some databases."""

    folder: Path
    process: "subprocess.Popen[bytes]" = field(repr=False)

    def through(self, dsn: str) -> str:
        """The address of one of the databases through the pooler."""
        return make_dsn(dsn, host=str(self.folder))


def installed(build: Path) -> Path:
    """The folder with pgbouncer, made where it is missing.

    Raises
    ------
    CannotInstallError
        when the package cannot be had here.
    """
    return unpacked(("pgbouncer",), build.resolve() / "pgbouncer")


@contextmanager
def pooling(tree: Path, dsns: Sequence[str], mode: str, **settings: object) -> Iterator[Pooler]:
    """Run pgbouncer before databases in a mode: ``session``, ``transaction`` or ``statement``."""
    with tempfile.TemporaryDirectory(prefix="pooler-") as name:
        folder = Path(name)
        user = server_user()
        if user is not None:
            open_path(folder)
            open_path(tree)
            open_tree(tree)
            os.chown(folder, user.pw_uid, user.pw_gid)
        databases = {found["dbname"]: found for found in map(parse_dsn, dsns)}
        content = {
            "auth_type": "any",
            "listen_port": 5432,
            "unix_socket_dir": folder,
            "pool_mode": mode,
            **settings,
        }
        lines = ["[databases]"]
        lines += [f"{n} = host={d['host']} user={d['user']}" for n, d in databases.items()]
        lines += ["[pgbouncer]", *(f"{key} = {value}" for key, value in content.items())]
        path = folder / "pgbouncer.ini"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
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
            assert wait_until(lambda: _answers(pooler.through(dsns[0])), START_SECONDS), (
                "pgbouncer does not answer"
            )
            yield pooler
        finally:
            process.terminate()
            process.wait()


def _answers(dsn: str) -> bool:
    try:
        psycopg2.connect(dsn).close()
    except psycopg2.OperationalError:
        return False
    return True
