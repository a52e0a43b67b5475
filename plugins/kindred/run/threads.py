"""Threads that libraries start by themselves: BLAS and OpenMP."""

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_library_thread() -> AbstractContextManager[Any]:
    """Limit every library to the calling thread inside the block.

    OpenMP's limit is per calling thread, that of BLAS per process.
    """
    limited: AbstractContextManager[Any] = _controller(len(sys.modules)).limit(limits=1)
    return limited


@lru_cache(maxsize=1)
def _controller(imported: int) -> ThreadpoolController:
    """The libraries of this process; looked for again only when a module has been imported since.

    Looking through all that is mapped takes milliseconds, longer than many a block.
    """
    return ThreadpoolController()
