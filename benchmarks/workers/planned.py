"""The nights of the test beside what ``kindred plan`` says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.plan_measured import dimensions_of, machines_of
from benchmarks.report import Report
from kindred.planning.constants import read_constants
from kindred.planning.plan import plan_night
from kindred.planning.workload import Machines, Night, workload_of
from kindred.spec.model import Spec

LARGEST_ERROR = 0.2


@dataclass(frozen=True)
class Measured:
    """A first night that has run: its seconds, the slots of its workers, and its artefacts."""

    seconds: float
    slots: Sequence[int]
    has_bucket: bool


def compare(
    report: Report, spec: Spec, n: int, local: float, nights: Mapping[str, Measured]
) -> None:
    """Compare nights with their plans, as fast as the machine was in the local night.

    The constants are of a machine whose speed varies from hour to hour; ``local`` are the seconds
    of the night that ``make run`` has run here and now, as the constants were measured.
    """
    here = machines_of({"machine": report.machine, "parameters": {}}, is_alone=False)
    speed = planned_seconds(spec, n, here) / local
    report.measure("local", group="plan", planned=speed * local, measured=local)
    for name, night in nights.items():
        workers = replace(
            here,
            workers=len(night.slots),
            slots=max(night.slots),
            has_bucket=night.has_bucket,
        )
        planned = planned_seconds(spec, n, workers)
        error = planned / speed / night.seconds - 1.0
        report.measure(
            name,
            group="plan",
            planned=planned,
            as_fast_as_here=planned / speed,
            measured=night.seconds,
            error=error,
        )
        report.at_most(f"{name}: error of the plan", abs(error), LARGEST_ERROR)


def planned_seconds(spec: Spec, n: int, machines: Machines) -> float:
    """The seconds of a first night of mixed customers."""
    workload = workload_of(
        spec,
        customers=n,
        dimensions=dimensions_of(len(spec.features)),
        night=Night.FIRST,
        measures_drift=False,
    )
    return plan_night(workload, machines, read_constants()).seconds
