"""``kindred export-audience``: the members of a tier, to a file or to an endpoint, and recorded."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from kindred.audiences import export_rows
from kindred.audiences.csv_lines import csv_lines, needs_guard
from kindred.audiences.exclusion import excluded_now
from kindred.audiences.export_rows import Exportable, ExportRecord, ExportRequest
from kindred.audiences.export_target import Target
from kindred.audiences.hashing import HMAC_KEY_CHARACTERS, Hashing, hasher
from kindred.audiences.source_values import SourceColumn, source_column
from kindred.errors import DataError, KindredError, SettingsError, SourceValueError
from kindred.history import key_padding
from kindred.run.context import Deployment
from kindred.settings import Secrets, variable_name
from kindred.spec.model import Spec
from kindred.warehouse import schemas
from kindred.warehouse.database import Database
from kindred.warehouse.keys import KeyType
from kindred.warehouse.locks import Resource, shared

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exported:
    """What was exported; ``guarded``: values that got an apostrophe, since they began a formula.

    ``was_complete``: an earlier command had made the file, and was killed before it recorded that.
    ``kept_days``: days for which its customers are kept if no outcome is named, 0 for ever.
    ``warnings``: what was odd about who is excluded.
    """

    audience: Exportable
    record: ExportRecord
    lines: int
    guarded: int = 0
    was_complete: bool = False
    kept_days: int = 0
    warnings: tuple[str, ...] = ()


def export_audience(
    deployment: Deployment, spec: Spec, request: ExportRequest, target: Target
) -> Exported:
    """Export the members of a tier; erasures wait until it ends.

    Its customers are recorded first. A command that is killed leaves an unfinished record and no
    file, or, if it was killed at the very last moment, a file that the same command then finds.

    Raises
    ------
    DataError
        when the audience or the tier is not published, or nobody is left to export.
    SettingsError
        when the target, the column or the secret is not right; nothing has been recorded.
    PreflightError
        when the source cannot be read.
    """
    schema = spec.internal_schema
    label = f"kindred {spec.space} export-audience"
    wait_seconds = deployment.settings.lock_wait_seconds
    kept_days = deployment.settings.keep_export_days
    make = hasher(request.hashing, _secret_of(request.hashing))
    with ExitStack() as stack:
        warehouse = stack.enter_context(deployment.warehouse(label, schema, is_migrated=True))
        lock = shared(warehouse, schema, Resource.ERASURE, wait_seconds=wait_seconds)
        stack.enter_context(lock)
        key_type = schemas.key_type_in(warehouse, schema)
        audience = export_rows.find_exportable(warehouse, request.audience, request.as_of)
        request = replace(request, tier=audience.size_of(request.tier))
        found = export_rows.find_written(warehouse, request, audience)
        if found is not None and not target.holds(found.digest or ""):
            found = None
        if found is None:
            target.require_free()
        column = None
        if request.column is not None:
            private = export_rows.private_names(warehouse) | {*spec.private}
            origin = stack.enter_context(deployment.source(spec, label))
            column = source_column(origin, spec, request.column, private)
            if key_padding.is_ignored(warehouse):
                column = replace(column, columns=column.columns.with_trimmed_keys())
        found_now = excluded_now(deployment, spec, warehouse, audience, request.exported_at)
        excluded, odd = found_now.keys, found_now.warnings
        if found is not None:
            if export_rows.is_current(warehouse, found, request, audience, excluded, key_type):
                export_rows.finish(warehouse, found.number)
                lines = found.lines or 0
                return Exported(
                    audience, found, lines, was_complete=True, kept_days=kept_days, warnings=odd
                )
            _require_free_of_old(target, found)
        record = export_rows.freeze(warehouse, request, audience, excluded, key_type)
        made = Lines(request, spec, column, make, key_type)
        try:
            _write(warehouse, record.number, made, target)
        except BaseException as error:
            if not warehouse.connection.closed:
                export_rows.record_failure(warehouse, record.number, _why(error))
            raise
        export_rows.finish(warehouse, record.number)
    log.info("export %d: %d lines of audience %s", record.number, made.count, audience.name)
    return Exported(audience, record, made.count, made.guarded, kept_days=kept_days, warnings=odd)


def _require_free_of_old(target: Target, found: ExportRecord) -> None:
    """Check that a file may be replaced whose people are others than would be exported now.

    Raises
    ------
    SettingsError
        when it may not.
    """
    try:
        target.require_free()
    except SettingsError as error:
        raise SettingsError(
            f"{error}; the file is that of export {found.number}, which was killed, and since then"
            " somebody in it has been erased or excluded"
        ) from error


def _why(error: BaseException) -> str:
    """What is recorded of an error: never a value of the source, which its server may quote."""
    if isinstance(error, SourceValueError):
        return "the source could not be read; what its server said may quote a value"
    return str(error) if isinstance(error, KindredError) else type(error).__name__


def _secret_of(hashing: Hashing) -> bytes:
    """The secret of the HMAC; empty where none is needed.

    Raises
    ------
    SettingsError
        when it is not set or too short; its value is not repeated.
    """
    if hashing is not Hashing.HMAC:
        return b""
    found = Secrets.from_env().export_key.get_secret_value()
    if len(found) < HMAC_KEY_CHARACTERS:
        raise SettingsError(
            f"{variable_name('export_key')}: {len(found)} characters were found, at least"
            f" {HMAC_KEY_CHARACTERS} are needed for --hash hmac; set it to the secret that was"
            " agreed with whoever receives the file"
        )
    return found.encode()


def _write(warehouse: Database, number: int, lines: "Lines", target: Target) -> None:
    digest = hashlib.sha256()
    with target.writing() as file:

        def emit(data: bytes) -> None:
            file.write(data)
            digest.update(data)

        emit(lines.header())
        export_rows.read_members(
            warehouse, number, lines.key_type, lambda keys: emit(lines.of(keys))
        )
        lines.require_any()
        export_rows.record_written(warehouse, number, lines.count, digest.hexdigest())


@dataclass
class Lines:
    """Makes the lines of a file, and counts them; ``column`` is None for the ids."""

    request: ExportRequest
    spec: Spec
    column: SourceColumn | None
    make: Callable[[str], str]
    key_type: KeyType
    members: int = 0
    count: int = 0
    guarded: int = 0

    @property
    def are_numbers(self) -> bool:
        """Whether the values are whole numbers, which no spreadsheet evaluates."""
        is_plain = self.request.hashing is Hashing.NONE and self.column is None
        return is_plain and self.key_type is KeyType.BIGINT

    def header(self) -> bytes:
        """The first line: the name of the column."""
        return csv_lines([self.request.column or self.spec.source.key])

    def of(self, keys: Sequence[Any]) -> bytes:
        """The lines of some members; those whose value is blank have none."""
        values = [str(key) for key in keys] if self.column is None else self.column.values(keys)
        texts = [self.make(value) for value in values if value.strip()]
        self.members += len(keys)
        self.count += len(texts)
        if not self.are_numbers:
            self.guarded += sum(map(needs_guard, texts))
        return csv_lines(texts, are_numbers=self.are_numbers)

    def require_any(self) -> None:
        """Check that somebody has a value.

        Raises
        ------
        DataError
            when nobody has.
        """
        if not self.count:
            raise DataError(
                f"none of the {self.members} members has a value in column {self.request.column!r}"
                " of the source; there is nothing to export"
            )
