"""Old snapshots: which are dropped, what stays, and that no reader is stopped."""

from contextlib import closing
from threading import Thread

import psycopg2
import pytest

from integration.unchanged import computing
from integration.warehouse import COLUMNS, make_spec, moment, people
from kindred.publication import retention
from kindred.publication.prune import Retention, prune
from kindred.publication.withdraw import withdraw

SPEC = make_spec(clustering={"algorithms": ["kmeans"]})
NIGHTS = [f"2026-01-{day}T02:00" for day in (29, 30, 31)]
NIGHTS += [f"2026-02-0{day}T02:00" for day in range(1, 5)]
LAST_TWO_AND_JANUARY = [NIGHTS[2], *NIGHTS[-2:]]


@pytest.fixture(scope="module", autouse=True)
def _computed():
    """Every night has rows of its own, though none changes anything."""
    with computing():
        yield


def open_shop(laboratory):
    """A source of 30 customers, of whose snapshots two nights and one month's end are kept."""
    laboratory.environment |= {"KINDRED_KEEP_NIGHTS": "2", "KINDRED_KEEP_MONTH_ENDS": "1"}
    laboratory.fill("customers", COLUMNS, people(30, days=20))
    return laboratory


@pytest.fixture
def shop(laboratory):
    return open_shop(laboratory)


@pytest.fixture(scope="module")
def two_nights(make_laboratory):
    laboratory = open_shop(make_laboratory())
    for as_of in NIGHTS[:2]:
        laboratory.run(SPEC, as_of)
    return laboratory


@pytest.fixture(scope="module")
def three_nights(two_nights, copy_laboratory):
    laboratory = copy_laboratory(two_nights)
    laboratory.run(SPEC, NIGHTS[2])
    return laboratory


@pytest.fixture
def shop_of_two(two_nights, copy_laboratory):
    """The shop after the first two nights."""
    return copy_laboratory(two_nights)


@pytest.fixture
def shop_of_three(three_nights, copy_laboratory):
    """The shop after the first three nights."""
    return copy_laboratory(three_nights)


def statuses(laboratory):
    """Snapshot -> status as BI is told."""
    return {
        as_of.strftime("%Y-%m-%dT%H:%M"): status
        for as_of, status in laboratory.query(
            "select as_of at time zone 'UTC', status from bi.snapshots order by 1"
        )
    }


def published(laboratory):
    return [as_of for as_of, status in statuses(laboratory).items() if status == "published"]


def partitions(laboratory):
    """Names of the partitions, and whether each is being taken out."""
    return laboratory.query(
        "select inhrelid::regclass::text, inhdetachpending from pg_inherits"
        " where inhparent in ('kindred.customer_lookalikes'::regclass,"
        " 'kindred.customer_clusters'::regclass) order by 1"
    )


def slugs(laboratory):
    return {name.rpartition("_")[2] for name, _ in partitions(laboratory)}


def test_nights_drop_what_is_too_old(shop_of_three):
    for as_of in NIGHTS[3:]:
        shop_of_three.run(SPEC, as_of)
    assert published(shop_of_three) == LAST_TWO_AND_JANUARY
    assert set(statuses(shop_of_three).values()) == {"published", "pruned"}
    assert slugs(shop_of_three) == {"20260131t020000", "20260203t020000", "20260204t020000"}
    assert len(partitions(shop_of_three)) == 6
    rows = shop_of_three.query("select distinct as_of from kindred.cluster_profiles order by 1")
    assert rows == [(moment(as_of),) for as_of in LAST_TWO_AND_JANUARY]
    rows = shop_of_three.query("select distinct as_of from bi.lookalikes order by 1")
    assert rows == [(moment(as_of),) for as_of in LAST_TWO_AND_JANUARY]
    assert shop_of_three.query("select count(*) from kindred.customer_embeddings") == [(30,)]
    # A pruned date can be run again, and its run does not drop it.
    assert statuses(shop_of_three)[NIGHTS[-3]] == "pruned"
    shop_of_three.run(SPEC, NIGHTS[-3])
    assert published(shop_of_three) == [NIGHTS[2], *NIGHTS[-3:]]
    current = shop_of_three.query("select as_of from bi.snapshots where is_current")
    assert current == [(moment(NIGHTS[-1]),)]


def test_backfills_stay_until_prune(shop):
    nights = NIGHTS[2:]
    shop.fit(SPEC, nights[0])
    for as_of in nights[:3]:
        shop.run(SPEC, as_of, may_fit=False)
    for as_of in nights[3:]:
        shop.run(SPEC, as_of)
    assert published(shop) == nights
    keep = Retention(nights=1, month_ends=0)
    older = [moment(as_of) for as_of in nights[:-1]]
    assert prune(shop.deployment, SPEC, keep, is_dry_run=True) == older
    assert published(shop) == nights
    assert prune(shop.deployment, SPEC, keep, is_dry_run=False) == older
    assert published(shop) == NIGHTS[-1:]
    assert slugs(shop) == {"20260204t020000"}
    assert prune(shop.deployment, SPEC, keep, is_dry_run=False) == []


def test_odd_ends_of_manual_runs_are_no_nights(shop):
    """Two nights are kept, and a month end: odd ends push none of them out."""
    odd = ["2026-01-31T23:30", "2026-02-02T14:15", "2026-02-02T14:16"]
    for as_of in [NIGHTS[2], odd[0], *NIGHTS[4:6], *odd[1:]]:
        shop.run(SPEC, as_of)
    assert published(shop) == [NIGHTS[2], *NIGHTS[4:5], *odd[1:], NIGHTS[5]]
    shop.run(SPEC, NIGHTS[6])
    assert published(shop) == LAST_TWO_AND_JANUARY


