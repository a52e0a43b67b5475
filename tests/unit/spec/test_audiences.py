"""Audience files: what they may say, and what is said where they are wrong."""

import json
import random
import re

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from kindred.cli import app
from kindred.errors import PreflightError, SpecError
from kindred.history import source
from kindred.spec.audience_reader import audience_from_dict, load_audience
from kindred.spec.audiences import Audience
from kindred.spec.reference import reference
from kindred.spec.schema import json_schema, node_at
from kindred.spec.source import Relation


@pytest.fixture
def load(tmp_path):
    """Read a file with this text."""

    def read(text, name="spring"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return load_audience(path)

    return read


WHOLE = """
space: default
seed: {query: "select customer_id from responders where at < :as_of", connection: crm}
contacted: {table: crm.asked, column: id, where: not is_test}
exclude: {file: lists/holders.csv}
pool: {state: [CA, NO, no], zip: 01234, active: on, income: {min: 1_000, max: 2.5e4}, age: null}
include_contacted: true
sizes: [1%, 2.5 %, 0.05, 10%]
control_share: 7.5%
outcome: {label: {bought: yes}, days: 30}
max_ids: 1000
"""


def test_a_whole_file(load):
    audience = load(WHOLE)
    assert audience.name == "spring"
    assert [p.form for p in audience.populations.values()] == ["query", "table", "file"]
    assert audience.sizes == (0.01, 0.025, 0.05, 0.1)
    assert audience.control_share == 0.075
    assert Audience.model_validate(audience.model_dump(mode="json")) == audience
    assert audience_from_dict(audience.model_dump(mode="json"), "recorded") == audience


def test_values_of_conditions_are_as_they_are_written(load):
    """YAML would take NO for false, and 01234 for the octal 668."""
    assert load(WHOLE).pool == {
        "state": ["CA", "NO", "no"],
        "zip": "01234",
        "active": "on",
        "income": {"min": "1000", "max": "2.5e4"},
        "age": None,
    }
    assert load(WHOLE).outcome.label == {"bought": "yes"}
    assert load("seed: {label: {churned: yes, since: 2026-01-01}}").seed.label == {
        "churned": "yes",
        "since": "2026-01-01",
    }
    assert load("seed: {label: &l {a: no}}\nexclude: {label: {<<: *l}}").exclude.label == {
        "a": "no"
    }


def test_what_need_not_be_said(load):
    audience = load("seed: {label: {churned: yes}}")
    assert (audience.space, audience.control_share) == ("default", 0.05)
    assert audience.sizes == (0.01, 0.025, 0.05, 0.1)
    assert audience.max_ids == 5_000_000
    assert load("seed: {label: {churned: yes}}\nsizes: 10%").sizes == (0.1,)


def test_a_digest_is_that_of_the_population_alone(load):
    first = load("seed: {query: select 1}")
    assert load("seed: {query: select 1}\nsizes: 20%").seed.digest == first.seed.digest
    assert load("seed: {query: select 2}").seed.digest != first.seed.digest


SEED = "seed: {query: select 1}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a mapping with the keys 'seed' and 'sizes' is expected"),
        ("sizes: 10%", "seed: is missing; a mapping with the keys"),
        ("seed: {query: select 1, file: x}", "seed: exactly one of query, table, label, file must"),
        ("seed: {query: }", "must be given (found none) (line 1)"),
        ("seed: {querry: select 1}", "seed.querry: there is no such key;"),
        ("seed: {querry: select 1}", "did you mean 'query'?"),
        ("seed: select 1", "seed: a mapping with the keys"),
        (
            "seed: {label: {a: 1}, connection: crm}",
            "'connection' belongs to query or table, not to",
        ),
        (
            "seed: {query: select 1, column: id}",
            "'column' belongs to table or file, not to 'query'",
        ),
        ("seed: {query: select 1, where: x}", "'where' belongs to table, not to 'query'"),
        ("seed: {table: 'a.b.'}", "'a.b.' is not the name of a table"),
        ("seed: {table: a, column: 'x%'}", "a column with a % in its name is not allowed"),
        ("seed: {file: ../x}", "a file in the folder of this one is required"),
        ("seed: {file: /etc/passwd}", "a file in the folder of this one is required"),
        (r"seed: {file: 'a\b'}", "a file in the folder of this one is required"),
        ("seed: {label: {}}", "seed.label: a mapping of columns is required"),
        ("seed: {label: {a: }}", "label 'a' has no value here: give one"),
        ("seed: {label: {a: [x, null]}}", "label 'a' has no value here: give one"),
        (
            "seed: {label: {a: {b: 1}}}",
            "column 'a' is given a mapping with other keys than min and max; allowed are a value",
        ),
        (f"{SEED}pool: {{a: []}}", "column 'a' is given an empty list; allowed are a value"),
        (f"{SEED}pool: {{a: [[1]]}}", "column 'a' is given a list that holds a list or mapping"),
        (f"{SEED}pool: {{a: {{min: null}}}}", "column 'a' is given a range with an end that is no"),
        ("seed: {query: ' '}", "seed.query: the query holds no statement, only blanks, comments"),
        ("seed: {query: '-- all; /* of */ them'}", "the query holds no statement"),
        ("seed: {query: '/* of */ ;'}", "the query holds no statement"),
        (f"{SEED}pool: [a]", "pool: a mapping of columns is required"),
        (f"{SEED}sizes: []", "sizes: a list of at least one of"),
        (f"{SEED}sizes: [0%, 5%]", "a size above 0 is required, such as 1% (line 2)"),
        (f"{SEED}sizes: [5%, 1%]", "each size must be larger than the one before it; sort them"),
        (f"{SEED}sizes: [5%, 5%]", "each size must be larger than the one before it"),
        (f"{SEED}sizes: [101%]", "a share from 0 to 100 %, such as 5% or 0.05, is required (line"),
        (f"{SEED}sizes: [5]", "such as 5% or 0.05, is required (line 2)"),
        (f"{SEED}sizes: [.nan]", "is required (line 2)"),
        (f"{SEED}sizes: [true]", "is required (line 2)"),
        (f"{SEED}sizes: [-1%]", "is required (line 2)"),
        (f"{SEED}sizes: {[f'{i}%' for i in range(1, 22)]}", "at most 20 sizes can be given"),
        (f"{SEED}control_share: 51%", "control_share: at most 50% can be held back (line 2)"),
        (f"{SEED}include_contacted: true", "'include_contacted' needs 'contacted'"),
        (f"{SEED}outcome: {{days: 3}}", "exactly one of 'label' and 'event' must be given"),
        (f"{SEED}outcome: {{label: a, event: b, days: 3}}", "exactly one of 'label' and 'event'"),
        (f"{SEED}outcome: {{label: a, days: 0}}", "a whole number from 1 to 3,660 is required"),
        (f"{SEED}outcome: {{label: [a], days: 1}}", "the name of a label, or labels with values"),
        (f"{SEED}space: A b", "space: it cannot name a space"),
        (f"{SEED}name: summer", "name: the file's name says 'spring'; leave"),
        (f"{SEED}max_ids: 0", "max_ids: a whole number from 1 to 100,000,000 is required"),
        (f"{SEED}seed: {{query: select 2}}", "key 'seed' is given twice, first in line 1"),
        (f"{SEED}pool: {{1: a}}", "pool: a text is required as key (found 1 in line 2"),
    ],
)
def test_what_is_refused_and_where(load, text, words):
    with pytest.raises(SpecError) as caught:
        load(text)
    assert words in str(caught.value)
    assert "spring.yaml: " in str(caught.value)


