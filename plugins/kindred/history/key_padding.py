"""Keys of type ``char(n)``: blanks at their ends mean nothing, also where they are texts later."""

from kindred.errors import DataError, PreflightError
from kindred.spec.model import Spec
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType

PADDED = "bpchar"


def record(database: Database, spec: Spec) -> None:
    """Record that the source pads its keys; from then on blanks at their ends mean nothing.

    Raises
    ------
    PreflightError
        when they have meant something so far.
    """
    is_new = database.run("history/record_padded_keys")
    if not is_new or not database.has_table("customer_versions"):
        return
    known = int(database.value("history/count_blank_ends"))
    if known:
        key = spec.source.key
        raise PreflightError(
            f"column {key!r} of the source is now a char(n), whose blanks at the end mean nothing,"
            f" but the keys of {known:,} known customers end in blanks, and they would be new ones:"
            " make it a text or varchar again, or use a new space (a spec file with another name)"
        )


def is_ignored(database: Database) -> bool:
    """Whether the source has ever padded them, so that what it has now may still be padded.

    A space that this release has not upgraded does not know.
    """
    is_upgraded = database.has_table("padded_keys")
    return is_upgraded and bool(database.value("history/are_keys_padded"))


def trimmed(cast: str, key_type: KeyType) -> str:
    """The SQL fragment for a key without these blanks, as the cast of a ``char(n)`` leaves it."""
    return f"rtrim({cast}, ' ')" if key_type is KeyType.TEXT else cast


def require_plain(database: Database, spec: Spec, key_type: KeyType, table: str) -> None:
    """Refuse keys that would make new customers of known ones, as the source pads them now.

    ``table`` has what was read. A few may differ by a blank and be right.

    Raises
    ------
    DataError
        when most of the keys are such.
    """
    if key_type is not KeyType.TEXT:
        return
    every, padded = map(int, database.row("history/count_padded_keys", landing=table) or (0, 0))
    if 2 * padded > every:
        key = spec.source.key
        remedy = f'query: select *, rtrim("{key}") as key_text from <the table>'  # noqa: S608
        raise DataError(
            f"{padded:,} of {every:,} keys that were read are those of known customers with blanks"
            f" at their ends, and would be new customers: has column {key!r} of the source become a"
            f" text, with the blanks of a char(n)? Take them off in the source's query: '{remedy}'"
            " and 'key: key_text'"
        )
