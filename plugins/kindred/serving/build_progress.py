"""Report the progress of an index build from a second session, as the first one is busy."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg2

from kindred.errors import UnreachableError
from kindred.warehouse.database import Database

log = logging.getLogger(__name__)

REPORT_EVERY_SECONDS = 5.0

Watcher = Callable[[], AbstractContextManager[Database]]
"""Opens a session."""


@contextmanager
def watched(database: Database, watcher: Watcher | None, index: str) -> Iterator[None]:
    """Log the progress of an index build in ``database``'s session; short builds log nothing."""
    if watcher is None:
        yield
        return
    pid = int(database.connection.info.backend_pid)
    is_done = threading.Event()
    thread = threading.Thread(target=_watch, args=(watcher, pid, index, is_done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def _watch(watcher: Watcher, pid: int, index: str, is_done: threading.Event) -> None:
    if is_done.wait(REPORT_EVERY_SECONDS):
        return
    try:
        with watcher() as database:
            while True:
                _report(database, pid, index)
                if is_done.wait(REPORT_EVERY_SECONDS):
                    return
    except (psycopg2.Error, UnreachableError) as error:
        # The build goes on without progress reports.
        log.warning("cannot watch the build of %s: %s", index, str(error).strip())


def _report(database: Database, pid: int, index: str) -> None:
    row = database.row("serving/build_progress", {"pid": pid})
    if row is not None:
        phase, blocks, all_blocks, tuples, all_tuples = row
        done, total = (tuples, all_tuples) if all_tuples else (blocks, all_blocks)
        share = f", {done:,} of {total:,}" if total else ""
        log.info("building %s: %s%s", index, phase, share)
