"""The cache of machine code, which outlives releases."""

from pathlib import Path

import kindred
from kindred.neighbours import compiled, tiles

PACKAGE = Path(kindred.__file__).parent


def test_every_compiled_function_is_in_a_folder_whose_changes_count():
    users = [path for path in PACKAGE.rglob("*.py") if "import compiled" in path.read_text("utf-8")]
    assert len(users) > 5
    assert {path.relative_to(PACKAGE).parts[0] for path in users} <= set(compiled.FOLDERS)


def test_another_release_compiles_anew(tmp_path, monkeypatch):
    """Also where the function's own file is the same, and one it calls has changed."""
    for name in compiled.FOLDERS:
        (tmp_path / name).mkdir()
    (tmp_path / "neighbours" / "callee.py").write_text("first")
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "neighbours" / "compiled.py"))
    first = compiled._digest_of_sources()
    (tmp_path / "neighbours" / "callee.py").write_text("second")
    assert compiled._digest_of_sources() != first
    assert tiles.keep_best.py_func.__qualname__ == f"keep_best_{compiled._DIGEST}"
