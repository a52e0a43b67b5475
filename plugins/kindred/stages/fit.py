"""kindred fit: land everything before a moment and fit an encoder as of it, without a snapshot.

Run once before a backfill, so that all its dates share one encoder.
"""

import logging

from kindred.artefacts import snapshot_slug
from kindred.spec import Spec
from kindred.stages.embed_texts import embed_as_of, open_models
from kindred.stages.extract import extract
from kindred.stages.fit_encoder import fit_as_of
from kindred.stages.run import Run, Workplace
from kindred.stages.validate import land
from kindred.store import encoders, preflight, space
from kindred.store.locks import Resource, locked
from kindred.store.snapshots import Build
from kindred.store.versions import ensure_versions_table
from kindred.windows import Window

log = logging.getLogger(__name__)


def fit(
    workplace: Workplace, spec: Spec, window: Window, *, refit: bool = False
) -> tuple[int, bool]:
    """The encoder for the snapshots up to ``window.as_of``, and whether it was fitted now.

    An encoder of the same features is kept; ``refit`` makes a new one as of the moment.
    """
    as_of = window.as_of
    open_models(spec)
    label = f"kindred {spec.space} {as_of:%Y-%m-%dT%H:%M} fit"
    _prepare_space(workplace, spec, label)
    run = _run_without_snapshot(workplace, spec, window)
    with run.warehouse("fit") as warehouse:
        version = encoders.choose(warehouse, spec, as_of)
        if version is not None and not refit:
            return version, False
    with run.working("fit") as warehouse:
        extract(run)
        land(run)
        run.landing.drop(warehouse)
        embed_as_of(warehouse, spec, as_of)
        with run.locked(warehouse, Resource.ENCODER):
            found = encoders.find(warehouse, spec, as_of)
            return (found, False) if found else (fit_as_of(warehouse, run, as_of), True)


def _prepare_space(workplace: Workplace, spec: Spec, label: str) -> None:
    with workplace.source(spec, label) as origin, workplace.warehouse(label) as warehouse:
        report = preflight.inspect(spec, workplace.settings, origin, warehouse)
        columns = report.columns_or_raise()
        wait_seconds = workplace.settings.lock_wait_seconds
        with (
            locked(warehouse, spec.internal_schema, Resource.SCHEMA, wait_seconds=wait_seconds),
            warehouse.transaction(),
        ):
            space.create_space(warehouse, spec, columns.key_type)
            ensure_versions_table(warehouse, spec, columns)


def _run_without_snapshot(workplace: Workplace, spec: Spec, window: Window) -> Run:
    build = Build(
        run_id=f"fit__{window.as_of.isoformat()}",
        state="building",
        window_start=window.start,
        settings=spec.model_dump(mode="json"),
        settings_hash=spec.settings_hash(),
        encoder_version=None,
        may_fit=True,
        may_refit=False,
        facts={},
    )
    suffix = f"fit_{snapshot_slug(window.as_of)}"
    return Run(workplace, spec, window.as_of, build, landing_suffix=suffix)
