"""``bi_reader`` may read ``bi``, and no more: what else it has is said, revoked or refused."""

import logging
from collections.abc import Callable

import pytest

from databases import administer
from integration.laboratory_state import state_of
from integration.reader_shop import SPEC, execute, findings, name_of
from integration.warehouse import COLUMNS, Laboratory, people
from kindred.errors import PreflightError
from kindred.preparation.doctor import examine
from kindred.run.findings import Outcome
from local.postgres import OWNER, EmbeddedServer

AS_OF = "2026-01-22T02:00"
OTHER = "other_role_of_tests"
SAID = [(Outcome.OK, "bi_reader may read bi, and no more")]


@pytest.fixture(scope="module")
def shop(make_laboratory: Callable[..., Laboratory], server: EmbeddedServer) -> Laboratory:
    """A prepared space without a night."""
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(20))
    for _ in range(2):  # bi.customers is made once there is a history
        laboratory.begin(SPEC, AS_OF)
    administer(server, f"create role {OTHER}")
    return laboratory


TOO_MUCH = {
    "grant usage on schema kindred to bi_reader": "bi_reader has usage on schema kindred",
    "grant usage on schema kindred to public": "PUBLIC has usage on schema kindred",
    "grant select on kindred.customer_versions to bi_reader": "select on table kindred.customer_v",
    "grant select on kindred.rejected_rows to public": "PUBLIC has select on table kindred.rej",
    "grant update (raw) on kindred.rejected_rows to bi_reader": "update (raw) on table kindred.rej",
    "grant insert, update, delete on bi.index_builds to bi_reader": "insert on table bi.index_b",
    "grant delete on bi.snapshots to public": "PUBLIC has delete on table bi.snapshots",
    "grant select on bi.snapshots to bi_reader with grant option": "has select on table bi.snaps",
    "grant usage on schema bi to public": "PUBLIC has usage on schema bi",
    "grant execute on function bi.explain_pair to public": "PUBLIC has execute on function bi.exp",
    "grant execute on function kindred.to_flag to bi_reader": "has execute on function",
    "grant usage on sequence kindred.erasure_requests_number_seq to bi_reader": "usage on sequence",
    "alter default privileges in schema kindred grant select on tables to bi_reader": "on new tabl",
    "alter default privileges in schema bi grant update on tables to public": "PUBLIC has update",
}


def rights_of(shop: Laboratory) -> list[tuple[object, ...]]:
    """All that bi_reader and PUBLIC have in the two schemas."""
    return shop.query(
        "select 'n', nspname::text, item.* from pg_namespace, aclexplode(nspacl) as item"
        " where nspname in ('bi', 'kindred') and grantee in (0, 'bi_reader'::regrole)"
        " union all select 'r', relname, item.* from pg_class, aclexplode(relacl) as item"
        " where relnamespace in ('bi'::regnamespace, 'kindred'::regnamespace)"
        " and grantee in (0, 'bi_reader'::regrole)"
        " union all select 'a', attname, item.* from pg_attribute, aclexplode(attacl) as item"
        " where grantee in (0, 'bi_reader'::regrole) and attrelid > 16384"
        " union all select 'p', proname, item.* from pg_proc,"
        " aclexplode(coalesce(proacl, acldefault('f', proowner))) as item"
        " where pronamespace in ('bi'::regnamespace, 'kindred'::regnamespace)"
        " and grantee in (0, 'bi_reader'::regrole)"
        " union all select 'd', defaclobjtype::text, item.* from pg_default_acl,"
        " aclexplode(defaclacl) as item where grantee in (0, 'bi_reader'::regrole) order by 1, 2, 5"
    )


def test_what_is_too_much_is_said_and_revoked_every_night(
    shop: Laboratory, caplog: pytest.LogCaptureFixture
) -> None:
    assert findings(shop, "readers") == SAID
    before = rights_of(shop)
    execute(shop.warehouse_dsn, *TOO_MUCH)
    assert rights_of(shop) != before
    [(outcome, message)] = findings(shop, "readers")
    assert outcome is Outcome.WARNING
    assert "the next run puts them right" in message
    with caplog.at_level(logging.WARNING, "kindred.warehouse.reader_rights"):
        shop.begin(SPEC, AS_OF)
    logged = [record.message for record in caplog.records if "put right" in record.message]
    for grant, words in TOO_MUCH.items():
        assert words in message, grant
        assert any(words in line for line in logged), grant
    assert "put right by 'revoke SELECT on table kindred.customer_versions from" in caplog.text
    assert rights_of(shop) == before
    assert findings(shop, "readers") == SAID


def test_a_schema_that_may_be_filled_stops_the_night(shop: Laboratory) -> None:
    for schema in ("bi", "kindred"):
        execute(shop.warehouse_dsn, f"grant create on schema {schema} to bi_reader")
        with pytest.raises(PreflightError, match=f"may create objects in schema {schema}"):
            shop.begin(SPEC, AS_OF)
        execute(shop.warehouse_dsn, f"revoke create on schema {schema} from bi_reader")


