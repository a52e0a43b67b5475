import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kindred.encoding.encoder import FittedEncoder, fit_encoder
from kindred.encoding.sentence_models.model import RESOLUTION
from kindred.encoding.sentences import GRID
from kindred.encoding.texts import FIT_TEXTS
from kindred.errors import DataError
from kindred.spec.features import feature

SHIRTS = ["shirt", "cotton", "soft", "blue", "collar", "sleeve"]
KNIVES = ["knife", "steel", "sharp", "kitchen", "blade", "handle"]


def written(rows=600, seed=3):
    """Texts about one of two things; every tenth is missing."""
    rng = np.random.default_rng(seed)
    texts = [
        None if row % 10 == 0 else " ".join(rng.choice(SHIRTS if row % 2 else KNIVES, 5))
        for row in range(rows)
    ]
    return pd.DataFrame({"note": pd.Series(texts, dtype=object)})


def embed(column, texts):
    """A vector that depends on the text alone, on the grid, of length at most 1."""
    is_shirt = np.array([any(word in SHIRTS for word in text.split()) for text in texts])
    seeds = np.array([sum(text.encode()) for text in texts], dtype=np.float64).reshape(-1, 1)
    vectors = 0.1 * np.sin(seeds * np.arange(1, 25)) + is_shirt.reshape(-1, 1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return "model", (np.round(vectors / GRID) * GRID).astype(np.float32)


TFIDF = feature("text", components=6, min_frequency=5)
SENTENCE = feature("text", method="sentence", model="somewhere", components=6)
METHODS = pytest.mark.parametrize("entry", [TFIDF, SENTENCE], ids=["tfidf", "sentence"])


def fit(entry, frame, **changes):
    entry = entry.model_copy(update=changes)
    return fit_encoder({"note": entry}, frame, embed=embed)


@METHODS
def test_a_text_column_contributes_its_weight(entry):
    frame = written()
    for weight in (1.0, 2.5):
        vectors = fit(entry, frame, weight=weight).transform(frame, embed).astype(np.float64)
        assert 2 * vectors.var(axis=0).sum() == pytest.approx(weight, rel=1e-3)


@METHODS
def test_texts_about_one_thing_are_near(entry):
    frame = written()
    vectors = fit(entry, frame).transform(frame, embed)
    shirts, knives = vectors[1::10], vectors[2::10]
    within = np.linalg.norm(shirts - shirts.mean(axis=0), axis=1).mean()
    assert np.linalg.norm(shirts.mean(axis=0) - knives.mean(axis=0)) > 2 * within


@METHODS
def test_a_missing_text_lies_in_the_middle_and_says_so(entry):
    frame = written()
    vectors = fit(entry, frame).transform(frame, embed)
    assert vectors.shape[1] == 7
    assert not vectors[::10, :-1].any()
    assert (vectors[::10, -1] > 0).all()
    assert not vectors[1::10, -1].any()
    none = fit(entry, frame.dropna()).transform(frame, embed)
    assert none.shape[1] == 6
    assert not none[::10].any()


@METHODS
def test_neither_row_order_nor_block_size_shows(entry):
    frame = written()
    encoder = fit(entry, frame)
    shuffled = frame.sample(frac=1.0, random_state=1)
    assert fit(entry, shuffled) == encoder
    whole = encoder.transform(frame, embed)
    for rows in (1, 7, 200):
        parts = [frame.iloc[i : i + rows] for i in range(0, len(frame), rows)]
        again = np.vstack([encoder.transform(part, embed) for part in parts])
        assert again.tobytes() == whole.tobytes()


@METHODS
def test_json_keeps_the_bits(entry):
    frame = written()
    encoder = fit(entry, frame)
    text = json.dumps(encoder.to_json(), sort_keys=True, allow_nan=False)
    again = FittedEncoder.from_json(json.loads(text))
    assert again == encoder
    assert again.transform(frame, embed).tobytes() == encoder.transform(frame, embed).tobytes()


def test_a_new_process_makes_the_same_bits(tmp_path):
    frame = written()
    features = {"note": TFIDF}
    frame["age"] = np.arange(len(frame), dtype=float) % 71
    frame["since"] = np.arange(len(frame), dtype=float) + 17_000
    features |= {
        "age": feature("numeric", transform="quantile", clip=3),
        "since": feature("date", cyclic=["month", "weekday"]),
    }
    encoder = fit_encoder(features, frame, fitted_day=20_000.0)
    (tmp_path / "encoder.json").write_text(json.dumps(encoder.to_json()))
    frame.to_json(tmp_path / "frame.json", orient="columns", double_precision=15)
    program = """
import json, sys, hashlib, numpy as np, pandas as pd
from kindred.encoding.encoder import FittedEncoder
folder = sys.argv[1]
encoder = FittedEncoder.from_json(json.load(open(folder + "/encoder.json")))
content = json.load(open(folder + "/frame.json"))
frame = pd.DataFrame({name: list(values.values()) for name, values in content.items()})
frame["note"] = pd.Series([v for v in content["note"].values()], dtype=object)
print(hashlib.sha256(encoder.transform(frame).tobytes()).hexdigest())
"""
    import hashlib

    plugins = Path(__file__).resolve().parents[3] / "plugins"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(plugins), "OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "7"},
    )
    assert done.stdout.strip() == hashlib.sha256(encoder.transform(frame).tobytes()).hexdigest()


