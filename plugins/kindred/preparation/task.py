"""prepare: check everything, bring the schemas up to date, choose the encoder, begin the build."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kindred.encoding import encoder_versions
from kindred.encoding.text_embedding import open_models
from kindred.errors import EncoderMissingError, SpecError
from kindred.history.versions import ensure_versions_table
from kindred.preparation import preflight
from kindred.run import builds
from kindred.run.context import Deployment
from kindred.run.findings import Outcome
from kindred.run.windows import Window
from kindred.spec.clustering import Algorithm
from kindred.spec.model import Spec, spec_from_dict
from kindred.warehouse import partitions, schemas
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource, locked

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What a run was asked for.

    ``may_fit``: whether this run may fit an encoder where there is none (never a backfill);
    ``may_refit``: whether it may fit a new one as the spec's ``refit`` says (a scheduled run only);
    ``only_lands``: whether it lands rows and leaves the snapshot to a later date of its backfill.
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
    """The spec with what the run's parameters change.

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
            f"parameters of the run: algorithms {', '.join(request.algorithms)} were asked for, and"
            f" the spec offers {', '.join(offered)}; 'ivfflat' must stand in its"
            " clustering.algorithms, since the task then waits for the index"
        )
    settings = spec.model_dump(mode="json")
    settings["clustering"]["algorithms"] = [str(algorithm) for algorithm in request.algorithms]
    return spec_from_dict(settings, where="parameters of the run")


def prepare(deployment: Deployment, spec: Spec, request: Request) -> dict[str, Any]:
    """Begin a build; returns the reference that the other tasks are given.

    Raises
    ------
    PreflightError
        before anything is changed, when something is missing.
    SentenceModelError
        likewise, when the model of a text column cannot be used.
    EncoderMissingError
        when no encoder fits and this run may not make one.
    """
    spec = with_params(spec, request)
    open_models(spec)
    as_of = request.window.as_of
    label = f"kindred {spec.space} {as_of:%Y-%m-%dT%H:%M} prepare"
    with deployment.source(spec, label) as origin, deployment.warehouse(label) as warehouse:
        report = preflight.inspect(spec, deployment.settings, origin, warehouse)
        for finding in report.findings:
            if finding.outcome is Outcome.WARNING:
                log.warning("%s", finding.message)
        columns = report.columns_or_raise()
        wait_seconds = deployment.settings.lock_wait_seconds
        with locked(warehouse, spec.internal_schema, Resource.SCHEMA, wait_seconds=wait_seconds):
            # One transaction: a request that is refused leaves the warehouse as it was.
            with warehouse.transaction():
                schemas.create_space(warehouse, spec, columns.key_type)
                ensure_versions_table(warehouse, spec, columns)
                version = choose_encoder(warehouse, spec, request)
            _begin(warehouse, spec, request, version)
    log.info(
        "snapshot %s of space %s begun, encoder %s", as_of, spec.space, version or "to be fitted"
    )
    return {
        "space": spec.space,
        "as_of": as_of.isoformat(),
        "run_id": request.run_id,
        "full_extract": request.full_extract,
        "only_lands": request.only_lands,
        "algorithms": [str(algorithm) for algorithm in spec.clustering.algorithms],
    }


def choose_encoder(warehouse: Database, spec: Spec, request: Request) -> int | None:
    """The version for this run, or None where it is to fit one."""
    if request.encoder_version is not None:
        return encoder_versions.check(warehouse, spec, request.encoder_version)
    version = encoder_versions.choose(warehouse, spec, request.window.as_of)
    if version is not None:
        return version
    is_newest = builds.current(warehouse).is_older_than(request.window.as_of)
    if request.may_fit and is_newest:
        return None
    raise EncoderMissingError(
        f"space {spec.space!r} has no encoder for its present features, and this run may not fit"
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
        history=builds.history_of(
            warehouse, as_of, keeps_versions=spec.source.history == "versions"
        ),
        encoder_version=version,
        may_fit=request.may_fit,
        may_refit=_may_refit(warehouse, request),
    )


def _may_refit(warehouse: Database, request: Request) -> bool:
    """Whether a new encoder may take the place of the chosen one.

    Not where one was asked for, nor for a date that is published with its own, nor in the past.
    """
    as_of = request.window.as_of
    return (
        request.may_refit
        and request.encoder_version is None
        and not builds.is_published(warehouse, as_of)
        and builds.current(warehouse).is_older_than(as_of)
    )
