"""Any sequence of changes and runs: history, refusals and snapshots are what the model says.

Most sequences stop once the customers are encoded; a few go on to publish.
``HYPOTHESIS_PROFILE=long`` tries many more.
"""

import itertools
import math
import shutil
from contextlib import contextmanager
from datetime import timedelta

import pandas as pd
import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from databases import administer
from integration.nightly_model import DAY, START, Kind, Model, Row, Version
from integration.warehouse import Laboratory, make_spec
from kept_sessions import keep_sessions_of
from kindred.encoding import encoder_versions
from kindred.encoding.vectors import MADE_BY, VECTORS
from local.postgres import OWNER

COLUMNS = "customer_id bigint, updated_at timestamptz, income float8, state text, is_gone boolean"
SOURCES = {
    Kind.TOMBSTONE: {"tombstone": "is_gone", "overlap_hours": 24},
    Kind.KEYS: {"overlap_hours": 24},
    Kind.VERSIONS: {"history": "versions", "tombstone": "is_gone", "overlap_hours": 24},
    Kind.UNDATED: {"updated_at": "none"},
}
FIRST_CUSTOMERS = [
    Row(1, START - timedelta(hours=1), 1000.0, "CA"),
    Row(2, START - timedelta(hours=10), 2000.0, "NY"),
    Row(3, START - timedelta(hours=24), 3500.0, "CA"),
    Row(4, START - timedelta(hours=30), None, "NY"),
    Row(5, START - timedelta(hours=60), 500.0, None),
]
IMPORTED_CUSTOMER = Row(8, START - timedelta(hours=90), 700.0, "NY")  # whom no window brings
CUSTOMERS = st.integers(1, 7)
IMPORTED = st.integers(8, 12)
INCOMES = st.sampled_from([None, 0.0, 500.0, 1000.0, 9999.5])
STATES = st.sampled_from([None, "CA", "NY"])
HOURS_BEFORE_THE_NIGHT = st.sampled_from([-5, 0, 1, 6, 23, 24, 25, 30, 47, 48, 49, 60, 90])
NIGHTS = st.integers(-2, 6)
CHANGES = st.one_of(
    st.tuples(st.just("insert_or_update"), CUSTOMERS, HOURS_BEFORE_THE_NIGHT, INCOMES, STATES),
    st.tuples(st.just("insert_or_update"), CUSTOMERS, st.just(5), INCOMES, STATES),
    st.tuples(st.just("insert_or_update"), IMPORTED, st.just(90), INCOMES, STATES),
    st.tuples(st.just("write_without_a_number"), IMPORTED, st.just(90)),
    st.tuples(st.just("change_without_a_new_time"), CUSTOMERS, INCOMES, STATES),
    st.tuples(st.just("leave"), CUSTOMERS, HOURS_BEFORE_THE_NIGHT, INCOMES),
    st.tuples(st.just("remove"), CUSTOMERS),
    st.tuples(st.just("come_back_unchanged"), st.sampled_from(FIRST_CUSTOMERS)),
    st.tuples(st.just("repeat"), CUSTOMERS, INCOMES),
    st.tuples(st.just("write_without_a_number"), CUSTOMERS, HOURS_BEFORE_THE_NIGHT),
    st.tuples(st.just("write_without_a_time"), CUSTOMERS),
    st.tuples(st.just("write_without_a_key"), HOURS_BEFORE_THE_NIGHT),
)
_numbers = itertools.count()
OPEN_GATES = dict.fromkeys(("max_rejected_share", "max_deleted_share", "max_missing_share"), 1.0)
OPEN_GATES["max_drift"] = 1e6


def spec_of(kind):
    return make_spec(
        source=SOURCES[kind],
        features={"income": "numeric", "state": {"kind": "categorical", "min_frequency": 1}},
        labels=[],
        k=2,
        gates=OPEN_GATES,
        clustering={"algorithms": ["kmeans"], "kmeans": {"k": 2}},
    )


class OneSession(Laboratory):
    """Source and warehouse in one database, looked at through one session: a new one takes 4 ms."""

    session: "psycopg2.extensions.connection | None" = None

    @contextmanager
    def _transaction(self, *, source):
        if self.session is None:
            self.session = psycopg2.connect(self.warehouse_dsn)
        with self.session, self.session.cursor() as cursor:
            yield cursor

    def close(self):
        if self.session is not None:
            self.session.close()


