"""Rows of strange values among good ones: nothing stops the night."""

import csv
import io
import random
import uuid
from contextlib import closing
from dataclasses import dataclass, field

import psycopg2
import pytest
from psycopg2 import sql

from integration.nasty_values import COLUMNS, KEYS, TIMES, UNUSABLE_KEYS
from integration.warehouse import Laboratory, make_spec, moment

AS_OF = "2026-02-01T02:00"
FUZZED, GOOD = 600, 400
LARGE = 100_000  # characters; a few such rows are enough
CASES = {"bigint": "timestamptz", "uuid": "timestamp", "text": "date"}
DIFFERENT = "different rows with the same customer_id"


@dataclass
class Fuzzed:
    """Rows as texts, with the columns that make a row unusable, by number of the row."""

    key_type: str
    times: str
    random_source: random.Random = field(default_factory=lambda: random.Random(20_180_401))
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    refused: dict[int, set[str]] = field(default_factory=dict)
    later: set[int] = field(default_factory=set)
    accepted: set[int] = field(default_factory=set)
    bad_key: set[int] = field(default_factory=set)

    def fill(self):
        keys = list(KEYS[self.key_type])
        for number in range(GOOD + FUZZED):
            key = keys.pop() if keys else self.new_key(number)
            strange = 0 if number < GOOD else self.random_source.randint(1, 3)
            self.add_row(number, key, strange)
        return self

    def new_key(self, number):
        if self.key_type == "uuid":
            return str(uuid.UUID(int=self.random_source.getrandbits(128)))
        return str(1_000 + number) if self.key_type == "bigint" else f"customer {number}"

    def add_row(self, number, key, strange):
        choose = self.random_source.choice
        times, bad = TIMES[self.times], set()
        when = choose(times.usual)
        values = {name: choose(column.usual) for name, column in COLUMNS.items()}
        is_later = False
        for name in self.random_source.sample(["customer_id", "updated_at", *COLUMNS], strange):
            if name == "customer_id":
                key = choose((None, *UNUSABLE_KEYS[self.key_type]))
                bad.add(name)
                self.bad_key.add(number)
            elif name == "updated_at":
                when = choose((*times.usable, *times.later, *times.unusable))
                is_later = when in times.later
                bad |= {name} if when in times.unusable else set()
            else:
                column = COLUMNS[name]
                values[name] = choose((*column.usable, *column.unusable))
                while len(values[name] or "") > LARGE and self.random_source.random() < 0.8:
                    values[name] = choose((*column.usable, *column.unusable))
                bad |= {name} if values[name] in column.unusable else set()
        row = (str(number), key, when, *values.values())
        if is_later:
            self.later.add(number)
        elif bad:
            self.refused[number] = bad
        else:
            self.accepted.add(number)
            self.repeat(row, number)
        self.rows.append(row)

    def repeat(self, row, number):
        """Some good rows come twice: equal, or with a second one that says something else."""
        chance = self.random_source.random()
        if chance < 0.03:
            self.rows.append(row)
        elif chance < 0.06:
            second = GOOD + FUZZED + number
            self.rows.append((str(second), *row[1:]))
            self.accepted.remove(number)
            self.refused[number] = self.refused[second] = {DIFFERENT}

    def write(self, dsn):
        """Into a table of the source, as CSV: every value is a text until PostgreSQL reads it."""
        columns = ", ".join(f"{name} {column.definition}" for name, column in COLUMNS.items())
        definition = f"row_number integer, customer_id {self.key_type},"
        definition += f" updated_at {TIMES[self.times].definition}, {columns}"
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        writer.writerows([MISSING if v is None else v for v in row] for row in self.rows)
        text.seek(0)
        with (
            closing(psycopg2.connect(dsn)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql.SQL("create table customers ({})").format(sql.SQL(definition)))
            cursor.copy_expert(
                f"copy customers from stdin (format csv, null '{MISSING}', force_null (row_number,"
                f" customer_id, updated_at, {', '.join(COLUMNS)}))",
                text,
            )


MISSING = "--missing--"


def spec_of(times):
    features = {name: column.kind for name, column in COLUMNS.items() if column.kind}
    labels = [name for name, column in COLUMNS.items() if column.kind is None]
    return make_spec(
        source={"deletes": "ignore", "source_timezone": "America/New_York"},
        features=features | {"note": {"kind": "text", "components": 4}},
        labels=["row_number", *labels],
        gates={"max_rejected_share": 1.0},
        clustering={"algorithms": ["kmeans"], "kmeans": {"k": 4}},
    )


def numbers(laboratory, query):
    return {number for (number,) in laboratory.query(query)}


@pytest.mark.parametrize(
    "key_type", ["bigint", "text", pytest.param("uuid", marks=pytest.mark.soak)]
)
def test_fuzzed_rows(make_database, tmp_path, key_type):
    """Source and warehouse are one database, so that PostgreSQL compares what landed."""
    dsn = make_database(f"fuzz_{key_type}")
    laboratory = Laboratory(dsn, dsn, tmp_path)
    fuzzed = Fuzzed(key_type, CASES[key_type]).fill()
    fuzzed.write(dsn)
    spec = spec_of(CASES[key_type])
    run = laboratory.run(spec, AS_OF)
    assert run.build.state == "published"
    assert_landed_or_refused(laboratory, fuzzed)
    assert_published(laboratory, fuzzed)
    before = laboratory.hashes()
    laboratory.land(spec, "2026-02-01T02:00", full_extract=True)
    assert laboratory.hashes() == before, "the same rows once more"


def assert_landed_or_refused(laboratory, fuzzed):
    landed = numbers(laboratory, "select row_number from kindred.customer_versions")
    assert landed == fuzzed.accepted
    columns = ", ".join(f"landed.{name}::text" for name in COLUMNS)
    changed = laboratory.query(f"""
        select count(*)
        from customers as source join kindred.customer_versions as landed using (row_number)
        where ({columns}) is distinct from ({columns.replace("landed.", "source.")})
    """)  # noqa: S608
    assert changed == [(0,)]
    rows = laboratory.query(
        "select (raw ->> 'row_number')::integer, reason from kindred.rejected_rows"
    )
    reasons = dict(rows)
    assert len(rows) == len(reasons)
    assert set(reasons) == set(fuzzed.refused)
    for number, reason in reasons.items():
        named = {part.split(": ")[0].partition(" and ")[0] for part in reason.split("; ")}
        if number in fuzzed.bad_key:  # the same one in several rows, which differ besides
            named.discard(DIFFERENT)
        assert named == fuzzed.refused[number], reason
    assert min(len(fuzzed.accepted), len(fuzzed.refused)) > 200
    assert fuzzed.later


def assert_published(laboratory, fuzzed):
    [(customers, versions)] = laboratory.query(
        "select count(distinct customer_id), count(*) from kindred.customer_versions"
    )
    assert customers == versions == len(fuzzed.accepted)
    for view, rows in (("clusters", customers), ("lookalikes", 5 * customers)):
        found = laboratory.query(f"select count(*), min(as_of) from bi.{view}_current")  # noqa: S608
        assert found == [(rows, moment(AS_OF))]
    assert laboratory.query("select count(*) from kindred.customer_embeddings") == [(customers,)]
    refused = laboratory.query("select count(*) from bi.rejected_rows")
    assert refused == [(len(fuzzed.refused),)]
