"""``kindred pod-resources``: a setting made of what builds of a real warehouse have recorded."""

import json

import pytest

from integration.command import command_on
from integration.warehouse import COLUMNS, make_spec, people
from kindred.airflow_adapter import pods
from kindred.run.pod_sizes import pod_megabytes

RECORD = "update kindred.snapshot_builds set stage_forecast_mb = %s, stage_peak_mb = %s"


@pytest.fixture(scope="module")
def command(make_laboratory, tmp_path_factory):
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(60))
    laboratory.begin(make_spec(), "2026-02-01T02:00")
    found = command_on(laboratory, tmp_path_factory.mktemp("features"))
    found.write_spec("other")  # no run has prepared it
    return found


def asked(command, *arguments):
    code, printed = command("pod-resources", *arguments)
    assert code == 0, printed
    return json.loads(printed)


def test_a_stage_has_what_it_forecast_and_else_what_it_used(command, monkeypatch):
    recorded = (
        json.dumps({"encode": 4000, "cluster": 900}),
        json.dumps({"encode": 1, "extract": 90}),
    )
    command.laboratory.query(RECORD, recorded)
    expected = {"encode": 4000, "cluster": 900, "extract": 90}
    printed = asked(command)
    assert printed == {
        stage: {"memory": f"{pod_megabytes(found)}Mi"} for stage, found in expected.items()
    }
    monkeypatch.setattr(pods, "find_spec", lambda _: object())
    monkeypatch.setenv("KINDRED_POD_RESOURCES", json.dumps(printed))
    assert pods.pods_from_env() == printed


def test_a_space_without_a_run_has_nothing_to_say(command):
    assert asked(command, "--space", "other") == {}