class Shop:
    """A prepared database of a kind of source, of which each sequence gets a copy."""

    def __init__(self, kind, server, dsn_of, folder):
        self.kind, self.spec = kind, spec_of(kind)
        self.server, self.dsn_of, self.folder = server, dsn_of, folder
        self.runs = 0
        self.template = self._create(f"nights_{kind}_{next(_numbers)}")
        laboratory = self._laboratory(self.template)
        laboratory.fill("customers", COLUMNS, map(as_tuple, FIRST_CUSTOMERS))
        laboratory.fit(self.spec, f"{START:%Y-%m-%dT%H:%M}")
        pretend_extraction_times(laboratory)
        laboratory.close()

    def open(self):
        name = f"{self.template}_{next(_numbers)}"
        return name, self._laboratory(self._create(name, f"template {self.template}"))

    def close(self, name):
        administer(self.server, f"drop database {name} with (force)")
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def _create(self, name, options=""):
        administer(
            self.server, f"create database {name} owner {OWNER} {options} strategy file_copy"
        )
        return name

    def _laboratory(self, name):
        dsn = self.dsn_of(name)
        keep_sessions_of(dsn)
        environment = {"KINDRED_KEEP_NIGHTS": "0"}
        return OneSession(dsn, dsn, self.folder / name, environment)


def as_tuple(row):
    return (row.customer, row.updated_at, row.income, row.state, row.is_gone)


def pretend_extraction_times(laboratory):
    """As if each window had been read an hour after its end, but none before the first one."""
    laboratory.query(
        "update kindred.extracted_windows"
        " set extracted_at = greatest(window_end, %s) + interval '1 hour'",
        [START],
    )


class Nights(RuleBasedStateMachine):
    """A source that people change, and runs of any date in any order."""

    def __init__(self, shop, *, is_published=False):
        super().__init__()
        self.shop, self.model = shop, Model(shop.kind, is_published=is_published)
        self.name, self.laboratory = shop.open()
        with self.laboratory.deployment.warehouse("test", "kindred") as database:
            self.encoder = encoder_versions.read(database, 1)
        self.next_night = START + DAY
        self.published = {}

    def teardown(self):
        self.laboratory.close()
        self.shop.close(self.name)

    @initialize()
    def first_customers_have_landed(self):
        self.model.rows = list(FIRST_CUSTOMERS)
        self.model.run(START, is_night=False)
        self.model.late.clear()  # an encoder was fitted; there is no snapshot of it yet
        self.model.rows.append(IMPORTED_CUSTOMER)

    def moment(self, hours):
        return self.next_night - timedelta(hours=hours)

    def rows_of(self, customer):
        return [row for row in self.model.rows if row.customer == customer]

    def put(self, row):
        """A new row, in place of the customer's where the source keeps one."""
        if self.shop.kind is not Kind.VERSIONS:
            self.model.rows = [r for r in self.model.rows if r.customer != row.customer]
        self.model.rows.append(row)

    @rule(changes=st.lists(CHANGES, min_size=1, max_size=6))
    def change_rows(self, changes):
        for change, *values in changes:
            getattr(self, change)(*values)

    def insert_or_update(self, customer, hours, income, state):
        self.put(Row(customer, self.moment(hours), income, state))

    def change_without_a_new_time(self, customer, income, state):
        for row in self.rows_of(customer)[-1:]:
            self.model.rows.remove(row)
            changed = Row(customer, row.updated_at, income, state, row.is_gone)
            self.model.rows.append(changed)

    def leave(self, customer, hours, income):
        if self.shop.kind.has_tombstone:
            self.put(Row(customer, self.moment(hours), income, "CA", is_gone=True))
        else:
            self.remove(customer)

    def remove(self, customer):
        self.model.rows = [row for row in self.model.rows if row.customer != customer]

    def come_back_unchanged(self, row):
        if row not in self.model.rows:
            self.put(row)

    def repeat(self, customer, income):
        """A second row of the same key and time, equal or not."""
        for row in self.rows_of(customer)[-1:]:
            second = Row(customer, row.updated_at, income, row.state, row.is_gone)
            self.model.rows.append(second)

    def write_without_a_number(self, customer, hours):
        self.put(Row(customer, self.moment(hours), math.nan, "CA"))

    def write_without_a_time(self, customer):
        self.put(Row(customer, None, 1.0, "CA"))

    def write_without_a_key(self, hours):
        self.put(Row(None, self.moment(hours), 1.0, "CA"))

    @rule(nights=st.sampled_from([1, 1, 2]), full_extract=st.sampled_from([False, False, True]))
    def run_the_next_night(self, nights, full_extract):
        end = self.next_night + (nights - 1) * DAY
        self.run(end, full_extract=full_extract)
        self.next_night = end + DAY

    @rule(night=NIGHTS, full_extract=st.booleans())
    def run_a_date_again_or_for_the_first_time(self, night, full_extract):
        as_of = START + night * DAY
        if as_of < self.next_night:
            self.run(as_of, full_extract=full_extract)

    @precondition(lambda self: self.model.late)
    @rule(data=st.data())
    def run_a_snapshot_again(self, data):
        self.run(data.draw(st.sampled_from(sorted(self.model.late))))

    def run(self, as_of, *, full_extract=False):
        self.shop.runs += 1
        self.write_source()
        contents = self.model.run(as_of, full_extract=full_extract)
        until = None if self.model.is_published else "plan_graph"
        run = self.laboratory.run(
            self.shop.spec, f"{as_of:%Y-%m-%dT%H:%M}", until=until, full_extract=full_extract
        )
        pretend_extraction_times(self.laboratory)
        self.check_history()
        assert run.build.facts["customers"] == len(contents)
        if not contents:
            assert run.build.state == "empty"
        elif self.model.is_published:
            self.published[as_of] = contents
            self.check_what_bi_reads()
        else:
            self.check_vectors(run, contents)
            self.check_late("snapshot_builds where state = 'building'")

    def write_source(self):
        self.laboratory.query("truncate customers", source=True)
        if self.model.rows:
            self.laboratory.append("customers", map(as_tuple, self.model.rows))

    def check_history(self):
        """Versions and refused rows, row by row."""
        found = self.laboratory.query(
            "select customer_id, updated_at, is_deleted, income, state"
            " from kindred.customer_versions order by 1, 2"
        )
        expected = sorted((*key, *version.values) for key, version in self.model.versions.items())
        assert found == expected
        found = self.laboratory.query("select * from kindred.reconciled_versions")
        assert {(c, t): own for c, t, own in found} == self.model.found
        found = self.laboratory.query(
            "select customer_id, updated_at, reason from kindred.rejected_rows"
        )
        expected = [
            (None if row.customer is None else str(row.customer), row.updated_at, reason)
            for row, reason in self.model.rejected
        ]
        assert sorted(found, key=repr) == sorted(expected, key=repr)

    def check_vectors(self, run, contents):
        """The vectors are those of the raw rows that are in force."""
        arrays = run.folder.read(VECTORS, MADE_BY).arrays
        assert arrays["customers"].tolist() == sorted(contents)
        times = [contents[customer] for customer in sorted(contents)]
        assert arrays["updated_at"].tolist() == [round(t.timestamp() * 1e6) for t in times]
        raw = [self.model.versions[customer, contents[customer]] for customer in sorted(contents)]
        expected = self.encoder.transform(frame_of(raw))
        assert arrays["vectors"].tobytes() == expected.tobytes()

    def check_late(self, table):
        found = self.laboratory.query(f"select as_of, late_customers from kindred.{table}")  # noqa: S608
        assert dict(found) == self.model.late

    def check_what_bi_reads(self):
        """Every published snapshot has its customers of then; the newest is the current one."""
        clusters, lookalikes = (
            self.laboratory.query(f"select distinct as_of, customer_id from bi.{view}")  # noqa: S608
            for view in ("clusters", "lookalikes")
        )
        pairs = {(t, customer) for t, contents in self.published.items() for customer in contents}
        alone = {t for t, contents in self.published.items() if len(contents) == 1}
        assert set(clusters) == pairs
        assert set(lookalikes) == {(t, customer) for t, customer in pairs if t not in alone}
        newest = max(self.published)
        found = self.laboratory.query(
            "select as_of, is_current, history, customers, late_customers from bi.snapshots"
            " where status = 'published'"
        )
        assert sorted(found) == [
            (as_of, as_of == newest, self.history(as_of), len(contents), self.model.late[as_of])
            for as_of, contents in sorted(self.published.items())
        ]
        embeddings = "select customer_id, updated_at from kindred.customer_embeddings"
        assert dict(self.laboratory.query(embeddings)) == self.published[newest]

    def history(self, as_of):
        """A source of one row a customer tells of the time since it was first read."""
        first_extraction = START + timedelta(hours=1)
        is_complete = self.shop.kind is Kind.VERSIONS or as_of >= first_extraction
        return "complete" if is_complete else "reconstructed"


