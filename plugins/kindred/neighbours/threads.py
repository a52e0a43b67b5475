"""Work on several threads, in pieces whose cut changes no result."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import faiss
from threadpoolctl import threadpool_limits

Progress = Callable[[int, int], None]
"""Called with the rows done and all rows, in the calling thread."""


def in_threads(
    work: Callable[[int, int], None],
    pieces: list[tuple[int, int]],
    threads: int,
    progress: Progress | None = None,
) -> None:
    """Call ``work(start, stop)`` for every piece; the first error ends it.

    Python threads, not numba's: those cannot be used from several tasks of one process, nor after
    a fork, and compiled functions let go of the interpreter's lock anyway. Libraries stay on the
    one thread that calls them: on a busy machine theirs wait for each other most of the time.
    """
    total = sum(stop - start for start, stop in pieces)
    done = 0
    # OpenMP counts threads for each thread that calls it, BLAS for the process.
    pools = ThreadPoolExecutor(
        max(1, threads), initializer=faiss.omp_set_num_threads, initargs=(1,)
    )
    with threadpool_limits(1), pools as pool:
        calls = [pool.submit(work, start, stop) for start, stop in pieces]
        try:
            for (start, stop), call in zip(pieces, calls, strict=True):
                call.result()
                done += stop - start
                if progress is not None:
                    progress(done, total)
        finally:
            for call in calls:
                call.cancel()


def cut(count: int, size: int) -> list[tuple[int, int]]:
    """Pieces of at most ``size``: (0, size), (size, 2 * size), ..."""
    return [(start, min(start + size, count)) for start in range(0, count, size)]
