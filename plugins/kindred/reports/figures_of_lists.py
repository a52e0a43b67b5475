"""Figures of a report and a page: lookalikes, index, audiences, recommendations, as in ``bi``.

All are aggregates, and bounded whatever the number of customers; only `Example` has single
customers, and is read for those who ask for them. ``figure_rows`` reads them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kindred.reports.figures import IndexCheck


@dataclass(frozen=True)
class Distance:
    """How far the lookalikes of a rank are, as ``bi.lookalike_distances`` has it."""

    rank: int
    percentile: int
    distance: float | None
    similarity: float | None


@dataclass(frozen=True)
class Contribution:
    """What a column adds to the distance of two customers, as ``bi.explain_pair`` has it."""

    column_name: str
    contribution: float | None
    share: float | None
    value_a: str | None
    value_b: str | None


@dataclass(frozen=True)
class Lookalike:
    """A customer's lookalike, as ``bi.lookalikes`` has it."""

    rank: int
    lookalike_id: str
    distance: float | None
    similarity: float | None


@dataclass(frozen=True)
class Example:
    """A single customer: lookalikes, and why the first is similar (only now, not in the past).

    ``segments``: the algorithm, cluster id and name of each of its segments.
    """

    customer_id: str
    title: str
    lookalikes: tuple[Lookalike, ...]
    contributions: tuple[Contribution, ...]
    segments: tuple[tuple[str, int, str | None], ...] = ()


@dataclass(frozen=True)
class IndexBuild:
    """An index: what was planned and measured, as ``bi.index_builds`` has it.

    ``probe_sweep``: probes or ef_search, recall, customers, p50_milliseconds and p95_milliseconds
    of each value that was tried.
    """

    generation: int
    as_of: datetime
    state: str
    method: str
    precision: str | None
    rows: int
    dimensions: int
    lists: int | None
    probes: int | None
    m: int | None
    ef_construction: int | None
    ef_search: int | None
    k: int | None
    target_recall: float | None
    expected_recall: float | None
    recall_at_k: float | None
    recall_low: float | None
    recall_high: float | None
    recall_sample: int | None
    p50_milliseconds: float | None
    p95_milliseconds: float | None
    forecast_build_seconds: float | None
    build_seconds: float | None
    forecast_memory_mb: float | None
    index_bytes: int | None
    is_index_used: bool | None
    reason: str | None
    probe_sweep: Sequence[Mapping[str, Any]] | None

    @property
    def search_parameter(self) -> str:
        """The name of what a query can spend more of."""
        return "ef_search" if self.method == "hnsw" else "probes"

    @property
    def search_value(self) -> int | None:
        """Its value."""
        return self.ef_search if self.method == "hnsw" else self.probes


@dataclass(frozen=True)
class IndexFigures:
    """The index that served a snapshot first, those before it, and the nights' checks."""

    builds: tuple[IndexBuild, ...]
    checks: tuple[IndexCheck, ...]


@dataclass(frozen=True)
class Audience:
    """An audience of a snapshot, as ``bi.audiences`` has it."""

    audience: str
    status: str
    reason: str | None
    seeds_given: int | None
    seeds_known: int | None
    seeds_excluded: int | None
    seeds_used: int | None
    contacted: int | None
    pool: int | None
    method: str | None
    sizes: Sequence[float] | None
    customers: Sequence[int] | None
    control_share: float | None
    brier: float | None
    brier_base: float | None
    warnings: Sequence[str]


@dataclass(frozen=True)
class AudienceQuality:
    """How good an audience is at one size, as ``bi.audience_quality`` has it."""

    audience: str
    method: str
    size: float
    customers: int
    seeds: int | None
    effective_seeds: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    predicted: float | None
    observed: float | None
    observed_low: float | None
    observed_high: float | None


@dataclass(frozen=True)
class Overlap:
    """Members that two audiences share, as ``bi.audience_overlap`` has it."""

    audience: str
    other: str
    customers: int
    share: float


@dataclass(frozen=True)
class AudienceResult:
    """What an export has achieved, as ``bi.audience_results`` has it."""

    audience: str
    export: int
    exported_at: datetime
    tier: float
    outcome: str
    days: int
    is_over: bool
    members: int | None
    member_rate: float | None
    control: int | None
    control_rate: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: str
    reason: str | None


@dataclass(frozen=True)
class Audiences:
    """The audiences of a snapshot."""

    audiences: tuple[Audience, ...]
    quality: tuple[AudienceQuality, ...]
    overlap: tuple[Overlap, ...]
    results: tuple[AudienceResult, ...]


@dataclass(frozen=True)
class RecommendationQuality:
    """A method of recommending, as ``bi.recommendation_quality`` has it."""

    method: str
    is_published: bool | None
    test_start: datetime | None
    test_end: datetime | None
    k: int | None
    customers: int | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    ndcg: float | None
    ndcg_low: float | None
    ndcg_high: float | None
    hit_rate: float | None
    hit_rate_low: float | None
    hit_rate_high: float | None
    coverage: float | None
    reason: str | None
    not_measured: Sequence[str] | None
    listable_share: float | None
    left_out: int | None


@dataclass(frozen=True)
class RecommendationReason:
    """Why items are on the lists, as ``bi.recommendation_reasons`` has it."""

    method: str
    listed: int
    share: float
    customers: int


@dataclass(frozen=True)
class Recommendations:
    """The recommendations of a snapshot."""

    quality: tuple[RecommendationQuality, ...]
    reasons: tuple[RecommendationReason, ...]
