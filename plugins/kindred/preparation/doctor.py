"""``kindred doctor``: run every preflight check and report all findings; changes nothing."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from kindred.encoding.text_embedding import open_models
from kindred.errors import KindredError, PreflightError, SentenceModelError
from kindred.history.reconciliation import SourceCounts, SourceKeys
from kindred.infer.hindsight import closing_by_name, closing_by_values
from kindred.infer.source_sample import read_sample
from kindred.preparation.preflight import inspect
from kindred.preparation.space_findings import large_object_findings
from kindred.run.connections import Connections
from kindred.run.context import Deployment
from kindred.run.findings import Finding, Outcome
from kindred.settings import Settings
from kindred.spec.features import Kind
from kindred.spec.model import Spec
from kindred.spec.source import History
from kindred.warehouse.database import Database


def examine(
    connections: Connections,
    space: str,
    spec_of: Callable[[str], Spec],
    check_settings: Callable[[Settings], None] = lambda _: None,
) -> list[Finding]:
    """Check settings, spec, connections and databases; stops if the rest cannot be checked.

    ``check_settings`` makes an object store of the artefacts known, and reads the other settings.
    """
    label = f"kindred {space} doctor"
    try:
        settings = Settings.from_env()
        check_settings(settings)
        spec = spec_of(space)
    except KindredError as error:
        return [Finding("settings and spec", Outcome.FAILURE, str(error))]
    deployment = Deployment(connections, settings)
    found = [
        Finding("settings and spec", Outcome.OK, f"{len(spec.features)} features, k = {spec.k}")
    ]
    try:
        for column, model in open_models(spec).items():
            what = f"column {column!r}: {model.name}, {model.dimensions} dimensions"
            found.append(Finding("sentence model", Outcome.OK, what))
    except SentenceModelError as error:
        found.append(Finding("sentence model", Outcome.FAILURE, str(error)))
    try:
        with (
            deployment.source(spec, label, prove=True) as origin,
            deployment.warehouse(label, prove=True) as warehouse,
        ):
            report = inspect(spec, deployment, origin, warehouse)
            found += report.findings
            found += large_object_findings(warehouse)
            # Events alone are many, and a window is all that a run reads of them.
            if report.columns is not None and spec.source.events is None:
                tomorrow = datetime.now(UTC) + timedelta(days=1)
                counts = SourceKeys(origin, spec, report.columns, tomorrow).count()
                found.append(_customer_finding(spec, counts))
                found += _hindsight_findings(origin, spec)
            return found
    except PreflightError as error:
        return [*found, Finding("connections", Outcome.FAILURE, str(error))]


def _customer_finding(spec: Spec, counts: SourceCounts) -> Finding:
    """Customers in the source, and those whose rows no run can land yet."""
    future, customers = counts.future_customers, counts.customers
    if not future:
        return Finding("customers", Outcome.OK, f"{customers} customers are in the source")
    return Finding(
        "customers",
        Outcome.WARNING,
        f"{future} of {customers} customers in the source have a row whose"
        f" {spec.source.updated_at!r} lies more than a day in the future: it is in no snapshot"
        " before that time; correct the times in the source",
    )


def _hindsight_findings(origin: Database, spec: Spec) -> Iterator[Finding]:
    """Warn of features that a source rewrites when a version closes, by name and by behaviour."""
    source = spec.source
    features = spec.column_features.items()
    flags = [name for name, feature in features if feature.kind is Kind.BOOLEAN]
    found = closing_by_name(spec.column_features, flags)
    if source.history is History.VERSIONS and source.has_updated_at:
        try:
            wanted = (source.key, source.updated_at, *spec.column_features)
            evidence = read_sample(origin, source, columns=wanted)
        except KindredError as error:
            yield Finding("hindsight", Outcome.WARNING, f"features cannot be judged: {error}")
        else:
            found |= closing_by_values(
                [column for column in evidence.columns if column.name in spec.column_features],
                evidence.column("key", source.key),
                evidence.column("updated_at", source.updated_at),
            )
    for name, reason in found.items():
        yield Finding(
            "hindsight",
            Outcome.WARNING,
            f"feature {name!r}: {reason}; a snapshot of the past would know what came later: leave"
            " it out",
        )
