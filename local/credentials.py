"""Secrets of the local Airflow: generated once, stored in a file only its owner can read."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from local.layout import Layout

ADMIN_USER = "admin"


@dataclass(frozen=True)
class Credentials:
    """Secrets to sign, encrypt and log in with; ``marker`` is unique but not secret."""

    jwt_secret: str
    fernet_key: str
    api_secret_key: str
    admin_password: str
    marker: str
    erasure_key: str

    @classmethod
    def generate(cls) -> "Credentials":
        """New random secrets."""
        return cls(
            jwt_secret=secrets.token_urlsafe(64),
            fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            api_secret_key=secrets.token_urlsafe(32),
            admin_password=secrets.token_urlsafe(12),
            marker=secrets.token_hex(16),
            erasure_key=secrets.token_hex(32),
        )


def credentials_file(layout: Layout) -> Path:
    """The file with the secrets of an installation."""
    return layout.state / "credentials.json"


def passwords_file(layout: Layout) -> Path:
    """The password file of Airflow's simple auth manager."""
    return layout.airflow_home / "passwords.json"


def load_credentials(layout: Layout) -> Credentials:
    """The secrets of an installation, generated at the first call."""
    path = credentials_file(layout)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found = Credentials(**asdict(Credentials.generate()) | kept)
    if asdict(found) != kept:
        # The first call, or the first call of a version that needs another secret.
        write_private(path, json.dumps(asdict(found), indent=1))
    _set_password(passwords_file(layout), found.admin_password)
    return found


def _set_password(path: Path, password: str) -> None:
    """Set the administrator's password; users whom Airflow knows besides keep theirs."""
    content = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    known = json.loads(content or "{}")
    wanted = {**known, ADMIN_USER: password}
    if wanted != known:
        write_private(path, json.dumps(wanted))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, completely or not at all."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    aside.replace(path)
