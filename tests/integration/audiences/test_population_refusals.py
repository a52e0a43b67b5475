"""Populations of which no audience can be made: the status, the reason, and what it keeps."""

from dataclasses import replace

import pytest
from psycopg2.extensions import make_dsn

from integration.audiences.audience_scene import (
    BY_QUERY,
    LABEL,
    RESPONDED,
    responders,
    scene_spec,
)
from integration.audiences.population_scene import EVERYBODY
from kindred.airflow_adapter.alerts import public_line
from kindred.audiences.status import Status
from kindred.errors import AudienceError, UnreachableError

HUGE = "select generate_series(1, 10000000)"


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
            "seed.query: cannot be read: undefined column: it names a"
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
            "seed.query: cannot be read: division by zero: a value .*; the log of the task has",
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
            "seed.query: there is no such connection, or it cannot be used; the log of the task",
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
            "seed.table: it has no such column; correct 'seed.column'",
        ),
        ({"seed": {"file": "other.csv"}}, Status.FAILED, "there is no such file in the folder"),
        (
            {**BY_QUERY, "pool": {"stat": "CA"}},
            Status.FAILED,
            "pool: space 'default' has no stored column of that name; .*did you mean 'state'",
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


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"seed": {"query": "select 1", "connection": "secret"}}, "seed.query: there is no such"),
        ({"seed": {"table": "secret@example"}}, "seed.table: there is no such table or view"),
        ({"seed": {"table": "opt_outs", "column": "secret"}}, "seed.table: it has no such column"),
        ({"seed": {"file": "secret.csv"}}, "seed.file: there is no such file"),
        ({"seed": {"file": "ids.csv", "column": "secret"}}, "seed.file: its first line is no"),
        ({"seed": {"label": {"secret@example": "x"}}}, "seed.label: space 'default' has no label"),
        ({**BY_QUERY, "pool": {"secret": 1}}, "pool: space 'default' has no stored column"),
        (
            {**BY_QUERY, "outcome": {"label": "secret", "days": 3}},
            "outcome.label: space 'default' has no label of that name; it has bought",
        ),
        ({**BY_QUERY, "outcome": {"event": "secret", "days": 3}}, "outcome.event: space 'default'"),
    ],
)
def test_reasons_are_in_no_words_of_the_file(resolve, content, place, caplog):
    with pytest.raises(AudienceError, match=place) as caught:
        resolve(content)
    assert "secret" not in caught.value.reason
    assert "kindred_source" not in caught.value.reason
    assert "@" not in caplog.text


def test_what_was_counted_of_seeds_is_told_of_an_audience_that_fails(resolve):
    for further in ({"pool": {"income": "much"}}, {"exclude": {"query": "select 1 / 0"}}):
        with pytest.raises(AudienceError) as caught:
            resolve({**BY_QUERY, **further})
        count = len(responders())
        assert caught.value.seeds == {"seeds_given": count, "seeds_known": count}


def test_a_slow_query_ends_in_time(encoded, resolve_in):
    laboratory, _ = encoded
    quick = replace(laboratory, environment={"KINDRED_SOURCE_TIMEOUT_SECONDS": "1"})
    with pytest.raises(AudienceError, match=r"query canceled: .* KINDRED_SOURCE_TIMEOUT_SECONDS"):
        resolve_in(quick, {"seed": {"query": "select 1 from pg_sleep(60)"}})


def test_connections_that_must_not_be_used_or_cannot_be(encoded, resolve_in):
    laboratory, _ = encoded
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
