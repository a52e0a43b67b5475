"""The ids of populations that are not made by labels: read once per date, stored, found again."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from psycopg2 import errors, sql

from kindred.audiences.audience_files import folder_of
from kindred.audiences.id_file import read_ids, spellings
from kindred.audiences.query_text import gives_past
from kindred.audiences.source_ids import describe, opened, said
from kindred.audiences.status import Status
from kindred.errors import AudienceError, LockTimeoutError
from kindred.history import key_padding
from kindred.history.snapshot_customers import Customers
from kindred.history.source_errors import storing
from kindred.history.suppression import IGNORES_CASE, SuppressionFilter
from kindred.run.context import Run
from kindred.spec.audiences import Audience, Population
from kindred.warehouse import statements
from kindred.warehouse.copy_pipe import pipe
from kindred.warehouse.copy_reader import BlockReader
from kindred.warehouse.copy_writer import Array, Column, Field, RowStream, encode_rows
from kindred.warehouse.database import Database
from kindred.warehouse.keys import (
    MAX_TEXT_KEY_BYTES,
    KeyType,
    concatenate_keys,
    foreign_key_casts,
)
from kindred.warehouse.partitions import set_lock_timeout

log = logging.getLogger(__name__)

LANDING, TEXTS = "landed_audience_ids", "landed_audience_texts"
COLUMNS = ("customer_id", "unusable_id")
EXCLUDE = "exclude"
"""The population whose ids must all be understood: whoever is missed is in the audience."""
_AS_KEYS = (
    "whom they mean is not known, and who is to be excluded must not be in the audience: write them"
    " as in the source's key column, or take them out"
)
LEAST_ANALYSED = 100_000
"""Ids that change the table so much that the planner must know of them at once."""


@dataclass(frozen=True)
class Resolution:
    """What a population was resolved to: distinct ids given, and what was odd about them."""

    given: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Landed:
    """Rows that have arrived, whether their ids ignore case, and what was odd about them.

    ``unknown``: distinct ids that were left out, since no customer is spelt in a way they can mean.
    """

    rows: int
    ignores_case: bool
    warnings: list[str]
    unknown: int = 0


@dataclass(frozen=True)
class StoredIds:
    """The ids of one population of an audience, for the date of a run."""

    run: Run
    warehouse: Database
    audience: Audience
    role: str

    @property
    def population(self) -> Population:
        """What the file says of it."""
        return self.audience.populations[self.role]

    def resolve(self) -> Resolution:
        """The resolution that is stored for the date, or a new one.

        Raises
        ------
        AudienceError
            when it cannot be read, or says nothing of the date.
        """
        found = self._stored()
        if found is not None and not (self.run.full_extract and self._may_be_read()):
            return found
        if self.population.is_digest:
            raise AudienceError(
                Status.FAILED,
                f"the SQL of {self.role!r} is not that of the file any more, and it is not stored;"
                " clear task 'prepare' with its downstream tasks, and the file is read anew",
            )
        if not self._may_be_read():
            raise AudienceError(Status.NO_HISTORY, self._why_no_history())
        return self._read_anew()

    def known(self, customers: Customers) -> Array:
        """The stored ids that are customers, ascending (see ``KeyType``)."""
        query = statements.compose("audiences/read_known_ids", customers=customers)
        key_type, block_rows = self.run.key_type(self.warehouse), self.run.settings.block_rows
        return read_keys(self.warehouse, query, key_type, self._place, block_rows)

    def knows_anybody(self) -> bool:
        """Whether one of the stored ids has ever been a customer's."""
        return bool(self.warehouse.value("audiences/knows_anybody", self._place))

    @property
    def _place(self) -> dict[str, Any]:
        return {
            "as_of": self.run.as_of,
            "audience": self.audience.name,
            "role": self.role,
            "digest": self.population.digest,
        }

    def _may_be_read(self) -> bool:
        """Whether it can still say who was meant on the date.

        A backfill's dates read nothing that speaks of the present, or they would depend on their
        order.
        """
        if gives_past(self.population):
            return True
        date = {"as_of": self.run.as_of}
        return self.run.build.may_fit and bool(
            self.warehouse.value("audiences/is_newest_date", date)
        )

    def _why_no_history(self) -> str:
        form = self.population.form
        reason = f"the {form} of {self.role!r} says who is meant now, and nothing of this date"
        if form == "file":
            return reason
        return f"{reason}; a query with ':as_of' would"

    def _stored(self) -> Resolution | None:
        found = self.warehouse.row("audiences/read_resolution", self._place)
        return None if found is None else Resolution(int(found[0]), tuple(found[1]))

    def _claim(self) -> None:
        """Wait until no other attempt resolves the population.

        Raises
        ------
        LockTimeoutError
            when another one has done so for longer than ``KINDRED_LOCK_WAIT_SECONDS``.
        """
        wait_seconds = self.run.settings.lock_wait_seconds
        set_lock_timeout(self.warehouse, int(1000 * wait_seconds) or 1)
        try:
            self.warehouse.run("audiences/claim_resolution", self._place)
        except errors.LockNotAvailable as error:
            raise LockTimeoutError(
                f"audience {self.audience.name}: {self.role!r} has been read by another attempt or"
                f" command for more than {wait_seconds:.0f} s; wait for it or end it, then clear"
                " this task"
            ) from error
        set_lock_timeout(self.warehouse, 0)

    def _read_anew(self) -> Resolution:
        """Read and store it, in one transaction; unless another attempt just has."""
        erased = SuppressionFilter.of(self.warehouse)
        key_type = self.run.key_type(self.warehouse)
        read = self._land_file if self.population.form == "file" else self._land_source
        with self.warehouse.transaction():
            self._claim()
            if not self.run.full_extract and (found := self._stored()) is not None:
                return found
            self.warehouse.run("audiences/create_landing", landing=LANDING, texts=TEXTS)
            landed = read(key_type)
            warnings = landed.warnings
            if landed.rows > self.audience.max_ids:
                raise AudienceError(
                    Status.FAILED,
                    f"the {self.population.form} of {self.role!r} gives more than"
                    f" {self.audience.max_ids:,} rows; select fewer, or raise 'max_ids'",
                )
            if landed.ignores_case and key_type is KeyType.TEXT:
                self.warehouse.run("history/spell_keys", landing=LANDING, rows=LANDING)
            counts = self.warehouse.rows("audiences/count_landed", landing=LANDING)[0]
            given, empty, unusable = map(int, counts)
            given += landed.unknown
            if empty:
                warnings.append(f"{empty:,} rows of {self.role!r} have no id")
            if unusable:
                unreadable = f"{unusable:,} ids of {self.role!r} can be no keys of type {key_type}"
                if self.role == EXCLUDE:
                    raise AudienceError(Status.FAILED, f"{unreadable}; {_AS_KEYS}")
                warnings.append(unreadable)
            erased.clean(self.warehouse, LANDING, key_type)
            self.warehouse.run("audiences/delete_ids", self._place)
            longest = {"most_bytes": MAX_TEXT_KEY_BYTES}
            self.warehouse.run("audiences/store_ids", self._place | longest, landing=LANDING)
            made = {"given": given, "warnings": warnings}
            self.warehouse.run("audiences/record_resolution", self._place | made)
        if given >= LEAST_ANALYSED:
            self.warehouse.run("warehouse/analyze_table", table="audience_ids")
        log.info("audience %s: %r gives %d ids", self.audience.name, self.role, given)
        return Resolution(given, tuple(warnings))

    def _land_source(self, key_type: KeyType) -> "_Landed":
        """Land a query or table."""
        population, warnings = self.population, []
        label = self.run.label("audience")
        with opened(self.run.deployment, self.warehouse, population, self.role, label) as origin:
            found = describe(
                origin,
                population,
                self.role,
                as_of=self.run.as_of,
                key=self.run.spec.source.key,
                key_type=key_type,
                most=self.audience.max_ids,
            )
            if key_type is KeyType.TEXT and key_padding.is_ignored(self.warehouse):
                found = found.with_trimmed_keys()
            if found.hidden_rows(origin):
                warnings.append(
                    f"a policy may hide rows of {self.role!r} from the connection's user"
                )
            with said(self.role, population), storing(population, self.role):
                rows = pipe(
                    lambda sink: found.send(origin, sink),
                    lambda stream: self.warehouse.copy_in(LANDING, COLUMNS, stream),
                )
        return _Landed(rows, found.ignores_case or self._ignores_case, warnings)

    def _land_file(self, key_type: KeyType) -> "_Landed":
        """The same for a file, read as it lies on this machine."""
        population, rows = self.population, 0
        folder = folder_of(self.audience.name)
        if folder is None:
            raise AudienceError(
                Status.FAILED, "the audience's file is gone, and its folder unknown"
            )
        ids = read_ids(
            folder,
            str(population.file),
            population.column,
            self.run.spec.source.key,
            role=self.role,
            needs_all=self.role == EXCLUDE,
        )
        most = islice(ids, self.audience.max_ids + 1)
        while block := list(islice(most, self.run.settings.block_rows)):
            with storing(population, self.role):
                data = RowStream([encode_rows(_texts(block, key_type))])
                rows += self.warehouse.copy_in(TEXTS, ["id", "spellings"], data)
        unknown, warnings = self._respell() if key_type is KeyType.TEXT else (0, [])
        key, unusable = (
            sql.SQL(cast).format(c=sql.Identifier("given", "id"))
            for cast in foreign_key_casts("id", "text", key_type)
        )
        self.warehouse.run(
            "audiences/land_texts", landing=LANDING, texts=TEXTS, key=key, unusable=unusable
        )
        return _Landed(rows, self._ignores_case, warnings, unknown)

    def _respell(self) -> tuple[int, list[str]]:
        """Spell ids as customers do; returns the distinct ones that are nobody's, and a warning.

        These are not stored: another spelling of them may be the key of an erased customer.
        """
        is_known = sql.SQL("version.customer_id = spelt.id")
        if self._ignores_case:
            is_known = sql.SQL(
                'lower(version.customer_id collate "default") = lower(spelt.id collate "default")'
            )
        counts = self.warehouse.rows("audiences/respell_texts", texts=TEXTS, is_known=is_known)[0]
        respelt, unknown = map(int, counts)
        warning = (
            f"{respelt:,} ids of {self.role!r} were found in another spelling: without blanks at"
            " their ends, or with the apostrophe in front"
        )
        return unknown, [warning] if respelt else []

    @property
    def _ignores_case(self) -> bool:
        return bool(self.run.build.facts.get(IGNORES_CASE))


