"""``kindred audience``: what is published of audiences, and what their files would give now."""

from dataclasses import dataclass

from kindred.audiences import audience_facts
from kindred.audiences.audience_files import AudienceFile, ignored_files, read_audience_files
from kindred.audiences.shown import Shown, reasons_of, tiers_of
from kindred.audiences.shown_rows import published_audiences
from kindred.audiences.status import Status
from kindred.audiences.task import CAUSES, make_audience, why
from kindred.errors import SpecError
from kindred.run import builds
from kindred.run.context import Deployment, run_of_now
from kindred.serving.generations import read_serving
from kindred.spec.model import Spec
from kindred.spec.names import did_you_mean, listed
from kindred.warehouse.locks import Resource, shared
from kindred.warehouse.undone import undone


@dataclass(frozen=True)
class Listed:
    """An audience that has a file, or is published, or both."""

    name: str
    file: AudienceFile | None
    published: Shown | None


def list_audiences(deployment: Deployment, spec: Spec) -> list[Listed]:
    """All audiences of a space, by name."""
    files = {file.name: file for file in read_audience_files(spec.space)}
    label = f"kindred {spec.space} audience"
    with deployment.warehouse(label, spec.internal_schema) as warehouse:
        published = {}
        if warehouse.has_table("audiences"):
            published = {one.name: one for one in published_audiences(warehouse)}
    names = sorted(files.keys() | published.keys())
    return [Listed(name, files.get(name), published.get(name)) for name in names]


def published_audience(deployment: Deployment, spec: Spec, name: str) -> Shown:
    """An audience as the current snapshot has it.

    Raises
    ------
    SpecError
        when it has none of this name.
    """
    label = f"kindred {spec.space} audience"
    with deployment.warehouse(label, spec.internal_schema, is_migrated=True) as warehouse:
        found = published_audiences(warehouse, name)
        known = [one.name for one in published_audiences(warehouse)] if not found else []
    if not found:
        raise SpecError(
            f"the current snapshot has no audience {name!r}; it has {listed(known)}"
            f"{did_you_mean(name, known)}; --preview shows what its file would give{_ignored(name)}"
        )
    return found[0]


def preview(deployment: Deployment, spec: Spec, name: str) -> Shown:
    """What the file of an audience would give in the current snapshot; nothing stays written.

    Queries, tables and files are read as they are now. Erasures wait until it ends.

    Raises
    ------
    SpecError
        when there is no such file in the space.
    DataError
        when nothing is published there.
    """
    files = {file.name: file for file in read_audience_files(spec.space)}
    if name not in files:
        raise SpecError(
            f"space {spec.space} has no audience file {name!r}; it has {listed(list(files))}"
            f"{did_you_mean(name, files)}{_ignored(name)}"
        )
    schema, asked = spec.internal_schema, files[name].audience
    label = f"kindred {spec.space} audience {name}"
    wait_seconds = deployment.settings.lock_wait_seconds
    with (
        deployment.warehouse(label, schema, is_migrated=True) as warehouse,
        shared(warehouse, schema, Resource.ERASURE, wait_seconds=wait_seconds),
        undone(warehouse) as session,
    ):
        current = builds.current(session)
        as_of = builds.require_current(current)
        if asked is None:
            reason = files[name].problem or ""
            facts = audience_facts.without_members(name, Status.FAILED, reason)
            return Shown(name, as_of, facts["row"])
        build, _ = builds.read_published(session, as_of)
        run = run_of_now(deployment, as_of, build, session)  # whatever made the snapshot
        block_rows = deployment.settings.block_rows
        embeddings = read_serving(session, current, run.key_type(session), block_rows=block_rows)
        try:
            made = make_audience(run, session, asked, embeddings)
        except CAUSES as error:
            status, reason, seeds = why(error)
            facts = audience_facts.without_members(name, status, reason, seeds=seeds)
            return Shown(name, as_of, facts["row"])
    facts = made.facts(asked)
    return Shown(
        name,
        as_of,
        facts["row"],
        tuple(facts["quality"]),
        tiers_of(made.trained, made.is_control),
        reasons_of(made.trained, made.is_control),
    )


def _ignored(name: str) -> str:
    return "".join(f"; {sentence}" for sentence in ignored_files(name))
