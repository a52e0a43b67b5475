"""Whom the populations of an audience resolve to, what is stored of them, and what goes wrong."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from psycopg2.extensions import make_dsn

from databases import administer
from integration.audiences.audience_scene import (
    ASKED,
    BY_CONTACT,
    BY_QUERY,
    COLUMNS,
    CUSTOMERS,
    FIRST_NIGHT,
    LABEL,
    RESPONDED,
    asked,
    audiences_in,
    customers,
    open_scene,
    opt_outs,
    responders,
    scene_spec,
    write_audiences,
)
from integration.leaving import SECRET, request
from integration.warehouse import moment
from kindred.airflow_adapter.alerts import public_line
from kindred.audiences.audience_files import recorded_audiences, with_sql
from kindred.audiences.csv_lines import csv_lines
from kindred.audiences.populations import Truth
from kindred.audiences.resolution import populations_of
from kindred.audiences.status import Status
from kindred.encoding.vectors import read_embeddings
from kindred.erasure.task import erase
from kindred.errors import AudienceError, UnreachableError
from kindred.history.erasure_key import VARIABLE
from kindred.preparation.audience_findings import findings
from kindred.publication.retention import drop_hidden
from kindred.run.findings import Outcome
from kindred.spec.audience_reader import audience_from_dict
from kindred.warehouse.keys import KeyType
from local.postgres import as_user

SPEC = scene_spec()
EVERYBODY = "select customer_id from customers"
IDENTITY = "preparation/identity"
HUGE = "select generate_series(1, 10000000)"


@pytest.fixture(scope="module")
def scene(make_laboratory, tmp_path_factory):
    """A night up to the vectors, and the audience files it has read."""
    laboratory = make_laboratory()
    open_scene(laboratory)
    laboratory.query("create sequence numbers", source=True)
    laboratory.query("create view contacted_ids as select customer_id from contacted", source=True)
    folder = tmp_path_factory.mktemp("audiences")
    write_audiences(
        folder,
        {"made": BY_QUERY, "responders": BY_QUERY, "elsewhere": {**BY_QUERY, "space": "other"}},
    )
    (folder / "broken.yaml").write_text("seed: {querry: select 1}\n")
    (folder / "ids.csv").write_text(
        "\ufeffid;customer_id\r\n" + "".join(f"x;{i}\r\n" for i in range(1, 41))
    )
    with audiences_in(folder):
        laboratory.run(SPEC, FIRST_NIGHT, until="plan_graph")
    return laboratory, folder


class Resolver:
    """Resolve an audience of the given content for the night; further arguments change the run."""

    def __init__(self, folder):
        self.folder = folder
        self.nights = {}

    def night(self, laboratory):
        """The run of a laboratory's night, and its vectors."""
        if laboratory.warehouse_dsn not in self.nights:
            run = laboratory.reopen({"space": "default", "as_of": f"{FIRST_NIGHT}+00:00"})
            with run.warehouse("test") as warehouse:
                found = run, read_embeddings(run, run.key_type(warehouse))
            self.nights[laboratory.warehouse_dsn] = found
        return self.nights[laboratory.warehouse_dsn]

    def __call__(self, laboratory, content, name="made", **changes):
        run, embeddings = self.night(laboratory)
        run = replace(run, deployment=laboratory.deployment, **changes)
        audience = audience_from_dict({"name": name, **content}, "test")
        with run.warehouse("test") as warehouse, audiences_in(self.folder):
            return populations_of(run, warehouse, audience, embeddings)


@pytest.fixture
def copied(scene, copy_laboratory):
    """The scene, with nothing resolved yet."""
    laboratory = copy_laboratory(scene[0])
    laboratory.query("truncate kindred.audience_ids, kindred.audience_resolutions")
    return laboratory


@pytest.fixture(scope="module")
def resolve_in(scene):
    """Resolve an audience in a laboratory."""
    return Resolver(scene[1])


@pytest.fixture
def resolve(scene, resolve_in):
    """Resolve an audience in the scene itself."""
    return partial(resolve_in, scene[0])


def ids(rows):
    """Customer ids of row numbers: the scene's ids are 1, 2, 3 and so on."""
    return None if rows is None else [int(row) + 1 for row in rows]


