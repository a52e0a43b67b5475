"""Every file of ``include/sql``: parsed by PostgreSQL, used by Python, written in one style."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import errors, sql

from integration.warehouse import COLUMNS as COLUMNS_OF_CUSTOMERS
from integration.warehouse import make_spec, people
from kindred.publication.table_hash import OF_AUDIENCES, OF_EVENTS, OF_MAPS, TABLES
from kindred.warehouse.bi_objects import CLUSTER_CUSTOMERS, OBJECTS, VIEWS_WITH_CURRENT
from kindred.warehouse.customers_view import CUSTOMERS
from kindred.warehouse.statements import compose

SQL = Path(__file__).resolve().parents[3] / "include" / "sql"
PACKAGE = SQL.parents[1] / "plugins"
NAMES = sorted(path.relative_to(SQL).with_suffix("").as_posix() for path in SQL.rglob("*.sql"))
MIGRATIONS = {name for name in NAMES if re.fullmatch(r"warehouse/migrations/\d{4}_\w+", name)}

# What stands where a file does not want an identifier.
FRAGMENTS = {
    "key_type": "bigint",
    "operator": "<->",
    "operator_class": "vector_l2_ops",
    "method": "ivfflat",
    "indexed": "embedding",
    "options": "lists = 10",
    "candidate_vector": "candidate.embedding",
    "own_vector": "self.embedding",
    "similarity": "1 / (1 + distance)",
    "contribution": "power(a - b, 2)",
    "private": "'{}'",
    "extension_name": "'public'",
    "quoted": "'kindred.lock_load'",
    "mode": "exclusive",
    "patience": "nowait",
    "private_reason": "'x'",
    "shown_name": "profiles.name",
    "method_of_found": "found.method::text",
    "method_of_lists": "lists.method::text",
    "smallest_group": "20",
    "own_relations": "",
    "metrics": "'{}'",
    "dimensions": "3",
    "as_of": "'2026-01-01'",
    "shown": "= '2026-01-01'",
    "scope": "for every published snapshot",
    "object": "view some_view",
    "customers": "select 1 as customer_id",
    "changed": "select as_of, 1 as customers from target",
    "text": "'a'",
    "attributes": ", version.name",
    "statement": "select 1",
    "payload": ", landed.payload",
    "arrivals": "view arrivals",
    "further_columns": ", further_column",
    "further_values": ", further_value as further_column",
    "joins": "",
    "one_by_one": "offset 0",
    "lower": "minvalue",
    "upper": "'2026-01-01'",
    "type_name": "integer",
    "holding": "array[0]",
    "has_key": "true",
    "is_known": "true",
    "is_deleted": "false",
    "key": "1",
    "flags": ", true as x",
    "shown_columns": ", 1 as x",
    "comments": "",
    "current": "select now() as as_of",
    "algorithm": "'kmeans'",
    "comment": "'a'",
    "unusable": "'a'",
    "outcome": "true",
    "is_return": "false",
    "audience": "'a'",
    "moment": "'2026-01-01'",
    "holders": "select '3' as horizon",
}
# PostgreSQL parses a whole string before it runs the first statement of it, which ends it here.
STOP = "do $stop$ begin raise exception 'parsed'; end $stop$; "


@pytest.fixture(scope="module")
def parser(make_database):
    """A session that parses."""
    connection = psycopg2.connect(make_database("parser"))
    connection.autocommit = True
    yield connection
    connection.close()


def text_of(name):
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def placeholders(text):
    return set(re.findall(r"(?<!\{)\{(\w+)\}(?!\})", text))


def composed(name, connection):
    """The statement as it would be sent, with dummies for names and null for every value."""
    text = text_of(name)
    names = {
        key: sql.SQL(FRAGMENTS[key]) if key in FRAGMENTS else sql.Identifier(f"some {key}")
        for key in placeholders(text)
    }
    statement = compose(name, **names)
    if "%(" not in text:
        return statement.as_string(connection)
    with connection.cursor() as cursor:
        return cursor.mogrify(statement, defaultdict(lambda: None)).decode()


def without_comments_and_literals(text):
    text = re.sub(r"(?s)(language plpython3u\b.*?\$function\$).*?\$function\$", r"\1", text)
    return re.sub(r"--[^\n]*|'(?:[^']|'')*'|\"[^\"]*\"", " ", text)


def test_postgresql_can_parse_every_file(parser):
    refused = {}
    for name in NAMES:
        with parser.cursor() as cursor:
            try:
                cursor.execute(STOP + composed(name, parser))
            except psycopg2.Error as error:
                refused[name] = str(error).splitlines()[0]
    assert refused == dict.fromkeys(NAMES, "parsed")


def test_the_parse_check_sees_an_error_and_changes_nothing(parser):
    with parser.cursor() as cursor:
        with pytest.raises(errors.SyntaxError):
            cursor.execute(STOP + "create table made (id integer); selct 1")
        with pytest.raises(errors.RaiseException):
            cursor.execute(STOP + "create table made (id integer)")
        cursor.execute("select to_regclass('made')")
        assert cursor.fetchone() == (None,)


def test_every_header_is_a_comment_of_one_to_five_lines():
    for name in NAMES:
        lines = text_of(name).splitlines()
        header = next((i for i, line in enumerate(lines) if not line.startswith("-- ")), len(lines))
        assert 1 <= header <= 5, name
        assert lines[header].strip(), f"{name}: a statement follows its header at once"
        assert lines[header - 1].endswith("."), f"{name}: a header is made of sentences"


def test_keywords_are_in_lower_case(parser):
    with parser.cursor() as cursor:
        cursor.execute("select word from pg_get_keywords()")
        keywords = {word for (word,) in cursor.fetchall()}
    shouted = {
        (name, word)
        for name in NAMES
        for word in re.findall(r"[A-Za-z_]+", without_comments_and_literals(text_of(name)))
        if word != word.lower() and word.lower() in keywords
    }
    assert shouted == set()


def strings_in_python():
    """Every string constant of the package."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_file_is_used_and_every_used_file_exists():
    named = set(strings_in_python())
    folders = "|".join(sorted(path.name for path in SQL.iterdir() if path.is_dir()))
    used = {text for text in named if re.fullmatch(rf"({folders})/[\w/]+", text)}
    used -= {"warehouse/migrations", "warehouse/migrations/", "publication/hash/"}
    assert used - set(NAMES) == set(), "Python names statements that do not exist"
    of_some = (*OF_EVENTS, *OF_AUDIENCES, *OF_MAPS)
    used |= MIGRATIONS | {f"publication/hash/{table}" for table in (*TABLES, *of_some)}
    assert set(NAMES) - used == set(), "nothing reads these files"


