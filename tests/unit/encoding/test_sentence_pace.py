"""What the log says while texts are embedded."""

import logging

import pytest

from kindred.encoding.sentence_models.pace import Pace


@pytest.fixture
def say(caplog):
    """Advance by hand: seconds that pass, texts done in them; returns what was logged."""
    caplog.set_level(logging.INFO, logger="kindred.encoding.sentence_models.pace")
    now = 0.0
    pace = None

    def start(new, cached):
        nonlocal pace
        pace = Pace(new, cached, clock=lambda: now)

    def advance(seconds, texts):
        nonlocal now
        caplog.clear()
        now += seconds
        pace.advance(texts)
        return caplog.messages

    return start, advance


def test_a_forecast_then_progress_every_ten_seconds(say):
    start, advance = say
    start(6000, 40)
    assert advance(0.5, 32) == []
    [forecast] = advance(0.5, 18)
    assert forecast == "6000 new texts to embed, 40 cached: 50.0 texts/s, about 2.0 minutes"
    assert advance(9.0, 450) == []
    [progress] = advance(1.0, 50)
    assert progress == "embedded 550 of 6000 texts: 50.0 texts/s, 109 s left"
    assert advance(9.9, 1) == []
    assert len(advance(0.1, 0)) == 1


def test_few_texts_are_forecast_when_they_are_done(say):
    start, advance = say
    start(3, 0)
    assert advance(0.1, 2) == []
    [forecast] = advance(0.1, 1)
    assert forecast == "3 new texts to embed, 0 cached: 15.0 texts/s, about 0.0 minutes"


def test_texts_that_another_run_embeds_meanwhile_end_the_count_early(say):
    start, advance = say
    start(100, 0)
    advance(1.0, 60)
    [progress] = advance(10.0, 60)
    assert progress.endswith(" 0 s left")
