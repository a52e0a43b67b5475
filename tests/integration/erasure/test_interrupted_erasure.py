"""An erasure that is killed, met by readers, overheard, or kept waiting."""

from contextlib import closing

import psycopg2
import pytest

from integration.leaving import (
    LEAVING,
    SPEC,
    THIRD,
    artefacts_with,
    needles_of,
    open_shop,
    request,
    tables_with,
)
from integration.readers import polling
from kindred.artefacts.folder import ArtefactFolder
from kindred.erasure import erasure_rows
from kindred.erasure.task import erase
from kindred.errors import DataError, LockTimeoutError, UnreachableError
from kindred.spec.clustering import Algorithm
from kindred.warehouse import statements
from kindred.warehouse.database import Database
from kindred.warehouse.locks import Resource, shared

QUICK = SPEC.model_copy(
    update={"clustering": SPEC.clustering.model_copy(update={"algorithms": (Algorithm.KMEANS,)})}
)


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """Two published nights."""
    return open_shop(make_laboratory(), LEAVING, QUICK)


class Died(Exception):
    """A process that was killed."""


@pytest.mark.parametrize(
    "at",
    [
        "erasure/record_receipt",
        "artefacts",
        pytest.param("erasure/finish_request", marks=pytest.mark.soak),
    ],
)
def test_killed_in_the_middle(shop, monkeypatch, at):
    number = ["erasure/record_receipt", "artefacts", "erasure/finish_request"].index(at)
    customer = LEAVING[number]
    words, raw = needles_of(customer, number)
    shop.run(QUICK, THIRD, until="publish")
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
