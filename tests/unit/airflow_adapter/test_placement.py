"""Which queue and pod a task is given."""

import pytest

from kindred.airflow_adapter.placement import Placement
from kindred.errors import SettingsError


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv("KINDRED_POD_RESOURCES", raising=False)
    monkeypatch.delenv("KINDRED_QUEUES", raising=False)


def test_by_default_airflow_decides():
    assert Placement.from_env().of("encode") == {"executor_config": {}}


@pytest.mark.parametrize(
    ("said", "encode", "publish"),
    [
        ('{"encode": "heavy"}', "heavy", None),
        ('{"encode": "heavy", "default": "light"}', "heavy", "light"),
        ("", None, None),
    ],
)
def test_a_task_goes_to_the_queue_that_is_said_for_it(monkeypatch, said, encode, publish):
    monkeypatch.setenv("KINDRED_QUEUES", said)
    placement = Placement.from_env()
    assert [placement.of(task).get("queue") for task in ("encode", "publish")] == [encode, publish]


def test_an_unknown_task_is_refused(monkeypatch):
    monkeypatch.setenv("KINDRED_QUEUES", '{"encoding": "heavy"}')
    wrong = r"KINDRED_QUEUES: there is no task 'encoding'.*did you mean 'encode'"
    with pytest.raises(SettingsError, match=wrong):
        Placement.from_env()
