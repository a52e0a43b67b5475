"""Addresses of warehouses, as people write them and as Superset reads them."""

import pytest

from kindred.errors import SettingsError
from kindred.superset.address import PASSWORD_MASK, Address, address_of

DRIVER = "postgresql+psycopg2://"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("postgresql://bi@db/warehouse", "bi@db/warehouse"),
        ("postgres://bi@db:5433/warehouse", "bi@db:5433/warehouse"),
        ("postgresql+psycopg2://bi@db/warehouse", "bi@db/warehouse"),
        ("postgresql://bi@[::1]:5433/warehouse", "bi@[::1]:5433/warehouse"),
        (
            "postgresql://bi@db/warehouse?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "bi@db/warehouse?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        ),
        ("postgresql://b%40i@db/ware%20house", "b%40i@db/ware house"),
        (
            "postgresql://bi@db1:5432,db2/warehouse?target_session_attrs=read-write",
            "bi@/warehouse?host=db1:5432&host=db2:5432&target_session_attrs=read-write",
        ),
        ("postgresql://bi@/warehouse?host=/run/postgresql", "bi@/warehouse?host=/run/postgresql"),
        ("postgresql://bi@%2Frun%2Fpg/warehouse", "bi@/warehouse?host=/run/pg"),
    ],
)
def test_a_uri_of_libpq_becomes_one_of_sqlalchemy(uri, expected):
    assert address_of(uri, asks_password=False) == Address(DRIVER + expected)
    login, _, rest = expected.partition("@")
    masked = f"{DRIVER}{login}:{PASSWORD_MASK}@{rest}"
    assert address_of(uri, asks_password=True) == Address(masked)


def test_options_of_the_session_stand_where_superset_keeps_them():
    uri = "postgresql://bi@db/w?options=-c%20statement_timeout%3D60s&sslmode=require"
    found = address_of(uri, asks_password=False)
    assert found.uri == f"{DRIVER}bi@db/w?sslmode=require"
    assert found.session_options == ("-c statement_timeout=60s",)


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://bi:s3cret@db/warehouse",
        "postgresql://bi:@db/warehouse",
        "postgresql://bi:s3cret@with@at@db/warehouse",
        "postgresql://bi@db/warehouse?password=s3cret",
        "postgresql://bi@db/warehouse?PASSWORD=s3cret",
        "postgresql://bi@db/warehouse?sslpassword=s3cret&sslmode=require",
        "postgresql://bi@db/warehouse?%70assword=s3cret",
        "postgresql://:s3cret@db/warehouse",
        "postgresql://bi@db/warehouse?oauth_client_secret=s3cret",
        "postgresql://bi@db/warehouse?scram_client_key=s3cret",
    ],
)
def test_a_password_is_refused_and_not_repeated(uri):
    with pytest.raises(SettingsError, match="leave it out") as error:
        address_of(uri, asks_password=True)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("postgresql://db/warehouse", "no login found"),
        ("postgresql://@db/warehouse", "no login found"),
        ("postgresql://bi@db", "no database found"),
        ("postgresql://bi@db/", "no database found"),
        ("mysql://bi@db/warehouse", "begins with one of postgresql://"),
        ("host=db dbname=warehouse password=s3cret", "begins with one of postgresql://"),
        ("", "begins with one of postgresql://"),
        ("postgresql://bi@db/warehouse?s3cret", "is expected"),
        ("postgresql://bi@[db/warehouse", "is expected"),
        ("postgresql://bi@db/ware%2Fhouse", "whose name has"),
        ("postgresql://bi@db/warehouse#s3cret", "has no #"),
        ("postgresql://bi@ db/warehouse", "no blank"),
        ("postgresql://bi@db/warehouse\n", "no blank"),
        ("postgresql://bi@db:54x/warehouse", "the port '54x' is no number"),
        ("postgresql://bi@db:65536/warehouse", "the port '65536' is no number"),
        ("postgresql://bi@db1:5432,db2:0/warehouse", "the port '0' is no number"),
        ("postgresql://bi@[::1]:x/warehouse", "the port 'x' is no number"),
    ],
)
def test_what_is_no_address_is_explained_and_not_repeated(uri, words):
    with pytest.raises(SettingsError, match=words) as error:
        address_of(uri, asks_password=True)
    assert "s3cret" not in str(error.value)
