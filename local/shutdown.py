"""Stop all processes of an installation, whichever command started them."""

import signal

from local.failures import LocalError
from local.layout import Layout
from local.lock import find_holder
from local.postgres import EmbeddedServer
from local.processes import wait_for_end
from local.supervisor import Supervisor

# A scheduler waits for its running tasks without a limit; tasks may be killed at any time.
STOP_SECONDS = 4.0
HOLDER_SECONDS = 60.0


def refuse_if_up(layout: Layout, supervisor: Supervisor) -> None:
    """Raise if 'make up' is up: somebody may be using it, so that no run may stop it."""
    if supervisor.is_left_up:
        url = layout.url_file.read_text(encoding="utf-8")
        raise LocalError(
            f"'make up' is up at {url}, and another run would stop it: say 'make down' first, or"
            " compute more dates of its spaces with 'make backfill'"
        )


def stop_all(supervisor: Supervisor, server: EmbeddedServer) -> bool:
    """Stop the components, then the database; False if nothing was running."""
    was_running = server.is_running or bool(supervisor.running())
    supervisor.stop(STOP_SECONDS)
    server.stop()
    return was_running


def end_holder(layout: Layout) -> bool:
    """Ask the command at work here to stop, and wait for its end; False if there is none."""
    holder = find_holder(layout)
    if holder is None:
        return False
    holder.process.send(signal.SIGTERM)
    if not wait_for_end([holder.process], HOLDER_SECONDS):
        pid = holder.process.pid
        raise LocalError(
            f"{holder.command!r} (process {pid}) was asked to stop and still runs after"
            f" {HOLDER_SECONDS:.0f} seconds. End it with 'kill -9 {pid}', then 'make down' again."
        )
    return True