PERSONAL = "anna@example.org"


@pytest.mark.parametrize(
    "text",
    [
        f"pool: {PERSONAL}",
        f"pool: [{PERSONAL}]",
        f"pool: {{email: [[{PERSONAL}]]}}",
        f"pool: {{email: {{mim: {PERSONAL}}}}}",
        f"pool: {{email: {{{PERSONAL}: 1}}}}",
        f"pool: {{email: !!int {PERSONAL}}}",
        f"pool: {{email: !{PERSONAL} x}}",
        f'pool: {{email: "{PERSONAL}\\0"}}',
        f"exclude: {{{PERSONAL}: 1}}",
        f"exclude: {{a: 1, {PERSONAL}: 1, {PERSONAL}: 2}}",
        f"exclude: {{label: {{email: {{in: {PERSONAL}}}}}}}",
        f"exclude: *{PERSONAL}",
        f"{PERSONAL}: 1",
        f"outcome: {PERSONAL}",
        f"outcome: {{label: [{PERSONAL}], days: 3}}",
        f"outcome: {{label: {{email: [[{PERSONAL}]]}}, days: 3}}",
        f"outcome: {{event: [{PERSONAL}], days: 3}}",
        f"contacted: [{{a: {PERSONAL}}}]",
        f"exclude: {{query: ['{PERSONAL}']}}",
        f"exclude: {{query: {{a: '{PERSONAL}'}}, file: [{PERSONAL}]}}",
    ],
)
def test_no_value_of_a_condition_or_population_is_told(load, text):
    with pytest.raises(SpecError) as caught:
        load(SEED + text)
    message = str(caught.value)
    assert "line 2" in message
    assert "anna" not in message
    assert "example" not in message


