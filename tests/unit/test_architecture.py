"""The rules of the code base: who may import what, how large a module is, where SQL stands."""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

from kindred.settings import Settings, variable_name

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
PACKAGE = PLUGINS / "kindred"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(path.relative_to(PACKAGE)) for path in MODULES]
EVERY_MODULE = pytest.mark.parametrize("path", MODULES, ids=NAMES)

PURE = ("encode", "graph", "cluster", "index", "infer")
PICKLING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
MAX_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_SQL_CHARACTERS = 100
SQL_START = re.compile(
    r"^\s*(select\b|with\s+\w+\s+as\b|insert\s+into\b|update\s+\w+\s+set\b|delete\s+from\b"
    r"|create\s+(or\s+replace\s+)?(table|view|index|function|unlogged|temporary|domain|role)\b"
    r"|alter\s+\w+\b|drop\s+\w+\s+if\b|grant\s|revoke\s|copy\s+[({])",
    re.IGNORECASE,
)


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path):
    """Dotted names of all that a module imports, at any depth of it."""
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def tops(path):
    return {name.split(".")[0] for name in imported(path)}


def layer(path):
    """The sub-package of a module; empty for a module of the package itself."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def test_the_package_is_found():
    assert {"airflow_adapter/tasks.py", "store/publish.py", "encode/encoder.py"} <= set(NAMES)


@EVERY_MODULE
def test_one_package_imports_airflow(path):
    speaks_airflow = bool({"airflow", "airflow_shared"} & tops(path))
    assert speaks_airflow == (layer(path) == "airflow_adapter" and path.name != "__init__.py")


@EVERY_MODULE
def test_the_adapter_is_imported_by_nobody_but_what_starts_work(path):
    """The command that may fall back on it, and what the triggerer calls."""
    users = {name for name in imported(path) if name.startswith("kindred.airflow_adapter")}
    assert not users or path.name in ("cli.py", "deadline.py") or layer(path) == "airflow_adapter"


@EVERY_MODULE
def test_one_layer_speaks_sql(path):
    """Besides, connections are written down as libpq wants them, and the demo has its databases."""
    drivers = {name for name in imported(path) if name.split(".")[0] in ("psycopg2", "psycopg")}
    if layer(path) in ("store", "local"):
        return
    allowed = {"connections.py": {"psycopg2.extensions.make_dsn"}}
    assert drivers <= allowed.get(path.name, set())


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if layer(path) in PURE],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_pure_computation_knows_neither_databases_nor_files_nor_airflow(path):
    assert not tops(path) & {"psycopg2", "psycopg", "airflow", "fsspec", "os", "pathlib", "socket"}
    own = {name for name in imported(path) if name.startswith("kindred.")}
    known = ("errors", "features", "metrics", "spec", "windows", *PURE)
    allowed = tuple(f"kindred.{name}" for name in known)
    assert all(name.startswith(allowed) for name in own), own


@pytest.mark.parametrize("path", [path for path in MODULES if layer(path) == "sentences"])
def test_sentence_models_read_files_but_know_no_database(path):
    assert not tops(path) & {"psycopg2", "psycopg", "airflow", "fsspec", "socket"}


LAYERS_BELOW = {
    "store": {"", "store", *PURE},
    "sentences": {"", "sentences"},
    "stages": {"", "store", "stages", "sentences", *PURE},
}


@pytest.mark.parametrize("name", LAYERS_BELOW)
def test_a_layer_imports_what_is_below_it(name):
    for path in MODULES:
        if layer(path) == name:
            for module in imported(path):
                if module.startswith("kindred."):
                    part = module.split(".")[1]
                    of = part if (PACKAGE / part).is_dir() else ""
                    assert of in LAYERS_BELOW[name], f"{path.name} imports {module}"


@EVERY_MODULE
def test_nothing_is_pickled(path):
    assert not tops(path) & PICKLING
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "np.save"):
            assert "allow_pickle" in {keyword.arg for keyword in node.keywords}


def texts(path):
    """Texts of a module, adjacent literals joined, without the docstrings."""
    module = tree(path)
    documents = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(getattr(part, "value", "{}")) for part in node.values)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documents
        ):
            yield node.value


@EVERY_MODULE
def test_sql_longer_than_a_line_stands_in_files(path):
    for text in texts(path):
        if SQL_START.match(text):
            assert "\n" not in text.strip(), text
            assert len(text) <= MAX_SQL_CHARACTERS * (2 if layer(path) == "local" else 1), text


@EVERY_MODULE
def test_modules_and_functions_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or 0) - node.lineno + 1
            document = ast.get_docstring(node) or ""
            assert length - len(document.splitlines()) <= MAX_FUNCTION_LINES, node.name


@EVERY_MODULE
def test_no_module_is_named_vaguely(path):
    assert path.stem not in {"utils", "util", "helpers", "common", "manager", "misc"}


def test_the_plugin_manager_is_kept_out_of_the_package():
    """Otherwise it executes every file and registers it under its bare stem."""
    assert "kindred/" in (PLUGINS / ".airflowignore").read_text(encoding="utf-8").split()
    outside = {path.name for path in PLUGINS.glob("*.py")}
    assert outside == {"kindred_plugin.py"}


@EVERY_MODULE
def test_no_module_would_shadow_the_standard_library(path):
    """A second line of defence, should the file above be lost on the way to a deployment."""
    assert path.stem not in sys.stdlib_module_names


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name != "row_limit"])
def test_every_setting_is_documented_for_the_deployment(name):
    """But the row limit, which is for development."""
    template = (ROOT / "env.template").read_text(encoding="utf-8")
    assert re.search(rf"^# .*\n#?{variable_name(name)}=", template, re.MULTILINE)


def test_dags_hold_wiring_only():
    """A top-level import is paid at every parse: of the package, what is cheap and pure."""
    for path in (ROOT / "dags").glob("*.py"):
        at_top = {
            node.module
            for node in tree(path).body
            if isinstance(node, ast.ImportFrom) and node.module
        }
        own = {module for module in at_top if module.startswith("kindred")}
        light = ("backfills", "clustering", "deadline", "errors", "spec")
        assert own <= {f"kindred.{name}" for name in light}
        assert "psycopg2" not in tops(path)
