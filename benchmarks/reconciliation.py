"""Reconciliation: what it costs a night to compare the keys of its source with the history.

n customers of 16 numeric columns have landed on an embedded server set up as by ``make run``, and
one of them was erased, so that every key is hashed. Then nights whose windows bring no row: tasks
``extract`` and ``validate`` as far as they land rows, so that their seconds are those of the
reconciliation. Before each, customers are imported with an ``updated_at`` of 2024.

- **counts**: the source deletes by tombstone and its keys were compared the night before: it is
  counted, and the counts are equal.
- **keys**: the keys are copied and compared, and the rows of those missing (``missing``) land.
"""

import sys
import tempfile
from unittest.mock import patch

from benchmarks.nights import DAY, FIRST, SPEC, Nights
from benchmarks.processes import embedded_server, new_database, postgres_version, run_file
from benchmarks.report import Report, arguments, machine, timed
from kindred.erasure.task import erase, request_erasure
from kindred.history.task import extract, land
from kindred.preparation.task import Request, prepare
from kindred.run.context import open_run
from kindred.run.windows import Window
from kindred.spec.model import Spec
from kindred.spec.source import Deletes

SEED = 0.20180401  # as setseed takes it
MISSING_SHARES = (0.0, 0.01, 0.1)
ERASURE_KEY = {"KINDRED_ERASURE_KEY": "k" * 64}


def spec_of(deletes: Deletes) -> Spec:
    """The spec with another way to find who was deleted."""
    return SPEC.model_copy(update={"source": SPEC.source.model_copy(update={"deletes": deletes})})


def night(nights: Nights, number: int, deletes: Deletes) -> tuple[float, float, int | None]:
    """Run a night; return the seconds of both tasks, and how many customers were missing."""
    as_of = FIRST + number * DAY
    request = Request(f"night {number}", Window(as_of - DAY, as_of), may_fit=True)
    prepare(nights.deployment, spec_of(deletes), request)
    run = open_run(nights.deployment, SPEC.space, as_of)
    extracting, _ = timed(extract, run)
    landing, landed = timed(land, run.reopened())
    return extracting, landing, landed.missing


def main() -> int:
    options = arguments(__doc__, n=1_000_000)
    with (
        patch.dict("os.environ", ERASURE_KEY),
        embedded_server() as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        nights = Nights(new_database(server, "customers"), folder)
        report = Report(
            "reconciliation", {"n": options.n}, machine(postgresql=postgres_version(nights.dsn))
        )
        slowest = measure(report, nights, options.n)
    report.at_most("seconds of the slowest reconciliation", slowest, 10.0)
    return report.finish()


def measure(report: Report, nights: Nights, n: int) -> float:
    """Report the nights; return the seconds of the slowest one."""
    run_file(nights.dsn, "create_night_customers", {"customers": n, "seed": SEED})
    run_file(nights.dsn, "add_key")
    night(nights, 0, Deletes.COMPARE_KEYS)
    erase(nights.deployment, SPEC.space, request_erasure(nights.deployment, SPEC.space, "1"))
    slowest = 0.0
    plan = [("keys", Deletes.COMPARE_KEYS, share) for share in MISSING_SHARES]
    for number, (what, deletes, share) in enumerate([*plan, ("counts", Deletes.TOMBSTONE, 0.0)], 1):
        imported = int(n * share)
        run_file(nights.dsn, "import_customers", {"customers": imported, "seed": SEED})
        extracting, landing, missing = night(nights, number, deletes)
        if missing != (imported if what == "keys" else None):
            raise AssertionError(f"{missing} customers were found missing, not {imported}")
        slowest = max(slowest, extracting + landing)
        report.measure(
            what,
            keys=nights.value("select count(*) from customers"),
            missing=missing,
            extract_seconds=extracting,
            land_seconds=landing,
            seconds=extracting + landing,
        )
    return slowest


if __name__ == "__main__":
    sys.exit(main())
