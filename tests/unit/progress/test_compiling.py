"""Numba is heard when it compiles, and not when it takes what it has compiled."""

import numba

from kindred.progress import compiling as module
from kindred.progress.compiling import COMPILING, listen


def test_what_numba_compiles_is_named_and_timed(monkeypatch):
    listen()
    listen()
    begun = []
    honest = COMPILING.begin
    monkeypatch.setattr(COMPILING, "begin", lambda name: (begun.append(name), honest(name)))

    @numba.njit
    def doubled(value):
        return value * 2

    before = module.time.monotonic() - COMPILING.work_seconds()
    assert doubled(3) == 6
    taken = module.time.monotonic() - COMPILING.work_seconds() - before
    assert begun == ["doubled"]  # once, although asked to listen twice
    assert taken > 0.01
    assert COMPILING.name is None
    assert doubled(4) == 8
    assert begun == ["doubled"]


def test_a_function_that_cannot_be_compiled_ends_too():
    listen()

    @numba.njit
    def wrong(value):
        return value.no_such_attribute

    try:
        wrong(1)
    except numba.core.errors.TypingError:
        pass
    else:
        raise AssertionError("it was compiled")
    assert COMPILING.name is None
