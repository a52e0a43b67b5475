"""Every Airflow option that the deployment sets is one the installed Airflow knows.

The options are read from the files Airflow ships, so nothing is initialised for it.
"""

import configparser
import re
import runpy
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml

from unit.helm_values import LAYERS, values

ROOT = Path(__file__).resolve().parents[2]
FILES = ["docker-compose.yaml", "Dockerfile", "env.template", "docs/operations.md"]
FILES += ["docs/deployment.md", "README.md"]
PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
OF_CELERY = ("celery", "extra_celery_config")
"""Not among the defaults that Airflow ships of the provider; `make cluster-test` uses it."""


@cache
def known_options():
    """Section and option pairs of Airflow, of the providers' defaults it ships, and of lineage."""
    core = distribution("apache-airflow-core")
    templates = Path(str(core.locate_file("airflow/config_templates")))
    sections = yaml.safe_load((templates / "config.yml").read_text())
    options = {
        (section, option)
        for section, content in sections.items()
        for option, description in content["options"].items()
        if not description.get("version_deprecated")
    }
    providers = configparser.ConfigParser(interpolation=None)
    providers.read_string((templates / "provider_config_fallback_defaults.cfg").read_text())
    lineage = distribution("apache-airflow-providers-openlineage")
    path = lineage.locate_file("airflow/providers/openlineage/get_provider_info.py")
    info = runpy.run_path(str(path))["get_provider_info"]()
    for name, content in info["config"].items():
        options |= {(name, option) for option in content["options"]}
    options.add(OF_CELERY)
    return options | {(name, option) for name in providers.sections() for option in providers[name]}


def options_set_in(text):
    found = re.findall(r"\bAIRFLOW__([A-Z0-9_]+?)__([A-Z0-9_]+)\b", text)
    return {(section.lower(), option.lower()) for section, option in found}


def options_of(config):
    """Section and option pairs of the chart's values."""
    return {(section, option) for section, content in config.items() for option in content}


@pytest.mark.parametrize("file_name", FILES)
def test_every_option_is_known(file_name):
    assert options_set_in((ROOT / file_name).read_text()) - known_options() == set()


def test_options_are_found_where_they_are_set():
    assert ("celery", "broker_url") in options_set_in((ROOT / FILES[0]).read_text())
    assert ("core", "load_examples") in options_set_in((ROOT / FILES[1]).read_text())


@pytest.mark.parametrize(
    "variable", ["AIRFLOW__CORE__SQL_ALCHEMY_CONN", "AIRFLOW__WEBSERVER__SECRET_KEY"]
)
def test_options_of_older_airflows_are_noticed(variable):
    assert options_set_in(variable) - known_options()


@pytest.mark.usefixtures("airflow_library")
def test_the_housekeeper_calls_airflow_as_it_wants_to_be_called():
    compose = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
    text = compose["services"]["housekeeper"]["command"][-1]
    [command] = re.findall(r"airflow (db clean .*?) &&", text)
    words = command.replace('"$$before"', "2026-01-01T00:00:00+00:00").split()
    from airflow.cli.cli_parser import get_parser

    found = get_parser().parse_args(words)
    assert (found.skip_archive, found.yes, found.tables) == (True, True, None)
    assert found.clean_before_timestamp == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("layers", LAYERS)
def test_every_option_of_the_values_is_known(layers):
    content = values(*layers)["config"]
    assert {
        (section, option) for section in content for option in content[section]
    } <= known_options()


def test_options_shown_on_the_page_are_known():
    [shown] = re.findall(r"^    config:\n(?:    .*\n)+", PAGE, re.M)
    content = yaml.safe_load(shown)["config"]
    assert {
        (section, option) for section in content for option in content[section]
    } <= known_options()


def test_commands_of_kindred_on_the_page_exist():
    import typer

    from kindred.cli import app

    found = set(re.findall(r"-m kindred\.cli ([a-z-]+)", PAGE))
    assert found == {"doctor", "pod-resources"}
    assert found <= set(typer.main.get_command(app).commands)
