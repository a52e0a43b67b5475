"""``kindred infer-spec``: propose the spec of a space for a file or a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from kindred.errors import InferenceError, SettingsError
from kindred.history.source import describe
from kindred.infer.column_names import identifier_of
from kindred.infer.files import read_csv
from kindred.infer.proposal import NIGHTLY, Evidence, Roles, propose
from kindred.infer.reading import SAMPLE, Bounds
from kindred.infer.rendering import render
from kindred.infer.source_sample import read_sample
from kindred.run.context import Deployment
from kindred.spec.model import spec_from_dict
from kindred.spec.source import Source, table_parts

Proposed = tuple[str, Sequence[str]]


@dataclass(frozen=True)
class ProposalRequest:
    """What a person asks for; ``labels`` are separated by commas, ``space`` is optional."""

    key: str
    updated_at: str | None = None
    labels: str = ""
    space: str | None = None

    @property
    def roles(self) -> Roles:
        """The roles of the columns, as the inference needs them."""
        labels = tuple(name.strip() for name in self.labels.split(",") if name.strip())
        return Roles(self.key, self.updated_at, labels)


def propose_from_file(
    path: Path, request: ProposalRequest, separator: str | None = None
) -> Proposed:
    """The text of a spec for a CSV file, and notes on the file."""
    space = identifier_of(path.name)
    evidence = read_csv(read_file(path, SAMPLE), request.roles, separator)
    return propose_text(
        f"public.{space}", path.name, request.roles, evidence, request.space or space
    )


def propose_from_table(deployment: Deployment, table: str, request: ProposalRequest) -> Proposed:
    """The text of a spec for a table or view of the source, and notes on it."""
    try:
        source = Source(table=table, key=request.key, updated_at=request.updated_at or "none")
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InferenceError("table", message) from error
    with deployment.reader(source.connection, "kindred infer-spec") as database:
        evidence = read_sample(database, source)
        space = request.space or identifier_of(table_parts(table)[-1])
        origin = f"table {table}"
        text, notes = propose_text(table, origin, request.roles, evidence, space)
        # What a run would refuse is said now.
        describe(database, spec_from_dict({"space": space, **yaml.safe_load(text)}, where=origin))
    return text, notes


def propose_text(
    table: str, origin: str, roles: Roles, evidence: Evidence, space: str, schedule: str = NIGHTLY
) -> Proposed:
    """The text of a spec that has been validated, and the notes on the data."""
    text = render(propose(table, roles, evidence, schedule), origin)
    spec_from_dict({"space": space, **yaml.safe_load(text)}, where=f"the spec for {origin}")
    return text, evidence.notes


def read_file(path: Path, bounds: Bounds) -> bytes:
    """The bytes of a file, at most one more than may be read of it.

    Raises
    ------
    InferenceError
        when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(bounds.max_bytes + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InferenceError("csv", f"{path} cannot be read: {reason}") from error


def write_new(path: Path, text: str) -> None:
    """Write a spec to a new file; never overwrite one, since it may hold somebody's edits.

    Raises
    ------
    SettingsError
        when the file exists, or the folder cannot be written to.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise SettingsError(f"--output {path}: the file exists; remove it first") from error
    except OSError as error:
        raise SettingsError(f"--output {path}: cannot be written: {error.strerror}") from error
