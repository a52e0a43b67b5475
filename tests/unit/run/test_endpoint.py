"""Endpoints from connections: HTTP alone, in the clear only to this machine, and never shown."""

import io
import json

import httpx
import pytest

from kindred.errors import PreflightError
from kindred.run import endpoint
from kindred.run.endpoint import (
    Endpoint,
    EndpointError,
    endpoint_from_environment,
    endpoint_of,
    post_csv,
)
from webhooks import SECRET, listening


@pytest.fixture
def variable(monkeypatch):
    return lambda text: monkeypatch.setenv("AIRFLOW_CONN_UPLOAD", text)


def test_a_url_is_taken_as_it_is_and_json_as_airflow_has_it(variable, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_UPLOAD", raising=False)
    assert endpoint_from_environment("upload") is None
    variable("https://platform.example/a%2Fb?token=c")
    assert endpoint_from_environment("upload").url == "https://platform.example/a%2Fb?token=c"
    fields = {
        "conn_type": "http",
        "host": "platform.example/upload",
        "login": "me",
        "password": "hush",
        "extra": json.dumps({"X-Tenant": 7}),
    }
    variable(json.dumps({**fields, "schema": "https"}))
    found = endpoint_from_environment("upload")
    assert found.url == "https://platform.example/upload"
    assert (found.login, dict(found.headers)) == (("me", "hush"), {"X-Tenant": "7"})
    token = endpoint_of("upload", {"host": "https://a.example/x", "password": "/hush"}, {})
    assert (token.url, token.login) == ("https://a.example/x/hush", None)
    for secret in ("hush", "platform", "Tenant", "a.example"):
        assert secret not in f"{found!r} {token!r}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://platform.example/secret", "would send customers in the clear"),
        ("http://10.0.0.1/secret", "would send customers in the clear"),
        ("http://localhost.example/secret", "would send customers in the clear"),
        ("https:///secret", "is no HTTP connection"),
        ("https://[secret/", "is no HTTP connection"),
        ("postgresql://me:secret@host/db", "is no HTTP connection"),
        ("file:///etc/secret", "is no HTTP connection"),
        ('{"conn_type": "ssh", "host": "secret"}', "is no HTTP connection"),
        ('{"conn_type": "http"}', "is no HTTP connection"),
        ('["secret"]', "is no HTTP connection"),
        ('{"host": "secret", "extra": "secret"}', "is no HTTP connection"),
        ("secret", "is no HTTP connection"),
    ],
)
def test_anything_else_is_refused_without_its_text(variable, text, reason):
    variable(text)
    with pytest.raises(PreflightError, match=reason) as error:
        endpoint_from_environment("upload")
    assert "connection 'upload'" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.8.8"])
def test_this_machine_may_be_reached_in_the_clear(variable, host):
    variable(f"http://{host}:8080/a")
    assert endpoint_from_environment("upload").url == f"http://{host}:8080/a"


def test_a_redirect_is_not_followed_and_a_slow_answer_has_an_end(variable, monkeypatch):
    with listening(as_json=False) as webhook:
        variable(webhook.address)
        found = endpoint_from_environment("upload")
        post_csv(found, io.BytesIO(b"a\r\n" * 200_000))
        assert webhook.posted[0][2] == b"a\r\n" * 200_000
        webhook.status = 307
        with pytest.raises(EndpointError, match=r"redirects \(HTTP 307\), which is not followed"):
            post_csv(found, io.BytesIO(b"a"))
        monkeypatch.setattr(endpoint, "ANSWER_SECONDS", 0.05)
        webhook.seconds = 0.4
        with pytest.raises(EndpointError, match="ReadTimeout") as error:
            post_csv(found, io.BytesIO(b"a"))
        assert SECRET not in str(error.value)
    assert len(webhook.posted) == 3


def test_a_header_that_cannot_be_sent_is_not_shown():
    wrong = endpoint_of("upload", {"host": "http://127.0.0.1:9"}, {"Authorization": "hush\r\nX: y"})
    with pytest.raises(EndpointError) as error:
        post_csv(wrong, io.BytesIO(b"a"))
    assert "hush" not in str(error.value)
    assert not isinstance(error.value.__cause__, httpx.HTTPError)


def test_nothing_in_the_clear_leaves_this_machine_through_a_proxy(monkeypatch):
    with listening(as_json=False) as proxy, listening(as_json=False) as webhook:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        monkeypatch.setenv("ALL_PROXY", proxy.address)
        post_csv(Endpoint("upload", webhook.address), io.BytesIO(b"id\r\n1\r\n"))
    assert (len(proxy.posted), len(webhook.posted)) == (0, 1)