def test_prepare_records_the_files_of_its_space_and_those_it_cannot_read(scene):
    laboratory, _ = scene
    run = laboratory.reopen({"space": "default", "as_of": f"{FIRST_NIGHT}+00:00"})
    broken, elsewhere, _, responded = recorded_audiences(run.build.facts)
    with audiences_in(scene[1]):
        assert with_sql(responded.audience).seed.query == RESPONDED
    assert responded.audience.seed.query.startswith("digest:")
    assert responded.audience.sizes == (0.05, 0.1, 0.2)
    assert broken.audience is None
    assert broken.problem.startswith("broken.yaml: seed.querry: there is no such key; allowed are")
    assert "there is no space 'other'; there are" in elsewhere.problem


def test_a_query_gives_seeds_and_the_others_are_the_pool(resolve):
    found = resolve(BY_QUERY)
    expected = responders()
    assert ids(found.seeds) == ids(found.judged) == expected
    assert ids(found.pool) == sorted({*range(1, CUSTOMERS + 1)} - {*expected})
    assert (found.given, found.known) == (len(expected), len(expected))
    assert (found.others, found.contacted, found.truth) == (None, None, Truth.NONE)
    assert found.warnings == ()
    assert {rows.dtype for rows in (found.seeds, found.pool, found.excluded)} == {np.dtype("int32")}


@pytest.mark.parametrize(
    "query",
    [
        "with asked as (select customer_id as id from contacted) select id from asked -- all",
        "table contacted_ids",
        "select customer_id from contacted where contacted_at < (:as_of)::date /* ; */;",
        "select customer_id from contacted ; -- all; of them",
        "select customer_id from contacted where ';' <> ':as_of';; /* a /* ; */ b */\n-- c\n;",
        "select customer_id from contacted where 'a%b' like 'a%' and '%s' <> ':as_of' order by 1",
        "select customer_id::numeric from contacted union select 7.5 union all select null",
        "select '0' || customer_id from contacted where cast(:as_of as date) > '1999-01-01'",
    ],
)
def test_queries_as_people_write_them(resolve, query):
    assert ids(resolve({"seed": {"query": query}}).seeds) == asked()


def test_a_label_gives_seeds_and_says_who_is_none(resolve):
    found = resolve({"seed": {"label": {LABEL: "yes"}}})
    bought = [row[0] for row in customers() if row[-1] == "yes"]
    assert ids(found.seeds) == bought
    assert ids(found.others) == ids(found.pool) == sorted({*range(1, CUSTOMERS + 1)} - {*bought})
    assert (found.truth, found.given, found.known) == (Truth.LABEL, len(bought), len(bought))
    both = resolve({"seed": {"query": ASKED}, "exclude": {"label": {LABEL: ["yes", "maybe"]}}})
    assert ids(both.excluded) == bought
    assert ids(both.seeds) == sorted({*asked()} - {*bought})


def test_labels_that_are_missing_are_no_truth(copied, resolve_in):
    laboratory = copied
    table = laboratory.query(
        "select tablename from pg_tables where tablename ~ '^snapshot_customers'"
    )
    laboratory.query(
        f'update kindred."{table[0][0]}" set bought = null where customer_id between 1 and 100'  # noqa: S608
    )
    found = resolve_in(laboratory, {"seed": {"label": {LABEL: "yes"}}})
    known = {row[0]: row[-1] for row in customers() if row[0] > 100}
    assert ids(found.seeds) == [one for one, label in known.items() if label == "yes"]
    assert ids(found.others) == [one for one, label in known.items() if label == "no"]
    assert found.truth is Truth.NONE
    assert {*range(1, 101)} < {*ids(found.pool)}


def test_with_contacted_only_those_are_learned_from(resolve):
    found = resolve(BY_CONTACT)
    out = {*opt_outs()}
    reached = {*asked()} - out
    assert ids(found.seeds) == sorted({*responders()} - out)
    assert ids(found.others) == sorted(reached - {*responders()})
    assert ids(found.contacted) == sorted(reached)
    assert ids(found.excluded) == sorted(out)
    assert ids(found.pool) == sorted({*range(1, CUSTOMERS + 1)} - {*asked()} - out)
    assert found.truth is Truth.CONTACTED
    again = resolve({**BY_CONTACT, "include_contacted": True})
    assert ids(again.pool) == sorted({*range(1, CUSTOMERS + 1)} - {*responders()} - out)


def test_seeds_who_were_not_contacted_are_neither_seeds_nor_in_the_pool(resolve):
    everybody_asked = {"query": "select customer_id from contacted where customer_id <= 300"}
    found = resolve({"seed": {"query": RESPONDED}, "contacted": everybody_asked})
    early = [one for one in responders() if one <= 300]
    assert ids(found.seeds) == early
    late = len(responders()) - len(early)
    assert found.warnings == (f"{late} seeds were not contacted: nothing is learned from them",)
    assert not {*ids(found.pool)} & {*responders()}


