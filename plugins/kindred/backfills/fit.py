"""``kindred fit``: land all rows before a date and fit an encoder as of it, without a snapshot.

Run it once before a backfill, so that all its dates share one encoder.
"""

from dataclasses import replace
from datetime import datetime

from kindred.artefacts.folder import snapshot_slug
from kindred.encoding import encoder_versions
from kindred.encoding.fit_as_of import fit_as_of
from kindred.encoding.text_embedding import embed_new_texts, open_models
from kindred.events.event_retention import require_kept
from kindred.events.event_tables import ensure_event_tables
from kindred.events.task import drop_landings, extract, land
from kindred.history import snapshot_customers
from kindred.history.landing import Landing
from kindred.history.versions import ensure_versions_table
from kindred.preparation import preflight
from kindred.recommendations.catalogue_rows import drop_catalogue
from kindred.recommendations.task import copy_catalogue, keep_catalogue
from kindred.run.builds import Build
from kindred.run.context import Deployment, Run
from kindred.run.windows import Window
from kindred.spec.model import Spec
from kindred.warehouse import schemas
from kindred.warehouse.locks import Resource, locked


def fit(
    deployment: Deployment, spec: Spec, window: Window, *, refit: bool = False
) -> tuple[int, bool]:
    """The encoder for the snapshots up to ``window.as_of``, and whether this call fitted it.

    An existing encoder of the same features is used, unless ``refit`` is set.
    """
    as_of = window.as_of
    label = f"kindred {spec.space} {as_of:%Y-%m-%dT%H:%M} fit"
    _prepare_space(deployment, spec, label, as_of)
    run = _run_without_snapshot(deployment, spec, window)
    with run.warehouse("fit") as warehouse:
        version = encoder_versions.choose(warehouse, spec, as_of)
        if version is not None and not refit:
            _drop_tables(run)  # those of a try that was killed
            return version, False
    with run.working("fit") as warehouse:
        guarded = replace(run, session=warehouse)
        try:
            extract(guarded)
            copy_catalogue(guarded, is_newest=True)
            land(guarded)
            keep_catalogue(guarded)
            snapshot_customers.keep_customers(warehouse, guarded)
            embed_new_texts(warehouse, spec, snapshot_customers.kept_customers(warehouse, guarded))
            with guarded.locked(warehouse, Resource.ENCODER):
                found = encoder_versions.find(warehouse, spec, as_of)
                return (found, False) if found else (fit_as_of(warehouse, guarded), True)
        finally:
            _drop_tables(run)


def _drop_tables(run: Run) -> None:
    """Drop the tables of a fit, on a session of its own: that of the work may be lost."""
    with run.second_session("fit") as warehouse:
        Landing.of(run.slug).drop(warehouse)
        drop_landings(warehouse, run)
        drop_catalogue(warehouse, run)
        snapshot_customers.drop_customers(warehouse, run)


def _prepare_space(deployment: Deployment, spec: Spec, label: str, as_of: datetime) -> None:
    with deployment.warehouse(label, prove=True) as warehouse:
        hidden = schemas.hide_private_columns(warehouse, spec)
        open_models(spec)
        with deployment.source(spec, label, prove=True) as origin:
            report = preflight.inspect(spec, deployment, origin, warehouse, as_of)
        columns = report.columns_or_raise()
        wait_seconds = deployment.settings.lock_wait_seconds
        with (
            locked(warehouse, spec.internal_schema, Resource.SCHEMA, wait_seconds=wait_seconds),
            schemas.naming_hidden(hidden),
            warehouse.transaction(),
        ):
            schemas.create_space(warehouse, spec, columns.key_type, wait_seconds=wait_seconds)
            ensure_versions_table(warehouse, spec, columns, wait_seconds=wait_seconds)
            ensure_event_tables(warehouse, spec, wait_seconds=wait_seconds)
            require_kept(warehouse, spec, as_of)


def _run_without_snapshot(deployment: Deployment, spec: Spec, window: Window) -> Run:
    build = Build(
        run_id=f"fit__{window.as_of.isoformat()}",
        state="building",
        window_start=window.start,
        settings=spec.model_dump(mode="json"),
        settings_hash=spec.settings_hash(),
        encoder_version=None,
        may_refit=False,
        facts={},
    )
    suffix = f"fit_{snapshot_slug(window.as_of)}"
    return Run(deployment, spec, window.as_of, build, landing_suffix=suffix)
