"""Functions compiled to machine code by numba, on first use, and kept on disk for the next."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

# No fastmath: every operation rounds as IEEE 754 says, so that a pair of vectors has one score,
# whatever block, shard or thread it is computed in. nogil: threads run them side by side.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def compiled(function: F) -> F:
    """Compile a function for the types it is called with.

    The machine code is kept in ``NUMBA_CACHE_DIR``, beside the module, or in the user's cache,
    wherever numba may write; where it may not, every process compiles anew (about 15 s).
    """
    try:
        return cast(F, numba.njit(cache=True, **OPTIONS)(function))
    except RuntimeError:
        log.info(
            "%s is compiled anew in every process: set NUMBA_CACHE_DIR to a writable folder",
            function.__name__,
        )
        return cast(F, numba.njit(**OPTIONS)(function))
