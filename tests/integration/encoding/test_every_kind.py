"""A table of every kind of column, with all that can be wrong in it, through a whole run."""

import json

import numpy as np
import pytest

from integration.warehouse import make_spec
from kindred.errors import SentenceModelError
from kindred.preparation.doctor import examine

FIRST, SECOND = "2026-01-05T02:00", "2026-01-06T02:00"
COLUMNS = (
    "customer_id text, updated_at timestamptz, spend text, member text, city text, about text,"
    " since date, seen timestamptz, nothing double precision"
)
STORIES = (
    "likes red wine and old cheese",
    "buys tools for the garden",
    "reads novels about the sea",
)
KEYS = ["o'Neill", 'say "x"', "naïve", "\N{SNOWMAN}", "a\\b", "tab\tkey", "{}", "%s", " key"]


def rows(count=240):
    made = []
    for i in range(count):
        key = KEYS[i] if i < len(KEYS) else f"c{i}"
        made.append(
            (
                key,
                "2026-01-04 12:00+00",
                ["10.5", " 7 ", "", None][i % 4] if i % 3 else str(i),
                ["yes", "No", "t", None][i % 4],
                f"city {i}" if i % 2 else "Rome",
                None if i % 11 == 0 else STORIES[i % 3] + (" today" if i % 2 else ""),
                f"20{i % 20:02d}-0{i % 9 + 1}-15",
                "2025-06-01 10:00+02" if i % 5 else None,
                None,
            )
        )
    return made


BAD = [
    ("bad number", "1,234.50", "yes", "Rome", "x", "2020-01-01", "spend: not a finite number"),
    ("bad flag", "1", "maybe", "Rome", "x", "2020-01-01", "member: not a boolean"),
    ("old", "1", "yes", "Rome", "x", "1899-01-01", "since: not a date from 1900"),
    ("far", "1", "yes", "Rome", "x", "12000-01-01", "since: not a date from 1900"),
    ("words", "many", "yes", "Rome", "x", "2020-01-01", "spend: not a finite number"),
]
GOOD_BUT_ODD = [
    ("emoji", "1", "yes", "\N{GRINNING FACE}" * 50, "\N{GRINNING FACE} " * 500, "2020-01-01"),
    ("long", "1", "yes", "Rome", "wine " * 20_000, "2020-01-01"),
    ("blank", " ", " ", " ", " \n\t ", None),
]


def spec_with(**about):
    features = {
        "spend": {"kind": "numeric", "transform": "quantile", "clip": 2},
        "member": "boolean",
        "city": {"kind": "categorical", "min_frequency": 5},
        "about": {"kind": "text", "components": 4, "min_frequency": 5, **about},
        "since": {"kind": "date", "cyclic": ["month", "weekday"]},
        "seen": "date",
        "nothing": "numeric",
    }
    return make_spec(features=features, labels=[], gates={"max_rejected_share": 0.5})


@pytest.fixture(scope="module")
def original(make_laboratory):
    when = "2026-01-04 13:00+00"
    odd = [(key, when, *values, None, None) for key, *values in GOOD_BUT_ODD]
    bad = [(key, when, *values[:-1], None, None) for key, *values in BAD]
    laboratory = make_laboratory(is_bare=True)  # keys are texts
    laboratory.fill("customers", COLUMNS, [*rows(), *odd, *bad])
    return laboratory


@pytest.fixture
def shop(original, copy_laboratory):
    return copy_laboratory(original)


@pytest.mark.parametrize("method", ["sentence", pytest.param("tfidf", marks=pytest.mark.soak)])
def test_nothing_is_lost_and_nothing_is_nan(shop, model_directory, make_laboratory, method):
    """Nor does a night alone change a vector: dates are counted back from the fit.

    Sentences are paid for once, in blocks of any size.
    """
    model = {"model": str(model_directory), "max_tokens": 32} if method == "sentence" else {}
    spec = spec_with(method=method, **model)
    embedded = []

    def note(stage, run):
        if stage in ("embed_texts", "fit_encoder"):
            embedded.append(shop.query("select count(*) from kindred.text_embeddings")[0][0])

    noting = {"before": note} if method == "sentence" else {}
    run = shop.run(spec, FIRST, **noting)
    assert run.build.state == "published"
    expected = {key: reason for key, *_, reason in BAD}
    found = dict(shop.rejected())
    assert found.keys() == expected.keys()
    for key, reason in expected.items():
        assert reason in found[key], key
    rows_ = shop.query("select customer_id, embedding::text from kindred.customer_embeddings")
    assert {key for key, _ in rows_} == {row[0] for row in rows()} | {
        row[0] for row in GOOD_BUT_ODD
    }
    assert np.isfinite(np.array([json.loads(text) for _, text in rows_])).all()
    count = len(rows_) * spec.k
    assert shop.query("select count(*) from bi.lookalikes_current") == [(count,)]
    nothing = shop.query(
        "select customers, missing, minimum from bi.column_quality where column_name = 'nothing'"
    )
    assert nothing == [(len(rows_), len(rows_), None)]
    earliest = shop.query("select earliest from bi.column_quality where column_name = 'since'")
    assert f"{earliest[0][0]:%Y-%m-%d}" == "2000-01-15"
    before = shop.hashes()
    in_blocks = make_laboratory(beside=shop, is_bare=True)
    in_blocks.environment["KINDRED_BLOCK_ROWS"] = "37"
    in_blocks.run(spec, FIRST)
    assert in_blocks.hashes() == before
    shop.run(spec, SECOND, **noting)
    assert shop.hashes()["customer_embeddings"] == before["customer_embeddings"]
    if method == "sentence":
        distinct = {row[5] for row in rows() if row[5]} | {
            *(row[4] for row in GOOD_BUT_ODD[:2]),
            "x",
        }
        assert embedded == [0, *[len(distinct) - 1] * 3]


def test_a_model_that_is_gone_fails_before_anything_is_changed(shop, tmp_path):
    spec = spec_with(method="sentence", model=str(tmp_path / "gone"))
    for begin in (shop.run, shop.fit):
        with pytest.raises(SentenceModelError, match="gone"):
            begin(spec, FIRST)
    assert shop.query("select to_regnamespace('kindred')") == [(None,)]


def test_doctor_says_so_too(shop, tmp_path, model_directory, monkeypatch):
    monkeypatch.setenv("KINDRED_ARTIFACTS", str(tmp_path))
    outcomes = {}
    for model in (model_directory, tmp_path / "gone"):
        spec = spec_with(method="sentence", model=str(model))
        found = examine(shop.deployment.connections, "default", lambda _, spec=spec: spec)
        outcomes[model] = {finding.check: str(finding.outcome) for finding in found}
    assert outcomes[model_directory]["sentence model"] == "ok"
    assert outcomes[tmp_path / "gone"]["sentence model"] == "failure"
    assert outcomes[tmp_path / "gone"]["source"] == "ok"