def test_terms_of_few_people_are_never_stored():
    texts = ["wine and cheese"] * 9 + ["wine and olives"] * 9 + ["Ms Fontaine of wine"] * 4
    frame = pd.DataFrame({"note": pd.Series(texts, dtype=object)})
    stored = json.dumps(fit(TFIDF, frame).to_json()).lower()
    assert "olives" in stored
    assert "fontaine" not in stored
    assert "fontaine" in json.dumps(fit(TFIDF, frame, min_frequency=4).to_json()).lower()


def test_no_more_terms_than_asked_for():
    frame = written()
    encoder = fit(TFIDF, frame, max_terms=4)
    (column,) = encoder.to_json()["columns"]
    assert len(column["terms"]) == 4
    assert encoder.dimensions == 4 + 1


@pytest.mark.parametrize(
    "texts",
    [
        [None] * 20,
        ["the same text"] * 20,
        ["same"] * 20,
        ["too", "few"],
        ["?!"] * 20,
        ["one"],
        ["\N{GRINNING FACE}"] * 19 + ["x" * 100_000],
        ["a b c"] * 20,
    ],
    ids=["none", "alike", "one word", "few", "no word", "one row", "emoji and 100 kB", "letters"],
)
@METHODS
def test_texts_without_anything_to_tell_weigh_nothing_or_the_missing(entry, texts):
    frame = pd.DataFrame({"note": pd.Series(texts, dtype=object)})
    encoder = fit(entry, frame)
    vectors = encoder.transform(frame, embed)
    assert np.isfinite(vectors).all()
    if len(set(texts)) == 1:
        assert encoder.constant_columns == ("note",)
        assert not vectors.any()


def test_many_texts_are_fitted_on_some_of_them_whatever_their_order():
    frame = pd.DataFrame(
        {"note": pd.Series([f"{SHIRTS[i % 6]} {i}" for i in range(FIT_TEXTS + 7)], dtype=object)}
    )
    first, second = fit(TFIDF, frame), fit(TFIDF, frame.iloc[::-1])
    assert first == second
    assert 2 * first.transform(frame).var(axis=0).sum() == pytest.approx(1.0, rel=0.02)


def test_the_grid_is_the_resolution_of_the_models():
    assert GRID == RESOLUTION


def test_embeddings_of_another_model_are_refused():
    frame = written()
    encoder = fit(SENTENCE, frame)

    def embed_otherwise(column, texts):
        return "another", embed(column, texts)[1]

    with pytest.raises(DataError, match="fitted on sentence embeddings of 'model'"):
        encoder.transform(frame, embed_otherwise)


def test_sentences_without_embeddings_are_an_error():
    with pytest.raises(DataError, match="'note' is encoded by sentence embeddings"):
        fit_encoder({"note": SENTENCE}, written())
