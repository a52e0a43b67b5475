"""Hundreds of spoiled specs: each loads and can be used, or is refused with words that help."""

import copy
import json
import math
import random
import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import yaml

from kindred.encoding.encoder import FittedEncoder, fit_encoder
from kindred.errors import SpecError
from kindred.run.windows import previous_edge
from kindred.spec.features import Kind, TextFeature
from kindred.spec.messages import MAX_LINE, MAX_LINES
from kindred.spec.model import load_spec, spec_from_dict
from pair_shares import explain_pair

GOOD = {
    "small": {
        "source": {"table": "customers", "key": "customer_id", "updated_at": "updated_at"},
        "features": {"income": "numeric", "state": {"kind": "categorical", "min_frequency": 2}},
    },
    "full": {
        "source": {
            "connection": "kindred_source",
            "query": "select * from customers",
            "key": "customer_id",
            "updated_at": "changed_at",
            "source_timezone": "Europe/Berlin",
            "where": "not is_test",
            "history": "versions",
            "tombstone": "gone",
            "deletes": "tombstone",
            "overlap_hours": 36,
        },
        "schedule": "30 3 * * 1",
        "metric": "cosine",
        "k": 20,
        "target_recall": 0.95,
        "index": "hnsw",
        "index_precision": "half",
        "rewrite_share": 0.1,
        "refit": "never",
        "features": {
            "income": {"kind": "numeric", "transform": "log1p", "clip": 4, "weight": 2},
            "is_active": "boolean",
            "state": {"kind": "categorical", "max_categories": 5, "min_frequency": 3},
            "notes": {"kind": "text", "components": 3, "min_frequency": 2, "max_terms": 50},
            "since": {"kind": "date", "cyclic": ["month", "weekday"]},
            "churned": "label",
            "secret": "ignore",
        },
        "labels": ["value"],
        "private": ["income"],
        "clustering": {
            "algorithms": ["kmeans", "dbscan"],
            "kmeans": {"k": "auto", "k_max": 12},
            "dbscan": {"eps": 0.5, "min_samples": 4},
        },
        "gates": {"min_customers": 10, "max_drift": 2.5},
    },
}
NASTY = [
    None,
    True,
    -1,
    0,
    3,
    10**30,
    -0.5,
    1e308,
    5e-324,
    math.nan,
    math.inf,
    -math.inf,
    "",
    " ",
    "none",
    "numeric",
    "0 0 30 2 *",
    "*/1,*/0 * * * *",
    "0 2 * * 9",
    "America",
    "../../etc/passwd",
    "a\0b",
    "\ud800",
    "\N{COMBINING ACUTE ACCENT}\N{RIGHT-TO-LEFT OVERRIDE}\N{GRINNING FACE}",
    "a%b",
    'a"; drop table customers; --',
    "x" * 100_000,
    "{income}",
    [],
    {},
    [[]],
    {"kind": ["numeric"]},
    {"kind": {}},
    {"kind": "numeric", "kinds": 1},
    {1: 2},
    {"a": {"b": {"c": {"d": ["e"]}}}},
    ["income", "income"],
    ["kmeans", 5],
    list(range(1000)),
    (datetime(2026, 1, 1, tzinfo=UTC)),
    b"bytes",
]
TRICKS = [
    "k: " + "9" * 5_000,
    "k: 0x" + "f" * 400,
    "k: 1:2:3",
    "schedule: 2026-13-45",
    "schedule: 2026-01-01T25:61:61+99:99",
    "schedule: !!int ''",
    "schedule: !!timestamp soon",
    "schedule: !!bool maybe",
    "schedule: !!float abc",
    "schedule: !!binary '*'",
    "schedule: !!python/object/apply:os.system ['true']",
    "labels: !!set {churned, value}",
    "labels: !!omap [a: 1]",
    "labels: !!pairs [a: 1]",
    "labels: " + "[" * 20_000 + "]" * 20_000,
    "gates: " + "{a: " * 900 + "1" + "}" * 900,
    "labels: &all [*all]",
    "gates: &gates {gates: *gates}",
    "gates: {<<: 5}",
    "gates: {<<: [{min_customers: 5}, {min_customers: 6}]}",
    "? [income, state]\n: numeric",
    "? {income: state}\n: numeric",
    "1: one",
    "2026-01-01: a day",
    "~: nothing",
    "k: 3\nk: 4",
    "labels: *nowhere",
    "%YAML 9.9",
    "---\nsecond: document",
    "\tk: 3",
    "k: 3\0",
    "metric: \u2028l2",
    'labels: ["\\uD83D"]',
    "labels: ['" + "l" * 200_000 + "']",
    "".join(f"l{i}: &l{i} [{', '.join(9 * [f'*l{i - 1}' if i else 'ha'])}]\n" for i in range(30)),
]
SYNTAX = ":{}[],&*!|>'\"%@`#?-\t\n \0~<=\ufeff\u2028"
FOUND = re.compile(r"\(found .*")
YAML_REFUSAL = re.compile(r"cannot be read as YAML: |a mapping with the keys 'source' and ")
SAYS_WHAT_IS_ALLOWED = re.compile(
    r"allowed|required|such as|cannot|must|exactly one|never occurs|and \d+ more"
    r"|PostgreSQL|not a character|go together|needs the column|leave the key out|is above"
    r"|does not use|one key column"
)
WORDS_OF_LIBRARIES = re.compile(
    r"Input should|validation error|type=|input_value|extra_forbidden|Extra inputs|not permitted"
    r"|Value error|Field required|valid (string|integer|number|list|tuple|dict|boolean)"
    r"|should have at (least|most)|pydantic|union_tag|NoneType|datetime\.|Kind\.|<class"
    r"|<unicode string>|while (parsing|scanning|constructing)|\b\w+Error\b|Errno"
)


