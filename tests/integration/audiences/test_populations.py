"""Whom the populations of an audience resolve to, and what prepare records of its file."""

import numpy as np
import pytest

from integration.audiences.audience_scene import (
    ASKED,
    BY_CONTACT,
    BY_QUERY,
    CUSTOMERS,
    FIRST_NIGHT,
    LABEL,
    RESPONDED,
    asked,
    audiences_in,
    customers,
    opt_outs,
    responders,
)
from integration.audiences.population_scene import EVERYBODY, ids
from kindred.audiences.audience_files import recorded_audiences, with_sql
from kindred.audiences.populations import Truth
from kindred.audiences.status import Status
from kindred.errors import AudienceError


def test_prepare_records_the_files_of_its_space_and_those_it_cannot_read(encoded):
    laboratory, _ = encoded
    run = laboratory.reopen({"space": "default", "as_of": f"{FIRST_NIGHT}+00:00"})
    broken, elsewhere, _, responded = recorded_audiences(run.build.facts)
    with audiences_in(encoded[1]):
        assert with_sql(responded.audience).seed.query == RESPONDED
    assert responded.audience.seed.query.startswith("digest:")
    assert responded.audience.sizes == (0.05, 0.1, 0.2)
    assert broken.audience is None
    assert broken.problem.startswith("broken.yaml: seed: there is no such key; allowed are")
    assert "space: there is no such space; there are" in elsewhere.problem


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


def test_labels_that_are_missing_are_no_truth(encoded_copy, resolve_in):
    laboratory = encoded_copy
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


def test_tables_and_files_give_ids(resolve, encoded):
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


def test_who_is_excluded_must_be_understood(resolve, encoded):
    """Whoever is missed would be in the audience."""
    given = "select customer_id::text || '.0' from customers where customer_id between 31 and 35"
    for odd in ("1e3", "1,000", "9.5", "4O", "12345678901234567890"):
        query = f"{given} union all values ('{odd}')"
        with pytest.raises(AudienceError, match="1 ids of 'exclude' can be no keys") as caught:
            resolve({**BY_QUERY, "exclude": {"query": query}})
        assert caught.value.status == Status.FAILED
        assert "write them as in the source's key column, or take them out" in caught.value.reason
    found = resolve({**BY_QUERY, "exclude": {"query": given}})
    assert (ids(found.excluded), found.warnings) == ([*range(31, 36)], ())
    (encoded[1] / "out.csv").write_text("customer_id,n\n41.0,x\n42.,y\n +43,z\n0044.00,\n")
    found = resolve({**BY_QUERY, "exclude": {"file": "out.csv"}})
    assert (ids(found.excluded), found.warnings) == ([*range(41, 45)], ())
    (encoded[1] / "out2.csv").write_text("customer_id,n\n41,x\n42;y\n")
    with pytest.raises(AudienceError, match="line 3 has other columns"):
        resolve({**BY_QUERY, "exclude": {"file": "out2.csv"}})


def test_twenty_seeds_are_enough(resolve):
    assert len(resolve({"seed": {"query": f"{EVERYBODY} order by 1 limit 20"}}).seeds) == 20


def test_who_sees_not_all_rows_is_warned(encoded, resolve):
    encoded[0].query(
        "create table opted as select customer_id from customers;"
        " alter table opted enable row level security, force row level security;"
        " create policy half on opted using (customer_id % 2 = 0)",
        source=True,
    )
    found = resolve({"seed": {"table": "opted"}})
    assert len(found.seeds) == CUSTOMERS // 2
    assert found.warnings == ("a policy may hide rows of 'seed' from the connection's user",)


def test_a_list_of_opt_outs_that_is_empty_is_told(resolve):
    found = resolve({**BY_QUERY, "exclude": {"query": f"{RESPONDED} and false"}})
    assert found.warnings == ("'exclude' names nobody; check that its list is complete",)