def delete_other_roles(run: Run, warehouse: Database, audience: Audience) -> None:
    """Delete what is stored of populations that the audience no longer has."""
    roles = [role for role, one in audience.populations.items() if one.form != "label"]
    place = {"as_of": run.as_of, "audience": audience.name, "roles": roles}
    warehouse.run("audiences/delete_other_roles", place)


def exported_members(run: Run, warehouse: Database, audience: str) -> Array:
    """Whom the exports of an audience from before the run's date had as members, ascending."""
    query = statements.compose(
        "audiences/exported_members", audience=sql.Literal(audience), moment=sql.Literal(run.as_of)
    )
    return read_keys(warehouse, query, run.key_type(warehouse), {}, run.settings.block_rows)


def read_keys(
    database: Database,
    query: sql.Composable,
    key_type: KeyType,
    parameters: Mapping[str, Any],
    block_rows: int,
) -> Array:
    """The keys that a query returns, in its order (see ``KeyType``)."""
    blocks: list[Array] = []
    reader = BlockReader(
        [key_type.field],
        lambda block: blocks.append(key_type.from_copy(block[0])),
        block_rows=block_rows,
    )
    database.copy_out(query, reader, parameters)
    reader.flush()
    return concatenate_keys(key_type, blocks)


def _texts(ids: Sequence[str], key_type: KeyType) -> list[Column]:
    """Ids of a file as rows: the likeliest spelling, and JSON of all if there are several.

    Blanks around what is no text are no part of it. PostgreSQL stores no NUL, and nobody has so
    long a key.
    """
    found = [
        spellings(text[: MAX_TEXT_KEY_BYTES + 1].replace("\0", "\N{REPLACEMENT CHARACTER}"))
        for text in ids
    ]
    if key_type is not KeyType.TEXT:
        found = [[one[0].strip()] for one in found]
    several = [json.dumps(one).encode() if len(one) > 1 else b"" for one in found]
    return [
        Column(Field.TEXT, np.array([one[0].encode() for one in found])),
        Column(Field.TEXT, np.array(several), np.array([not one for one in several])),
    ]
