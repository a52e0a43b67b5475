"""The rules of the code base: who may import what, how large a module is, where SQL stands."""

import ast
import re
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from kindred.settings import Environment, variable_name

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
PACKAGE = PLUGINS / "kindred"
MODULES = sorted(PACKAGE.rglob("*.py"))
SQL = ROOT / "include" / "sql"

# The folders in the order of their imports: one may import from those before it.
ORDER = (
    "progress",
    "spec",
    "artefacts",
    "warehouse",
    "run",
    "history",
    "events",
    "encoding",
    "neighbours",
    "maps",
    "serving",
    "segments",
    "lookalikes",
    "recommendations",
    "audiences",
    "publication",
    "erasure",
    "infer",
    "preparation",
    "backfills",
    "planning",
    "reports",
    "page",
    "superset",
    "airflow_adapter",
)
BENEATH = ("errors", "settings", "__version__")
"""What every folder may import of the package itself; its other modules are the entrance."""
# Not made of customers: what all subjects stand on, and what only calls them.
GROUND = ("spec", "artefacts", "warehouse", "run")
CALLERS = ("airflow_adapter", "backfills")

SPEAKS_SQL = {
    "run": ("builds", "connections"),
    "history": (
        "column_expressions",
        *("dating", "key_case", "key_comparison", "key_padding"),
        "landing",
        "moments",
        "reconciliation",
        "rejection",
        "row_comparison",
        "snapshot_customers",
        *("source", "source_definition", "source_errors"),
        "suppression",
        "versions",
    ),
    "events": (
        "behaviour_rows",
        "event_extraction",
        "event_landing",
        "event_minutes",
        "event_retention",
        "event_reconciliation",
        "event_rows",
        "event_source",
        "event_state",
        "event_tables",
    ),
    "encoding": ("column_quality", "encoder_versions", "text_cache"),
    "neighbours": ("list_rows",),
    "maps": ("layout_rows",),
    "serving": ("generations", "index_build", "index_builds", "index_kinds", "index_quality"),
    "segments": (
        "label_rows",
        "movement_rows",
        "identity/relink",
        "identity/stable_ids",
        "kmeans/kmeans_segments",
        "lists/index_pages",
        "plpython/plpython_checks",
        "plpython/plpython_labels",
        "profiles/profile_rows",
        "profiles/several_nights",
    ),
    "recommendations": ("catalogue_rows", "quality_rows", "recommendation_rows"),
    "audiences": (
        "audience_rows",
        "conditions",
        "export_rows",
        "result_rows",
        "shown_rows",
        "source_ids",
        "source_values",
        "stored_ids",
    ),
    "publication": ("aside_rows", "leftovers", "promotion", "retention", "table_hash", "unchanged"),
    "erasure": ("erasure_rows",),
    "infer": ("source_sample",),
    "preparation": ("kept_events", "preflight", "space_findings"),
    "reports": ("figure_rows",),
    "page": ("bi_session", "person_rows"),
}
"""The modules of a subject that may name a statement or compose one; in the warehouse all may."""

HOLDS_A_SESSION = {
    "events": ("populations",),
    "encoding": ("embeddings", "fit_as_of", "text_embedding", "vectors"),
    "lookalikes": ("lookalike_rows",),
    "neighbours": ("graph_artefacts",),
    "maps": ("cell_rows", "map_rows"),
    "serving": ("canary",),
    "segments": ("lists/list_segments",),
    "recommendations": ("measuring",),
    "audiences": (
        "exclusion",
        "export_target",
        "exporting",
        "outside_columns",
        "preview",
        "resolution",
    ),
    "publication": ("data_sets", "prune", "withdraw"),
    "infer": ("propose", "schedule"),
    "preparation": ("audience_findings", "doctor", "source_findings", "store_findings"),
    "reports": ("report",),
    "page": ("app", "parts", "views"),
}
"""The other modules, besides ``task.py``, that are handed a run or a session."""

READS_FILES = (
    "audiences/audience_files",
    "audiences/export_file",
    "audiences/id_file",
    "history/erasure_key",
    "infer/files",
    "encoding/sentence_models/load",
    "encoding/sentence_models/onnx_model",
    "neighbours/compiled",
    "planning/constants",
    "superset/dashboard_files",
)
"""The modules besides that read files or the environment."""

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
STATEMENT = re.compile(rf"({'|'.join(ORDER)})/[a-z_/]*[a-z]")


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