def places(content, path=()):
    """The path of every value of a tree."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def spoil(content, random_source):
    """Change one to three places of a tree: another value, a key less, a key more, a new name."""
    content = copy.deepcopy(content)
    for _ in range(random_source.randint(1, 3)):
        *parents, key = random_source.choice(list(places(content)))
        place = content
        for parent in parents:
            place = place[parent]
        way = random_source.choice(("replace", "replace", "replace", "remove", "add", "rename"))
        if way == "remove":
            del place[key]
        elif way == "add" and isinstance(place, dict):
            place[random_source.choice(["kk", "", "k", 7, "a.b", "x" * 5_000])] = "new"
        elif way == "rename" and isinstance(place, dict):
            place[f"{key}s"] = place.pop(key)
        else:
            place[key] = copy.deepcopy(random_source.choice(NASTY))
        if not content:
            break
    return content


def scribble(text, random_source):
    """Put characters that mean something to YAML anywhere into a file, or take some out."""
    characters = list(text)
    for _ in range(random_source.randint(1, 5)):
        at = random_source.randrange(len(characters))
        if random_source.random() < 0.7:
            characters.insert(at, random_source.choice(SYNTAX))
        else:
            del characters[at : at + random_source.randint(1, 4)]
    return "".join(characters)


def spoiled_files(each=1, first=0):
    """Name -> text: changed trees, scribbled files, and the tricks on both good specs.

    Of 350 trees and 80 scribbled files, one of ``each`` so many; to write all takes seconds.
    """
    random_source = random.Random(20_180_401)
    dumped = {name: yaml.dump(content) for name, content in GOOD.items()}
    for number in range(350):
        tree = spoil(GOOD["full" if number % 3 else "small"], random_source)
        if number % each == first:
            yield f"tree {number}", yaml.dump(tree, allow_unicode=False)
    for number in range(80):
        text = scribble(dumped["full" if number % 2 else "small"], random_source)
        if number % each == first:
            yield f"scribble {number}", text
    for number, trick in enumerate(TRICKS if first == 0 else ()):
        for name, text in dumped.items():
            key = trick.partition(":")[0]
            kept = {k: v for k, v in GOOD[name].items() if k != key}
            yield f"trick {number} {name}", f"{yaml.dump(kept) if len(kept) else text}{trick}\n"


def assert_helps(text, path):
    """Every line says where, what was found and what is allowed, and can be printed."""
    assert text.encode()
    lines = text.splitlines()
    assert all(len(line) <= MAX_LINE + 20 for line in lines)
    assert text.startswith(f"{path}: ")
    ours = text.replace(str(path), "")
    for found in FOUND.findall(ours):
        ours = ours.replace(found, "")
    assert not WORDS_OF_LIBRARIES.search(ours), text
    if YAML_REFUSAL.match(text.removeprefix(f"{path}: ")):
        return
    assert len(lines) <= MAX_LINES + 1
    for line in lines:
        assert line.startswith(f"{path}: ")
        assert SAYS_WHAT_IS_ALLOWED.search(line), line


def frame_of(features, rows=40):
    """A small frame with what each feature takes."""
    rng = np.random.default_rng(1)
    words = np.array(["red", "green", "blue", "gold"], dtype=object)
    columns = {}
    for column, feature in features.items():
        if feature.kind in (Kind.CATEGORICAL, Kind.TEXT):
            columns[column] = rng.choice(words, rows) + " " + rng.choice(words, rows)
        elif feature.kind is Kind.BOOLEAN:
            columns[column] = rng.integers(0, 2, rows).astype(float)
        else:
            columns[column] = rng.normal(100, 20, rows)
    return pd.DataFrame(columns)


def assert_usable(spec):
    """What the stages do with a spec first: keep it as JSON, find its windows, fit and explain."""
    kept = json.loads(json.dumps(spec.model_dump(mode="json"), allow_nan=False))
    again = spec_from_dict(kept, where="kept")
    assert again == spec
    assert again.settings_hash() == spec.settings_hash()
    edge = previous_edge(spec.schedule, datetime(2026, 1, 1, tzinfo=UTC))
    assert edge <= datetime(2026, 1, 1, tzinfo=UTC)
    features = {
        column: feature
        for column, feature in spec.features.items()
        if not (isinstance(feature, TextFeature) and feature.model)
    }
    if not features:
        return
    frame = frame_of(features)
    encoder = fit_encoder(features, frame)
    vectors = encoder.transform(frame)
    assert np.isfinite(vectors).all()
    stored = FittedEncoder.from_json(json.loads(json.dumps(encoder.to_json(), allow_nan=False)))
    assert stored.transform(frame).tobytes() == vectors.tobytes()
    shares = explain_pair(encoder.column_blocks, vectors[0], vectors[1], spec.metric)
    assert {share.column for share in shares} == set(features)


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(n, marks=pytest.mark.soak) for n in (1, 2, 3))]
)
def test_spoiled_specs(tmp_path, first):
    files = dict(spoiled_files(each=4, first=first))
    assert len(files) > 100
    path = tmp_path / "spoiled.yaml"
    loaded = 0
    for name, text in files.items():
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            spec = load_spec(path)
        except SpecError as error:
            assert_helps(str(error), path)
        except Exception as error:
            pytest.fail(f"{name} is refused with {error!r}:\n{text[:2000]}")
        else:
            loaded += 1
            assert_usable(spec)
    assert 5 < loaded < 60, "most are refused, but by far not all"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("k: " + "9" * 5_000, "cannot be read as YAML: line 10, column 4: a number of 5,000"),
        (
            "schedule: 2026-13-45",
            "cannot be read as YAML: line 10, column 11: '2026-13-45' is not a date or time;"
            " correct it, or put it in quotes",
        ),
        (
            "exact: !!bool maybe",
            "cannot be read as YAML: line 10, column 8: 'maybe' is not a value of the tag !!bool",
        ),
        (
            "\tk: 3",
            "cannot be read as YAML: line 10, column 1: a tab; YAML is indented with spaces",
        ),
        (
            "schedule: * * * * *",
            "cannot be read as YAML: line 10, column 11: an unquoted * has a meaning of its own;"
            " put the value in quotes",
        ),
        ("labels: [%x]", "cannot be read as YAML: line 10, column 10: an unquoted % has a meaning"),
        ("where: @x", "cannot be read as YAML: line 10, column 8: an unquoted @ has a meaning"),
        ("where: a: b", "cannot be read as YAML: line 10, column 9: a colon where no key can be"),
        ("where: 'a", "cannot be read as YAML: line 10, column 8: a quote that is opened here"),
        ("labels: [a", "cannot be read as YAML: line 10, column 9: a bracket that is opened here"),
        ("k: 3\nk: 4", "cannot be read as YAML: line 11, column 1: key 'k' is given twice, first"),
        (
            "labels: [b, no]",
            "labels.1: a text is required (found no in line 10, which is true or false to YAML: put"
            " it in quotes)",
        ),
        (
            "labels:\n- 2026-01-01",
            "labels.0: a text is required (found 2026-01-01 in line 11, which is a date to YAML:",
        ),
        ("labels: [012]", "labels.0: a text is required (found 012 in line 10, which is a number"),
        ("private: [~]", "private.0: a text is required (found ~ in line 10, which is nothing to"),
        (
            "k: 1:2:3",
            "k: a whole number from 1 to 1,000 is required (found 1:2:3 in line 10, which",
        ),
        ("index: off", "index: allowed are ivfflat, hnsw, exact (found off in line 10, which is "),
        ("space:", "space: the file's name says 'profile' (found None)"),
        ("no: numeric", "spec: a text is required as key (found no in line 10, which is true or"),
        ("labels: " + "[" * 20_000 + "]" * 20_000, "cannot be read as YAML: it is nested hundreds"),
        ('labels: ["a\\0"]', "labels.0: a NUL character, which PostgreSQL cannot store (found 'a"),
        ('labels: ["\\uD800"]', "labels.0: half a surrogate pair, not a character (found "),
        (
            "labels: !!set {a, b}",
            "labels: a set (a YAML tag) is not allowed in a spec; write a list",
        ),
        ("schedule: 0 0 30 2 *", "schedule: '0 0 30 2 *' never occurs; correct its day or month"),
    ],
)
def test_what_yaml_can_say_and_a_spec_cannot(tmp_path, line, message):
    path = tmp_path / "profile.yaml"
    path.write_text(yaml.dump(GOOD["small"]) + line)
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_time_zone_that_is_a_folder_is_no_time_zone():
    for name in ("America", "x" * 5_000):
        source = GOOD["small"]["source"] | {"source_timezone": name}
        with pytest.raises(SpecError, match=r"source.source_timezone: .* is not a time zone name"):
            spec_from_dict(GOOD["small"] | {"space": "a", "source": source}, "a.yaml")


def test_a_refusal_stays_readable_whatever_was_found():
    labels = [["x" * 100_000]] * 1_000
    with pytest.raises(SpecError) as caught:
        spec_from_dict(GOOD["small"] | {"space": "a", "labels": labels, "k": "k" * 10**6}, "a.yaml")
    lines = str(caught.value).split("\n")
    assert len(lines) == MAX_LINES + 1
    assert lines[-1] == "a.yaml: and 981 more"
    assert all(len(line) < 200 for line in lines)
