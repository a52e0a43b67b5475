"""PostgreSQL 15 with PL/Python and pgvector: unpacked into a folder of its own, nothing installed.

The server is Debian's, pgvector's files come out of the wheel ``pgserver``, and the server's Python
finds the packages of ``requirements-plpython.txt``.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from benchmarks.debian import call, libraries, unpack
from local.unprivileged import open_path, open_tree, server_user

VERSION = "15"
PACKAGES = (f"postgresql-{VERSION}", f"postgresql-plpython3-{VERSION}")
PYTHON_VERSION = "3.11"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "autovacuum": "off",
    "jit": "off",
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
}


class PlpythonServer:
    """A server on a folder of its own, reached through a unix socket."""

    def __init__(self, tree: Path, pgdata: Path, python_path: Path) -> None:
        self.tree = tree
        self.pgdata = pgdata
        self.python_path = python_path

    def dsn(self, database: str, user: str = "postgres") -> str:
        """A libpq URI of one database."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.pgdata))}"

    def start(self) -> None:
        """Make the data folder and start on it."""
        self.run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        settings = SETTINGS | {"unix_socket_directories": str(self.pgdata)}
        lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
        with (self.pgdata / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(lines)
        self.run("pg_ctl", "start", "--wait", f"--log={self.pgdata / 'server.log'}")

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        self.run("pg_ctl", "stop", "--wait", "--mode=fast")

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs as the server's user."""
        user = server_user()
        result = subprocess.run(
            [str(self.tree / "usr/lib/postgresql" / VERSION / "bin" / program), *arguments],
            cwd=self.pgdata,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server would keep a pipe open
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
            check=False,
        )
        log = self.pgdata / "server.log"
        assert result.returncode == 0, log.read_text() if log.exists() else program

    def environment(self) -> Mapping[str, str]:
        """Libraries that the machine lacks were unpacked too, and Python's own perhaps."""
        home = {"PYTHONHOME": str(self.tree / "usr")}
        has_python = (self.tree / f"usr/lib/python{PYTHON_VERSION}/os.py").exists()
        return {
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C",
            "PGDATA": str(self.pgdata),
            "PYTHONPATH": str(self.python_path),
            "LD_LIBRARY_PATH": libraries(self.tree),
            **(home if has_python else {}),
        }


@contextmanager
def running(tree: Path, python_path: Path) -> Iterator[PlpythonServer]:
    """A new server whose Python looks for packages in ``python_path``."""
    folder = Path(tempfile.mkdtemp(prefix="kindred-plpython-"))
    pgdata = folder / "data"
    pgdata.mkdir(mode=0o700)
    user = server_user()
    if user is not None:
        folder.chmod(0o711)
        for path in (tree, python_path, folder):
            open_path(path)
        os.chown(pgdata, user.pw_uid, user.pw_gid)
    server = PlpythonServer(tree, pgdata, python_path)
    try:
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def installed(build: Path, requirements: Path) -> tuple[Path, Path]:
    """The tree of the server and the folder of its Python packages, made where they are missing.

    Raises
    ------
    CannotInstallError
        when the packages cannot be had here.
    """
    made_of = requirements.read_bytes() + " ".join(PACKAGES).encode()
    folder = build / f"plpython-{hashlib.sha256(made_of).hexdigest()[:12]}"
    if not folder.exists():
        build.mkdir(exist_ok=True)
        # Made aside and renamed: what was cut short must never look whole.
        aside = Path(tempfile.mkdtemp(prefix="plpython-", dir=build))
        try:
            _install_packages(aside / "packages", requirements)
            unpack(PACKAGES, aside / "server")
            _add_pgvector(aside / "packages" / "pgserver" / "pginstall", aside / "server")
            open_tree(aside)
            _let_python_compile(aside / "packages")
            with suppress(OSError):  # another session was quicker
                aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return folder / "server", folder / "packages"


def _install_packages(target: Path, requirements: Path) -> None:
    # The environment of the tests has no pip of its own.
    python = Path(sys.base_prefix) / "bin" / "python3"
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps"]
    command += ["--disable-pip-version-check", "--root-user-action=ignore"]
    command += ["--only-binary=:all:", f"--python-version={PYTHON_VERSION}"]
    call(*command, f"--target={target}", f"--requirement={requirements}")


def _let_python_compile(packages: Path) -> None:
    """Let the server keep what it compiles at its first import."""
    user = server_user()
    for folder, _, _ in os.walk(packages):
        os.chown(folder, *((-1, -1) if user is None else (user.pw_uid, user.pw_gid)))


def _add_pgvector(source: Path, tree: Path) -> None:
    libraries = tree / "usr/lib/postgresql" / VERSION / "lib"
    extensions = tree / "usr/share/postgresql" / VERSION / "extension"
    shutil.copy(source / "lib/postgresql/vector.so", libraries)
    for path in (source / "share/postgresql/extension").glob("vector*"):
        shutil.copy(path, extensions)
