"""The cache of sentence embeddings: paid for once, by whoever comes first."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from integration.warehouse import COLUMNS, make_spec, people
from kindred.encoding import text_cache
from kindred.encoding.sentence_models.load import load_model
from kindred.encoding.sentence_models.model import unit_vector
from kindred.encoding.text_embedding import BATCH_TEXTS, embed_batches
from kindred.errors import DataError
from kindred.progress.steps import Step

ODD = [
    "x" * 100_000,
    "🙂🙃",
    "  trimmed\n",
    "trimmed",
    "日本語",
    "'; drop table text_embeddings; --",
    "100 % {sure}",
    "back\\slash\ttab",
]


def embed_new(database, model, strings):
    """Embed the texts of an array that a model has not embedded yet; return how many."""
    texts = strings[text_cache.has_text(strings)]
    hashes, first = np.unique(text_cache.hashes_of(texts.tolist()), return_index=True)
    is_cached = text_cache.find_cached(database, model.name, hashes)
    new = texts[first[~is_cached]].tolist()
    batches = (new[start : start + BATCH_TEXTS] for start in range(0, len(new), BATCH_TEXTS))
    counted = Step("embedding", len(new), "texts")
    embedded = embed_batches(database, model, batches, counted)
    # Those that another run has embedded meanwhile count as well: there is nothing left.
    assert counted.text().startswith(f"{len(new):,} of {len(new):,} texts")
    return embedded


class Digesting:
    """A fast model: the vector of a text is made of its digest. Counts what it embeds."""

    dimensions = 4

    def __init__(self, name="digest", *, fails_after=10**9, before=lambda: None):
        self.name = name
        self.embedded = []
        self._fails_after = fails_after
        self._before = before

    def embed(self, strings):
        self._before()
        if len(self.embedded) + len(strings) > self._fails_after:
            raise KeyboardInterrupt
        self.embedded += strings
        return np.array([self.vector(text) for text in strings]).reshape(-1, self.dimensions)

    def vector(self, text):
        digest = hashlib.sha256(text.strip(text_cache.BLANKS).encode()).digest()
        return unit_vector(np.frombuffer(digest[: self.dimensions], dtype=np.int8), self.name)


@pytest.fixture(scope="module")
def prepared(make_laboratory):
    laboratory = make_laboratory()
    laboratory.fill("customers", COLUMNS, people(3))
    laboratory.begin(make_spec(), "2026-02-01T02:00")
    return laboratory


@pytest.fixture
def connect(prepared):
    """Open sessions in the space's schema; the cache is empty at first."""
    prepared.query("truncate kindred.text_embeddings")
    return lambda: prepared.deployment.warehouse("test", "kindred")


@pytest.fixture
def database(connect):
    with connect() as database:
        yield database


def array(strings):
    values = np.empty(len(strings), dtype=object)
    values[:] = strings
    return values


def cached(prepared):
    return prepared.query("select count(*) from kindred.text_embeddings")[0][0]


MANY = array([f"text {number}" for number in range(3 * BATCH_TEXTS + 7)])


def test_a_second_run_embeds_nothing(database):
    first, second = Digesting(), Digesting()
    assert embed_new(database, first, MANY) == len(MANY)
    assert sorted(first.embedded) == sorted(MANY)
    assert embed_new(database, second, MANY[::-1]) == 0
    assert second.embedded == []


def test_each_text_gets_its_own_embedding_back_in_order(database):
    model = Digesting()
    embed_new(database, model, MANY)
    order = np.random.default_rng(1).integers(0, len(MANY), 5000)
    found = text_cache.fetch(database, model.name, MANY[order])
    assert found.dtype == np.float32
    assert (found == np.array([model.vector(text) for text in MANY[order]])).all()


def test_none_blank_and_repeated_texts(database):
    model = Digesting()
    asked = array([None, "a", "", " \t\r\n", "b", "a", " a "])
    assert embed_new(database, model, asked) == 2
    found = text_cache.fetch(database, model.name, asked)
    assert not found[[0, 2, 3]].any()
    assert (found[[1, 5, 6]] == model.vector("a")).all()
    assert (found[4] == model.vector("b")).all()


