"""Processor time of a PostgreSQL server by the stage that its sessions work for."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import psutil
import psycopg2

EVERY_SECONDS = 1.0
"""What a session takes after its last sample is not counted: half a second on average."""
SESSIONS = (
    "select activity.pid, coalesce(leader.application_name, activity.application_name),"
    " activity.leader_pid is not null"
    " from pg_stat_activity activity left join pg_stat_activity leader"
    " on leader.pid = activity.leader_pid"
    " where activity.backend_type in ('client backend', 'parallel worker')"
)
OURS = "kindred "


class ServerSamples:
    """Processor seconds of a server's sessions and their parallel workers, by stage.

    A stage is the last word of what a session calls itself (``kindred <space> <as_of> <stage>``),
    those in a source on the same server included. ``parallel`` has the workers' part.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.parallel: dict[str, float] = {}
        self._known: dict[int, float] = {}

    def begin(self) -> None:
        """Count from now on."""
        self.seconds, self.parallel = {}, {}

    def sample(self, sessions: list[tuple[int, str, bool]]) -> None:
        """Add what each session has taken since the last sample.

        ``sessions``: pid, name, and whether it is a parallel worker.
        """
        found = {}
        for pid, name, is_worker in sessions:
            with suppress(psutil.Error):
                times = psutil.Process(pid).cpu_times()
                found[pid] = float(times.user + times.system)
                if name.startswith(OURS):
                    stage = name.rsplit(" ", 1)[1]
                    # A process that is new, or has the number of one that is gone, began at zero.
                    before = self._known.get(pid, 0.0)
                    spent = found[pid] - before if found[pid] >= before else found[pid]
                    self.seconds[stage] = self.seconds.get(stage, 0.0) + spent
                    if is_worker:
                        self.parallel[stage] = self.parallel.get(stage, 0.0) + spent
        self._known = found


@contextmanager
def server_sampled(dsn: str) -> Iterator[ServerSamples]:
    """Sample the sessions of a server while the block runs; ``dsn`` is of its superuser."""
    samples, is_done = ServerSamples(), threading.Event()

    def watch() -> None:
        with closing(psycopg2.connect(dsn, application_name="samples")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not is_done.wait(EVERY_SECONDS):
                    cursor.execute(SESSIONS)
                    samples.sample(cursor.fetchall())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        is_done.set()
        thread.join()