def test_replaced_embeddings_stay_for_nights_and_not_for_odd_ends(shop):
    shop.environment["KINDRED_KEEP_REPLACED_NIGHTS"] = "2"
    shop.run(SPEC, NIGHTS[4])
    shop.run(
        make_spec(clustering={"algorithms": ["kmeans"]}, features={"age": "numeric"}), NIGHTS[5]
    )
    kept = "select count(*) from kindred.index_builds where table_name is not null"
    assert shop.query(kept) == [(2,)]
    for odd in ("2026-02-03T03:00", "2026-02-03T04:00"):
        shop.run(make_spec(clustering={"algorithms": ["kmeans"]}, features={"age": "numeric"}), odd)
    assert shop.query(kept) == [(2,)]


def test_the_current_snapshot_is_never_dropped(shop_of_three):
    withdraw(shop_of_three.deployment, SPEC, moment(NIGHTS[2]))
    with shop_of_three.deployment.warehouse("test", "kindred") as database:
        every = [moment(as_of) for as_of in NIGHTS]
        assert retention.hide(database, every) == []
    assert published(shop_of_three) == [NIGHTS[1]]


def test_a_withdrawn_snapshot_goes_with_its_nights(shop_of_three):
    withdraw(shop_of_three.deployment, SPEC, moment(NIGHTS[2]))
    for as_of in NIGHTS[3:5]:
        shop_of_three.run(SPEC, as_of)
    assert statuses(shop_of_three)[NIGHTS[2]] == "withdrawn"
    assert slugs(shop_of_three) == {"20260130t020000", "20260201t020000", "20260202t020000"}


def test_what_somebody_reads_is_left_to_the_next_run(shop_of_two, monkeypatch):
    monkeypatch.setattr(retention, "DETACH_PATIENCE_MILLISECONDS", 100)
    with closing(psycopg2.connect(shop_of_two.warehouse_dsn)) as reader, reader.cursor() as cursor:
        reader.set_session(isolation_level="repeatable read")
        cursor.execute("select count(*) from bi.lookalikes where as_of = %s", [moment(NIGHTS[0])])
        [before] = cursor.fetchall()
        assert before[0] > 0
        shop_of_two.run(SPEC, NIGHTS[3])
        shop_of_two.run(SPEC, NIGHTS[4])
        assert statuses(shop_of_two)[NIGHTS[0]] == "pruned"
        assert "20260129t020000" in slugs(shop_of_two)
        cursor.execute("select count(*) from bi.lookalikes where as_of = %s", [moment(NIGHTS[0])])
        assert cursor.fetchall() == [before]
    shop_of_two.run(SPEC, NIGHTS[5])
    assert "20260129t020000" not in slugs(shop_of_two)
    assert not any(is_pending for _, is_pending in partitions(shop_of_two))


def test_what_an_open_transaction_sees_is_left_to_the_next_run(shop_of_two):
    """It has read nothing yet, and so locks nothing."""
    keep, moments = Retention(nights=1, month_ends=0), [moment(NIGHTS[0])]
    lists = "select count(*) from bi.lookalikes where as_of = %s"
    with closing(psycopg2.connect(shop_of_two.warehouse_dsn)) as reader, reader.cursor() as cursor:
        cursor.execute("begin isolation level repeatable read; select 1")
        before = shop_of_two.query(lists, moments)
        assert prune(shop_of_two.deployment, SPEC, keep, is_dry_run=False) == moments
        cursor.execute(lists, moments)
        assert cursor.fetchall() == before != [(0,)]
        reader.rollback()  # a closed session can still be there for a moment
    assert prune(shop_of_two.deployment, SPEC, keep, is_dry_run=False) == []
    assert slugs(shop_of_two) == {"20260130t020000"}


def test_a_killed_detach_is_finished(shop_of_two):
    keep = Retention(nights=1, month_ends=0)
    with closing(psycopg2.connect(shop_of_two.warehouse_dsn)) as reader, reader.cursor() as cursor:
        cursor.execute("select count(*) from kindred.customer_lookalikes")
        failures = []

        def attempt():
            try:
                prune(shop_of_two.deployment, SPEC, keep, is_dry_run=False)
            except psycopg2.Error as error:
                failures.append(error)

        thread = Thread(target=attempt)
        thread.start()
        killed = []
        while not killed:
            killed = shop_of_two.query(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name like '%prune'"
                " and wait_event_type = 'Lock' and query ~ 'concurrently'"
            )
        thread.join()
    assert len(failures) == 1
    assert any(is_pending for _, is_pending in partitions(shop_of_two))
    assert published(shop_of_two) == [NIGHTS[1]]
    assert prune(shop_of_two.deployment, SPEC, keep, is_dry_run=False) == []
    assert slugs(shop_of_two) == {"20260130t020000"}
    tables = shop_of_two.query(
        "select relname from pg_class where relname ~ '20260129t' and relkind = 'r'"
    )
    assert tables == []


def test_a_pruned_date_whose_partition_is_half_out_can_be_published_again(shop_of_two, monkeypatch):
    monkeypatch.setattr(retention, "DETACH_PATIENCE_MILLISECONDS", 50)
    with closing(psycopg2.connect(shop_of_two.warehouse_dsn)) as reader, reader.cursor() as cursor:
        cursor.execute("select count(*) from kindred.customer_lookalikes")
        prune(shop_of_two.deployment, SPEC, Retention(nights=1, month_ends=0), is_dry_run=False)
    assert any(is_pending for _, is_pending in partitions(shop_of_two))
    shop_of_two.run(make_spec(clustering={"algorithms": ["kmeans"], "kmeans": {"k": 3}}), NIGHTS[0])
    assert published(shop_of_two) == NIGHTS[:2]
    assert [is_pending for _, is_pending in partitions(shop_of_two)] == [False] * 4
