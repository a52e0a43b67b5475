"""Where a plan does not hold: memory, single machines, the index; and what to change."""

from bisect import bisect_left
from dataclasses import dataclass, replace

from kindred.neighbours.shards import MAX_SHARDS
from kindred.planning.constants import Constants
from kindred.planning.night_tasks import CLUSTER, NO_PROCESS
from kindred.planning.plan import NightPlan
from kindred.planning.sizes import sizes_of
from kindred.planning.task_memory import forecast_of
from kindred.planning.volumes import MEGABYTE
from kindred.planning.workload import LARGEST_CUSTOMERS, Machines
from kindred.run.base_memory import BASE_MEGABYTES
from kindred.serving.index_plan import forecast_mb, usual_lists
from kindred.spec.index_methods import Method, Precision, index_advice, max_dimensions

THOUSAND = 1_000
FEW_MEASURED = 10
"""A plan for more than so many times the customers that were measured says so."""
GIGABYTE_MB = 1024


@dataclass(frozen=True)
class Finding:
    """What is wrong with a plan, or good to know; ``stage`` is empty for all of it.

    ``is_refusal``: the night would fail.
    """

    stage: str
    text: str
    is_refusal: bool


def findings_of(plan: NightPlan, constants: Constants) -> list[Finding]:
    """What a plan cannot do, or should not; refusals first."""
    found = [*_width(plan), *_memory(plan, constants), *_index(plan), *_beyond(plan, constants)]
    return sorted(found, key=lambda finding: not finding.is_refusal)


