"""Checks of the audience files of a space: none stops a run, since an audience fails alone."""

from collections.abc import Iterator
from datetime import UTC, datetime

from kindred.audiences.audience_checks import problems_with
from kindred.audiences.audience_files import (
    AudienceFile,
    folder_of,
    missing_folders,
    read_audience_files,
)
from kindred.audiences.id_file import read_ids
from kindred.audiences.source_ids import describe, of_a_file, opened
from kindred.errors import AudienceError
from kindred.run.context import Deployment
from kindred.run.findings import Finding, Outcome
from kindred.settings import variable_name
from kindred.spec.audiences import Audience, Population
from kindred.spec.model import Spec
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

LABEL = "kindred {} preflight"


def findings(
    spec: Spec, deployment: Deployment, warehouse: Database, key_type: KeyType | None
) -> Iterator[Finding]:
    """Whether each audience of the space can be made, as far as that shows before the night.

    ``key_type``: that of the space; None where its source could not be read.
    """
    for folder in missing_folders():
        variable = variable_name("audiences")
        yield _warning(f"{variable}: there is no folder {folder}; correct it, or make the folder")
    for file in read_audience_files(spec.space):
        problems = list(_problems(spec, deployment, warehouse, key_type, file))
        for problem in problems:
            yield _warning(f"audience {file.name} will not be made: {problem}")
        if not problems and file.audience is not None:
            given = ", ".join(
                f"{role} by {population.form}"
                for role, population in file.audience.populations.items()
            )
            yield Finding("audience", Outcome.OK, f"{file.name}: {given}")


def _warning(message: str) -> Finding:
    return Finding("audience", Outcome.WARNING, message)


def _problems(
    spec: Spec,
    deployment: Deployment,
    warehouse: Database,
    key_type: KeyType | None,
    file: AudienceFile,
) -> Iterator[str]:
    if file.audience is None:
        yield str(file.problem)
        return
    yield from problems_with(spec, file.audience)
    for role, population in file.audience.populations.items():
        try:
            if population.form == "file":
                _check_file(file.audience, population, spec.source.key)
            elif population.form != "label" and key_type is not None:
                with opened(
                    deployment, warehouse, population, role, LABEL.format(spec.space)
                ) as origin:
                    describe(
                        origin,
                        population,
                        role,
                        as_of=datetime.now(UTC),
                        key=spec.source.key,
                        key_type=key_type,
                        most=file.audience.max_ids,
                    ).check(origin)
        except AudienceError as error:
            yield _in_full(error)


def _check_file(audience: Audience, population: Population, key: str) -> None:
    """Read the first id."""
    if (folder := folder_of(audience.name)) is not None:
        next(read_ids(folder, str(population.file), population.column, key), None)


def _in_full(error: AudienceError) -> str:
    """The reason, with the words that readers do not get."""
    if error.__cause__ is None:
        return error.reason
    cause = of_a_file(str(error.__cause__).strip())
    return error.reason if cause == error.reason else f"{error.reason}: {cause}"
