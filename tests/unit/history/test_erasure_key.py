"""The secret that hashes the keys of erased customers."""

import hashlib
import hmac

import pytest

from kindred.errors import DataError, SettingsError
from kindred.history.erasure_key import MIN_CHARACTERS, VARIABLE, ErasureKey
from kindred.warehouse.keys import KeyType

SECRET = "0123456789abcdef" * 4


@pytest.mark.parametrize("found", [None, "", "x" * (MIN_CHARACTERS - 1)])
def test_a_missing_or_short_secret_is_refused_and_not_repeated(found, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    if found is not None:
        monkeypatch.setenv(VARIABLE, found)
    with pytest.raises(SettingsError) as caught:
        ErasureKey.from_env()
    message = str(caught.value)
    assert message.startswith(f"{VARIABLE}: {len(found or '')} characters were found")
    assert "openssl rand -hex 32" in message
    assert not found or found not in message


def test_the_environment_of_the_process_is_read(monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    assert ErasureKey.from_env() == ErasureKey(SECRET.encode())


def test_the_hash_is_that_of_rfc_2104():
    secret = ErasureKey(SECRET.encode())
    expected = hmac.new(SECRET.encode(), b"4711", hashlib.sha256).digest()
    assert secret.hash_of(b"4711") == expected
    assert secret.hash_of(b"4712") != expected


def test_the_secret_shows_itself_nowhere():
    secret = ErasureKey(SECRET.encode())
    assert SECRET not in repr(secret)
    assert secret.fingerprint not in SECRET


def test_fingerprints_tell_secrets_apart():
    other = ErasureKey(SECRET[::-1].encode())
    assert ErasureKey(SECRET.encode()).fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("key_type", "text", "canonical"),
    [
        ("bigint", " 42 ", 42),
        ("bigint", "-9223372036854775808", -(2**63)),
        ("text", " A ", " A "),
        ("text", "", ""),
        ("text", "é" * 127, "é" * 127),
        ("uuid", "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ],
)
def test_a_key_that_a_person_gives_is_read_as_the_database_reads_it(key_type, text, canonical):
    kind = KeyType(key_type)
    assert kind.to_python(kind.parse(text)) == [canonical]


@pytest.mark.parametrize(
    ("key_type", "text"),
    [
        ("bigint", "4711x"),
        ("bigint", ""),
        ("bigint", "9223372036854775808"),
        ("uuid", "a0eebc99"),
        ("text", "é" * 128),
        ("text", "a\0b"),
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(key_type, text):
    with pytest.raises(DataError, match=f"is not a key of type {key_type}") as caught:
        KeyType(key_type).parse(text)
    assert not text or text not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
