"""A real Superset, in the environment that ``make check-superset`` has made."""

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_SECONDS, IMPORT_SECONDS = 180, 120
ADMIN = "admin"
CONFIG = """\
import os

SQLALCHEMY_DATABASE_URI = "sqlite:///" + os.path.join(os.environ["SUPERSET_HOME"], "superset.db")
# The browser of the test logs in by a plain request.
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
"""


@dataclass(frozen=True)
class Superset:
    """A server, and its API as the administrator uses it."""

    url: str
    password: str
    folder: Path

    def client(self) -> httpx.Client:
        """The API, with a login."""
        login = {"username": ADMIN, "password": self.password, "provider": "db"}
        login_url = f"{self.url}/api/v1/security/login"
        token = httpx.post(login_url, json=login, timeout=IMPORT_SECONDS).json()["access_token"]
        # As the page in a browser asks: otherwise an error is a page.
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=IMPORT_SECONDS)


@contextmanager
def running(environment: Path, folder: Path) -> Iterator[Superset]:
    """A new Superset with an administrator; all that it writes is in ``folder``."""
    config = folder / "superset_config.py"
    config.write_text(CONFIG)
    password = secrets.token_urlsafe(12)
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SUPERSET_HOME": str(folder),
        "SUPERSET_CONFIG_PATH": str(config),
        "SUPERSET_SECRET_KEY": secrets.token_urlsafe(42),
        "FLASK_APP": "superset",
        "SCARF_ANALYTICS": "false",
    }
    programs = environment / "bin"

    def superset(*arguments: str, stdin: str = "") -> None:
        done = subprocess.run(
            [str(programs / "superset"), *arguments],
            env=variables,
            input=stdin,
            capture_output=True,
            text=True,
            start_new_session=True,  # without a terminal a password is read from standard input
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]

    superset("db", "upgrade")
    names = ["--username", ADMIN, "--firstname", "A", "--lastname", "B", "--email", "a@example.com"]
    superset("fab", "create-admin", *names, stdin=f"{password}\n{password}\n")
    superset("init")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(programs / "gunicorn"), "--worker-class=gthread", "--threads=8"]
    command += ["--timeout=300", f"--bind=127.0.0.1:{port}", "superset.app:create_app()"]
    url = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=variables, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(url, folder / "server.log")
            yield Superset(url, password, folder)
        finally:
            server.terminate()
            server.wait(timeout=60)


def _wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(f"{url}/health", timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline, log.read_text()[-4000:]
        time.sleep(0.5)
