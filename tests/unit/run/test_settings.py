"""Settings of the machine, from the environment."""

import pytest

from kindred.errors import SettingsError
from kindred.run.settings import Settings, variable_name

NUMBERS = [name for name, field in Settings.model_fields.items() if field.annotation is int]


def test_defaults_hold_where_nothing_is_set():
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"PATH": "/bin", "KINDRED_START_DATE": "2026-01-01"}) == Settings()


def test_an_empty_variable_is_one_that_is_not_set():
    assert Settings.from_env(dict.fromkeys(map(variable_name, Settings.model_fields), "")) == (
        Settings()
    )


def test_every_field_is_read_from_its_variable():
    values = {name: 5_000 + position for position, name in enumerate(NUMBERS)}
    environment = {variable_name(name): str(value) for name, value in values.items()}
    settings = Settings.from_env({**environment, "KINDRED_ARTIFACTS": "s3://bucket/kindred"})
    assert settings.model_dump() == {**values, "artifacts": "s3://bucket/kindred"}


def test_the_environment_of_the_process_is_read(monkeypatch):
    monkeypatch.setenv("KINDRED_BLOCK_ROWS", "77")
    assert Settings.from_env().block_rows == 77


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("shard_rows", "999", "greater than or equal to 1000"),
        ("block_rows", "0", "greater than or equal to 1"),
        ("maintenance_work_mem_mb", "0", "greater than or equal to 1"),
        ("lock_wait_seconds", "-1", "greater than or equal to 0"),
        ("min_free_disk_mb", "-5", "greater than or equal to 0"),
        ("row_limit", "-5", "greater than or equal to 0"),
        ("shard_rows", "many", "integer"),
        ("lock_wait_seconds", "1.5", "integer"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(name, value, allowed):
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({variable_name(name): value})
    assert str(caught.value).startswith(f"{variable_name(name)}={value!r}: ")
    assert allowed in str(caught.value)


def test_all_bad_values_are_named_at_once():
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"KINDRED_SHARD_ROWS": "1", "KINDRED_BLOCK_ROWS": "x"})
    assert "KINDRED_SHARD_ROWS='1'" in str(caught.value)
    assert "KINDRED_BLOCK_ROWS='x'" in str(caught.value)


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        Settings().block_rows = 5


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described(name):
    assert Settings.model_fields[name].description
