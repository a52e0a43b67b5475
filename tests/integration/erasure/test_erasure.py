"""Erase a customer: gone from every table and artefact, and back by no later run."""

import json
import re
from contextlib import closing
from datetime import timedelta

import numpy as np
import psycopg2
import pytest

from integration.readers import polling
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.artefacts.folder import ArtefactFolder
from kindred.encoding import text_cache
from kindred.erasure import erasure_rows
from kindred.erasure.task import erase, request_erasure
from kindred.errors import DataError, LockTimeoutError, SettingsError, UnreachableError
from kindred.history.erasure_key import VARIABLE
from kindred.preparation.doctor import examine
from kindred.run.context import open_run
from kindred.tasks import run_task
from kindred.warehouse import statements
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource, shared

SECRET = "6b696e64726564" * 5
FITTED, FIRST, SECOND, THIRD, FOURTH = (f"2026-01-{day:02d}T02:00" for day in (10, 12, 22, 24, 26))
SPEC = make_spec(
    source={"history": "versions"},
    features={"income": "numeric", "age": "numeric", "note": {"kind": "text", "components": 2}},
    private=["note"],
    refit="never",
    gates={"max_drift": 100.0, "max_rejected_share": 1.0},
    clustering={"algorithms": ["kmeans", "hdbscan"]},
)
COUNT = 140
LEAVING = [990_000_111_000_007 + 1_000_003 * number for number in range(6)]
MODEL = "made up"
SHARED = "a text of many"


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)


def marker(customer):
    return f"quetzal{customer % 999_983}z wants a word"


def rows_of(customer, number):
    """A version of the first night, one of the second, and one that is refused."""
    income, age = 500_000.25 + number, 120 + number
    return [
        (customer, moment("2026-01-11T12:00"), income, age, True, "CA", False, marker(customer)),
        (customer, moment("2026-01-20T12:00"), income, age, True, "NY", False, SHARED),
        (customer, moment("2026-01-21T12:00"), np.inf, age, True, "NY", False, marker(customer)),
    ]


def others():
    return [(*row, SHARED) for row in people(COUNT, first="2026-01-01T01:00", days=9)]


def open_shop(laboratory, leaving=()):
    """Two published nights."""
    rows = others()
    for number, customer in enumerate(leaving):
        rows += rows_of(customer, number)
    laboratory.fill("customers", f"{COLUMNS}, note text", rows)
    laboratory.fit(SPEC, FITTED)
    laboratory.run(SPEC, FIRST)
    laboratory.run(SPEC, SECOND)
    return laboratory


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """Two published nights, and a third one that waits for publish; a cache of two texts."""
    laboratory = open_shop(make_laboratory(), LEAVING)
    laboratory.run(SPEC, THIRD, until="publish")
    known = [SHARED, *map(marker, LEAVING)]
    with laboratory.deployment.warehouse("test", "kindred") as database:
        vectors = np.zeros((len(known), 2), dtype=np.float32)
        text_cache.add(database, MODEL, text_cache.hashes_of(known), vectors)
    return laboratory


def request(laboratory, customer, space="default"):
    return request_erasure(laboratory.deployment, space, str(customer))


def tables_with(laboratory, *needles):
    """Tables of the schema whose rows, written as text, have one of some words."""
    found = set()
    for (table,) in laboratory.query(
        "select oid::regclass::text from pg_class"
        " where relnamespace = 'kindred'::regnamespace and relkind in ('r', 'p')"
    ):
        text = f"select count(*) from {table} as t where t::text ~ %s"  # noqa: S608
        if laboratory.query(text, ("|".join(map(re.escape, needles)),)) != [(0,)]:
            found.add(table.removeprefix("kindred."))
    return found


def artefacts_with(laboratory, *needles):
    """Files of artefacts that have one of some strings of bytes."""
    files = [path for path in laboratory.artefacts.rglob("*") if path.is_file()]
    return [path for path in files if any(needle in path.read_bytes() for needle in needles)]


def needles_of(customer, number):
    """How a customer could be found again: the key, the marker, the extreme income."""
    words = (str(customer), marker(customer).split()[0], f"{500_000.25 + number}")
    digest = text_cache.hashes_of([marker(customer)])[0]
    hashed = "-".join(re.findall("(.{8})(.{4})(.{4})(.{4})(.{12})", digest.hex())[0])
    return (*words, hashed), (np.int64(customer).tobytes(), *(word.encode() for word in words))