@pytest.mark.parametrize("strings", [[], [None, " "]])
def test_nothing_to_embed(database, strings):
    model = Digesting()
    assert embed_new(database, model, array(strings)) == 0
    assert text_cache.fetch(database, model.name, array(strings)).shape == (len(strings), 0)
    assert text_cache.fetch(database, "m", array(strings), dimensions=4).shape == (len(strings), 4)
    embed_new(database, model, array(["a"]))
    assert text_cache.fetch(database, model.name, array(strings)).shape == (len(strings), 4)


def test_models_do_not_share_embeddings(database):
    one, other = Digesting("one"), Digesting("other")
    other.dimensions = 3
    embed_new(database, one, array(["a", "b"]))
    assert embed_new(database, other, array(["a"])) == 1
    assert text_cache.fetch(database, "one", array(["a"])).shape == (1, 4)
    assert text_cache.fetch(database, "other", array(["a"])).shape == (1, 3)


def test_a_killed_run_goes_on_where_it_stopped(prepared, database):
    with pytest.raises(KeyboardInterrupt):
        embed_new(database, Digesting(fails_after=2 * BATCH_TEXTS + 100), MANY)
    assert cached(prepared) == 2 * BATCH_TEXTS
    again = Digesting()
    assert embed_new(database, again, MANY) == len(MANY) - 2 * BATCH_TEXTS
    assert len(again.embedded) == len(MANY) - 2 * BATCH_TEXTS
    assert text_cache.fetch(database, again.name, MANY).shape == (len(MANY), 4)


def test_two_fillers_at_once(prepared, connect):
    """They start together with all texts new, and neither fails over what the other has added."""
    barrier = threading.Barrier(2)
    started = threading.local()

    def together():
        if not hasattr(started, "once"):
            started.once = barrier.wait(timeout=30)

    def fill(strings):
        with connect() as database:
            return embed_new(database, Digesting(before=together), strings)

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(fill, [MANY, MANY[::-1]]))
    assert sum(counts) == len(MANY) == cached(prepared)
    with connect() as database:
        assert text_cache.fetch(database, "digest", MANY).shape == (len(MANY), 4)


def test_what_another_run_has_embedded_meanwhile_is_not_embedded_again(connect, database):
    other = Digesting()

    def meanwhile():
        if not other.embedded:
            with connect() as second:
                embed_new(second, other, MANY)

    model = Digesting(before=meanwhile)
    assert embed_new(database, model, MANY) == 0
    assert len(model.embedded) == BATCH_TEXTS


def test_a_text_that_was_not_embedded(database):
    embed_new(database, Digesting(), array(["a"]))
    message = r"2 of 3 texts have no embedding by model digest.*clear task 'embed_texts'"
    with pytest.raises(DataError, match=message):
        text_cache.fetch(database, "digest", array(["a", "b", None, "c", "b"]))
    with pytest.raises(DataError, match=r"1 of 1 texts have no embedding by model none"):
        text_cache.fetch(database, "none", array(["a"]))


def test_odd_texts_and_only_their_hashes_are_stored(prepared, database):
    model = Digesting()
    assert embed_new(database, model, array(ODD)) == len(ODD) - 1
    found = text_cache.fetch(database, model.name, array(ODD))
    assert (found == np.array([model.vector(text) for text in ODD])).all()
    hashes = prepared.query("select text_hash::text from kindred.text_embeddings")
    expected = {hashlib.sha256(t.strip().encode()).hexdigest()[:32] for t in ODD}
    assert {value.replace("-", "") for (value,) in hashes} == expected
    columns = prepared.query(
        "select attname from pg_attribute"
        " where attrelid = 'kindred.text_embeddings'::regclass and attnum > 0"
    )
    assert {name for (name,) in columns} == {"model", "text_hash", "embedding"}


def test_a_real_model(database, model_directory):
    model = load_model(str(model_directory), 32)
    asked = array([*ODD, None, "The dress is lovely.", "The dress is lovely."])
    assert embed_new(database, model, asked) == len(ODD)
    found = text_cache.fetch(database, model.name, asked)
    assert (found[-1] == model.embed(["The dress is lovely."])[0]).all()
    assert (found[0] == model.embed([ODD[0]])[0]).all()
    assert embed_new(database, model, asked) == 0