def test_the_pool_is_who_meets_its_conditions(resolve):
    conditions = {"state": ["CA", "NY"], "age": {"min": 30, "max": "49"}}
    found = resolve({**BY_QUERY, "pool": conditions})
    meets = {one for one, _, _, age, state, _ in customers() if state != "TX" and 30 <= age <= 49}
    assert ids(found.pool) == sorted(meets - {*responders()})
    assert ids(found.judged) == sorted(meets & {*responders()})
    assert ids(found.seeds) == responders()


def test_tables_and_files_give_ids(resolve, scene):
    forty = [*range(1, 41)]
    found = resolve({"seed": {"file": "ids.csv"}})
    assert ids(found.seeds) == forty
    found = resolve({"seed": {"table": "responders", "where": "responded_at < :as_of"}}, "table")
    assert ids(found.seeds) == responders()
    found = resolve({"seed": {"table": "customers", "column": "customer_id", "where": "age < 25"}})
    assert ids(found.seeds) == [row[0] for row in customers() if row[3] < 25]


def test_ids_count_once_and_those_that_are_none_are_told(resolve):
    given = "select customer_id::text from customers where customer_id <= 30"
    odd = "union all values ('7'), (' 8 '), ('x'), ('x'), (null), ('99999'), ('9.5'), ('9e99')"
    found = resolve({"seed": {"query": f"{given} {odd}"}}, "odd")
    assert (found.given, found.known) == (34, 30)
    assert found.warnings == (
        "1 rows of 'seed' have no id",
        "3 ids of 'seed' can be no keys of type bigint",
    )
    assert resolve({"seed": {"query": f"{given} {odd}"}}, "odd").warnings == found.warnings


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        ({"seed": {"query": "select 1 where false"}}, Status.TOO_FEW_SEEDS, "the seed gives no id"),
        (
            {"seed": {"query": f"{EVERYBODY} limit 19"}},
            Status.TOO_FEW_SEEDS,
            "19 seeds are customers of the snapshot; 20 are needed",
        ),
        (
            {"seed": {"query": "select i from generate_series(5001, 5050) as n (i)"}},
            Status.TOO_FEW_SEEDS,
            "none of the 50 ids of the seed is a customer of the snapshot",
        ),
        (
            {"seed": {"query": RESPONDED}, "exclude": {"query": EVERYBODY}},
            Status.TOO_FEW_SEEDS,
            "0 of the 88 seeds that are customers of .* are used, the others are excluded",
        ),
        (
            {"seed": {"label": {LABEL: "never"}}},
            Status.TOO_FEW_SEEDS,
            "no customer has that label",
        ),
        ({"seed": {"query": EVERYBODY}}, Status.NOBODY_IN_THE_POOL, "all customers are seeds"),
        (
            {**BY_QUERY, "pool": {"state": "ZZ"}},
            Status.NOBODY_IN_THE_POOL,
            "no customer meets the conditions of the pool",
        ),
        (
            {"seed": {"query": RESPONDED}, "contacted": {"query": EVERYBODY}},
            Status.NOBODY_IN_THE_POOL,
            "have been contacted; with 'include_contacted: true'",
        ),
        (
            {"seed": {"query": RESPONDED}, "contacted": {"query": RESPONDED}},
            Status.FAILED,
            "of those who were contacted, none are no seeds; 20 are needed",
        ),
        (
            {"seed": {"query": "select nothing from customers"}},
            Status.FAILED,
            "seed, source 'kindred_source', query: cannot be read: undefined column: it names a"
            " column that the source does not have; .* correct 'seed.query' in the file",
        ),
        ({"seed": {"query": "select 1; select 2"}}, Status.FAILED, "query: cannot be read"),
        ({"seed": {"query": "select 1; /**/ select 2;"}}, Status.FAILED, "query: cannot be read"),
        (
            {
                "seed": {
                    "query": "select 1) as a (id); delete from opt_outs; select * from (select 1"
                }
            },
            Status.FAILED,
            "query: cannot be read",
        ),
        ({"seed": {"query": "; select 1"}}, Status.FAILED, "query: cannot be read"),
        ({"seed": {"query": "select 1 /* never closed"}}, Status.FAILED, "query: cannot be read"),
        ({"seed": {"query": "delete from customers returning 1"}}, Status.FAILED, "cannot be read"),
        (
            {"seed": {"query": "select nextval('numbers')"}},
            Status.FAILED,
            "it tries to write, and may only read",
        ),
        (
            {"seed": {"table": "customers", "where": "true limit 30"}},
            Status.FAILED,
            "cannot be read: syntax error",
        ),
        (
            {"seed": {"table": "customers", "where": "true union all select 1"}},
            Status.FAILED,
            "cannot be read: syntax error",
        ),
        (
            {"seed": {"table": "customers", "where": "1"}},
            Status.FAILED,
            "cannot be read: datatype mismatch",
        ),
        ({"seed": {"query": "select 1, 2"}}, Status.FAILED, "returns 2 columns; select one"),
        (
            {"seed": {"query": "select customer_id / 0 from customers where income > 0"}},
            Status.FAILED,
            "query: cannot be read: division by zero: a value .*; the log of the task has",
        ),
        (
            {"seed": {"query": "digest:0123456789abcdef"}},
            Status.FAILED,
            "the SQL of 'seed' is not that of the file any more, and it is not stored; clear task",
        ),
        (
            {"seed": {"query": 'select 1 from customers where state = "secret\'s"'}},
            Status.FAILED,
            "undefined column: .* has the server's words",
        ),
        (
            {"seed": {"query": 'select c."secret s" from customers as c'}},
            Status.FAILED,
            "undefined column",
        ),
        (
            {"seed": {"query": "select 1 where 'a' = 'secret"}},
            Status.FAILED,
            "syntax error: it is no SQL",
        ),
        ({"seed": {"query": "select secret5 from customers"}}, Status.FAILED, "undefined column"),
        ({"seed": {"query": "select 1 where 'a' = secret"}}, Status.FAILED, "undefined column"),
        ({"seed": {"query": "select 1 where 'a' = big.secret"}}, Status.FAILED, "undefined table"),
        ({"seed": {"query": "select secret(1)"}}, Status.FAILED, "undefined function"),
        ({"seed": {"query": "select 1 from Secret.Big"}}, Status.FAILED, "undefined table"),
        ({"seed": {"query": "select cast('a' as secret)"}}, Status.FAILED, "undefined object"),
        (
            {"seed": {"query": "select true as secret"}},
            Status.FAILED,
            "column 'id' is of type bool",
        ),
        ({"seed": {"query": "select 'secret'::int"}}, Status.FAILED, "invalid text represent"),
        ({"seed": {"query": "select now()"}}, Status.FAILED, "is of type timestamp with time zone"),
        (
            {"seed": {"query": HUGE}, "max_ids": 1000},
            Status.FAILED,
            "the query of 'seed' gives more than 1,000 rows; select fewer, or raise 'max_ids'",
        ),
        (
            {"seed": {"file": "ids.csv"}, "max_ids": 39},
            Status.FAILED,
            "the file of 'seed' gives more than 39 rows",
        ),
        (
            {"seed": {"query": "select 1", "connection": "nowhere"}},
            Status.FAILED,
            "there is no connection 'nowhere'",
        ),
        (
            {"seed": {"query": "select 1", "connection": "kindred_warehouse"}},
            Status.FAILED,
            "this connection is the warehouse's own",
        ),
        ({"seed": {"table": "respondents"}}, Status.FAILED, "there is no such table or view"),
        (
            {"seed": {"table": "responders", "column": "customerid"}},
            Status.FAILED,
            "it has no column 'customerid'; correct 'seed.column'",
        ),
        ({"seed": {"file": "other.csv"}}, Status.FAILED, "there is no such file in the folder"),
        (
            {**BY_QUERY, "pool": {"stat": "CA"}},
            Status.FAILED,
            "pool: space 'default' has no stored column 'stat'; it has .*did you mean 'state'",
        ),
        (
            {**BY_QUERY, "pool": {"income": "secretly"}},
            Status.FAILED,
            "'pool': the condition on column 'income' has a value that is none of its type",
        ),
        ({"seed": {"label": {"spent": "yes"}}}, Status.FAILED, "seed.label: space .* has no label"),
    ],
)
def test_what_cannot_be_made_has_a_status_and_a_reason(resolve, content, status, reason, caplog):
    with pytest.raises(AudienceError, match=reason) as caught:
        resolve(content)
    assert caught.value.status == status
    assert "secret" not in caught.value.reason
    # The operator's log has what the reason keeps.
    is_servers = "cannot be read: " in caught.value.reason
    assert ("server's words" in caught.value.reason) == is_servers
    assert ("cannot be read: " in caplog.text) == is_servers


