"""The faults of ``make test``, in one run, each with the call that its task is stopped at."""

from benchmarks.faults.case import Case, Middle
from benchmarks.faults.customers import GATED, IN_PLACE
from benchmarks.faults.harm import Fault

SPEC = IN_PLACE.spec("faults", GATED)
CHOSEN: dict[Case, Middle] = {
    Case(Fault.SOURCE, "extract", IN_PLACE): ("in shop", 1),
    Case(Fault.DISK, "encode", IN_PLACE): ("write", 2),
    Case(Fault.TWICE, "cluster", IN_PLACE): ("in warehouse", 8),
    Case(Fault.CONNECTION, "publish", IN_PLACE): ("in warehouse", 17),
}