def name_of(path):
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def subject_of(path):
    """The folder of a module; empty for a module of the package itself."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def listed(table):
    return {f"{subject}/{module}" for subject, modules in table.items() for module in modules}


def strings(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_folders_are_those_of_the_order_and_each_says_what_it_holds():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(ORDER)
    for path in MODULES:
        assert ast.get_docstring(tree(path)), f"{path} does not say what it is"


def test_a_folder_imports_only_from_those_before_it():
    top = {path.stem for path in PACKAGE.glob("*.py")}
    for path in MODULES:
        subject = subject_of(path)
        for module in imported(path):
            if subject and module.startswith("kindred."):
                part = module.split(".")[1]
                if part in ORDER:
                    assert ORDER.index(part) <= ORDER.index(subject), f"{path} imports {module}"
                else:
                    assert part in {*top, *BENEATH}, module
                    callers = ORDER if part in BENEATH else CALLERS
                    assert subject in callers, f"{path} imports {module}"


def test_no_two_files_import_each_other_by_any_way():
    own = {name_of(path).replace("/", "."): path for path in MODULES}
    graph = {}
    for name, path in own.items():
        found = {module.removeprefix("kindred.") for module in imported(path)}
        graph[name] = {module for module in found if module in own and module != name}
    TopologicalSorter(graph).prepare()


def test_every_subject_with_sql_has_a_folder_of_statements_and_no_other_has_one():
    folders = {path.name for path in SQL.iterdir() if path.is_dir()}
    with_views = {path.parent.parent.name for path in SQL.glob("*/bi/*.sql")}
    assert folders == set(SPEAKS_SQL) | with_views | {"warehouse"}
    assert folders <= set(ORDER)


def test_one_folder_imports_airflow():
    speaking = {subject_of(path) for path in MODULES if {"airflow", "airflow_shared"} & tops(path)}
    assert speaking == {"airflow_adapter"}


def test_the_adapter_is_imported_by_nobody_but_the_command_that_may_fall_back_on_it():
    for path in MODULES:
        users = {name for name in imported(path) if name.startswith("kindred.airflow_adapter")}
        is_command = name_of(path) == "command_context"
        assert not users or subject_of(path) == "airflow_adapter" or is_command, path


def test_only_listed_modules_speak_sql():
    allowed = listed(SPEAKS_SQL)
    assert allowed <= {name_of(path) for path in MODULES}
    for path in MODULES:
        if subject_of(path) == "warehouse":
            continue
        speaks = bool({"psycopg2", "psycopg"} & tops(path))
        speaks |= any(name.startswith("kindred.warehouse.statements") for name in imported(path))
        speaks |= any(STATEMENT.fullmatch(text) for text in strings(path))
        assert speaks == (name_of(path) in allowed), path


def test_what_holds_no_session_is_pure():
    """Arrays and frames in, arrays and frames out: no database, no file, no run, no Airflow."""
    impure = listed(SPEAKS_SQL) | listed(HOLDS_A_SESSION) | set(READS_FILES)
    assert impure <= {name_of(path) for path in MODULES}
    pure = [
        path
        for path in MODULES
        if subject_of(path) in set(ORDER) - set(GROUND) - set(CALLERS)
        and name_of(path) not in impure
        and path.name not in ("task.py", "__init__.py")
    ]
    assert len(pure) > 80
    below = ("errors", "spec", "run.base_memory", "run.threads", "warehouse.copy_writer")
    allowed = (*(f"kindred.{name}" for name in below), *(f"kindred.{s}." for s in ORDER))
    grounds = tuple(f"kindred.{name}." for name in ("artefacts", "warehouse", "run"))
    for path in pure:
        outside = tops(path) & {"psycopg2", "airflow", "fsspec", "os", "pathlib", "socket"}
        assert not outside, f"{path}: {outside}"
        for name in (name for name in imported(path) if name.startswith("kindred.")):
            assert name.startswith(allowed), f"{path}: {name}"
            if name.startswith(grounds):
                assert name.startswith(tuple(f"kindred.{n}" for n in below)), f"{path}: {name}"
            module = name.removeprefix("kindred.").replace(".", "/")
            assert module not in impure, f"{path} is pure, and imports {name}"
            assert not module.endswith("/task"), f"{path} is pure, and imports {name}"


def test_nothing_is_pickled():
    for path in MODULES:
        assert not tops(path) & PICKLING, path
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False, path
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "np.save"):
                assert "allow_pickle" in {keyword.arg for keyword in node.keywords}, path


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


def test_sql_longer_than_a_line_stands_in_files():
    for path in MODULES:
        for text in texts(path):
            if SQL_START.match(text):
                assert "\n" not in text.strip(), text
                assert len(text) <= MAX_SQL_CHARACTERS, text


def test_modules_and_functions_are_short():
    for path in MODULES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or 0) - node.lineno + 1
                document = ast.get_docstring(node) or ""
                assert length - len(document.splitlines()) <= MAX_FUNCTION_LINES, node.name


def test_files_of_tests_are_short():
    for path in Path(__file__).parents[1].rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES, path


def test_no_module_is_named_vaguely():
    for path in MODULES:
        assert path.stem not in {"utils", "util", "helpers", "common", "manager", "misc"}


def test_the_plugin_manager_is_kept_out_of_the_package():
    """Otherwise it executes every file and registers it under its bare stem."""
    assert "kindred/" in (PLUGINS / ".airflowignore").read_text(encoding="utf-8").split()
    outside = {path.name for path in PLUGINS.glob("*.py")}
    assert outside == {"kindred_plugin.py"}


def test_no_module_would_shadow_the_standard_library():
    """A second line of defence, should the file above be lost on the way to a deployment."""
    for path in MODULES:
        assert path.stem not in sys.stdlib_module_names


def test_every_setting_is_documented_for_the_deployment():
    """But the row limit, which is for development, the folders, which the image has, and pods."""
    template = (ROOT / "env.template").read_text(encoding="utf-8")
    for kind in Environment.__subclasses__():
        for name in kind.model_fields.keys() - {"row_limit", "features", "sql", "pod_resources"}:
            assert re.search(rf"^# .*\n#?{variable_name(name)}=", template, re.MULTILINE), name


def test_dags_hold_wiring_only():
    """A top-level import is paid at every parse: of the package, what is cheap and pure."""
    for path in (ROOT / "dags").glob("*.py"):
        own = {
            node.module
            for node in tree(path).body
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kindred")
        }
        light = (
            "airflow_adapter.deadline",
            "airflow_adapter.placement",
            "audiences.audience_files",
            "errors",
            "run.latest_only",
            "settings",
            "spec.clustering",
            "spec.model",
            "spec.spec_files",
        )
        assert own <= {f"kindred.{name}" for name in light}
        assert "psycopg2" not in tops(path)
