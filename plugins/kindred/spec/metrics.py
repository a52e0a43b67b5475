"""The table that maps a metric to pgvector's operator class, operator and similarity."""

from dataclasses import dataclass
from enum import StrEnum


class Metric(StrEnum):
    """The distance between customers; the values are those of a spec's ``metric`` key."""

    L2 = "l2"
    COSINE = "cosine"
    INNER_PRODUCT = "ip"


@dataclass(frozen=True)
class MetricOperators:
    """A metric in PostgreSQL.

    ``operator`` yields a distance: smaller is more similar (pgvector's ``<#>`` is the negative
    inner product). ``similarity_sql`` turns a column ``distance`` into a similarity;
    ``half_operator_class`` is for indexes of float16 (``halfvec``). ``contribution_sql`` is what
    one dimension of two vectors ``a`` and ``b`` adds to the squared distance (l2) or to the
    distance (the others).
    """

    operator: str
    operator_class: str
    half_operator_class: str
    similarity_sql: str
    contribution_sql: str


OPERATORS: dict[Metric, MetricOperators] = {
    Metric.L2: MetricOperators(
        "<->",
        "vector_l2_ops",
        "halfvec_l2_ops",
        "1 / (1 + distance)",
        "power(a::float8 - b::float8, 2)",
    ),
    Metric.COSINE: MetricOperators(
        "<=>",
        "vector_cosine_ops",
        "halfvec_cosine_ops",
        "1 - distance",
        "power(a::float8 / norm_a - b::float8 / norm_b, 2) / 2",
    ),
    Metric.INNER_PRODUCT: MetricOperators(
        "<#>", "vector_ip_ops", "halfvec_ip_ops", "- distance", "- a::float8 * b::float8"
    ),
}