def spoiled(value, rng):
    """A copy of a value of YAML, with one part of it replaced by another kind of value."""
    odd = [None, [], {}, [[]], {"min": {}}, "", -1, 2.5, True, "x\ty", {"label": "a"}, [None], "%"]
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        if rng.random() < 0.1:
            return {**value, rng.choice(["sizes", "quer", "min", "a b"]): rng.choice(odd)}
        return {**value, key: spoiled(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.6:
        at = rng.randrange(len(value))
        return [*value[:at], spoiled(value[at], rng), *value[at + 1 :]]
    return rng.choice(odd)


def test_no_message_has_the_words_of_the_library():
    rng, whole, refused = random.Random(7), yaml.safe_load(WHOLE), []
    for _ in range(400):
        content = whole
        for _ in range(rng.randint(1, 3)):
            content = spoiled(content, rng)
        if not isinstance(content, dict):
            continue
        try:
            audience_from_dict({"name": "spring", **content}, "spring.yaml")
        except SpecError as error:
            refused.append(str(error))
    assert len(refused) > 200
    foreign = "Input should|Value error|validation error|Extra inputs|Field required|_error"
    assert [message for message in refused if re.search(foreign, message)] == []


LEAVING = (
    "true) union all select 999 where (true",
    "true limit 30) as a, (select 1",
    "a = ')",
    'a = "b',
    "a = $b$ )",
    "true /* ",
    "true; select 1",
    "(true",
    "e'\\' = 'a') or (b",
)
CLOSED = (
    "a in (1, 2) and b = ')' -- )",
    "a = e'\\')' or \"a(\" = $x$ ( ; $x$",
    "exists (select 1 /* ( */) and at < :as_of::date",
)


@pytest.mark.parametrize("condition", [*LEAVING, *CLOSED])
def test_where_is_one_condition_that_stays_where_it_is_put(condition):
    relation = Relation(table="a", where=condition)
    given = {"name": "spring", "seed": {"table": "a", "where": condition}}
    if condition in CLOSED:
        assert audience_from_dict(given, "test").seed.where == condition
        assert source.condition(relation, "events.a").seq[0].string == condition
        return
    with pytest.raises(SpecError, match=r"seed\.where: one condition is required"):
        audience_from_dict(given, "test")
    with pytest.raises(PreflightError, match=r"is not one condition.* 'events\.a\.where'"):
        source.condition(relation, "events.a")


def test_the_name_of_a_file_is_that_of_an_audience(load):
    with pytest.raises(SpecError, match="it cannot name an audience; rename the file"):
        load(SEED, "Spring Sale")


def test_the_reference_has_every_key():
    root, text = json_schema(Audience), reference()
    for place in ((), ("seed",), ("outcome",)):
        for key, node in node_at(place, root)["properties"].items():
            described = node.get("description") or node_at([*place, key], root)["description"]
            assert f"| `{key}` | {described} | " in text


def test_the_schema_takes_what_the_reader_takes():
    printed = json.loads(CliRunner().invoke(app, ["spec-schema", "--audience"]).stdout)
    assert printed == json_schema(Audience)
    assert printed["title"] == "Kindred audience"
    jsonschema.Draft202012Validator.check_schema(printed)
    validator = jsonschema.Draft202012Validator(printed)
    validator.validate(yaml.safe_load(WHOLE))
    for wrong in ({"seed": {"query": "a", "file": "b"}}, {"seed": {}}, {}, {"seed": {"label": {}}}):
        assert not validator.is_valid(wrong)
    for wrong in (
        {"sizes": ["0"]},
        {"control_share": 0.6},
        {"outcome": {"days": 3}},
        {"sizes": []},
    ):
        assert not validator.is_valid({"seed": {"query": "select 1"}, **wrong})
