"""Where a connection fails, the message shows no part of a password."""

import pytest

from kindred.errors import UnreachableError
from kindred.warehouse.database import connect
from kindred.warehouse.driver_messages import without_secrets

PART = "Zwiebel99"


@pytest.mark.parametrize(
    "conninfo",
    [
        f"postgresql://kindred:a@{PART}@127.0.0.1:1/w",
        f"postgresql://kindred:a@{PART}@127.0.0.1:1,127.0.0.1:2/w",
        f"postgresql://kindred:{PART}@b@c@127.0.0.1:1/w",
        f"postgresql://kindred:{PART}@127.0.0.1:1/w",
        f"host=127.0.0.1 port=1 user=kindred sslmode={PART}",
        f"host='x {PART}' port=1 user=kindred",
    ],
)
def test_no_part_of_a_password_is_shown(conninfo):
    opened = connect(conninfo, connection_id="kindred_warehouse", application_name="test")
    with pytest.raises(UnreachableError, match="cannot connect: ") as caught, opened:
        pass
    assert PART not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_plain_names_are_shown():
    plain = {"host": "db.example,::1", "port": "5432", "user": "kindred", "dbname": "w"}
    for message in (
        'connection to server at "db.example" (10.0.0.1), port 5432 failed: Connection refused',
        'FATAL: database "w" does not exist; user "kindred"',
    ):
        assert without_secrets(message, plain | {"password": "x1", "sslmode": "prefer"}) == message


def test_of_a_wrong_address_the_message_says_what_to_do():
    wrong = {"host": "99@db", "password": "Zwie", "dbname": "s@h/db"}
    shown = without_secrets('could not translate host name "99@db" for "s@h/db" Zwie', wrong)
    assert shown.startswith('could not translate host name "***" for "***" *** (')
    assert "%40" in shown
