"""The pods of tasks, as far as they can be checked without a client of Kubernetes.

`make check-kubernetes` has one, and schemas.
"""

import logging
import sys

import pytest

from kindred.airflow_adapter import pods
from kindred.errors import SettingsError
from kindred.tasks import TASKS

SAID = '{"default": {"cpu": "1", "memory": "2Gi"}, "encode": {"memory": "8Gi"}}'
TABLE = {"default": {"cpu": "1", "memory": "2Gi"}, "encode": {"memory": "8Gi"}}


@pytest.fixture
def say(monkeypatch):
    """Set the setting, on a machine with a client of Kubernetes, or without."""

    def say(text, *, has_client=True):
        monkeypatch.setenv("KINDRED_POD_RESOURCES", text)
        monkeypatch.setattr(pods, "find_spec", lambda _: object() if has_client else None)

    return say


def test_a_task_has_what_is_said_of_it_and_else_the_default():
    assert pods.resources_of(TABLE, "encode") == {
        "requests": {"cpu": "1", "memory": "8Gi"},
        "limits": {"memory": "8Gi"},  # a limit of the processor would only slow it down
    }
    assert pods.resources_of(TABLE, "publish")["requests"] == {"cpu": "1", "memory": "2Gi"}


def test_without_the_setting_no_pod_is_asked_for(monkeypatch):
    monkeypatch.delenv("KINDRED_POD_RESOURCES", raising=False)
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    assert pods.pods_from_env() == {}
    assert pods.executor_config(pods.pods_from_env(), "encode") == {}


def test_tasks_of_which_nothing_is_said_keep_the_pod_template():
    assert pods.executor_config({"encode": {"memory": "8Gi"}}, "publish") == {}


def test_without_a_client_the_setting_is_said_to_have_no_effect(say, caplog):
    say(SAID, has_client=False)
    with caplog.at_level(logging.WARNING):
        assert pods.pods_from_env() == {}
    assert "KINDRED_POD_RESOURCES has no effect" in caplog.text


def test_with_a_client_the_setting_counts(say):
    say(SAID)
    assert pods.pods_from_env() == TABLE


def test_an_unknown_task_is_refused(say):
    say('{"encoding": {"memory": "8Gi"}}')
    with pytest.raises(SettingsError, match=r"no task 'encoding'.*did you mean 'encode'"):
        pods.pods_from_env()


def test_every_task_can_be_named():
    assert {*TASKS, "prepare", "erase"} == {*pods.TASKS}
    assert len({*pods.TASKS}) == len(pods.TASKS)
