"""A shop whose nights are built, and published, one by one."""

from typing import Any

from integration.warehouse import COLUMNS, Laboratory, make_spec, moment, people
from kindred.run.context import Run, open_run
from kindred.spec.model import Spec
from kindred.tasks import run_task

CURRENT = "select as_of, count(*) from bi.lookalikes_current group by as_of"


def day(number: int) -> str:
    return f"2026-01-{number:02d}T02:00"


def open_shop(laboratory: Laboratory) -> Laboratory:
    laboratory.fill("customers", COLUMNS, people(800))
    laboratory.fit(make_spec(), day(5))
    return laboratory


def build(laboratory: Laboratory, spec: Spec, number: int) -> Run:
    """Everything up to the gate for one day."""
    return laboratory.run(spec, day(number), until="publish")


def publish_day(laboratory: Laboratory, number: int) -> dict[str, Any]:
    """Tasks publish and clean_up; returns what publish did."""
    done: dict[str, Any] = run_task(opened(laboratory, number), "publish")
    run_task(opened(laboratory, number), "clean_up")
    return done


def opened(laboratory: Laboratory, number: int) -> Run:
    return open_run(laboratory.deployment, "default", moment(day(number)))


def published_rows(laboratory: Laboratory) -> dict[str, tuple[int, int]]:
    """as_of -> rows and customers of the lookalike table, as readers must find them."""
    rows = laboratory.query(
        "select as_of, lookalikes, customers from bi.snapshots where status = 'published'"
    )
    return {str(as_of): (lookalikes, customers) for as_of, lookalikes, customers in rows}
