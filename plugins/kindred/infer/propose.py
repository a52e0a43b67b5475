"""``kindred infer-spec``: propose the spec of a space for a file or a table."""

from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from pydantic import ValidationError

from kindred.errors import InferenceError, SettingsError
from kindred.history.source import describe
from kindred.infer.column_names import identifier_of
from kindred.infer.files import read_csv
from kindred.infer.proposal import NIGHTLY, Evidence, Proposal, Roles, propose
from kindred.infer.reading import SAMPLE
from kindred.infer.rendering import render
from kindred.infer.source_sample import read_sample
from kindred.run.context import Deployment
from kindred.spec.model import spec_from_dict
from kindred.spec.source import Source

Proposed = tuple[str, Proposal]
"""The text of a spec that has been validated, and the proposal that it renders."""


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
    path: Path, request: ProposalRequest, separator: str | None = None, **options: str | None
) -> Proposed:
    """Propose a spec for a file, with the options of ``open_table``."""
    space = identifier_of(path.name)
    evidence = read_csv(path, request.roles, separator, SAMPLE, **options)
    return propose_text(
        f"public.{space}", path.name, request.roles, evidence, request.space or space
    )


def propose_from_source(
    deployment: Deployment, request: ProposalRequest, connection: str, **relation: str
) -> Proposed:
    """Propose a spec for a ``table`` or view of the source, or for a ``query`` to it."""
    try:
        source = Source(
            connection=connection,
            key=request.key,
            updated_at=request.updated_at or "none",
            **relation,  # type: ignore[arg-type]
        )
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InferenceError("table", message) from error
    with deployment.reader(source.connection, "kindred infer-spec") as database:
        evidence = read_sample(database, source)
        space = request.space or identifier_of((source.table_parts or ["query"])[-1])
        origin = f"table {source.table}" if source.table else "a query"
        text, proposal = propose_text(
            source.table or "", origin, request.roles, evidence, space, source=source
        )
        # What a run would refuse is said now.
        describe(database, spec_from_dict({"space": space, **yaml.safe_load(text)}, where=origin))
    return text, proposal


def propose_text(
    table: str,
    origin: str,
    roles: Roles,
    evidence: Evidence,
    space: str,
    schedule: str = NIGHTLY,
    source: Source | None = None,
) -> Proposed:
    """Propose a spec for typed columns; of ``source``, its query and connection are named."""
    proposal = propose(table, roles, evidence, schedule)
    if source is not None:
        proposal = replace(proposal, query=source.query, connection=source.connection)
    text = render(proposal, origin)
    spec_from_dict({"space": space, **yaml.safe_load(text)}, where=f"the spec for {origin}")
    return text, proposal


def query_of(option: str) -> str:
    """The text of ``--query``: what follows, or what a file holds that is named by ``@file.sql``.

    Raises
    ------
    SettingsError
        when there is no text, or the file cannot be read.
    """
    text = option
    if option.startswith("@"):
        try:
            text = Path(option[1:]).read_text(encoding="utf-8-sig")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise SettingsError(f"--query {option}: cannot be read: {reason}") from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"--query {option}: is not UTF-8: save it as UTF-8") from error
    if not text.strip() or "\0" in text:
        found = "a NUL character" if text.strip() else "nothing"
        raise SettingsError(f"--query: a query is expected, or @file.sql; found {found}")
    return text.strip().replace("\r\n", "\n")


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
