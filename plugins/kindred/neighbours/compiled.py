"""Functions compiled to machine code by numba on first use, and cached on disk."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from kindred.progress.compiling import listen

listen()

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

# nogil: threads run them in parallel. No fastmath: operations round according to IEEE 754.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

FOLDERS = ("neighbours", "segments", "recommendations", "audiences", "maps")
"""Where the modules with compiled functions are."""


def compiled(function: F) -> F:
    """Compile a function for the types it is called with.

    The machine code is cached in ``NUMBA_CACHE_DIR``, beside the module, or in the user's cache,
    wherever numba may write. If it may write nowhere, every process compiles again (about 15 s).
    """
    return _compiled(function, OPTIONS)


def compiled_for_scores(function: F) -> F:
    """Like `compiled`, but with fused multiply-add where the CPU has it, which is a third faster.

    Only for scores that choose candidates. Like matrix products, they may differ in the last bit
    between CPU families; on one machine they depend only on the pair and the number of columns.
    """
    return _compiled(function, OPTIONS | {"fastmath": {"contract"}})


def compiled_for_sums(function: F) -> F:
    """Like `compiled_for_scores`, but the compiler may also reorder the terms of a sum.

    It needs that to use SIMD for the sum over one pair's dimensions, which is then four times as
    fast.
    """
    return _compiled(function, OPTIONS | {"fastmath": {"contract", "reassoc"}})


def _digest_of_sources() -> str:
    package = Path(__file__).parents[1]
    sources = sorted(path for name in FOLDERS for path in package.joinpath(name).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


_DIGEST = _digest_of_sources()


def machine_code() -> str:
    """A digest of all that scores depend on besides the numbers: sources, compiler and CPU."""
    made_for = numba.core.registry.cpu_target.target_context.codegen().magic_tuple()
    made_of = (_DIGEST, numba.__version__, made_for)
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]


def _compiled(function: F, options: dict[str, Any]) -> F:
    # Part of the cache's file name. Numba compares the function's own file only: code of another
    # release would be used where a function it calls has changed, or fail where a type has gone.
    function.__qualname__ += f"_{_DIGEST}"
    try:
        return cast(F, numba.njit(cache=True, **options)(function))
    except RuntimeError:
        log.info(
            "%s is compiled again in every process: set NUMBA_CACHE_DIR to a writable folder",
            function.__name__,
        )
        return cast(F, numba.njit(**options)(function))