def most_customers(plan: NightPlan, constants: Constants, stage: str, memory_mb: int) -> int:
    """The most customers of whom a task of this kind fits into memory; 0 if not even a thousand."""
    night, machines = plan.sizes.night, plan.sizes.machines

    def is_too_large(thousands: int) -> bool:
        fewer = replace(night, customers=THOUSAND * thousands)
        sizes = sizes_of(fewer, machines, constants.growth)
        return forecast_of(stage, sizes).least > memory_mb

    thousands = range(1, LARGEST_CUSTOMERS // THOUSAND + 1)
    return THOUSAND * bisect_left(thousands, True, key=is_too_large)


def _width(plan: NightPlan) -> list[Finding]:
    """Vectors that no index takes, which the task refuses that fits the encoder."""
    night = plan.sizes.night
    allowed = max_dimensions(night.spec.index, night.spec.index_precision)
    if night.dimensions <= allowed:
        return []
    text = (
        f"the vectors would have {night.dimensions:,} dimensions, allowed are {allowed:,} ('index:"
        f" {night.spec.index}', 'index_precision: {night.spec.index_precision}'): lower"
        " max_categories or components of the widest columns in the spec"
        f"{index_advice(night.dimensions)}"
    )
    return [Finding("fit_encoder", text, is_refusal=True)]


def _memory(plan: NightPlan, constants: Constants) -> list[Finding]:
    machines, stages = plan.sizes.machines, plan.stages
    limit = machines.task_memory_mb
    if limit < BASE_MEGABYTES:
        text = (
            f"a task may take {limit:,} MB ({_what_binds(machines)}), and one that holds nothing"
            f" needs {BASE_MEGABYTES:,}: no task runs on such workers;"
            f" {_more_memory(machines, BASE_MEGABYTES)}"
        )
        return [Finding("", text, is_refusal=True)]
    found, enough = [], []
    for stage in stages:
        if stage.task.task_id in NO_PROCESS:
            continue
        name, is_refusal = stage.task.name, stage.memory_mb > limit
        if not is_refusal and stage.task.task_id != CLUSTER:
            continue
        most = most_customers(plan, constants, name, limit)
        alone = most_customers(plan, constants, name, machines.memory_of_task(1))
        text = "it runs on one machine, and " if stage.task.instances == 1 else "each task "
        text += f"needs {_gigabytes(stage.memory_mb)}: {_gigabytes(limit)} are enough for {most:,}"
        text += " customers"
        if machines.memory_of_task(1) > limit:
            text += f", {_gigabytes(machines.memory_mb)} for {alone:,}"
        found.append(Finding(name, text, is_refusal))
        if is_refusal:
            enough.append((most, alone))
    at_once = machines.slots * (machines.workers if machines.is_one else 1)
    if machines.memory_mb // at_once < plan.largest.memory_mb <= limit:
        allows = "KINDRED_MEMORY_LIMIT_MB"
        if not machines.memory_limit_mb:
            allows = f"KINDRED_TASKS_AT_ONCE ({machines.slots}) is of one worker, and"
        text = (
            f"{allows} lets each of {at_once:,} tasks at once take {_gigabytes(limit)}, of"
            f" {_gigabytes(machines.memory_mb)} together: {plan.largest.task.name} takes"
            f" {_gigabytes(plan.largest.memory_mb)}, and the kernel ends a task if other large ones"
            " run beside it"
        )
        found.append(Finding("", text, is_refusal=False))
    if enough:
        found.insert(0, _too_little(plan, *(min(counts) for counts in zip(*enough, strict=True))))
    return found


def _what_binds(machines: Machines) -> str:
    """Why a task may not take more."""
    memory = _gigabytes(machines.memory_mb)
    if not machines.memory_limit_mb:
        return f"{memory} for {machines.slots} at once"
    if machines.memory_limit_mb < machines.memory_mb:
        return f"KINDRED_MEMORY_LIMIT_MB is {machines.memory_limit_mb:,}"
    return f"all that a worker has; KINDRED_MEMORY_LIMIT_MB is {machines.memory_limit_mb:,}"


def _more_memory(machines: Machines, needed: int) -> str:
    """What must grow for a task to take so much more than it may."""
    ways = []
    if 0 < machines.memory_limit_mb < needed:
        ways.append("raise KINDRED_MEMORY_LIMIT_MB")
    if machines.memory_mb < needed or not machines.memory_limit_mb:
        ways.append("give them more memory")
    return " and ".join(ways)


def _too_little(plan: NightPlan, most: int, alone: int) -> Finding:
    """That memory is short for the night, and what to do."""
    machines, count = plan.sizes.machines, plan.sizes.night.customers
    largest, limit = plan.largest, machines.task_memory_mb
    with_one = "" if machines.memory_limit_mb else f" ({alone:,} with one at once)"
    is_limited = 0 < machines.memory_limit_mb < largest.memory_mb
    ways = [f"workers with {_gigabytes(largest.memory_mb)} for each task at once"]
    if is_limited and largest.memory_mb <= machines.memory_mb // machines.slots:
        ways = ["a higher KINDRED_MEMORY_LIMIT_MB"]
    elif is_limited:
        ways[0] += " and a higher KINDRED_MEMORY_LIMIT_MB"
    elif limit < largest.memory_mb <= machines.memory_of_task(1):
        ways.append("one task at once (--slots 1, KINDRED_TASKS_AT_ONCE)")
    if most:
        spaces = -(-count // most)
        ways.append(f"{spaces:,} spaces of up to {most:,} customers, by country for example")
    if any(stage.task.task_id == CLUSTER for stage in plan.stages if stage == largest):
        ways.append("another list of clustering.algorithms")
    text = (
        f"a task may take {_gigabytes(limit)} ({_what_binds(machines)}), which is enough for"
        f" {most:,} customers{with_one}; what helps: {', or '.join(ways)}"
    )
    return Finding("", text, is_refusal=True)


def _index(plan: NightPlan) -> list[Finding]:
    night, machines, index = plan.sizes.night, plan.sizes.machines, plan.sizes.index
    spec, stage = night.spec, "build_embeddings"
    if spec.index is Method.EXACT:
        return []
    found = []
    given = machines.maintenance_work_mem_mb
    if index.memory_mb and not index.lists:
        needed = forecast_mb(2, night.customers, night.dimensions, spec.index_precision)
        text = (
            f"an index needs {needed:,} MB to build, KINDRED_MAINTENANCE_WORK_MEM_MB is {given:,}"
        )
        found.append(Finding(stage, f"{text}: raise it", is_refusal=True))
    size = plan.warehouse.serving["its index"] / MEGABYTE
    memory = machines.memory_mb if machines.is_one else machines.database_memory_mb
    if size > memory:
        ways = ["'index: exact' (nothing is built, and bi.similar_customers reads all vectors)"]
        if spec.index_precision is Precision.SINGLE:
            ways.insert(0, "'index_precision: half', which halves it")
        text = (
            f"the index has {_gigabytes(size)}, more than the"
            f" {'machine' if machines.is_one else 'server'}'s {_gigabytes(memory)}: its build and"
            f" its queries wait for the disk; say {', or '.join(ways)}, or divide the customers"
            " among spaces, one per country for example, each with an index that fits"
        )
        found.append(Finding(stage, text, is_refusal=False))
    usual = usual_lists(night.customers)
    if night.builds_index and 2 <= index.most_lists < usual:
        needed = forecast_mb(usual, night.customers, night.dimensions, spec.index_precision)
        text = (
            f"{given:,} MB (KINDRED_MAINTENANCE_WORK_MEM_MB) allow {index.most_lists:,} lists of"
            f" {night.customers // index.most_lists:,} customers; {usual:,} are usual, which need"
            f" {needed:,} MB: with fewer, a query reads more"
        )
        found.append(Finding(stage, text, is_refusal=False))
    return found


def _beyond(plan: NightPlan, constants: Constants) -> list[Finding]:
    night, machines, graph = plan.sizes.night, plan.sizes.machines, plan.sizes.graph
    found = []
    if not night.is_quiet and machines.workers > graph.shards:
        shards = "there is 1 shard" if graph.shards == 1 else f"there are {graph.shards} shards"
        text = (
            f"{shards} ({MAX_SHARDS} at most), and {machines.workers}"
            " workers: the others stay free while the graph is searched"
        )
        if graph.shards < MAX_SHARDS:
            text += "; a lower KINDRED_SHARD_ROWS makes more of them"
        found.append(Finding("search_graph", text, is_refusal=False))
    if night.customers > FEW_MEASURED * constants.most_customers:
        text = (
            f"the constants are from nights of up to {constants.most_customers:,} customers:"
            " seconds of so many more are an extrapolation"
        )
        found.append(Finding("", text, is_refusal=False))
    return found


def _gigabytes(megabytes: float) -> str:
    return f"{megabytes / GIGABYTE_MB:,.1f} GB"