def kinds(tables):
    return {re.sub(r"_(g\d+|(delta_)?\d{8}t.*)$", "", table) for table in tables}


def lookalikes(laboratory, as_of):
    """Customer -> lookalikes in the order of their ranks, which have no gap."""
    found = {}
    for customer, rank, other in laboratory.query(
        "select customer_id, rank, lookalike_id from bi.lookalikes where as_of = %s order by 1, 2",
        (moment(as_of),),
    ):
        found.setdefault(customer, []).append(other)
        assert rank == len(found[customer])
    return found


def test_everything_of_the_customer_is_gone(shop):
    customer, number = LEAVING[-1], len(LEAVING) - 1  # with the largest income of all
    words, raw = needles_of(customer, number)
    before = kinds(tables_with(shop, *words))
    assert before >= {
        *("customer_versions", "rejected_rows", "text_embeddings", "customer_embeddings"),
        *("customer_clusters", "customer_lookalikes", "column_quality", "snapshot_builds"),
    }
    assert artefacts_with(shop, *raw)
    lists = {as_of: lookalikes(shop, as_of) for as_of in (FIRST, SECOND)}
    sizes = shop.query("select as_of, customers, lookalikes from bi.snapshots order by 1")
    profiled = "select as_of, algorithm, sum(customers), sum(share) from kindred.cluster_profiles"
    members = shop.query(f"{profiled} group by 1, 2 order by 1, 2")

    asked = request(shop, customer)
    receipt = erase(shop.deployment, "default", asked)

    assert tables_with(shop, *words) == set()
    assert artefacts_with(shop, *raw) == []
    for as_of in (FIRST, SECOND):
        assert any(customer in row for row in lists[as_of].values())
        without = lookalikes_without(lists[as_of], customer)
        assert lookalikes(shop, as_of) == without
    left = shop.query("select as_of, customers, lookalikes from bi.snapshots order by 1")
    counted = shop.query("select as_of, count(*) from bi.lookalikes group by 1 order by 1")
    assert [row[1] for row in left[:2]] == [row[1] - 1 for row in sizes[:2]]
    assert [(as_of, rows) for as_of, _, rows in left[:2]] == counted
    noted = shop.query("select as_of, erased_customers from bi.snapshots order by 1")
    assert [count for _, count in noted] == [1, 1, 0]
    smaller = shop.query(f"{profiled} group by 1, 2 order by 1, 2")
    assert sum(row[2] for row in members) - sum(row[2] for row in smaller) in range(2, 5)
    assert all(row[3] <= 1 + 1e-9 for row in smaller)

    [(status, customer_id, kept, requester)] = shop.query(
        "select status, customer_id, receipt, requested_by from kindred.erasure_requests"
        " where number = %s",
        (asked,),
    )
    assert (status, customer_id, kept) == ("done", None, receipt)
    assert requester == "kindred"
    rows = receipt["rows"]
    assert rows["customer_versions"] == 2
    assert rows["rejected_rows"] == rows["text_embeddings"] == 1
    assert rows["customer_embeddings"] >= 1
    assert rows["customer_clusters"] == 2 * 3, "two algorithms, two snapshots and one aside"
    assert rows["customer_lookalikes"] > 2 * 3
    assert receipt["snapshots"] == [moment(as_of).isoformat() for as_of in (FIRST, SECOND)]
    assert receipt["artefacts"] >= 2
    assert receipt["seconds"] > 0
    cached = shop.query("select count(*) from kindred.text_embeddings")
    assert cached == [(len(LEAVING),)], "a text that others have too stays"


def lookalikes_without(lists, customer):
    return {
        other: [near for near in row if near != customer]
        for other, row in lists.items()
        if other != customer
    }


def test_a_build_under_way_must_begin_anew(shop):
    run = open_run(shop.deployment, "default", moment(THIRD))
    assert run.build.state == "failed"
    with pytest.raises(DataError, match=r"a customer was erased after .* clear task 'prepare'"):
        run_task(run, "publish")
    [(task, failure)] = shop.query(
        "select failed_task, failure from bi.snapshots where as_of = %s", (moment(THIRD),)
    )
    assert task == "erase"
    assert "clear task 'prepare'" in failure
    run_task(run, "clean_up")


