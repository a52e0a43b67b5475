"""Readers in processes of their own: they poll what BI reads and write down all that they saw.

The server tells a reader of every wait for a lock, to the microsecond and whatever else the
machine is doing: ``log_lock_waits`` from 1 ms on, sent to the client.
"""

import gc
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import psycopg2

WHOLE = (
    "select as_of, count(*), count(distinct customer_id) from bi.lookalikes_current group by as_of"
)
CONTROL = "select count(*) from generate_series(1, 1000)"  # reads no table: what the machine takes
SIMILAR = "select count(*), count(distinct lookalike_id) from bi.similar_customers(1, 5)"
MODES = {
    # name: (statement, is prepared, polls a transaction, isolation)
    "plain": (WHOLE, False, 1, None),
    "prepared": (WHOLE, True, 1, None),
    "prepared in transactions": (WHOLE, True, 40, "read committed"),
    "repeatable read": (WHOLE, False, 10, "repeatable read"),
    "similar": (SIMILAR, False, 1, None),
    "similar in transactions": (SIMILAR, True, 20, "repeatable read"),
}
# Readers that hardly pause take the machine from what they watch, and see no more for it: several
# at once ask every few milliseconds.
PAUSE_SECONDS = {WHOLE: 0.02, SIMILAR: 0.01}
_WAITED = re.compile(r"acquired \w+ on .* after (\d+\.\d+) ms")


@dataclass(frozen=True)
class Report:
    """What one reader saw: how often each result, errors, and milliseconds."""

    mode: str
    polls: int
    results: list[tuple[list[list[Any]], int]]
    errors: list[str]
    slowest_milliseconds: float
    slowest_control_milliseconds: float
    longest_lock_wait_milliseconds: float
    changes_within_transaction: int


class Reader:
    """A process that polls until it is told to stop."""

    def __init__(self, dsn: str, mode: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, dsn, mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> Self:
        """Return after the first polls."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line == "ready\n", line
        return self

    def stop(self) -> Report:
        """End the loop; returns what was seen."""
        output, _ = self._process.communicate("stop\n", timeout=60)
        return Report(**json.loads(output))

    def kill(self) -> None:
        """End the process whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@contextmanager
def polling(dsn: str, *modes: str) -> Iterator[list[Report]]:
    """Readers poll inside the block; the list is filled with their reports at its end."""
    readers = [Reader(dsn, mode) for mode in modes]
    reports: list[Report] = []
    try:
        for reader in readers:
            reader.wait_until_ready()
        yield reports
        reports += [reader.stop() for reader in readers]
    finally:
        for reader in readers:
            reader.kill()


def _connect(dsn: str, mode: str) -> "psycopg2.extensions.connection":
    connection = psycopg2.connect(dsn, application_name=f"reader: {mode}")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("set log_lock_waits = on; set deadlock_timeout = '1ms'")
        cursor.execute("set client_min_messages = log")
    return connection


def _poll(dsn: str, mode: str) -> Report:
    statement, is_prepared, polls, isolation = MODES[mode]
    pause_seconds = PAUSE_SECONDS[statement]
    connection = _connect(dsn, mode)
    cursor = connection.cursor()
    if is_prepared:
        cursor.execute(f"prepare reading as {statement}")
        statement = "execute reading"
    seen: Counter[str] = Counter()
    errors: list[str] = []
    slowest = slowest_control = longest_wait = 0.0
    count = changes = 0
    is_ready = False
    gc.disable()
    stopping = _stopping()
    while not next(stopping):
        if isolation:
            cursor.execute(f"begin isolation level {isolation}")
        in_transaction = set()
        for _ in range(polls):
            started = time.perf_counter()
            try:
                cursor.execute(statement)
                result = json.dumps(cursor.fetchall(), default=str)
            except psycopg2.Error as error:
                errors.append(str(error))
                break
            answered = time.perf_counter()
            slowest = max(slowest, answered - started)
            cursor.execute(CONTROL)
            slowest_control = max(slowest_control, time.perf_counter() - answered)
            seen[result] += 1
            in_transaction.add(result)
            count += 1
            time.sleep(pause_seconds)
        if isolation:
            cursor.execute("commit")
        changes += len(in_transaction) > 1
        for notice in connection.notices:
            for waited in _WAITED.findall(notice):
                longest_wait = max(longest_wait, float(waited))
        connection.notices.clear()
        if not is_ready and count >= 20:
            is_ready = True
            print("ready", flush=True)
    connection.close()
    results = [(json.loads(result), times) for result, times in seen.items()]
    times = (1000 * slowest, 1000 * slowest_control, longest_wait)
    return Report(mode, count, results, errors, *times, changes)


def _stopping() -> Iterator[bool]:
    """False until there is something to read on standard input."""
    import select

    while True:
        yield bool(select.select([sys.stdin], [], [], 0)[0])


if __name__ == "__main__":
    print(json.dumps(vars(_poll(sys.argv[1], sys.argv[2]))))
