"""``kindred superset-export``, as a person calls it."""

import zipfile

import pytest
import yaml

from kindred import cli

SPEC = {
    "source": {"table": "customers", "key": "id", "updated_at": "at"},
    "schedule": "0 2 * * *",
    "features": {"age": "numeric"},
}
URI = "postgresql://analyst@db:5433/warehouse"


@pytest.fixture
def export(tmp_path, monkeypatch, capsys):
    """Exit code and what was printed; the folder has the specs ``default`` and ``shop``."""
    for name in ("default", "shop"):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(SPEC))
    monkeypatch.setenv("KINDRED_FEATURES", str(tmp_path))

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["kindred", "superset-export", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return end.value.code, printed.out + printed.err

    return call


def address(path):
    with zipfile.ZipFile(path) as archive:
        database = yaml.safe_load(archive.read("kindred/databases/kindred.yaml"))
    return database["database_name"], database["sqlalchemy_uri"]


def test_it_writes_the_zip_and_says_what_is_in_it(export, tmp_path):
    target = tmp_path / "one.zip"
    code, printed = export("--uri", URI, "--output", target)
    assert code == 0, printed
    wanted = f"written to {target}: Kindred: the night, Kindred: segments and lookalikes\n"
    assert printed == wanted
    place = "analyst:XXXXXXXXXX@db:5433/warehouse"
    assert address(target) == ("Kindred", f"postgresql+psycopg2://{place}")


def test_of_another_space_and_without_a_question_for_the_password(export, tmp_path):
    target = tmp_path / "shop.zip"
    code, printed = export("--uri", URI, "--output", target, "--space", "shop", "--no-password")
    assert code == 0, printed
    wanted = "postgresql+psycopg2://analyst@db:5433/warehouse"
    assert address(target) == ("Kindred (shop)", wanted)


@pytest.mark.parametrize(
    ("uri", "space", "words"),
    [
        ("postgresql://analyst:s3cret@db/warehouse", "default", "Superset asks for the password"),
        ("db/warehouse", "default", "a URI such as postgresql://"),
        (URI, "shops", "did you mean 'shop'?"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(export, tmp_path, uri, space, words):
    target = tmp_path / "none.zip"
    code, printed = export("--uri", uri, "--output", target, "--space", space)
    assert code == 1
    assert words in " ".join(printed.split())
    assert "s3cret" not in printed
    assert not target.exists()


def test_a_file_that_cannot_be_written_is_named(export, tmp_path):
    target = tmp_path / "missing" / "one.zip"
    code, printed = export("--uri", URI, "--output", target)
    assert code == 1
    assert f"--output {target}: cannot be written" in " ".join(printed.split())
