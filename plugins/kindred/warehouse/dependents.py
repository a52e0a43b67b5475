"""What others have built on objects of ours: it is never dropped, but named."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import Error, errors

from kindred.errors import PreflightError

STANDS_IN_THE_WAY = (
    errors.DependentObjectsStillExist,
    errors.FeatureNotSupported,  # PostgreSQL's answer if a column of a view changes its type
    errors.RaiseException,
)


@contextmanager
def naming_dependents(what: str) -> Iterator[None]:
    """Run statements that change or drop an object of ours.

    Raises
    ------
    PreflightError
        when something was built on it; the message names it.
    """
    try:
        yield
    except STANDS_IN_THE_WAY as error:
        is_other = isinstance(error, errors.FeatureNotSupported)
        if is_other and not error.diag.message_detail:  # nothing depends on what it changes
            raise
        raise _built_upon(what, error) from error


def _built_upon(what: str, error: Error) -> PreflightError:
    found = "; ".join((error.diag.message_detail or str(error)).splitlines())
    return PreflightError(
        f"warehouse: {what} must be made anew, but something was built on it: {found}. Nothing has"
        " been changed. Keep the definitions of what is named, drop it, clear this task, and create"
        " it again once the snapshot is published (docs/upgrade.md)"
    )