def test_numbers_and_names_of_migrations_are_unique():
    numbers = sorted(int(Path(name).name[:4]) for name in MIGRATIONS)
    assert len(numbers) == len(set(numbers))
    assert {name for name in NAMES if name.startswith("warehouse/migrations/")} == MIGRATIONS


@pytest.fixture(scope="module")
def published(make_laboratory):
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS_OF_CUSTOMERS, people(60))
    laboratory.run(make_spec(), "2026-02-01T02:00")
    return laboratory


def test_bi_holds_views_and_functions_only_one_file_each(published):
    relations = published.query(
        "select relname, relkind from pg_class where relnamespace = 'bi'::regnamespace"
    )
    functions = published.query(
        "select proname from pg_proc where pronamespace = 'bi'::regnamespace"
    )
    assert {kind for _, kind in relations} == {"v"}
    names = sorted([name for name, _ in relations] + [name for (name,) in functions])
    made = {*OBJECTS, *VIEWS_WITH_CURRENT, CUSTOMERS}
    twins = {f"{name}_current" for name in VIEWS_WITH_CURRENT}
    assert names == sorted(Path(name).name for name in made | twins)
    assert made | {CLUSTER_CUSTOMERS} == {name for name in NAMES if "/bi/" in name}


def test_every_view_column_and_function_of_bi_has_a_comment(published):
    columns = published.query("""
        select class.relname, attribute.attname, col_description(class.oid, attribute.attnum)
        from pg_class as class
        join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attnum > 0
        where class.relnamespace = 'bi'::regnamespace
    """)
    views = published.query("""
        select relname, obj_description(oid, 'pg_class') from pg_class
        where relnamespace = 'bi'::regnamespace
    """)
    functions = published.query("""
        select proname, obj_description(oid, 'pg_proc') from pg_proc
        where pronamespace = 'bi'::regnamespace
    """)
    assert len(columns) > 50
    uncommented = [row[:-1] for row in columns + views + functions if not row[-1]]
    assert uncommented == []


def test_functions_fix_their_search_path_with_pg_temp_last(published):
    functions = published.query("""
        select proname, prosecdef, array_to_string(proconfig, ' ') from pg_proc
        where pronamespace = 'bi'::regnamespace
    """)
    for name, is_security_definer, settings in functions:
        assert is_security_definer, name
        assert settings is not None, name
        assert re.search(r"search_path=.*pg_temp$", settings), (name, settings)


@pytest.mark.parametrize("k", [None, 0, -1])
def test_similar_customers_refuses_a_k_below_1(published, k):
    with pytest.raises(psycopg2.errors.RaiseException, match=r"k is .*, but must be at least 1"):
        published.query("select * from bi.similar_customers(1, %s)", (k,))


def test_similar_customers_of_an_unknown_customer_are_none(published):
    assert published.query("select * from bi.similar_customers(-5, 3)") == []
    assert len(published.query("select * from bi.similar_customers(5, 3)")) == 3


FLAGS = {
    1: (" YES ", "t", "True", "1", "y"),
    0: ("no", "F", "0", "n", "false"),
    None: ("maybe", "", " ", None, "2"),
}


@pytest.mark.parametrize("flag", FLAGS)
def test_to_flag(published, flag):
    words = list(FLAGS[flag])
    found = published.query("select kindred.to_flag(word) from unnest(%s) as word", (words,))
    assert found == [(flag,)] * len(words)
