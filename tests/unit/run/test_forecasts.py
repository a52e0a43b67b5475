"""Forecasts of memory: what they grow with, and what they do not."""

import pytest

from kindred.encoding.encoding_memory import (
    Columns,
    embedding_megabytes,
    encode_megabytes,
    encode_row_bytes,
    fit_megabytes,
)
from kindred.encoding.sentence_models.load import weights_megabytes
from kindred.encoding.texts import FIT_TEXTS
from kindred.neighbours.graph_memory import (
    BASE_MEGABYTES,
    merge_megabytes,
    part_megabytes,
    refined_megabytes,
    search_megabytes,
)
from kindred.segments.segment_memory import (
    density_megabytes,
    kmeans_megabytes,
    lists_megabytes,
    plpython_megabytes,
    profile_megabytes,
)
from kindred.serving.staging_memory import stage_megabytes, written_row_bytes
from kindred.spec.features import Kind, feature

COLUMNS = Columns.of([Kind.NUMERIC, Kind.DATE, Kind.CATEGORICAL, Kind.TEXT], 200.0)
TFIDF = feature("text")
SENTENCE = feature("text", method="sentence", model="folder")

OF_SHAPE = {
    "search": lambda rows, d: search_megabytes((rows, d), 20, 4),
    "merge": lambda rows, d: merge_megabytes((rows, d), 20),
    "refined merge": lambda rows, d: refined_megabytes((rows, d), 20, 26),
    "density": lambda rows, d: density_megabytes((rows, d), 20),
    "kmeans": lambda rows, d: kmeans_megabytes((rows, d)),
    "lists": lambda rows, d: lists_megabytes((rows, d)),
    "plpython": lambda rows, d: plpython_megabytes((rows, d)),
    "profile": lambda rows, d: profile_megabytes((rows, d), 3),
    "stage": lambda rows, d: stage_megabytes((rows, d)),
    "encode": encode_megabytes,
}


@pytest.mark.parametrize("name", OF_SHAPE)
def test_a_forecast_grows_with_customers_and_dimensions(name):
    forecast = OF_SHAPE[name]
    assert forecast(0, 32) == BASE_MEGABYTES
    one, two = forecast(1_000_000, 32), forecast(2_000_000, 32)
    assert two - one == pytest.approx(one - BASE_MEGABYTES, abs=2)
    # At least the vectors themselves, in the form in which they are mapped.
    assert forecast(1_000_000, 64) - one >= 32 * 4 * 1_000_000 // 2**20


def test_columns_are_told_apart_by_how_they_are_read():
    assert Columns(numbers=2, categories=1, texts=1, text_bytes=200.0) == COLUMNS
    wordy = Columns(numbers=2, categories=1, texts=1, text_bytes=2_000.0)
    assert wordy.block_row_bytes - COLUMNS.block_row_bytes >= 4 * 1_800
    assert wordy.kept_bytes - COLUMNS.kept_bytes == 1_800
    assert encode_row_bytes(COLUMNS, 32, 384) > encode_row_bytes(COLUMNS, 32) + 384 * 4
    assert encode_row_bytes(COLUMNS, 64) == encode_row_bytes(COLUMNS, 32) + 32 * 8


def test_a_fit_holds_all_customers_but_a_sample_of_their_texts():
    few, many = 10 * FIT_TEXTS, 20 * FIT_TEXTS
    for one, width in ((TFIDF, 0), (SENTENCE, 384)):
        texts = [
            fit_megabytes(rows, COLUMNS, [one], width) - fit_megabytes(rows, COLUMNS, [], width)
            for rows in (few, many)
        ]
        assert texts[0] == pytest.approx(texts[1], abs=1)
        assert texts[0] >= FIT_TEXTS * max(width * 20, 200) // 2**20
    assert fit_megabytes(many, COLUMNS, []) > fit_megabytes(few, COLUMNS, []) + 100


def test_a_part_of_the_lookalikes_knows_all_keys():
    assert part_megabytes(10**7, 250_000, 10) > part_megabytes(10**6, 250_000, 10) + 200
    assert part_megabytes(10**6, 500_000, 10) > part_megabytes(10**6, 250_000, 10)
    assert written_row_bytes(64) == written_row_bytes(32) + 32 * 16


def test_a_model_counts_by_its_files(tmp_path):
    assert weights_megabytes("all-MiniLM-L6-v2") == 0
    (tmp_path / "model.onnx").write_bytes(bytes(2 << 20))
    (tmp_path / "model.onnx_data").write_bytes(bytes(1 << 20))
    (tmp_path / "tokenizer.json").write_bytes(bytes(1 << 20))
    assert weights_megabytes(str(tmp_path)) == 3
    assert embedding_megabytes(500) - embedding_megabytes(0) == 1_000
