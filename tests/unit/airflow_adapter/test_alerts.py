"""Alerts: what is said, to whom, and what becomes of a webhook that does not work."""

import logging
from datetime import UTC, datetime

import pytest

from kindred.airflow_adapter import alerts
from kindred.airflow_adapter.alerts import FAILED, LATE, Alert, failure_line, public_line, send
from kindred.errors import CustomerValueError, GateError
from kindred.run.connections import webhook_from_environment, webhook_of
from webhooks import SECRET, listening

AS_OF = datetime(2026, 3, 14, 2, tzinfo=UTC)
URL = "http://airflow/dags/customer_similarity/runs/scheduled__1"
ALERT = Alert("default", AS_OF, FAILED, "publish", "not published", "scheduled__1", URL)


@pytest.fixture
def webhook():
    with listening() as found:
        yield found


def test_an_alert_is_posted_as_small_json(webhook, caplog):
    with caplog.at_level(logging.INFO):
        assert send(ALERT, webhook.address)
    [(path, content_type, body)] = webhook.posted
    assert (path, content_type) == (f"/{SECRET}", "application/json")
    assert body == {
        "text": f"Kindred default, 2026-03-14 02:00 UTC: failed in publish: not published ({URL})",
        "space": "default",
        "as_of": "2026-03-14T02:00:00+00:00",
        "status": "failed",
        "task": "publish",
        "reason": "not published",
        "run_id": "scheduled__1",
        "url": URL,
    }
    # Not a word of httpx, which would say the address.
    assert caplog.messages == [f"alert: {body['text']}"]


def test_what_is_not_known_is_left_out():
    alert = Alert("shop", None, LATE, None, "queued", "manual__1", URL)
    assert alert.text == f"Kindred shop, ?: late: queued ({URL})"
    assert (alert.to_json()["as_of"], alert.to_json()["task"]) == (None, None)


def test_without_a_webhook_the_log_has_it(caplog):
    assert not send(ALERT, None)
    assert caplog.messages == [f"alert: {ALERT.text}"]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_is_told_in_the_log(webhook, caplog, status):
    webhook.status = status
    assert not send(ALERT, webhook.address)
    assert f"the alert's webhook rejected it: HTTP {status}" in caplog.messages
    assert "hush" not in caplog.text


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("http://127.0.0.1:9/hush", "ConnectError"),
        ("http://host:hush/", "InvalidURL"),
        ("ftp://host/hush", "UnsupportedProtocol"),
    ],
)
def test_a_webhook_that_cannot_be_reached_fails_nothing(caplog, address, named):
    assert not send(ALERT, address)
    assert f"the alert's webhook could not be reached: {named}" in caplog.messages
    assert "hush" not in caplog.text


def test_a_webhook_that_does_not_answer_is_not_waited_for(webhook, caplog, monkeypatch):
    webhook.seconds = 0.6
    monkeypatch.setattr(alerts, "TIMEOUT_SECONDS", 0.1)
    assert not send(ALERT, webhook.address)
    assert "the alert's webhook could not be reached: ReadTimeout" in caplog.messages


def test_lines_that_leave_the_house_quote_no_customer():
    assert public_line(GateError("recall 0.5\n is below")) == "recall 0.5 is below"
    for error in (CustomerValueError("value 'Ann' in row 3"), KeyError("Ann")):
        assert "Ann" in failure_line(error)
        assert "Ann" not in public_line(error)
        assert type(error).__name__ in public_line(error)


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        (
            {"host": "https://hooks.example/a/", "password": SECRET},
            f"https://hooks.example/a/{SECRET}",
        ),
        ({"host": "https://hooks.example/a"}, "https://hooks.example/a"),
        ({"host": "hooks.example", "conn_type": "http", "port": 81}, "http://hooks.example:81"),
        (
            {"host": "hooks.example", "conn_type": "http", "schema": "https"},
            "https://hooks.example",
        ),
        ({"host": "hooks.example", "conn_type": "generic"}, "https://hooks.example"),
        ({"host": "", "password": SECRET}, None),
        ({}, None),
    ],
)
def test_the_address_comes_from_the_connection(fields, address):
    assert webhook_of(fields) == address


def test_the_address_may_stand_in_the_environment_whole(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_KINDRED_ALERTS", raising=False)
    assert webhook_from_environment() is None
    monkeypatch.setenv("AIRFLOW_CONN_KINDRED_ALERTS", '{"host": "hooks.example"}')
    assert webhook_from_environment() is None
    monkeypatch.setenv("AIRFLOW_CONN_KINDRED_ALERTS", "https://hooks.example/a?token=b%2Fc")
    assert webhook_from_environment() == "https://hooks.example/a?token=b%2Fc"
