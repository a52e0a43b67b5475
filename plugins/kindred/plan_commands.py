"""The command ``kindred plan``; it needs no database and no Airflow."""

import json
import re
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from kindred.errors import SettingsError
from kindred.planning.workload import (
    USUAL_DIMENSIONS,
    Machines,
    Night,
    usual_spec,
    workload_of,
)
from kindred.settings import Settings
from kindred.spec.clustering import Algorithm
from kindred.spec.features import Kind
from kindred.spec.model import Spec, load_spec
from kindred.spec.names import did_you_mean, listed

if TYPE_CHECKING:
    from kindred.planning.constants import Constants
    from kindred.planning.limits import Finding
    from kindred.planning.plan import NightPlan

app = typer.Typer()

REFUSED = 1
MEGABYTES = {"M": 1, "G": 1024, "T": 1024**2}
SIZE = re.compile(r"(\d{1,9}(?:\.\d+)?) *([MGT])(?:i?B)?", re.IGNORECASE)
DEFAULT_DIMENSIONS = 100
OF_ONE_DIMENSION = (Kind.NUMERIC, Kind.BOOLEAN)
BITS_PER_BYTE, MEGABYTE = 8, 2**20
OF_THE_SPEC = {
    "columns": "features",
    "neighbours": "k",
    "algorithms": "clustering.algorithms",
    "clusters": "clustering.kmeans.k",
}
"""The options that a spec decides, and its keys that do."""
NOTHING_TO_SHARE = {
    Night.FIRST: "a first night finds nothing, so that all customers are new",
    Night.QUIET: "in a quiet night nothing has changed",
}


