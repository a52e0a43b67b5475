"""The callback that Airflow's triggerer runs when a run has missed its deadline.

Every DAG file imports this module, so it imports nothing heavy. The work is done in a thread, since
all triggers share the triggerer's event loop.
"""

import asyncio
from collections.abc import Mapping
from typing import Any


async def report_missed_deadline(space: str, context: Mapping[str, Any]) -> str:
    """Report a scheduled run that is late; returns what was done, for Airflow's own record."""
    run: Mapping[str, Any] = context["dag_run"]
    if run["run_type"] != "scheduled":
        return f"a {run['run_type']} run has no deadline"
    return await asyncio.to_thread(_report, space, run)


def _report(space: str, run: Mapping[str, Any]) -> str:
    from kindred.airflow_adapter import failures

    return failures.on_missed_deadline(space, run)
