"""The folders of a local installation: all its state is in ``.kindred`` in the checkout."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from local.failures import LocalError

CHECKOUT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Layout:
    """The folders of one local installation.

    ``root`` holds dags, plugins and include; ``state`` holds everything that running them creates.
    """

    root: Path
    state: Path

    @classmethod
    def of_checkout(cls) -> Self:
        """The installation that ``make run`` uses."""
        return cls(root=CHECKOUT, state=CHECKOUT / ".kindred")

    @property
    def pgdata(self) -> Path:
        """Data folder of the embedded PostgreSQL."""
        return self.state / "pgdata"

    @property
    def airflow_home(self) -> Path:
        """``AIRFLOW_HOME`` of the local Airflow."""
        return self.state / "airflow"

    @property
    def artifacts(self) -> Path:
        """Root of the artefacts that tasks pass to each other."""
        return self.state / "artifacts"

    @property
    def logs(self) -> Path:
        """Log files of the components; those of the tasks are in ``tasks`` below."""
        return self.state / "logs"

    @property
    def own_features(self) -> Path:
        """The specs of tables loaded from files."""
        return self.state / "features"

    @property
    def reports(self) -> Path:
        """The newest report of each space, as a file of HTML."""
        return self.state / "reports"

    @property
    def features(self) -> Path:
        """The specs of the checkout."""
        return self.root / "include" / "features"

    @property
    def url_file(self) -> Path:
        """The file with the URL of the UI of the Airflow started last."""
        return self.state / "url"

    def log_file(self, name: str) -> Path:
        """The log file of one component."""
        return self.logs / f"{name}.log"

    def require_warehouse(self) -> None:
        """Raise unless a run has created the local databases."""
        if not (self.pgdata / "PG_VERSION").exists():
            raise LocalError(f"{self.state}: there is no warehouse yet. 'make run' creates one.")

    def create(self) -> None:
        """Create the folders; those with logs and secrets are private to their owner."""
        self.state.mkdir(parents=True, exist_ok=True)
        owner = self.state.stat().st_uid
        if owner != os.geteuid():
            raise LocalError(
                f"{self.state} belongs to the user with uid {owner}, and this is uid"
                f" {os.geteuid()}. Use it as that user, or remove it: make clean."
            )
        for folder in (self.airflow_home, self.artifacts, self.logs, self.own_features):
            folder.mkdir(mode=0o700, exist_ok=True)
