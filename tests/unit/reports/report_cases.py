"""Figures of a made-up snapshot that has everything a report can show, with hostile names."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from kindred.reports.figures import (
    Attempt,
    ClusterQuality,
    Column,
    CustomerMap,
    IndexCheck,
    LineageCount,
    MapCell,
    Move,
    Moves,
    Night,
    Rejection,
    Scope,
    Segment,
    Segmentation,
    Snapshot,
    Trait,
    TypicalItem,
)
from kindred.reports.figures_of_lists import (
    Audience,
    AudienceQuality,
    AudienceResult,
    Audiences,
    Contribution,
    Distance,
    Example,
    IndexBuild,
    IndexFigures,
    Lookalike,
    Overlap,
    RecommendationQuality,
    RecommendationReason,
    Recommendations,
)
from kindred.reports.sections import Figures

HOSTILE = (
    "</script><script>document.title='taken'</script>",
    "<img src=x onerror=document.title='taken'>",
    "]]></style></svg><b onclick=x>",
    "\u2028\u2029\u202ereversed\x00\x1b[31m",
    "\"double\" & 'single' &amp; `back`",
    "{{datum.a}} ${x} %s {0} \\u003c",
    "a word " * 60,
    "x" * 300,
    "\N{ARABIC LIGATURE BISMILLAH AR-RAHMAN AR-RAHEEM}" * 3,
    "",
)
LAST = datetime(2026, 3, 29, 2, tzinfo=UTC)
SIZES = (3200, 2400, 1500, 1100, 900, 500, 260, 90, 40, 10)
CUSTOMERS = sum(SIZES)
NAMES = (
    "high income, older, homeowner",
    "young, renter, many visits at night",
    *HOSTILE[:4],
    "new customers with a very long and detailed description that goes on",
    *HOSTILE[6:9],
)


def nothing(kind: type, /, **given: Any) -> Any:
    """A figure of which only so much is known."""
    return kind(**{field.name: None for field in fields(kind)} | given)


def snapshot(number: int) -> Snapshot:
    """A night, so many before the last one."""
    grown = CUSTOMERS - 37 * number
    return nothing(
        Snapshot,
        as_of=LAST - timedelta(days=number),
        is_current=number == 0,
        history="complete",
        encoder_version=1,
        customers=grown,
        lookalikes=10 * grown,
        rows_landed=412 + 3 * number,
        rows_rejected=7,
        recall=0.9931 - 0.0004 * number,
        recall_low=0.9902 - 0.0004 * number,
        recall_high=0.9955 - 0.0004 * number,
        published_at=LAST + timedelta(minutes=9),
        stage_seconds={
            "extract": 2.4,
            "validate": 3.1,
            "fit_encoder": 0.4,
            "encode": 6.2,
            "build_embeddings": 21.5 + number,
            "search_graph": 48.3,
            "cluster": 33.9,
            "load_lookalikes": 12.7,
            "recommend": 19.0,
            "publish": 0.8,
        },
        stage_peak_mb={"encode": 812, "search_graph": 2210, "cluster": 3480, "recommend": 1950},
        stage_forecast_mb={"encode": 900, "search_graph": 2600, "cluster": 3100},
        late_customers=3,
        erased_customers=1,
        source_customers=CUSTOMERS + 7,
        missing_customers=12,
        future_customers=0,
        release="0.2.0",
        hidden_algorithms=["dbscan"],
        events_read=90_210,
        events_rejected=3,
        events_withdrawn=1,
        events_late=44,
        events_unknown=12,
        event_customers_unknown=5,
    )


def night(nights: int = 9) -> Night:
    """The night and those before it."""
    scope = Scope("bi", tuple(snapshot(number) for number in range(nights)))
    columns = ("income", "age", "state", *HOSTILE)
    return Night(
        scope,
        attempts=(
            Attempt(LAST + timedelta(days=1), "failed", "failed", "encode", HOSTILE[0], None),
        ),
        rejected_rows=(
            Rejection(f"income: {HOSTILE[1]}", 40, 5),
            Rejection("age: not usable", 9, 2),
        ),
        rejected_events=(Rejection("purchases: no customer", 3, 0),),
        columns=tuple(
            nothing(
                Column,
                as_of=one.as_of,
                column_name=name,
                kind="numeric",
                customers=CUSTOMERS,
                missing=130 * at,
                rejected=at,
                stability_index=0.31 - 0.03 * at,
                drift=0.002 * at,
            )
            for one in scope.nights
            for at, name in enumerate(columns)
        ),
        checks=tuple(
            nothing(
                IndexCheck,
                as_of=one.as_of,
                generation=4,
                target_recall=0.95,
                recall_at_k=0.97 - 0.002 * at,
                recall_low=0.96 - 0.002 * at,
                recall_high=0.98 - 0.002 * at,
                recall_sample=1000,
                rows=CUSTOMERS,
                changed_rows=120 + at,
                is_rebuilt=at == 4,
                reason="recall is above the target",
                checked_at=one.as_of,
            )
            for at, one in enumerate(scope.nights)
        ),
    )


def segmentation(algorithm: str, scope: Scope) -> Segmentation:
    """Segments of all sizes."""
    segments = tuple(
        Segment(algorithm, at, name, size, size / CUSTOMERS, 0.8, str(100 + at), 31)
        for at, (name, size) in enumerate(zip(NAMES, SIZES, strict=True))
    )
    rng = np.random.default_rng(2)
    traits = []
    for at in range(len(SIZES)):
        for column in ("income", "age", "visits", *HOSTILE[:5]):
            effect = float(np.round(rng.normal(0, 0.7), 3))
            is_share = column == "visits"
            traits.append(
                Trait(
                    at, "feature", column, "boolean" if is_share else "numeric", None, SIZES[at],
                    0.4 if is_share else 41_000.0, 0.3 if is_share else 40_000.0,
                    0.5 if is_share else 42_000.0, 0.45 if is_share else 39_000.0, True, effect,
                )
            )  # fmt: skip
        for label in ("churned", HOSTILE[0]):
            rate = float(np.round(0.1 + 0.05 * at, 3))
            half = float(np.round(1 / np.sqrt(SIZES[at]), 3))
            traits.append(
                Trait(
                    at, "label", label, "boolean", None, SIZES[at], rate, max(0.0, rate - half),
                    min(1.0, rate + half), 0.22, not rate - half < 0.22 < rate + half, rate - 0.22,
                )
            )  # fmt: skip
    return Segmentation(
        algorithm,
        quality=tuple(
            ClusterQuality(
                one.as_of, algorithm, CUSTOMERS, 31, 0.06, 0.32, 0.001, 0.31, 1000,
                None if at == len(scope.nights) - 1 else 0.94 - 0.01 * at, CUSTOMERS - 40,
            )
            for at, one in enumerate(scope.nights)
        ),
        segments=segments,
        traits=tuple(traits),
        items=tuple(
            TypicalItem(at, "basket", item, 50, 0.3, 0.1, 3.0, 2.4, 3.7)
            for at, item in enumerate((*HOSTILE[:3], "bread"))
        ),
        lineage=(LineageCount("kept", 29, 9000), LineageCount("split", 2, 120)),
    )  # fmt: skip


def moves(scope: Scope) -> Moves:
    """Most stay; some go, come and move."""
    earlier = scope.nights[1].as_of
    found = [Move(earlier, str(at), str(at), int(size * 0.9)) for at, size in enumerate(SIZES[:8])]
    found += [Move(earlier, str(at), str((at + 1) % 8), 40) for at in range(8)]
    found += [
        Move(earlier, "new", "0", 210),
        Move(earlier, "3", "gone", 130),
        Move(earlier, "noise", "noise", 600),
        Move(earlier, "others", "others", 300),
        Move(earlier, "2", "noise", 20),
    ]
    return Moves(earlier, tuple(found), {str(at): name for at, name in enumerate(NAMES)})


def customer_map() -> CustomerMap:
    """Clouds that overlap a little."""
    rng = np.random.default_rng(1)
    cells: dict[tuple[int, int, int | None], int] = {}
    for at, size in enumerate(SIZES):
        middle = rng.uniform(0.15, 0.85, 2) * (72, 60)
        places = rng.normal(middle, 5, (size, 2)).astype(int).clip((1, 1), (72, 60))
        for column, row in places.tolist():
            key = column, row, at if at < 8 else None
            cells[key] = cells.get(key, 0) + 1
    found = tuple(MapCell(*key, count) for key, count in cells.items())
    return CustomerMap(CUSTOMERS, 72, 60, found, 0.91, 15)


def index(of: Night) -> IndexFigures:
    """An IVFFlat index, and the HNSW index before it."""
    sweep = [
        {
            "probes": probes,
            "recall": recall,
            "customers": 500,
            "p50_milliseconds": 0.3 + 0.1 * probes,
            "p95_milliseconds": 0.5 + 0.15 * probes,
        }
        for probes, recall in ((1, 0.61), (2, 0.78), (4, 0.9), (6, 0.951), (8, 0.971), (12, 0.99))
    ]
    build = nothing(
        IndexBuild, generation=4, as_of=LAST, state="serving", method="ivfflat", precision="single",
        rows=CUSTOMERS, dimensions=24, lists=100, probes=6, k=10, target_recall=0.95,
        expected_recall=0.955, recall_at_k=0.951, recall_low=0.944, recall_high=0.958,
        recall_sample=1000, p50_milliseconds=0.9, p95_milliseconds=1.4, forecast_build_seconds=2.0,
        build_seconds=2.3, forecast_memory_mb=64, index_bytes=9_000_000, is_index_used=True,
        reason="100 lists: the fewest rows to read for a recall of 0.95", probe_sweep=sweep,
    )  # fmt: skip
    before = replace(
        build, generation=3, method="hnsw", lists=None, probes=None, m=16, ef_search=40
    )
    return IndexFigures((build, before), of.checks)


def audiences() -> Audiences:
    """Two that are published, and one that is not."""
    names = ("spring", HOSTILE[0])
    quality = []
    for name in names:
        for method, lift in (("published", 5.2), ("centroid", 3.1), ("random", 1.0)):
            for size in (0.05, 0.1, 0.2):
                value = 1 + (lift - 1) * (1 - 2 * size)
                quality.append(
                    nothing(
                        AudienceQuality, audience=name, method=method, size=size,
                        customers=int(size * 9000), seeds=300, recall=value * size,
                        recall_low=value * size * 0.9, recall_high=value * size * 1.1, lift=value,
                        lift_low=value * 0.9, lift_high=value * 1.1,
                    )
                )  # fmt: skip
        for tenth in range(1, 11):
            predicted = 0.5 / tenth
            quality.append(
                nothing(
                    AudienceQuality, audience=name, method="probability", size=tenth / 10,
                    customers=900, predicted=predicted, observed=predicted * 1.05,
                    observed_low=predicted * 0.9, observed_high=predicted * 1.2,
                )
            )  # fmt: skip
    published = [
        nothing(
            Audience, audience=name, status="published", seeds_given=320, seeds_known=310,
            seeds_excluded=10, seeds_used=300, pool=9000, method="boosted trees",
            sizes=[0.05, 0.1, 0.2], customers=[450, 900, 1800], control_share=0.1, brier=0.08,
            brier_base=0.11, warnings=["few of the seeds are new"],
        )
        for name in names
    ]  # fmt: skip
    failed = nothing(
        Audience,
        audience="few",
        status="too few seeds",
        reason="7 seeds, 20 are needed",
        warnings=[],
    )
    result = AudienceResult(
        names[1], 3, LAST, 0.1, "label churned", 30, True, 800, 0.12, 90, 0.2, -0.08, -0.14, -0.02,
        "less", None,
    )  # fmt: skip
    return Audiences(
        (*published, failed),
        tuple(quality),
        (Overlap(*names, 230, 0.128), Overlap(names[1], names[0], 230, 0.131)),
        (result,),
    )


def recommendations() -> Recommendations:
    """Four methods, and why items are listed."""
    return Recommendations(
        tuple(
            nothing(
                RecommendationQuality, method=method, is_published=method == "neighbours", k=10,
                customers=2100, recall=recall, recall_low=recall - 0.01, recall_high=recall + 0.01,
                ndcg=recall * 0.8, ndcg_low=recall * 0.7, ndcg_high=recall * 0.9,
                hit_rate=recall * 2, hit_rate_low=recall * 1.9, hit_rate_high=recall * 2.1,
                coverage=0.4,
            )
            for method, recall in (
                ("neighbours", 0.21), ("ease", 0.205), ("item_neighbours", 0.19), ("popular", 0.11)
            )
        ),
        (
            RecommendationReason("neighbours", 80_000, 0.8, 9000),
            RecommendationReason("repurchase", 12_000, 0.12, 7000),
            RecommendationReason("popular", 8_000, 0.08, 900),
        ),
    )  # fmt: skip


def example() -> Example:
    """A customer whose values are hostile too."""
    return Example(
        "42",
        "typical of 0",
        tuple(Lookalike(rank, HOSTILE[rank % 3], 0.1 * rank, 1 / (1 + rank)) for rank in (1, 2, 3)),
        tuple(
            Contribution(name, 0.1 * at, 0.1 * at, HOSTILE[0], HOSTILE[at % 5])
            for at, name in enumerate(("income", "age", HOSTILE[1], "state"))
        ),
        (("kmeans", 0, NAMES[0]),),
    )


def figures(nights: int = 9) -> Figures:
    """All of it."""
    of = night(nights)
    segmentations = (segmentation("hdbscan", of.scope), segmentation("kmeans", of.scope))
    return Figures(
        "default",
        of,
        segmentations,
        moves={"kmeans": moves(of.scope)} if nights > 1 else {},
        customer_map=customer_map(),
        mapped="kmeans",
        distances=tuple(
            Distance(rank, percentile, 0.1 * rank + 0.004 * percentile, None)
            for rank in range(1, 11)
            for percentile in (5, 25, 50, 75, 95)
        ),
        index=index(of),
        audiences=audiences(),
        recommendations=recommendations(),
        examples=(example(),),
    )