CustomersOption = Annotated[int, typer.Option(min=1, help="Customers of the space.")]
DimensionsOption = Annotated[
    int | None, typer.Option(min=1, help="Width of a vector; default: 100.")
]
ColumnsOption = Annotated[
    int | None, typer.Option(min=1, help="Columns per customer; default: a fifth of that.")
]
SpecOption = Annotated[
    Path | None,
    typer.Option("--spec", help="Columns, neighbours, algorithms and index of this file instead."),
]
NeighboursOption = Annotated[
    int | None, typer.Option(min=1, help="Lookalikes per customer; default: 10.")
]
AlgorithmsOption = Annotated[
    str | None,
    typer.Option(help="Algorithms of segments, with commas; default: kmeans,hdbscan."),
]
ClustersOption = Annotated[int | None, typer.Option(min=1, help="Segments of k-means; default: 8.")]
NightOption = Annotated[
    Night,
    typer.Option(
        help="What it finds: first (nothing), full (much has changed: a new index), changed"
        " (little), quiet (nothing has)."
    ),
]
ShareOption = Annotated[
    float | None,
    typer.Option(help="Share of the customers that has changed; default: .3 full, .01 changed."),
]
WorkersOption = Annotated[
    int, typer.Option(min=1, help="Machines that run tasks; with --one-machine: workers on it.")
]
CoresOption = Annotated[int, typer.Option(min=1, help="Cores of each.")]
SlotsOption = Annotated[
    int | None, typer.Option(min=1, help="Tasks that each runs at once [KINDRED_TASKS_AT_ONCE].")
]
MemoryOption = Annotated[str, typer.Option(help="Memory of each.")]
ServerCoresOption = Annotated[int, typer.Option(min=1, help="Cores of the server.")]
ServerMemoryOption = Annotated[str, typer.Option(help="Memory of the server.")]
NetworkOption = Annotated[
    float, typer.Option(min=0.001, help="Gigabits that a worker moves per second.")
]
OneMachineOption = Annotated[
    bool,
    typer.Option("--one-machine", help="One machine of these cores runs all, the server included."),
]
BucketOption = Annotated[
    bool | None,
    typer.Option(
        "--bucket/--no-bucket", help="Artefacts in a bucket; default: unless --one-machine."
    ),
]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Show the arithmetic of every stage.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command()
def plan(
    customers: CustomersOption,
    dimensions: DimensionsOption = None,
    columns: ColumnsOption = None,
    spec: SpecOption = None,
    neighbours: NeighboursOption = None,
    algorithms: AlgorithmsOption = None,
    clusters: ClustersOption = None,
    night: NightOption = Night.CHANGED,
    share_changed: ShareOption = None,
    workers: WorkersOption = 1,
    cores: CoresOption = 2,
    slots: SlotsOption = None,
    memory: MemoryOption = "16GB",
    database_cores: ServerCoresOption = 8,
    database_memory: ServerMemoryOption = "64GB",
    network: NetworkOption = 10.0,
    one_machine: OneMachineOption = False,
    bucket: BucketOption = None,
    explain: ExplainOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plan a night that nobody has run: seconds, memory, disk, network and worker hours."""
    from kindred.planning.constants import read_constants
    from kindred.planning.limits import findings_of
    from kindred.planning.plan import plan_night
    from kindred.planning.plan_figures import as_json as json_of

    settings, constants = Settings.from_env(), read_constants()
    found = _spec(spec, columns, dimensions, neighbours, algorithms, clusters)
    machines = Machines(
        workers=workers,
        cores=cores,
        slots=slots or settings.tasks_at_once,
        memory_mb=megabytes("memory", memory),
        database_cores=database_cores,
        database_memory_mb=megabytes("database-memory", database_memory),
        network_mb=network_megabytes(network),
        shard_rows=settings.shard_rows,
        block_rows=settings.block_rows,
        maintenance_work_mem_mb=settings.maintenance_work_mem_mb,
        kept_snapshots=settings.keep_nights + settings.keep_month_ends,
        is_one=one_machine,
        has_bucket=not one_machine if bucket is None else bucket,
        graph_threads=settings.graph_threads,
        memory_limit_mb=settings.memory_limit_mb,
    )
    workload = workload_of(
        found,
        customers=customers,
        dimensions=_width(found, spec, dimensions),
        night=night,
        changed_share=_share(night, share_changed),
    )
    made = plan_night(workload, machines, constants)
    findings = findings_of(made, constants)
    if as_json:
        typer.echo(json.dumps(json_of(made, findings, constants), indent=1, default=str))
    else:
        _print(made, findings, constants, explain=explain)
    raise typer.Exit(REFUSED if any(one.is_refusal for one in findings) else 0)


def _spec(
    path: Path | None,
    columns: int | None,
    dimensions: int | None,
    neighbours: int | None,
    algorithms: str | None,
    clusters: int | None,
) -> Spec:
    """The spec of a file, or one of what the options say.

    Raises
    ------
    SettingsError
        when an option says what the file decides.
    """
    if path is not None:
        given = (columns, neighbours, algorithms, clusters)
        for (option, key), value in zip(OF_THE_SPEC.items(), given, strict=True):
            if value is not None:
                raise SettingsError(
                    f"--{option}: found {value}, but {path.name} decides that ({key}); allowed is"
                    f" --{option} or --spec: leave one out, or change the file"
                )
        return load_spec(path)
    wide = dimensions or DEFAULT_DIMENSIONS
    said = {
        "k": neighbours,
        "algorithms": None if algorithms is None else chosen_algorithms(algorithms),
        "clusters": clusters,
    }
    others: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    return usual_spec(columns=columns or max(1, wide // USUAL_DIMENSIONS), **others)


def _width(found: Spec, path: Path | None, dimensions: int | None) -> int:
    """The width of a vector: what is said, or what the kinds of the columns say.

    Raises
    ------
    SettingsError
        when the values of a column decide, which a plan does not read.
    """
    if dimensions is not None or path is None:
        return dimensions or DEFAULT_DIMENSIONS
    unknown = [name for name, one in found.features.items() if one.kind not in OF_ONE_DIMENSION]
    if unknown:
        raise SettingsError(
            f"--dimensions: a number is needed, since the values of {listed(unknown[:5])} decide"
            " how wide a vector is; task encode logs it, and bi.index_builds.dimensions has it"
        )
    return len(found.features)


def chosen_algorithms(text: str) -> list[Algorithm]:
    """The algorithms named, with commas.

    Raises
    ------
    SettingsError
        when one is unknown, or there twice.
    """
    names = [name.strip() for name in text.split(",")]
    known = [str(algorithm) for algorithm in Algorithm]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(
            f"--algorithms: found {unknown[0]!r}, allowed are {listed(known)}"
            f"{did_you_mean(unknown[0], known)}"
        )
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise SettingsError(f"--algorithms: found {twice[0]} twice; take one out")
    return [Algorithm(name) for name in names]


def _share(night: Night, share: float | None) -> float | None:
    """The share of the customers that has changed, where a night can have different ones.

    Raises
    ------
    SettingsError
        when its kind already says how many have changed.
    """
    if share is not None and night in NOTHING_TO_SHARE:
        raise SettingsError(
            f"--share-changed: found {share:g} with '--night {night}', but"
            f" {NOTHING_TO_SHARE[night]}; leave it out, or say '--night {Night.CHANGED}' or"
            f" '--night {Night.FULL}'"
        )
    return share


def network_megabytes(gigabits: float) -> float:
    """What a network of so many gigabits per second moves in one.

    Raises
    ------
    SettingsError
        when that is no number.
    """
    found = gigabits * 1e9 / BITS_PER_BYTE / MEGABYTE
    if not isfinite(found):
        raise SettingsError(f"--network: found {gigabits:g}, a number such as 10 is expected")
    return found


def megabytes(option: str, text: str) -> int:
    """A size such as ``16GB``, ``16GiB`` or ``512 M``; all are multiples of 1,024.

    Raises
    ------
    SettingsError
        when it is none, or less than a megabyte.
    """
    found = SIZE.fullmatch(text.strip())
    size = round(float(found[1]) * MEGABYTES[found[2].upper()]) if found else 0
    if size < 1:
        raise SettingsError(f"--{option}: found {text!r}, a size such as 16GB or 512MB is expected")
    return size


def _print(
    made: "NightPlan", findings: "Sequence[Finding]", constants: "Constants", *, explain: bool
) -> None:
    from kindred.planning import plan_figures

    terminal = Console(emoji=False)
    _say(plan_figures.title(made))
    for line in plan_figures.table(
        made, findings, terminal.width if terminal.is_terminal else None
    ):
        _say(line)
    for line in plan_figures.summary(made):
        _say(line)
    for finding in findings:
        mark = "! " if finding.is_refusal else ""
        _say(f"{mark}{finding.stage or 'all of it'}: {finding.text}")
    if explain:
        for line in (*plan_figures.arithmetic(made), *plan_figures.all_sources(constants)):
            _say(line)
    _say(plan_figures.sources(constants))


def _say(text: str) -> None:
    Console(emoji=False).print(text, soft_wrap=True, highlight=False, markup=False)