def frame_of(versions: list[Version]) -> pd.DataFrame:
    """What the encoder gets of raw rows."""
    return pd.DataFrame(
        {
            "income": pd.Series([version.income for version in versions], dtype=float),
            "state": pd.Series([version.state for version in versions], dtype=object),
        }
    )


@pytest.fixture(scope="module")
def open_shop(server, tmp_path_factory):
    """A prepared shop of each kind."""
    folder = tmp_path_factory.mktemp("nights")
    shops = {}

    def open_one(kind):
        if kind not in shops:
            shops[kind] = Shop(kind, server, server.dsn, folder)
        return shops[kind]

    return open_one


def several(count, steps):
    """Two of three sequences, each of so many steps; the long profile tries fifty times as many."""
    return settings(
        max_examples=count * settings.default.max_examples // 150,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("kind", Kind)
def test_what_lands_and_is_encoded(open_shop, kind):
    shop = open_shop(kind)
    run_state_machine_as_test(lambda: Nights(shop), settings=several(5, 10))
    assert shop.runs >= 5


@pytest.mark.parametrize("kind", Kind)
def test_what_is_published(open_shop, kind):
    shop = open_shop(kind)
    run_state_machine_as_test(lambda: Nights(shop, is_published=True), settings=several(3, 10))
    assert shop.runs >= 3
