"""Who must be in no export now: the ``exclude`` of an audience, read anew."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kindred.audiences.audience_checks import shown_labels
from kindred.audiences.audience_files import missing_folders, read_audience_files
from kindred.audiences.conditions import condition_of, customers_meeting
from kindred.audiences.export_rows import Exportable, members_query
from kindred.audiences.populations import odd_exclusion
from kindred.audiences.status import Status
from kindred.audiences.stored_ids import EXCLUDE, StoredIds
from kindred.errors import AudienceError, DataError
from kindred.history.snapshot_customers import customers_as_of
from kindred.run import builds
from kindred.run.context import Deployment, Run, run_of_now
from kindred.spec.audience_reader import audience_from_dict
from kindred.spec.audiences import Audience
from kindred.spec.model import Spec
from kindred.warehouse.copy_writer import Array
from kindred.warehouse.database import Database
from kindred.warehouse.keys import concatenate_keys
from kindred.warehouse.undone import undone


@dataclass(frozen=True, eq=False)
class Excluded:
    """Keys of those who are excluded, ascending (see ``KeyType``), and what was odd about that."""

    keys: Array
    warnings: tuple[str, ...] = ()


def excluded_now(
    deployment: Deployment,
    spec: Spec,
    warehouse: Database,
    audience: Exportable,
    moment: datetime,
) -> Excluded:
    """Who is excluded at a moment.

    Both count: what the file said when the snapshot was made, and what it says now. Nothing of it
    is stored.

    Raises
    ------
    DataError
        when that cannot be read: then nothing may be exported.
    """
    build, _ = builds.read_published(warehouse, audience.as_of)
    with undone(warehouse) as session:
        run = run_of_now(deployment, moment, build, session)
        found = []
        for asked in _definitions(spec, audience):
            try:
                found.append(_excluded(run, session, asked, audience))
            except AudienceError as error:
                raise DataError(
                    f"audience {audience.name!r}: who is excluded now cannot be read, so that"
                    f" nothing is exported: {error.reason}"
                ) from error
        keys = concatenate_keys(run.key_type(session), [one.keys for one in found])
        warnings = dict.fromkeys(warning for one in found for warning in one.warnings)
        return Excluded(np.unique(keys), tuple(warnings))


def _definitions(spec: Spec, audience: Exportable) -> list[Audience]:
    """The audience as it was and as it is now, if it excludes anybody; once if that is the same."""
    where = f"audience {audience.name}"
    definitions = [audience_from_dict(audience.settings, where)]
    if missing := missing_folders():
        raise DataError(
            f"{where}: who is excluded now is not known, so that nothing is exported: there is no"
            f" folder {missing[0]} of audience files; correct KINDRED_AUDIENCES"
        )
    for file in read_audience_files(spec.space):
        if file.name == audience.name:
            if file.audience is None:
                raise DataError(
                    f"{where}: its file cannot be used, so that who is excluded now is not known:"
                    f" {file.problem}"
                )
            definitions.append(file.audience)
    excluding = {one.exclude.digest: one for one in definitions if one.exclude is not None}
    return list(excluding.values())


def _excluded(run: Run, session: Database, asked: Audience, audience: Exportable) -> Excluded:
    labels = asked.exclude.label if asked.exclude is not None else None
    if asked.exclude is not None and asked.exclude.is_digest:
        raise AudienceError(
            Status.FAILED,
            "the SQL of 'exclude' has changed since the snapshot was made, and is not stored;"
            " export a snapshot that was made since, or run its date again",
        )
    if labels is None:
        ids = StoredIds(run, session, asked, EXCLUDE)
        found = ids.resolve()
        odd = odd_exclusion(found.given, ids.knows_anybody())
        return Excluded(ids.known(members_query(audience)), (*found.warnings, *odd))
    condition = condition_of(session, labels, shown_labels(run.spec), f"{EXCLUDE}.label")
    customers = customers_as_of(run.spec, run.as_of)
    return Excluded(customers_meeting(run, session, customers, condition))