def test_what_was_counted_of_seeds_is_told_of_an_audience_that_fails(resolve):
    for further in ({"pool": {"income": "much"}}, {"exclude": {"query": "select 1 / 0"}}):
        with pytest.raises(AudienceError) as caught:
            resolve({**BY_QUERY, **further})
        count = len(responders())
        assert caught.value.seeds == {"seeds_given": count, "seeds_known": count}


def test_twenty_seeds_are_enough(resolve):
    assert len(resolve({"seed": {"query": f"{EVERYBODY} order by 1 limit 20"}}).seeds) == 20


def test_a_slow_query_ends_in_time(scene, resolve_in):
    laboratory, _ = scene
    quick = replace(laboratory, environment={"KINDRED_SOURCE_TIMEOUT_SECONDS": "1"})
    with pytest.raises(AudienceError, match=r"query canceled: .* KINDRED_SOURCE_TIMEOUT_SECONDS"):
        resolve_in(quick, {"seed": {"query": "select 1 from pg_sleep(60)"}})


def test_connections_that_must_not_be_used_or_cannot_be(scene, resolve_in):
    laboratory, _ = scene
    down = make_dsn(laboratory.source_dsn, host="127.0.0.1", port=1)
    connections = {"inside": laboratory.warehouse_dsn, "down": down}
    connected = replace(laboratory, connections=connections)
    secret = "select 1 from kindred.customer_versions"
    for seed, reason in (
        ({"query": secret, "connection": "inside"}, "may act as the owner of the warehouse"),
        (
            {"table": "kindred.customer_versions", "where": "true", "connection": "inside"},
            "may act",
        ),
        ({"query": secret, "connection": "down"}, "the database cannot be reached; the log of the"),
    ):
        with pytest.raises(AudienceError, match=reason) as caught:
            resolve_in(connected, {"seed": seed})
        assert caught.value.status == Status.FAILED
        assert "127.0.0.1" not in caught.value.reason
        is_down = seed.get("connection") == "down"
        assert isinstance(caught.value, UnreachableError) == is_down, "that may pass"
        assert not is_down or public_line(caught.value) == caught.value.reason


