"""Task ``prepare``: run all checks, migrate the schemas, choose the encoder, begin the build."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from kindred.audiences.audience_files import FACT, AudienceFile, read_audience_files
from kindred.encoding import encoder_versions
from kindred.encoding.text_embedding import open_models
from kindred.errors import EncoderMissingError, SpecError
from kindred.events.event_retention import require_kept
from kindred.events.event_tables import ensure_event_tables
from kindred.history.source import SourceColumns
from kindred.history.suppression import IGNORES_CASE
from kindred.history.versions import ensure_versions_table
from kindred.preparation import preflight
from kindred.run import builds
from kindred.run.context import Deployment
from kindred.run.findings import Outcome
from kindred.run.windows import Window
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec, spec_from_dict
from kindred.spec.schedules import local_date
from kindred.warehouse import partitions, schemas
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource, locked

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What a run was asked for.

    ``may_fit``: whether this run may fit an encoder if there is none (a backfill never may);
    ``may_refit``: whether it may replace the encoder according to the spec's ``refit`` (scheduled
    runs only); ``only_lands``: whether it lands rows and leaves the snapshot to a later date of its
    backfill.
    """

    run_id: str
    window: Window
    may_fit: bool
    may_refit: bool = False
    algorithms: Sequence[Algorithm] | None = None
    encoder_version: int | None = None
    full_extract: bool = False
    only_lands: bool = False


def with_params(spec: Spec, request: Request) -> Spec:
    """The spec with the changes that the run's parameters make.

    Raises
    ------
    SpecError
        when the spec does not allow it.
    """
    if request.algorithms is None:
        return spec
    offered = spec.clustering.offered
    if not set(request.algorithms) <= set(offered):
        raise SpecError(
            f"parameters of the run: algorithms {', '.join(request.algorithms)} were asked for, but"
            f" the spec offers {', '.join(offered)}; 'ivfflat' must be listed in its"
            " clustering.algorithms, since the task then waits for the index"
        )
    settings = spec.model_dump(mode="json")
    settings["clustering"]["algorithms"] = [str(algorithm) for algorithm in request.algorithms]
    return spec_from_dict(settings, where="parameters of the run")


def prepare(deployment: Deployment, spec: Spec, request: Request) -> dict[str, Any]:
    """Begin a build; returns the reference that the other tasks receive.

    What the spec calls private is hidden first, also if the request is then refused.

    Raises
    ------
    PreflightError
        when a check fails, before anything else is changed.
    SentenceModelError
        likewise, when the model of a text column cannot be used.
    EncoderMissingError
        when there is no suitable encoder and this run may not fit one.
    SpecError
        when the run's parameters ask for what the spec does not allow.
    """
    as_of = request.window.as_of
    label = f"kindred {spec.space} {as_of:%Y-%m-%dT%H:%M} prepare"
    with deployment.warehouse(label, prove=True) as warehouse:
        hidden = schemas.hide_private_columns(warehouse, spec)
        offered, spec = spec.clustering.algorithms, with_params(spec, request)
        open_models(spec)
        audiences = read_audience_files(spec.space)
        with deployment.source(spec, label, prove=True) as origin:
            report = preflight.inspect(
                spec, deployment, origin, warehouse, as_of, full_extract=request.full_extract
            )
        for finding in report.findings:
            if finding.outcome is Outcome.WARNING:
                log.warning("%s", finding.message)
        columns = report.columns_or_raise()
        wait_seconds = deployment.settings.lock_wait_seconds
        with locked(warehouse, spec.internal_schema, Resource.SCHEMA, wait_seconds=wait_seconds):
            # One transaction: a rejected request leaves all else in the warehouse unchanged.
            with schemas.naming_hidden(hidden), warehouse.transaction():
                schemas.create_space(warehouse, spec, columns.key_type, wait_seconds=wait_seconds)
                ensure_versions_table(warehouse, spec, columns, wait_seconds=wait_seconds)
                ensure_event_tables(warehouse, spec, wait_seconds=wait_seconds)
                if not request.only_lands:
                    require_kept(warehouse, spec, as_of)
                version = choose_encoder(warehouse, spec, request)
                require_algorithms(warehouse, offered, request)
            _begin(warehouse, spec, request, version)
            _record_audiences(warehouse, request, audiences, columns, spec.private)
    log.info(
        "snapshot %s of space %s begun, encoder %s", as_of, spec.space, version or "to be fitted"
    )
    return {
        "space": spec.space,
        "as_of": as_of.isoformat(),
        "run_id": request.run_id,
        "full_extract": request.full_extract,
        "only_lands": request.only_lands,
    }


