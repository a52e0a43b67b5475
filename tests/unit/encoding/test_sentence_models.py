"""Sentence models: a text's vector depends on the text alone, and errors say what to do."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from kindred.encoding.sentence_models.load import load_model
from kindred.encoding.sentence_models.model import CHARACTERS_PER_TOKEN, RESOLUTION, unit_vector
from kindred.encoding.sentence_models.onnx_model import OnnxModel
from kindred.errors import SentenceModelError
from unit.onnx_files import INT32, INT64, model_of

TEXTS = [
    "This dress fits perfectly and the colour is lovely.",
    "The colour of the dress is beautiful, and it fits very well.",
    "Parking is forbidden on the bridge after eight in the evening.",
    "ok",
    "Größe 38, sehr schön! 日本語のテキスト",
    "🙂🙃🙂",
    "\u200b",
    " \t\n",
    "word " * 300,
    "x" * 100_000,
    "The zip broke. " * 7_000,
]
PARAPHRASE, ORIGINAL, UNRELATED = 0, 1, 2


@pytest.fixture(scope="module")
def model(model_directory):
    return load_model(str(model_directory), 64)


@pytest.fixture(scope="module")
def embeddings(model):
    return model.embed(TEXTS)


def test_rows_are_unit_vectors_on_a_grid(model, embeddings):
    assert embeddings.shape == (len(TEXTS), 384)
    assert embeddings.dtype == np.float32
    assert model.dimensions == 384
    assert np.abs(np.linalg.norm(embeddings, axis=1) - 1).max() < 1e-5
    steps = embeddings.astype(np.float64) / RESOLUTION
    assert (steps == np.rint(steps)).all()
    assert len(np.unique(embeddings[:6], axis=0)) == 6


def test_order_and_company_do_not_matter(model, embeddings):
    order = np.random.default_rng(1).permutation(len(TEXTS))
    assert (model.embed([TEXTS[i] for i in order]) == embeddings[order]).all()
    for text, row in zip(TEXTS, embeddings, strict=True):
        assert (model.embed([text])[0] == row).all()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_number_of_threads_does_not_matter(model_directory, embeddings, threads):
    model = OnnxModel(model_directory, 64, threads=threads)
    assert (model.embed(TEXTS) == embeddings).all()


def test_in_a_padded_batch_the_quantised_model_would_give_other_vectors(model, embeddings):
    """Why texts run alone; were it not so, batches would be faster."""
    short, long = model._tokenizer.encode(TEXTS[3]).ids, model._tokenizer.encode(TEXTS[0]).ids
    ids = np.zeros((2, len(long)), dtype=np.int64)
    ids[0, : len(short)], ids[1] = short, long
    feed = {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64)}
    feed["token_type_ids"] = np.zeros_like(ids)
    [hidden] = model._session.run([model._output], feed)
    together = unit_vector(hidden[0, : len(short)].mean(axis=0), "test")
    assert not (together == embeddings[3]).all()
    assert together @ embeddings[3] > 0.9


def test_a_paraphrase_is_nearer_than_an_unrelated_sentence(embeddings):
    original = embeddings[ORIGINAL]
    assert original @ embeddings[PARAPHRASE] > 0.8
    assert original @ embeddings[UNRELATED] < 0.3


def test_what_comes_after_the_last_token_does_not_matter(model):
    begin = "word " * 62  # and the two tokens that the tokenizer adds
    one, other, shorter = model.embed([begin + "lovely", begin + "awful", begin[5:] + "awful"])
    assert (one == other).all()
    assert not (one == shorter).all()


def test_of_a_long_text_the_beginning_is_read(model):
    blank = " " * (CHARACTERS_PER_TOKEN * 64)
    beyond, alone = model.embed([f"word{blank}awful", "word"])
    assert (beyond == alone).all()


def test_no_text(model):
    assert model.embed([]).shape == (0, 384)


def test_the_name_tells_models_apart(model, model_directory, tmp_path):
    assert load_model(str(model_directory), 64).name == model.name
    assert load_model(str(model_directory), 65).name != model.name
    for file in ("model.onnx", "tokenizer.json"):
        (tmp_path / file).write_bytes((model_directory / file).read_bytes())
    assert load_model(str(tmp_path), 64).name == model.name
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["normalizer"]["lowercase"] = False
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    assert load_model(str(tmp_path), 64).name != model.name


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_a_directory_that_lacks_a_file(model_directory, tmp_path, missing):
    for path in model_directory.iterdir():
        if path.name != missing:
            (tmp_path / path.name).symlink_to(path.resolve())
    with pytest.raises(SentenceModelError, match=rf"{tmp_path} has no {missing}; it must hold"):
        load_model(str(tmp_path), 64)


@pytest.mark.parametrize(
    ("broken", "message"),
    [("model.onnx", "cannot be loaded"), ("tokenizer.json", "cannot be read as a tokenizer")],
)
@pytest.mark.parametrize("content", [b"", b"{}", b"\x08\x07junk"])
def test_a_broken_file(model_directory, tmp_path, broken, message, content):
    for path in model_directory.iterdir():
        (tmp_path / path.name).symlink_to(path.resolve())
    (tmp_path / broken).unlink()
    (tmp_path / broken).write_bytes(content)
    with pytest.raises(SentenceModelError, match=rf"{tmp_path}/{broken} {message}"):
        load_model(str(tmp_path), 64)


@pytest.mark.parametrize(
    ("max_tokens", "message"),
    [(2, "itself adds 2 tokens"), (600, "cannot process a text of 600 tokens.*lower max_tokens")],
)
def test_a_number_of_tokens_that_the_model_cannot_take(model_directory, max_tokens, message):
    with pytest.raises(SentenceModelError, match=rf"(?s){message}"):
        load_model(str(model_directory), max_tokens)


def with_model(model_directory, directory, content):
    """The tokenizer beside another model."""
    (directory / "tokenizer.json").symlink_to((model_directory / "tokenizer.json").resolve())
    (directory / "model.onnx").write_bytes(content)
    return load_model(str(directory), 8)


def test_a_pooled_output_is_preferred(model_directory, tmp_path):
    content = model_of({"input_ids": INT32}, ["tokens", "sentence_embedding"])
    model = with_model(model_directory, tmp_path, content)
    assert model.dimensions == 1
    assert model.embed(["hello", "hello world"]).tolist() == [[1], [1]]


def test_an_output_of_another_name_is_the_last_layer(model_directory, tmp_path):
    content = model_of({"input_ids": INT64, "attention_mask": INT64}, ["hidden"])
    assert with_model(model_directory, tmp_path, content).embed(["hello"]).tolist() == [[1]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (model_of({"input_ids": INT64}, ["tokens"]), r"'tokens' has shape \(1, 3\) for one"),
        (model_of({"pixels": INT64}, ["tokens"]), "asks for 'pixels' of type"),
        (model_of({"input_ids": 1}, ["tokens"]), r"'input_ids' of type tensor\(float\)"),
    ],
)
def test_a_model_of_another_form(model_directory, tmp_path, content, message):
    with pytest.raises(SentenceModelError, match=message):
        with_model(model_directory, tmp_path, content)


def test_external_data_of_a_model_is_part_of_its_name(model_directory, tmp_path):
    content = model_of({"input_ids": INT64}, ["sentence_embedding"])
    name = with_model(model_directory, tmp_path, content).name
    (tmp_path / "model.onnx_data").write_bytes(b"weights")
    assert load_model(str(tmp_path), 8).name != name


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_vector_that_is_not_finite(value):
    with pytest.raises(SentenceModelError, match="'bad' gave a vector that is not finite"):
        unit_vector(np.array([1.0, value]), "'bad'")


def test_a_zero_vector_stays_one():
    assert unit_vector(np.zeros(3), "zero").tolist() == [0, 0, 0]


class StandIn:
    """What sentence_transformers.SentenceTransformer looks like from here."""

    max_seq_length = 128

    def __init__(self, name, device, local_files_only):
        assert device == "cpu"
        assert local_files_only
        if name == "absent":
            raise OSError("not in the cache")
        config = SimpleNamespace(_commit_hash="c0ffee")
        self._first = SimpleNamespace(auto_model=SimpleNamespace(config=config))
        self._is_flat = name == "flat"

    def __getitem__(self, index):
        return [self._first][index]

    def encode(self, texts, batch_size, show_progress_bar):
        assert batch_size == 1
        assert not show_progress_bar
        rows = np.array([[len(text), self.max_seq_length, 0.0] for text in texts])
        return rows[0] if self._is_flat else rows.astype(np.float32)


@pytest.fixture
def stand_in(monkeypatch):
    module = SimpleNamespace(SentenceTransformer=StandIn)
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)


@pytest.mark.usefixtures("stand_in")
def test_a_model_by_name():
    model = load_model("some/model", 32)
    assert model.name == "sentence-transformers:some/model@c0ffee:32"
    assert model.dimensions == 3
    found = model.embed(["a" * 32, "b" * 100_000])
    ends = [[32, 32], [CHARACTERS_PER_TOKEN * 32, 32]]
    expected = [[a / np.hypot(a, b), b / np.hypot(a, b), 0] for a, b in ends]
    assert np.abs(found - np.array(expected)).max() <= RESOLUTION
    assert found.dtype == np.float32
    assert model.embed([]).shape == (0, 3)


@pytest.mark.usefixtures("stand_in")
def test_a_model_by_name_never_gets_more_tokens_than_it_was_trained_on():
    assert load_model("some/model", 500)._model.max_seq_length == 128


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    ("name", "message"),
    [("absent", "'absent' is no directory and is not in the local cache"), ("flat", "shape")],
)
def test_a_name_that_is_no_usable_model(name, message):
    with pytest.raises(SentenceModelError, match=message):
        load_model(name, 64)


def test_a_name_without_the_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(SentenceModelError, match=r"package sentence-transformers.*install it, or"):
        load_model("all-MiniLM-L6-v2", 64)


def test_runtime_of_the_model_does_not_report_to_its_maker(tmp_path, model_directory):
    # Nothing else of the environment: where it says CI, there are no reports anyway.
    environment = {"TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}

    def run(program):
        subprocess.run([sys.executable, "-c", program], env=environment, check=True)
        return [path.name for path in tmp_path.iterdir()]

    load = (
        "from kindred.encoding.sentence_models.load import load_model;"
        f" load_model({str(model_directory)!r}, 64)"
    )
    assert run(load) == []
    # With its reports it writes the id of a session there, as soon as it is imported.
    assert run("import onnxruntime") == [".ses"]