def test_who_sees_not_all_rows_is_warned(scene, resolve):
    scene[0].query(
        "create table opted as select customer_id from customers;"
        " alter table opted enable row level security, force row level security;"
        " create policy half on opted using (customer_id % 2 = 0)",
        source=True,
    )
    found = resolve({"seed": {"table": "opted"}})
    assert len(found.seeds) == CUSTOMERS // 2
    assert found.warnings == ("a policy may hide rows of 'seed' from the connection's user",)


def test_private_columns_give_no_audience(resolve):
    private = scene_spec(private=["age", LABEL])
    for content in ({**BY_QUERY, "pool": {"age": 30}}, {"seed": {"label": {LABEL: "yes"}}}):
        with pytest.raises(AudienceError, match="names a private column") as caught:
            resolve(content, spec=private)
        assert "age" not in caught.value.reason.replace("would give it away", "")


def test_a_whole_pool_would_show_whom_a_query_has_found(resolve):
    """By a private column, maybe; a label that readers know gives nothing away."""
    whole = {"sizes": ["10%", "100%"]}
    assert len(resolve({**BY_QUERY, **whole}).seeds)
    private = scene_spec(private=["age"])
    with pytest.raises(AudienceError, match="sizes: 1 of the pool would show readers whom 'seed'"):
        resolve({**BY_QUERY, **whole}, spec=private)
    assert len(resolve({"seed": {"label": {LABEL: "yes"}}, **whole}, spec=private).seeds)


def test_a_list_of_opt_outs_that_is_empty_is_told(resolve):
    found = resolve({**BY_QUERY, "exclude": {"query": f"{RESPONDED} and false"}})
    assert found.warnings == ("'exclude' names nobody; check that its list is complete",)


def test_two_attempts_at_once_find_the_same_ids(copied, resolve_in):
    """If a task is taken for dead and tried again while it is still alive."""
    content = {"seed": {"query": f"{RESPONDED} and (select pg_sleep(0.3)) is not null"}}
    resolve_in.night(copied)
    with audiences_in(resolve_in.folder), ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(resolve_in, copied, content) for _ in range(2)]
    assert [ids(one.result().seeds) for one in tries] == [responders()] * 2


