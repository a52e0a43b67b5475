"""What became of an audience in a snapshot."""

from enum import StrEnum


class Status(StrEnum):
    """The outcome of an audience; all but ``published`` come with a reason in words."""

    PUBLISHED = "published"
    TOO_FEW_SEEDS = "too few seeds"
    NOBODY_IN_THE_POOL = "nobody in the pool"
    NO_HISTORY = "no history"
    FAILED = "failed"
