"""The gates of a spec: limits that a snapshot must meet to be published."""

from typing import Any

from pydantic import Field

from kindred.spec.features import Strict


def share(default: float, meaning: str, example: float) -> Any:
    """A key whose value is a share, from 0 to 1."""
    return Field(default=default, ge=0, le=1, description=meaning, examples=[example])


class Gates(Strict):
    """The limits that a snapshot must meet to be published; shares are 0 to 1."""

    min_customers: int = Field(
        default=1, ge=1, description="Customers that a snapshot needs.", examples=[1000]
    )
    max_rejected_share: float = share(
        0.2,
        "Rejected rows of a window, and customers of whom every row has been rejected.",
        0.05,
    )
    max_deleted_share: float = share(
        0.5, "Known customers that are no longer in the source, if keys are compared.", 0.1
    )
    max_missing_share: float = share(
        0.5, "Customers of the source that no window has brought.", 0.1
    )
    max_drift: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="Population stability index of a column against the previous snapshot.",
        examples=[0.5],
    )
    max_noise_share: float = share(
        1.0,
        "Customers in no segment, for every algorithm. Off by default, since a small table may have"
        " no segments.",
        0.6,
    )
    min_clusters: int = Field(
        default=0, ge=0, description="Segments that every algorithm must find.", examples=[3]
    )
    recall_tolerance: float = share(
        0.02, "How far the measured recall may lie below `target_recall`.", 0.01
    )
