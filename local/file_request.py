"""What is asked for by ``make run CSV=... EVENTS=...``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from kindred.errors import InferenceError
from local.failures import RunFailedError


@dataclass(frozen=True)
class CsvRequest:
    """The arguments of ``make run CSV=... EVENTS=...``; ``labels`` are separated by commas.

    ``csv``: the customers, None if there are events only. The format is that of this file, or of
    the events alone.
    """

    csv: Path | None = None
    key: str | None = None
    separator: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    updated_at: str | None = None
    labels: str = ""
    spec: Path | None = None
    events: Path | None = None

    @property
    def command(self) -> str:
        """The command that runs the files again with a spec, which defines all but the format."""
        files = {"CSV": self.csv, "EVENTS": self.events}
        named = {"SEP": self.separator, "ENCODING": self.encoding, "SHEET": self.sheet}
        words = {name: str(value) for name, value in (files | named).items() if value is not None}
        return " ".join(["make run", *(f"{name}={quote(word)}" for name, word in words.items())])

    @property
    def main_file(self) -> Path:
        """The file that names the space: that of the customers, or of the events alone."""
        path = self.csv or self.events
        if path is None:
            raise InferenceError("csv", "no file was given: say CSV=<file> or EVENTS=<file>")
        return path

    @property
    def form(self) -> dict[str, Any]:
        """How the main file is written, as far as it was said."""
        return {"separator": self.separator, "encoding": self.encoding, "sheet": self.sheet}


def request_of(options: Mapping[str, Any]) -> CsvRequest | None:
    """The request from the command's options; None for the demo.

    Raises
    ------
    RunFailedError
        when options for a file are given without the file.
    """
    given = {name: value for name, value in options.items() if value}
    if not given:
        return None
    if "csv" not in given and "events" not in given:
        names = ", ".join(name.upper() for name in given)
        raise RunFailedError(
            "csv", f"{names} was given without CSV: say CSV=<file>, or EVENTS=<file>"
        )
    return CsvRequest(
        csv=Path(given["csv"]) if "csv" in given else None,
        key=given.get("key"),
        separator=given.get("sep"),
        encoding=given.get("encoding"),
        sheet=given.get("sheet"),
        updated_at=given.get("updated_at"),
        labels=given.get("labels", ""),
        spec=Path(given["spec"]) if "spec" in given else None,
        events=Path(given["events"]) if "events" in given else None,
    )
