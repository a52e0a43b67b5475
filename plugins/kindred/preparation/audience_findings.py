"""Checks of the audience files of a space: none stops a run, since an audience fails alone."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from kindred.audiences.audience_checks import problems_with, without_private
from kindred.audiences.audience_files import (
    AudienceFile,
    folder_of,
    ignored_files,
    missing_folders,
    read_audience_files,
)
from kindred.audiences.id_file import read_ids
from kindred.audiences.source_ids import describe, excess_rights, of_a_file, opened
from kindred.audiences.stored_ids import EXCLUDE
from kindred.errors import AudienceError, UnreachableError
from kindred.run.context import Deployment
from kindred.run.findings import Finding, Outcome
from kindred.settings import variable_name
from kindred.spec.audiences import Audience, Population
from kindred.spec.model import Spec
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType


def findings(
    spec: Spec, deployment: Deployment, warehouse: Database, key_type: KeyType | None
) -> Iterator[Finding]:
    """Whether each audience of the space can be made, as far as that shows before the night.

    ``key_type``: that of the space; None where its source could not be read.
    """
    for folder in missing_folders():
        variable = variable_name("audiences")
        yield _warning(f"{variable}: there is no folder {folder}; correct it, or make the folder")
    yield from map(_warning, ignored_files())
    check = _Checks(spec, deployment, warehouse, key_type)
    for file in read_audience_files(spec.space):
        problems = [without_private(problem, spec.private) for problem in check.problems(file)]
        for problem in problems:
            yield _warning(f"audience {file.name} will not be made: {problem}")
        if not problems and file.audience is not None:
            given = ", ".join(
                f"{role} by {population.form}"
                for role, population in file.audience.populations.items()
            )
            yield Finding("audience", Outcome.OK, f"{file.name}: {given}")
            unseen = [role for role, one in file.audience.populations.items() if one.label is None]
            if spec.private and unseen:
                yield _warning(
                    f"audience {file.name}: readers can guess from its members whom"
                    f" {' and '.join(map(repr, unseen))} name, who may have been found by a private"
                    " column; grant bi_reader only to people who may know it"
                )
    for connection, words in sorted(check.strong.items()):
        yield _warning(f"connection {connection!r}: {words}")


def _warning(message: str) -> Finding:
    return Finding("audience", Outcome.WARNING, message)


@dataclass(frozen=True)
class _Checks:
    """Checks of one space.

    ``down``: why a connection cannot be reached, which takes its time. ``strong``: what those may
    do whose user may end the sessions of the warehouse's owner.
    """

    spec: Spec
    deployment: Deployment
    warehouse: Database
    key_type: KeyType | None
    down: dict[str, AudienceError] = field(default_factory=dict)
    strong: dict[str, str] = field(default_factory=dict)

    def problems(self, file: AudienceFile) -> Iterator[str]:
        """Why an audience cannot be made."""
        if file.audience is None:
            yield str(file.problem)
            return
        yield from problems_with(self.spec, file.audience, may_quote=True)
        for role, population in file.audience.populations.items():
            try:
                if population.form == "file":
                    self._check_file(file.audience, role, population)
                elif population.form != "label" and self.key_type is not None:
                    self._check_source(file.audience, role, population, self.key_type)
            except AudienceError as error:
                if isinstance(error.__cause__, UnreachableError):
                    self.down[population.connection] = error
                yield _in_full(error)

    def _check_file(self, audience: Audience, role: str, population: Population) -> None:
        """Read the file, up to as many ids as it may give."""
        if (folder := folder_of(audience.name)) is not None:
            key = self.spec.source.key
            ids = read_ids(
                folder,
                str(population.file),
                population.column,
                key,
                role=role,
                needs_all=role == EXCLUDE,
            )
            deque(islice(ids, audience.max_ids), maxlen=0)

    def _check_source(
        self, audience: Audience, role: str, population: Population, key_type: KeyType
    ) -> None:
        """Have the source plan what it will be asked."""
        if population.connection in self.down:
            raise self.down[population.connection]
        label = f"kindred {self.spec.space} preflight"
        with opened(self.deployment, self.warehouse, population, role, label) as origin:
            describe(
                origin,
                population,
                role,
                as_of=datetime.now(UTC),
                key=self.spec.source.key,
                key_type=key_type,
                most=audience.max_ids,
            ).check(origin)
            if (words := excess_rights(origin, self.warehouse)) is not None:
                self.strong[population.connection] = words


def _in_full(error: AudienceError) -> str:
    """The reason, with the words that readers do not get."""
    if error.__cause__ is None:
        return error.reason
    cause = of_a_file(str(error.__cause__).strip())
    return error.reason if cause == error.reason else f"{error.reason}: {cause}"
