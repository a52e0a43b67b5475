"""Erase a customer: gone from every table and artefact, and back by no later run."""

import json
import re
from datetime import timedelta

import numpy as np
import pytest

from integration.leaving import (
    FIRST,
    FOURTH,
    LEAVING,
    SECOND,
    SHARED,
    SPEC,
    THIRD,
    artefacts_with,
    marker,
    needles_of,
    open_shop,
    request,
    tables_with,
)
from integration.unchanged import computing
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.encoding import text_cache
from kindred.erasure.task import erase
from kindred.errors import DataError, SettingsError
from kindred.history.erasure_key import VARIABLE
from kindred.preparation.doctor import examine
from kindred.run.context import open_run
from kindred.tasks import run_task

MODEL = "made up"


@pytest.fixture(scope="module")
def shop(make_laboratory):
    """Two published nights, and a third one that waits for publish; a cache of two texts."""
    laboratory = open_shop(make_laboratory(), LEAVING)
    with computing():
        laboratory.run(SPEC, THIRD, until="publish")
    known = [SHARED, *map(marker, LEAVING)]
    with laboratory.deployment.warehouse("test", "kindred") as database:
        vectors = np.zeros((len(known), 2), dtype=np.float32)
        text_cache.add(database, MODEL, text_cache.hashes_of(known), vectors)
    return laboratory


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


@pytest.mark.bare
@pytest.mark.parametrize(
    ("key", "leaving", "staying"),
    [
        pytest.param(
            "uuid",
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a00",
            marks=pytest.mark.soak,
        ),
        pytest.param("text", " O'Hara 客户", " o'hara 客户", marks=pytest.mark.texts),
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
