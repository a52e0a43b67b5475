"""The command ``kindred`` on a laboratory, in this process or in one of its own."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

import yaml
from rich.console import Console

from integration.warehouse import COLUMNS, people
from kindred import audience_commands, cli, report_commands

CONTENT = {
    "source": {"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
    "k": 5,
    "features": {"income": "numeric", "age": "numeric", "is_active": "boolean"},
    "labels": ["churned"],
    "clustering": {"kmeans": {"k": 4}, "hdbscan": {"min_cluster_size": 20, "min_samples": 5}},
}


@dataclass
class Command:
    """How the command is called for a laboratory."""

    laboratory: object
    folder: object

    def environment(self, **changes):
        settings = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path.endswith("plugins")),
            "COLUMNS": "600",  # nothing is broken into lines
            "AIRFLOW_CONN_KINDRED_SOURCE": self.laboratory.source_dsn,
            "AIRFLOW_CONN_KINDRED_WAREHOUSE": self.laboratory.warehouse_dsn,
            "KINDRED_ARTIFACTS": str(self.laboratory.artefacts),
            "KINDRED_MIN_FREE_DISK_MB": "1",
            "KINDRED_FEATURES": str(self.folder),
        }
        settings |= changes
        return {name: value for name, value in settings.items() if value is not None}

    def write_spec(self, name="default", **changes):
        (self.folder / f"{name}.yaml").write_text(yaml.safe_dump({**CONTENT, **changes}))

    def __call__(self, *arguments, **changes):
        """Exit code, and all that was printed, without the frames of tables."""
        code, printed = self.verbatim(*arguments, **changes)
        return code, without_frames(printed)

    def verbatim(self, *arguments, stdin="", **changes):
        """Exit code, and all that was printed."""
        printed, code = io.StringIO(), 0
        typed = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        with (
            patch.dict(os.environ, self.environment(**changes), clear=True),
            patch.object(sys, "argv", ["kindred", *arguments]),
            patch.object(sys, "stdin", typed),
            patch.object(cli, "console", Console(width=600, emoji=False)),
            patch.object(audience_commands, "console", Console(width=600, emoji=False)),
            patch.object(report_commands, "console", Console(width=600, emoji=False)),
            redirect_stdout(printed),
            redirect_stderr(printed),
        ):
            try:
                cli.main()
            except SystemExit as end:
                code = end.code
        return code, printed.getvalue()

    def process(self, *arguments, stdin="", **changes):
        """The same in a process of its own."""
        result = subprocess.run(
            [sys.executable, "-m", "kindred.cli", *arguments],
            env=self.environment(**changes),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in result.stderr, result.stderr
        return result.returncode, without_frames(result.stdout + result.stderr)


def without_frames(printed):
    return " ".join(printed.replace("│", " ").split())


def command_on(laboratory, folder):
    laboratory.fill("customers", COLUMNS, people(400))
    command = Command(laboratory, folder)
    command.write_spec()
    return command