def test_a_second_try_and_an_unknown_number(shop):
    [(number, receipt)] = shop.query(
        "select number, receipt from kindred.erasure_requests where status = 'done'"
    )
    assert erase(shop.deployment, "default", number) == receipt
    with pytest.raises(DataError, match="there is no erasure request 4711; 'kindred request-eras"):
        erase(shop.deployment, "default", 4711)


def test_whom_nobody_knows_is_kept_away_all_the_same(shop):
    [(before,)] = shop.query("select count(*) from kindred.suppressed")
    receipt = erase(shop.deployment, "default", request(shop, 5_550_001))
    assert (receipt["rows"], receipt["snapshots"]) == ({}, [])
    assert shop.query("select count(*) from kindred.suppressed") == [(before + 1,)]


class Died(Exception):
    """A process that was killed."""


@pytest.mark.parametrize("at", ["erasure/record_receipt", "artefacts", "erasure/finish_request"])
def test_killed_in_the_middle(shop, monkeypatch, at):
    number = ["erasure/record_receipt", "artefacts", "erasure/finish_request"].index(at)
    customer = LEAVING[number]
    words, raw = needles_of(customer, number)
    shop.run(SPEC, THIRD, until="publish")
    asked = request(shop, customer)
    run, remove = Database.run, ArtefactFolder.remove

    def die_at(database, name, *given, **names):
        if name == at:
            raise Died
        return run(database, name, *given, **names)

    def die_after(folder):
        remove(folder)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Database, "run", die_at)
        if at == "artefacts":
            patch.setattr(ArtefactFolder, "remove", die_after)
        with pytest.raises(Died):
            erase(shop.deployment, "default", asked)
    is_rolled_back = at == "erasure/record_receipt"
    assert ("customer_versions" in tables_with(shop, *words)) == is_rolled_back
    receipt = erase(shop.deployment, "default", asked)
    assert tables_with(shop, *words) == set()
    assert artefacts_with(shop, *raw) == []
    assert receipt["rows"]["customer_versions"] == 2
    assert len(receipt["snapshots"]) == 2


def test_readers_see_it_before_or_after_and_never_half(shop):
    whole = (
        "select as_of, count(*), count(distinct customer_id) from bi.lookalikes_current group by 1"
    )
    asked = request(shop, LEAVING[3])
    before = shop.query(whole)
    with polling(shop.warehouse_dsn, "plain", "prepared", "repeatable read") as reports:
        erase(shop.deployment, "default", asked)
    after = shop.query(whole)
    assert after != before
    states = [[[str(value), *rest] for value, *rest in rows] for rows in (before, after)]
    for report in reports:
        assert report.errors == []
        assert all(result in states for result, _ in report.results)
        assert report.longest_lock_wait_milliseconds < 100
        assert report.changes_within_transaction == 0


def test_neither_statements_nor_errors_hold_the_id(shop, monkeypatch, caplog):
    """What the server is sent, and so what its log can show; COPY sends data apart."""
    caplog.set_level("DEBUG")
    customer = LEAVING[4]
    sent = []

    def listen(name):
        method = getattr(Database, name)

        def call(database, statement, parameters=None, **names):
            with database.connection.cursor() as cursor:
                composed = statements.compose(statement, **names)
                sent.append(cursor.mogrify(composed, parameters).decode())
            return method(database, statement, parameters, **names)

        monkeypatch.setattr(Database, name, call)

    for name in ("run", "rows"):
        listen(name)
    asked = request(shop, customer)
    monkeypatch.setattr(erasure_rows, "LOCK_TIMEOUT_MILLISECONDS", 50)
    with closing(psycopg2.connect(shop.warehouse_dsn)) as other:
        other.cursor().execute("lock table kindred.customer_versions in access exclusive mode")
        with pytest.raises(
            LockTimeoutError, match=f"erasure request {asked}: another session has"
        ) as met:
            erase(shop.deployment, "default", asked)
    [(status, failure)] = shop.query(
        "select status, failure from kindred.erasure_requests where number = %s", (asked,)
    )
    assert (status, failure) == ("failed", str(met.value))
    assert erase(shop.deployment, "default", asked)["rows"]["customer_versions"] == 2
    assert len(sent) > 40
    assert str(customer) not in " ".join([*sent, str(met.value), caplog.text])


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (psycopg2.errors.UniqueViolation, DataError),
        (psycopg2.OperationalError, UnreachableError),
    ],
)
def test_what_the_database_says_is_not_repeated(raised, told):
    with pytest.raises(told) as caught, erasure_rows.hide_error_details():
        raise raised("Key (customer_id)=(990000111000007) already exists")
    assert "990000111000007" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_stage_at_work_is_waited_for(shop):
    asked = request(shop, 5_550_002)
    deployment = shop.deployment
    with (
        deployment.warehouse("kindred default encode", "kindred") as database,
        shared(database, "kindred", Resource.ERASURE, wait_seconds=0),
    ):
        shop.environment["KINDRED_LOCK_WAIT_SECONDS"] = "0"
        with pytest.raises(
            LockTimeoutError, match="erasure of kindred has been held by kindred default"
        ):
            erase(shop.deployment, "default", asked)
    del shop.environment["KINDRED_LOCK_WAIT_SECONDS"]
    assert erase(shop.deployment, "default", asked)["rows"] == {}