def test_what_somebody_else_granted_stops_the_night(
    shop: Laboratory, server: EmbeddedServer
) -> None:
    grant = f"grant select on kindred.rejected_rows to {OTHER} with grant option"
    execute(shop.warehouse_dsn, f"grant usage on schema kindred to {OTHER}", grant)
    name = name_of(shop)
    try:
        administer(
            server,
            f"set role {OTHER}; grant select on kindred.rejected_rows to bi_reader",
            database=name,
        )
        before = state_of(shop.warehouse_dsn)
        with pytest.raises(PreflightError, match=f"rejected_rows .granted by {OTHER}.*revoke it"):
            shop.begin(SPEC, AS_OF)
        assert state_of(shop.warehouse_dsn) == before
    finally:
        revoke = f"revoke all on kindred.rejected_rows from {OTHER} cascade"
        execute(shop.warehouse_dsn, revoke, f"revoke usage on schema kindred from {OTHER}")
    assert findings(shop, "readers") == SAID


def test_large_objects_that_readers_may_write_are_warned_of(
    shop: Laboratory, server: EmbeddedServer
) -> None:
    def told() -> list[str]:
        found = examine(shop.deployment.connections, "default", lambda _: SPEC)
        found = [finding for finding in found if finding.check == "large objects"]
        assert {finding.outcome for finding in found} <= {Outcome.WARNING}
        return [finding.message for finding in found]

    [message] = told()
    revoke = message[message.index("revoke") : message.index("' in the")]
    for name in ("lo_from_bytea", "lo_create", "lo_creat", "lo_put", "lowrite"):
        assert f"{name}(" in revoke
    try:
        administer(server, revoke, database=name_of(shop))
        assert told() == []
        administer(server, "grant execute on function lo_put to bi_reader", database=name_of(shop))
        [message] = told()
        assert "function lo_put(oid,bigint,bytea) from" in message
    finally:
        again = revoke.replace("revoke", "grant").replace("from public", "to public")
        restore = "revoke execute on function lo_put from bi_reader"
        administer(server, restore, again, database=name_of(shop))


ATTRIBUTES = {
    **dict.fromkeys(("superuser", "createrole", "bypassrls", "replication"), Outcome.FAILURE),
    "createdb": Outcome.WARNING,
}
ROLES = {
    **dict.fromkeys(
        ("pg_read_all_data", "pg_write_all_data", "pg_read_server_files", "pg_signal_backend"),
        Outcome.FAILURE,
    ),
    "pg_monitor": Outcome.WARNING,
    OTHER: Outcome.WARNING,
}


def test_what_no_grant_on_a_space_gives_is_said_or_refused(
    shop: Laboratory, server: EmbeddedServer
) -> None:
    administer(server, *(f"grant {role} to bi_reader" for role in ROLES))
    try:
        of_roles = findings(shop, "readers")
        with pytest.raises(PreflightError, match="is a member of role pg_read_all_data"):
            shop.begin(SPEC, AS_OF)
        administer(server, *(f"alter role bi_reader {name}" for name in ATTRIBUTES))
        found = findings(shop, "readers")
    finally:
        administer(server, *(f"revoke {role} from bi_reader" for role in ROLES))
        administer(server, *(f"alter role bi_reader no{name}" for name in ATTRIBUTES))
    expected = [
        (
            outcome,
            f"warehouse: bi_reader is a member of role {role}, and may read bi alone; have an"
            f" administrator run 'revoke {role} from bi_reader'",
        )
        for role, outcome in ROLES.items()
    ]
    assert sorted(of_roles) == sorted(expected)
    for name, outcome in ATTRIBUTES.items():
        [(said, message)] = [row for row in found if f"attribute {name.upper()}," in row[1]]
        assert said is outcome
        assert message.endswith(f"run 'alter role bi_reader no{name}'")
    assert findings(shop, "readers") == SAID


def test_a_role_that_reaches_more_opens_it(shop: Laboratory, server: EmbeddedServer) -> None:
    """Whether or not bi_reader inherits its rights: it may take the role."""
    name = name_of(shop)
    administer(server, f"grant {OTHER} to bi_reader with inherit false")
    try:
        for right in (
            "usage on schema kindred",
            "create on schema bi",
            "update on bi.index_builds",
        ):
            administer(server, f"grant {right} to {OTHER}", database=name)
            found = findings(shop, "readers")
            administer(server, f"revoke {right} from {OTHER}", database=name)
            assert [outcome for outcome, _ in found] == [Outcome.FAILURE], right
            assert f"bi_reader is a member of role {OTHER}" in found[0][1]
    finally:
        administer(server, f"revoke {OTHER} from bi_reader")


def test_rights_outside_the_space_are_said(shop: Laboratory, server: EmbeddedServer) -> None:
    name = name_of(shop)
    for right in (
        "{2} create on database {0} {3} bi_reader",
        "alter default privileges for role {1} {2} SELECT on tables {3} bi_reader",
    ):
        undo = right.format(name, OWNER, "revoke", "from")
        administer(server, right.format(name, OWNER, "grant", "to"), database=name)
        found = findings(shop, "readers")
        administer(server, undo, database=name)
        assert [outcome for outcome, _ in found] == [Outcome.WARNING]
        assert f"run '{undo}'" in found[0][1]


def test_a_member_who_has_more_is_said(shop: Laboratory, server: EmbeddedServer) -> None:
    name = name_of(shop)
    administer(server, f"grant bi_reader to {OTHER}")
    execute(shop.warehouse_dsn, f"grant usage on schema kindred to {OTHER}")
    found = findings(shop, "readers")
    execute(shop.warehouse_dsn, f"revoke usage on schema kindred from {OTHER}")
    administer(server, f"revoke bi_reader from {OTHER}", database=name)
    [(outcome, message)] = found
    assert outcome is Outcome.WARNING
    assert f"bi_reader has a member, {OTHER}, who may use schema kindred" in message
    assert findings(shop, "readers") == SAID
