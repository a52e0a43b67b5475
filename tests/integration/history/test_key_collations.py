"""Keys of a collation that ignores case, on a source with ICU."""

import dataclasses

import pytest

from databases import administer
from integration.narrow_source import FIRST, SECOND, narrow_spec, versions
from kindred.erasure.task import erase, request_erasure
from kindred.errors import PreflightError

COLUMNS = "customer_id text collate {}, updated_at timestamptz, value integer"
ROWS = [(key, "2026-01-10T10:00Z", 1) for key in ("Anna", "Bert", "Cleo")]


@pytest.fixture
def laboratory_on_icu(plpython_server, laboratory):
    """A source that knows two collations: one ignores case, the other accents too."""
    administer(plpython_server, "create database spelled")
    for name, level in (("no_case", 2), ("no_accents", 1)):
        administer(
            plpython_server,
            f"create collation {name} (provider = icu, locale = 'und-u-ks-level{level}',"
            " deterministic = false)",
            database="spelled",
        )
    yield dataclasses.replace(laboratory, source_dsn=plpython_server.dsn("spelled"))
    administer(plpython_server, "drop database spelled (force)")


@pytest.mark.bare
def test_where_a_collation_ignores_case_a_customer_has_one_key(laboratory_on_icu, monkeypatch):
    monkeypatch.setenv("KINDRED_ERASURE_KEY", "s" * 64)
    laboratory = laboratory_on_icu
    laboratory.fill("customers", COLUMNS.format("no_case"), ROWS)
    laboratory.land(narrow_spec(), FIRST)
    number = request_erasure(laboratory.deployment, "default", "anna")
    assert erase(laboratory.deployment, "default", number)["rows"]["customer_versions"] == 1
    change = (
        "update customers set customer_id = upper(customer_id), value = 2,"
        " updated_at = '2026-02-01T10:00Z' where customer_id in ('anna', 'bert')"
    )
    laboratory.query(change, source=True)
    laboratory.land(narrow_spec(), SECOND)
    found = versions(laboratory, "value", "is_deleted")
    assert found == [("Bert", 1, False), ("Bert", 2, False), ("Cleo", 1, False)]


@pytest.mark.bare
def test_a_collation_that_ignores_accents_is_refused(laboratory_on_icu):
    laboratory_on_icu.fill("customers", COLUMNS.format("no_accents"), ROWS)
    with pytest.raises(PreflightError, match=r"table customers.*'a' and 'á' are equal.*\"C\""):
        laboratory_on_icu.land(narrow_spec(), FIRST)