def test_a_date_that_is_run_again_finds_the_same_ids(copied, resolve_in):
    laboratory = copied
    content = {"seed": {"query": EVERYBODY.replace("customers", "responders")}}
    before = resolve_in(laboratory, content)
    laboratory.query("delete from responders", source=True)
    assert ids(resolve_in(laboratory, content).seeds) == ids(before.seeds)
    with pytest.raises(AudienceError, match="the seed gives no id"):
        resolve_in(laboratory, content, full_extract=True)
    other = {"seed": {"query": "select customer_id from contacted"}}
    assert ids(resolve_in(laboratory, other).seeds) == asked()
    roles = "select role, count(*) from kindred.audience_ids group by 1"
    assert laboratory.query(roles) == [("seed", len(asked()))]
    resolve_in(laboratory, {**other, "exclude": {"table": "opt_outs"}})
    assert len(laboratory.query(roles)) == 2
    resolve_in(laboratory, other)
    assert len(laboratory.query(roles)) == 1


def test_what_says_nothing_of_the_past_is_read_for_the_newest_date_alone(resolve):
    late = moment("2026-01-20T02:00")
    known = resolve(BY_QUERY, "past", as_of=late)
    assert 0 < known.given < len(responders())
    assert resolve({"seed": {"label": {LABEL: "yes"}}}, "past", as_of=late).given > 0
    for seed in ({"query": EVERYBODY}, {"table": "responders"}, {"file": "ids.csv"}):
        with pytest.raises(AudienceError, match="says who is meant now") as caught:
            resolve({"seed": seed}, "past", as_of=late)
        assert caught.value.status == Status.NO_HISTORY
    with pytest.raises(AudienceError, match="'exclude' says who is meant now, and nothing of this"):
        resolve(BY_CONTACT, "past", as_of=late)


def test_the_dates_of_a_backfill_read_nothing_of_the_present(resolve, resolve_in, scene):
    backfill = replace(resolve_in.night(scene[0])[0].build, may_fit=False)
    with pytest.raises(AudienceError, match="no history: the table of 'seed' says"):
        resolve({"seed": {"table": "responders"}}, "filled", build=backfill)
    assert ids(resolve(BY_QUERY, "filled", build=backfill).seeds) == responders()