def require_algorithms(
    warehouse: Database, algorithms: Sequence[Algorithm], request: Request
) -> None:
    """Readers lose no segments: a run that they will see has all algorithms of the spec.

    Raises
    ------
    SpecError
        when one is missing.
    """
    as_of = request.window.as_of
    chosen = algorithms if request.algorithms is None else request.algorithms
    missing = [algorithm for algorithm in algorithms if algorithm not in chosen]
    if not missing or request.only_lands:
        return
    is_published = builds.is_published(warehouse, as_of)
    if is_published or builds.current(warehouse).is_older_than(as_of):
        raise SpecError(
            f"parameters of the run: algorithms {', '.join(chosen)} were asked for, without"
            f" {', '.join(missing)} of the spec, but snapshot {as_of.isoformat()}"
            f" {'is published' if is_published else 'would become the current one'}, and readers"
            f" would lose these segments; give at least {', '.join(algorithms)}, or no algorithms"
        )


def choose_encoder(warehouse: Database, spec: Spec, request: Request) -> int | None:
    """The encoder version for this run, or None if it is to fit one."""
    if request.encoder_version is not None:
        return encoder_versions.check(warehouse, spec, request.encoder_version)
    version = encoder_versions.choose(warehouse, spec, request.window.as_of)
    if version is not None:
        return version
    is_newest = builds.current(warehouse).is_older_than(request.window.as_of)
    if request.may_fit and is_newest:
        return None
    raise EncoderMissingError(
        f"space {spec.space!r} has no encoder for its current features, and this run may not fit"
        f" one: run 'kindred fit --space {spec.space} --as-of <the last date of the range>' first,"
        " so that all dates of a backfill share one encoder"
    )


def _begin(warehouse: Database, spec: Spec, request: Request, version: int | None) -> None:
    as_of = request.window.as_of
    partitions.drop_aside(warehouse, as_of)
    builds.begin(
        warehouse,
        as_of=as_of,
        window_start=request.window.start,
        run_id=request.run_id,
        settings=spec.model_dump(mode="json"),
        settings_hash=spec.settings_hash(),
        history=builds.history_of(warehouse, as_of, keeps_versions=spec.source.keeps_versions),
        encoder_version=version,
        may_fit=request.may_fit,
        may_refit=_may_refit(warehouse, request),
        as_of_date=local_date(spec.schedule, as_of),
    )


def _record_audiences(
    warehouse: Database,
    request: Request,
    audiences: list[AudienceFile],
    columns: SourceColumns,
    private: Collection[str],
) -> None:
    """Record the audiences as their files are now: the tasks that follow read no others."""
    facts: dict[str, Any] = {IGNORES_CASE: True} if columns.ignores_case else {}
    if audiences:
        facts[FACT] = [file.to_fact(private) for file in audiences]
    if facts:
        builds.add_facts(warehouse, request.window.as_of, request.run_id, **facts)


def _may_refit(warehouse: Database, request: Request) -> bool:
    """Whether a new encoder may replace the chosen one.

    Not if the request names one, nor for a date that is published already, nor for a past date.
    """
    as_of = request.window.as_of
    return (
        request.may_refit
        and request.encoder_version is None
        and not builds.is_published(warehouse, as_of)
        and builds.current(warehouse).is_older_than(as_of)
    )