def test_no_later_run_brings_anybody_back(shop, make_laboratory):
    """Reruns, a full extract and a night with new rows of them, against never having known them."""
    for customer in LEAVING:
        erase(shop.deployment, "default", request(shop, customer))
    shop.append(
        "customers",
        [
            (c, moment(THIRD) - timedelta(hours=1), 1.0, 30, True, "CA", False, "new")
            for c in LEAVING
        ],
    )
    for as_of, is_full in ((SECOND, True), (FIRST, False), (THIRD, False)):
        shop.run(SPEC, as_of, full_extract=is_full)
    other = open_shop(make_laboratory())
    other.run(SPEC, THIRD)
    assert shop.hashes() == other.hashes()
    assert shop.query("select distinct erased_customers from bi.snapshots") == [(0,)]
    [(is_full,)] = shop.query(
        "select min(n) = 5 from (select count(*) as n from bi.lookalikes"
        " group by as_of, customer_id) as lists"
    )
    assert is_full


def test_another_secret_or_none_stops_the_nights(shop, monkeypatch):
    def erasure_finding():
        findings = examine(shop.deployment.connections, "default", lambda _: SPEC)
        return next(f for f in findings if f.check == "erasure")

    assert erasure_finding().outcome == "ok"
    asked = request(shop, 5_550_003)
    run = shop.begin(SPEC, FOURTH)
    for secret, told in (("x" * 64, "landed again"), ("", "openssl rand -hex 32")):
        monkeypatch.setenv(VARIABLE, secret)
        finding = erasure_finding()
        assert finding.outcome == "failure"
        assert told in finding.message
        for action in (
            lambda: run_task(run, "extract"),
            lambda: erase(shop.deployment, "default", asked),
        ):
            with pytest.raises(SettingsError, match=told):
                action()
    assert "x" * 64 not in json.dumps(shop.query("select failure from kindred.erasure_requests"))


@pytest.mark.parametrize(
    ("key", "leaving", "staying"),
    [
        ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a00"),
        ("text", " O'Hara 客户", " o'hara 客户"),
    ],
)
def test_keys_of_every_kind_are_known_again(laboratory, key, leaving, staying):
    spec = make_spec(source={"deletes": "compare_keys"}, gates={"max_deleted_share": 1.0})
    rows = people(2, keys=[leaving, staying])
    laboratory.fill("customers", COLUMNS.replace("bigint", key, 1), rows)
    laboratory.land(spec, FIRST)
    assert erase(laboratory.deployment, "default", request(laboratory, leaving))["rows"] == {
        "customer_versions": 1
    } | dict.fromkeys(("landing_rows", "landing_keys", "snapshot_customers"), 1)
    changed = people(2, seed=2, first="2026-01-20T12:00", days=1, keys=[leaving, staying])
    laboratory.fill("customers", COLUMNS.replace("bigint", key, 1), changed)
    laboratory.land(spec, SECOND, full_extract=True)
    found = laboratory.query(
        "select distinct customer_id::text, is_deleted from kindred.customer_versions"
    )
    assert found == [(staying, False)]
    assert laboratory.rejected() == []
