"""Stage embed_texts: the texts of a snapshot's customers, each embedded once."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from integration.warehouse import make_spec, moment
from kindred.encoding.task import embed_texts
from kindred.encoding.text_embedding import open_embedder, open_models
from kindred.errors import SentenceModelError, SettingsError
from kindred.history import snapshot_customers
from kindred.tasks import run_task

COLUMNS = (
    "customer_id bigint, updated_at timestamptz, is_gone boolean, income double precision,"
    " about text, wishes text"
)
FIRST, SECOND = "2026-02-01T02:00", "2026-02-02T02:00"


def row(number, about, wishes=None, *, when="2026-01-10T12:00", is_gone=False):
    return (number, moment(when), is_gone, 1000.0 * number, about, wishes)


ROWS = [
    row(1, "I like gardening.", "A spade"),
    row(2, "I like gardening.", "I like gardening."),
    row(3, " \tI like gardening.\r\n"),
    row(4, None, ""),
    row(5, " \n", "\t"),
    row(6, "🙂 " * 100, "x" * 100_000),
    row(7, "\u00a0non-breaking\u00a0", "\x0bvertical"),
    row(8, "never asked for", is_gone=True),
    row(9, "said on the last day", when="2026-02-01T12:00"),
    row(9, "replaced", when="2026-01-05T12:00"),
    row(9, "said before", when="2026-01-06T12:00"),
]
ABOUT = {"I like gardening.", ("🙂 " * 100).strip(), "\u00a0non-breaking\u00a0", "said before"}
WISHES = {"A spade", "I like gardening.", "x" * 100_000, "\x0bvertical"}


def spec_with(model_directory, **wishes):
    text = {"kind": "text", "method": "sentence", "model": str(model_directory), "components": 2}
    features = {
        "income": "numeric",
        "about": text | {"max_tokens": 16},
        "wishes": text | {"max_tokens": 16} | wishes,
    }
    source = {"history": "versions", "tombstone": "is_gone"}
    clustering = {"algorithms": ["kmeans"]}
    return make_spec(features=features, labels=[], source=source, clustering=clustering)


def cached(laboratory):
    return laboratory.query("select count(*) from kindred.text_embeddings")[0][0]


@pytest.fixture
def landed(laboratory, model_directory):
    laboratory.fill("customers", COLUMNS, ROWS)
    return laboratory, laboratory.land(spec_with(model_directory), FIRST)


def test_each_distinct_text_of_the_snapshot_is_embedded_once(landed):
    laboratory, run = landed
    assert embed_texts(run) == {"embedded": len(ABOUT | WISHES), "cached": 1}
    assert cached(laboratory) == len(ABOUT | WISHES)
    assert embed_texts(run) == {"embedded": 0, "cached": len(ABOUT) + len(WISHES)}


def test_the_next_snapshot_pays_for_what_is_new(landed, model_directory):
    laboratory, run = landed
    embed_texts(run)
    following = laboratory.land(spec_with(model_directory), SECOND)
    assert embed_texts(following) == {"embedded": 1, "cached": len(ABOUT) - 1 + len(WISHES)}


def test_another_number_of_tokens_is_another_model(laboratory, model_directory):
    laboratory.fill("customers", COLUMNS, ROWS)
    run = laboratory.land(spec_with(model_directory, max_tokens=8), FIRST)
    assert embed_texts(run) == {"embedded": len(ABOUT) + len(WISHES), "cached": 0}


def test_what_customers_are_read_with_finds_its_embeddings(landed):
    _, run = landed
    embed_texts(run)
    frames = []
    with run.warehouse("test") as warehouse:
        snapshot_customers.read_customers(
            warehouse,
            run,
            snapshot_customers.kept_customers(warehouse, run),
            lambda keys, updated_at, frame: frames.append(frame),
        )
        embed = open_embedder(warehouse, run.spec)
        frame = pd.concat(frames)
        assert set(frame["about"].dropna()) == ABOUT
        assert set(frame["wishes"].dropna()) == WISHES
        models = open_models(run.spec)
        for column in ("about", "wishes"):
            known = frame[column].dropna().to_numpy(dtype=object)
            model, found = embed(column, known)
            assert model == models[column].name
            assert (found == models[column].embed(known.tolist())).all()
        assert embed("about", np.array([], dtype=object))[1].shape == (0, 384)


def test_columns_share_a_model(model_directory):
    models = open_models(spec_with(model_directory))
    assert models["about"] is models["wishes"]
    assert "income" not in models


def test_a_model_that_is_gone_since_the_run_began(landed, tmp_path):
    laboratory, run = landed
    before = cached(laboratory)
    with pytest.raises(SentenceModelError, match=r"nowhere' is no directory"):
        embed_texts(replace(run, spec=spec_with(tmp_path / "nowhere")))
    assert cached(laboratory) == before


@pytest.mark.parametrize("stage", ["embed_texts", "fit_encoder"])
def test_a_model_that_does_not_fit_into_memory_is_told_before_the_work(
    laboratory, model_directory, landed, stage
):
    spec = spec_with(model_directory)
    run = laboratory.begin(spec, FIRST)
    laboratory.environment["KINDRED_MEMORY_LIMIT_MB"] = "470"
    run = laboratory.reopen({"space": "default", "as_of": run.as_of.isoformat()})
    with pytest.raises(SettingsError, match="MB of memory are forecast, a task may take 470 MB"):
        run_task(run, stage)
    assert cached(laboratory) == 0
