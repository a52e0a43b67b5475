"""The report in sections: from figures to sentences, charts and tables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kindred.reports import (
    audience_charts,
    effect_charts,
    lookalike_charts,
    night_charts,
    outcome_charts,
    segment_charts,
)
from kindred.reports.chart import Chart, Fact, Key, Listing, Section
from kindred.reports.figures import CustomerMap, Moves, Night, Scope, Segmentation, Snapshot
from kindred.reports.figures_of_lists import (
    Audiences,
    Distance,
    Example,
    IndexFigures,
    Recommendations,
)
from kindred.reports.map_chart import IN_NO_SEGMENT, map_chart
from kindred.reports.moves_chart import moves_chart
from kindred.reports.recommendation_charts import recommendation_charts
from kindred.reports.vega import SMALLER
from kindred.reports.wording import (
    before,
    change,
    count,
    duration,
    moment,
    several,
    share,
    shown,
)

Blocks = list[Chart | Listing]


@dataclass(frozen=True)
class Figures:
    """All that a report shows. ``moves`` by algorithm; ``mapped``: the algorithm of the map."""

    space: str
    night: Night
    segmentations: tuple[Segmentation, ...]
    moves: dict[str, Moves | None]
    customer_map: CustomerMap | None
    mapped: str | None
    distances: tuple[Distance, ...]
    index: IndexFigures
    audiences: Audiences
    recommendations: Recommendations
    examples: tuple[Example, ...] = ()


def sections_of(figures: Figures) -> list[Section]:
    """The sections that have something to show, in the order of the report."""
    made = [
        night_section(figures.night),
        map_section(figures.customer_map, figures.segmentations, figures.mapped),
        *(
            segment_section(one, figures.moves.get(one.algorithm), figures.night)
            # That of the map first.
            for one in sorted(
                figures.segmentations, key=lambda one: one.algorithm != figures.mapped
            )
        ),
        lookalike_section(figures.distances, _without_few(figures)),
        index_section(figures.index, figures.night),
        audience_section(figures.audiences),
        recommendation_section(figures.recommendations),
    ]
    return [one for one in made if one.facts or one.blocks or one.lead]


def night_section(night: Night) -> Section:
    """Customers, rows, recall, drift, seconds and memory."""
    scope, snapshot, earlier = night.scope, night.scope.snapshot, night.scope.previous
    seconds = sum(map(float, snapshot.stage_seconds.values()))
    facts = [
        Fact(
            "Customers",
            count(snapshot.customers),
            _since(
                scope, change(snapshot.customers, None if earlier is None else earlier.customers)
            ),
        ),
        Fact("Rows landed", count(snapshot.rows_landed), "in the window of this night"),
        Fact(
            "Rows rejected",
            count(snapshot.rows_rejected),
            "reasons below" if night.rejected_rows else "none before either",
        ),
        Fact("Recall", share(snapshot.recall), _recall_of(snapshot)),
        Fact(
            "Time",
            duration(seconds),
            f"of {several(len(snapshot.stage_seconds), 'stage')} (the tasks of the run), added up",
        ),
    ]
    if night.changed_customers is not None:
        note = f"new, changed or gone since {_before(scope)}"
        facts.insert(1, Fact("Changed customers", count(night.changed_customers), note))
    if snapshot.missing_customers is not None:
        note = "of the source, whose newest row no window had brought; they landed or were rejected"
        facts.append(Fact("Missing rows", count(snapshot.missing_customers), note))
    if snapshot.events_read is not None:
        note = f"{count(snapshot.events_rejected)} rejected, {count(snapshot.events_late)} late"
        facts.append(Fact("Events read", count(snapshot.events_read), note))
    blocks: Blocks = [
        *night_charts.trends(scope.nights),
        *night_charts.stages(snapshot),
        *night_charts.drift(night.columns, snapshot),
        *night_charts.missing(night.columns, snapshot),
        *night_charts.rejections(night),
    ]
    return Section("night", "The night", _said_of(night), tuple(facts), tuple(blocks))


def _recall_of(snapshot: Snapshot) -> str:
    if snapshot.recall is None or snapshot.recall_low is None:
        return "not measured"
    what = "of the true nearest neighbours that the lookalikes have"
    if snapshot.recall_low == snapshot.recall_high:
        return f"{what}, of all customers"
    low, high = share(snapshot.recall_low), share(snapshot.recall_high)
    return f"{what}; 95 % interval {low} to {high}"


def _since(scope: Scope, text: str) -> str:
    return f"{text} since {_before(scope)}" if text else "the first night that is kept"


def _before(scope: Scope) -> str:
    return before(None if scope.previous is None else scope.previous.as_of, scope.as_of)


def _said_of(night: Night) -> tuple[str, ...]:
    """What somebody should know before the figures."""
    snapshot = night.scope.snapshot
    found = []
    for attempt in night.attempts:
        when = (
            "The newest run of this date"
            if attempt.as_of == night.scope.as_of
            else (f"The snapshot of {moment(attempt.as_of)}")
        )
        state = attempt.run_status if attempt.status == "published" else attempt.status
        where = f" in task {shown(attempt.failed_task)}" if attempt.failed_task else ""
        # Not the text itself, which may quote a customer.
        why = f"; {night.scope.bi}.snapshots says why" if attempt.failure else ""
        found.append(f"{when} {_STATES.get(state or '', 'is not published')}{where}{why}.")
    if snapshot.late_customers:
        found.append(
            f"{several(snapshot.late_customers, 'customer')} had rows arrive since that would"
            " change this snapshot: run its date again."
        )
    if snapshot.erased_customers:
        number = snapshot.erased_customers
        verb = "was" if number == 1 else "were"
        found.append(f"{several(number, 'customer')} {verb} erased since it was published.")
    if snapshot.history == "reconstructed":
        found.append(
            "The snapshot is reconstructed: its date is before the first extraction, and the source"
            " keeps one row per customer, which may have had other values then."
        )
    if snapshot.events_unknown:
        found.append(
            f"{several(snapshot.events_unknown, 'event')} of"
            f" {several(snapshot.event_customers_unknown or 0, 'customer')} count for nobody: the"
            " snapshot does not have these customers."
        )
    if snapshot.hidden_algorithms:
        found.append(
            "Segments that would give private columns away are not shown:"
            f" {', '.join(map(shown, snapshot.hidden_algorithms))}."
        )
    return tuple(found)


_STATES = {
    "failed": "has failed",
    "waiting": "is late: no run has started it",
    "building": "is being built",
}


def map_section(
    found: CustomerMap | None, segmentations: Sequence[Segmentation], mapped: str | None
) -> Section:
    """The map of the customers."""
    chosen = next((one for one in segmentations if one.algorithm == mapped), None)
    titles: dict[int, str] = {}
    colours: dict[int, str] = {}
    if chosen is not None:
        colours = segment_charts.colour_of(chosen)
        titles = {
            one.cluster_id: segment_charts.title_of(chosen, one.cluster_id)
            for one in chosen.segments
        }
    rest = IN_NO_SEGMENT
    if chosen is not None and chosen.count > len(chosen.segments):
        rest = Key(SMALLER, "in a smaller segment, or in none")
    blocks = map_chart(found, titles, colours, rest)
    lead = (f"Coloured by the segments of {chosen.algorithm}.",) if chosen and blocks else ()
    if found is not None and not found.is_layout:
        lead = (
            f"There is no map: the {several(found.customers, 'customer')} all lie in one place, as"
            " where there are too few, or too few that differ, to lay out.",
        )
    return Section("map", "Map", lead, blocks=tuple(blocks))


def segment_section(segmentation: Segmentation, moves: Moves | None, night: Night) -> Section:
    """The segments of one algorithm."""
    now = next((q for q in segmentation.quality if q.as_of == night.scope.as_of), None)
    facts = []
    if now is not None:
        facts = [
            Fact("Segments", count(now.clusters), ""),
            Fact("In no segment", share(now.noise_share), "of the customers"),
            Fact(
                "Silhouette",
                "unknown" if now.silhouette is None else f"{now.silhouette:.2f}",
                "1 well apart, 0 between two, below 0 misplaced",
            ),
        ]
        if now.stability is not None:
            since = before(now.previous_as_of, now.as_of)
            note = f"adjusted Rand index with {since}: 1 the same segments, 0 chance"
            facts.append(Fact("Stability", f"{now.stability:.2f}", note))
    lineage = ", ".join(
        f"{several(one.segments, 'segment')} {_EVENTS.get(one.event, one.event)}"
        for one in segmentation.lineage
    )
    blocks: Blocks = [
        *segment_charts.sizes(segmentation),
        *segment_charts.stability(segmentation, night.scope.nights),
        *effect_charts.effects(segmentation),
        *outcome_charts.outcomes(segmentation),
        *moves_chart(moves, segment_charts.colour_of(segmentation)),
        *segment_charts.items(segmentation),
    ]
    return Section(
        f"segments-{segmentation.algorithm}",
        f"Segments by {segmentation.algorithm}",
        (f"Since {_before(night.scope)}: {lineage}.",) if lineage and night.scope.previous else (),
        tuple(facts),
        tuple(blocks),
    )


_EVENTS = {"kept": "kept", "split": "split off", "merged": "merged", "born": "new", "died": "ended"}


def _without_few(figures: Figures) -> list[Example]:
    """Examples with the names that the report has: not those of segments of a few customers."""
    names = {
        (one.algorithm, cluster): name
        for one in figures.segmentations
        for cluster, name in one.names.items()
    }
    return [
        replace(
            one,
            segments=tuple(
                (algorithm, cluster, names.get((algorithm, cluster)))
                for algorithm, cluster, _ in one.segments
            ),
        )
        for one in figures.examples
    ]


def lookalike_section(distances: Sequence[Distance], examples: Sequence[Example]) -> Section:
    """How far lookalikes are, and examples."""
    # Over the whole width before examples, of which a list and its reasons stand side by side.
    first = [replace(one, is_wide=bool(examples)) for one in lookalike_charts.distances(distances)]
    blocks: Blocks = [*first, *lookalike_charts.examples(examples)]
    return Section("lookalikes", "Lookalikes", blocks=tuple(blocks))


def index_section(index: IndexFigures, night: Night) -> Section:
    """The index of the embeddings."""
    blocks = lookalike_charts.index_charts(index, night.scope.nights)
    build = index.builds[0] if index.builds else None
    facts = []
    if build is not None:
        note = f"over {count(build.rows)} customers{_INDEXES.get(build.method, '')}"
        facts.append(Fact("Index", build.method, note))
        if build.recall_at_k is not None:
            note = (
                "measured on customers who had no part in the choice below; 95 % interval"
                f" {share(build.recall_low)} to {share(build.recall_high)}"
            )
            facts.append(Fact("Recall as built", share(build.recall_at_k), note))
        if build.p95_milliseconds is not None:
            median = build.p50_milliseconds
            half = "" if median is None else f", half of them no longer than {median:.1f} ms"
            note = (
                f"95th percentile: 95 % of the queries take no longer{half}; those of the choice"
                " below were tried before"
            )
            facts.append(Fact("Latency as built", f"{build.p95_milliseconds:.1f} ms", note))
    return Section("index", "Index", (), tuple(facts), tuple(blocks))


_INDEXES = {"ivfflat": ", in lists of near ones", "hnsw": ", in a graph of near ones"}


def audience_section(found: Audiences) -> Section:
    """The audiences: what became of them, how good they are, whom they share."""
    blocks: Blocks = [
        *audience_charts.audience_list(found.audiences),
        *audience_charts.lifts(found),
        *audience_charts.calibrations(found),
        *audience_charts.overlaps(found.overlap),
        *audience_charts.results(found.results),
    ]
    return Section("audiences", "Audiences", blocks=tuple(blocks))


def recommendation_section(found: Recommendations) -> Section:
    """The recommendations: how good they are, and why items are listed."""
    lead = tuple(dict.fromkeys(f"{one.reason}." for one in found.quality if one.reason is not None))
    return Section(
        "recommendations",
        "Recommendations",
        tuple(map(shown, lead)),
        blocks=tuple(recommendation_charts(found)),
    )