def test_an_erased_customer_is_in_no_population_again(copied, resolve_in, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    laboratory = copied
    gone = responders()[3]
    resolve_in(laboratory, BY_CONTACT)
    stored = f"select role from kindred.audience_ids where customer_id = {gone} order by 1"  # noqa: S608
    assert laboratory.query(stored) == [("contacted",), ("seed",)]
    receipt = erase(laboratory.deployment, "default", request(laboratory, gone))
    assert receipt["rows"]["audience_ids"] == 2
    assert laboratory.query(stored) == []
    found = resolve_in(laboratory, BY_CONTACT, "anew")
    assert gone not in {*ids(found.seeds), *ids(found.contacted)}
    assert len(found.contacted) == len({*asked()} - {*opt_outs()}) - 1
    assert laboratory.query(stored) == []


def test_stored_ids_go_with_the_snapshot_of_their_date(copied, resolve_in):
    laboratory = copied
    resolve_in(laboratory, BY_QUERY)
    count = (
        "select (select count(*) from kindred.audience_ids),"
        " (select count(*) from kindred.audience_resolutions)"
    )
    for status, before, left in (
        ("published", "2026-03-01", 1),
        ("building", "2026-03-01", 1),
        ("failed", "2026-01-01", 1),
        ("failed", "2026-03-01", 0),
    ):
        laboratory.query("update kindred.snapshots set status = %s", [status])
        with laboratory.deployment.warehouse("test", "kindred") as warehouse:
            drop_hidden(warehouse, moment(f"{before}T00:00"))
        assert laboratory.query(count) == [(left * len(responders()), left)]


@pytest.mark.bare
def test_ids_are_written_as_the_keys_of_the_space_are(laboratory, tmp_path):
    laboratory.query("create extension citext", source=True)
    rows = [(f"Key{row[0]}", *row[1:]) for row in customers(60)]
    laboratory.fill("customers", COLUMNS.replace("customer_id bigint", "customer_id citext"), rows)
    (tmp_path / "made.yaml").write_text("")
    (tmp_path / "ids.txt").write_text("".join(f"KEY{number} \n" for number in range(1, 31)))
    write_audiences(tmp_path / "read", {"made": BY_QUERY})
    with audiences_in(tmp_path / "read"):
        laboratory.run(SPEC, FIRST_NIGHT, until="plan_graph")
    resolve = Resolver(tmp_path)
    texts = "select 'key' || i from generate_series(1, 25) as numbers (i) union all select 'kEY1'"
    assert (found := resolve(laboratory, {"seed": {"query": texts}})).given == 25
    assert len(found.seeds) == 25
    assert len(resolve(laboratory, {"seed": {"file": "ids.txt"}}).seeds) == 30
    longer = f"{texts} union all select repeat('k', 300)"
    found = resolve(laboratory, {"seed": {"query": longer}})
    assert (found.given, found.known) == (26, 25)


ODD_KEYS = ["=1+1", "'=1+1", "-a", "b ", "b", " c", "\t@d", "e;f", 'g"h', "'i'", "j\nk"]


@pytest.mark.bare
def test_texts_are_keys_exactly_as_they_are_written(laboratory, tmp_path):
    """The file of an export gives its customers back; other blanks are forgiven, and told."""
    rows = [
        (ODD_KEYS[i] if i < len(ODD_KEYS) else f"key{i}", *row[1:])
        for i, row in enumerate(customers(60))
    ]
    laboratory.fill("customers", COLUMNS.replace("customer_id bigint", "customer_id text"), rows)
    laboratory.run(SPEC, FIRST_NIGHT, until="plan_graph")
    resolve = Resolver(tmp_path)
    embeddings = resolve.night(laboratory)[1]
    everybody = embeddings.key_type.to_python(embeddings.customers)
    (tmp_path / "made.yaml").write_text("")
    keys = [row[0] for row in rows[:30]]
    (tmp_path / "ids.csv").write_bytes(csv_lines(["customer_id", *keys]))
    found = resolve(laboratory, {"seed": {"file": "ids.csv"}})
    assert {everybody[row] for row in found.seeds} == set(keys)
    assert (found.given, found.known, found.warnings) == (30, 30, ())
    typed = [*(f" {key}\t" for key in keys[11:]), "'=1+1", "b ", "b  ", "nobody ", "nobody", "c "]
    (tmp_path / "ids.csv").write_text("".join(f"{line}\n" for line in typed))
    found = resolve(laboratory, {"seed": {"file": "ids.csv"}}, full_extract=True)
    assert {everybody[row] for row in found.seeds} == {*keys[11:], "=1+1", "b ", "b"}
    assert (found.given, found.known) == (25, 22)
    assert found.warnings == (
        "20 ids of 'seed' were found in another spelling: without blanks at their ends, or with the"
        " apostrophe in front",
    )
    stored = laboratory.query(
        "select customer_id from kindred.audience_ids where audience = 'typed'"
    )
    assert not {("nobody ",), ("c ",), ("c",)} & set(stored)


@pytest.mark.bare
def test_uuids_are_keys_however_they_are_typed(laboratory, tmp_path):
    def key(number):
        return f"00000000-0000-4000-8000-{number:012x}"

    rows = [(key(row[0]), *row[1:]) for row in customers(60)]
    laboratory.fill("customers", COLUMNS.replace("customer_id bigint", "customer_id uuid"), rows)
    laboratory.run(SPEC, FIRST_NIGHT, until="plan_graph")
    (tmp_path / "made.yaml").write_text("")
    ids_of = [key(number).upper() for number in range(1, 26)]
    (tmp_path / "ids.txt").write_text("\n".join(["customer_id", *ids_of, "nobody"]))
    resolve = Resolver(tmp_path)
    found = resolve(laboratory, {"seed": {"file": "ids.txt"}})
    assert (found.given, found.known) == (26, 25)
    assert found.warnings == ("1 ids of 'seed' can be no keys of type uuid",)
    found = resolve(laboratory, {"seed": {"query": "select customer_id from customers limit 30"}})
    assert found.known == 30
    with pytest.raises(AudienceError, match="is of type integer, but customers have keys of type"):
        resolve(laboratory, {"seed": {"query": "select 1"}})


def test_a_connection_that_is_down_is_tried_once(scene, tmp_path):
    down = {"seed": {"query": "select 1", "connection": "down"}}
    write_audiences(tmp_path, {"one": {**down, "exclude": down["seed"]}, "two": down})
    tried = []

    def conninfo(connection_id):
        tried.append(connection_id)
        return make_dsn(scene[0].source_dsn, host="127.0.0.1", port=1)

    deployment = scene[0].deployment
    with audiences_in(tmp_path), deployment.warehouse("test", "kindred") as warehouse:
        limited = replace(deployment, connections=conninfo)
        found = [f.message for f in findings(SPEC, limited, warehouse, KeyType.BIGINT)]
    assert tried == ["down"]
    assert len(found) == 3
    assert all("cannot be reached; the log of the task says why: connection" in f for f in found)


def test_doctor_says_which_audiences_will_not_be_made(scene, tmp_path):
    bad = {
        "lost": {"seed": {"file": "lost.csv"}},
        "slip": {"seed": {"query": "select customerid from customers"}},
        "cast": {"seed": {"query": "select 'secret'::integer"}},
        "wide": {"seed": {"label": {"spent": "yes"}}, "pool": {"stat": "CA"}},
        "name": {"seed": {"table": "responders", "column": "customerid"}},
        "owner": {"seed": {"table": "responders", "connection": "kindred_warehouse"}},
    }
    write_audiences(tmp_path, {"asked": BY_CONTACT, **bad})
    (tmp_path / "broken.yaml").write_text("seed: [")
    for name in ("spring.yml", "ids.csv", "autumn.YAML", "summer.yaml.txt", "notes.txt"):
        (tmp_path / name).write_text("1" if name in ("ids.csv", "notes.txt") else "seed: {}\n")
    folders = os.pathsep.join((str(tmp_path), str(tmp_path / "absent")))
    deployment = scene[0].deployment
    with (
        audiences_in(folders),
        deployment.warehouse("test", "kindred") as warehouse,
    ):
        found = list(findings(SPEC, deployment, warehouse, KeyType.BIGINT))
    said = [f.message for f in found if f.outcome is Outcome.WARNING]
    assert "there is no folder" in said.pop(0)
    for name in ("autumn.YAML", "spring.yml", "summer.yaml.txt"):
        assert f"{name} is not read as an audience: its name must end in '.yaml'" in said.pop(0)
    for name, words in {
        "broken": "broken.yaml: cannot be read as YAML: line 1",
        "cast": "cannot be read: invalid text representation: a value that it reads",
        "lost": "file 'lost.csv': there is no such file in the folder",
        "name": "the source has campaign, customer_id, responded_at; correct",
        "owner": "this connection is the warehouse's own",
        "slip": 'column "customerid" does not exist',
        "wide": "seed.label: space 'default' has no label 'spent'; it has bought",
    }.items():
        assert said[0].startswith(f"audience {name} will not be made: ")
        assert words in said.pop(0)
    assert "has no stored column 'stat'" in said.pop(0)
    [strong] = said
    assert "connection 'kindred_source': its user may end the sessions of kindred" in strong
    assert [f.message for f in found if f.outcome is Outcome.OK] == [
        "asked: seed by query, contacted by query, exclude by table"
    ]


def test_a_user_of_its_own_may_end_no_session_of_the_night(scene, resolve_in, tmp_path, server):
    """As ``make run`` has it; the owner of both databases may."""
    laboratory, _ = scene
    administer(server, "create role audience_reader login")
    laboratory.query("grant select on responders to audience_reader", source=True)
    own = as_user(laboratory.source_dsn, "audience_reader")
    deployment = replace(laboratory, connections={"kindred_source": own}).deployment
    ending = (
        "select customer_id from responders where (select count(pg_terminate_backend(pid)) from"
        " pg_stat_activity where usename <> session_user) >= 0"
    )
    write_audiences(tmp_path, {"made": {"seed": {"query": RESPONDED}}})
    with audiences_in(tmp_path), deployment.warehouse("test", "kindred") as warehouse:
        [found] = findings(SPEC, deployment, warehouse, KeyType.BIGINT)
        assert found.outcome is Outcome.OK
        hidden = scene_spec(private=["age"])
        [_, guessed] = findings(hidden, deployment, warehouse, KeyType.BIGINT)
        assert (
            "audience made: readers can guess from its members whom 'seed' name" in guessed.message
        )
        with pytest.raises(AudienceError, match=r"insufficient privilege: .* lacks a right"):
            resolve_in(
                replace(laboratory, connections={"kindred_source": own}),
                {"seed": {"query": ending}},
                name="ending",
            )
        assert warehouse.value("preparation/may_end_sessions", warehouse.records(IDENTITY)[0])
