"""The columns of events that a feature is made of, by the names that features use."""

from kindred.spec.features import (
    DistinctCountFeature,
    EventFeature,
    ItemsFeature,
    MeanFeature,
    ShareFeature,
    SumFeature,
)

ITEM = "item"
SIGNED = ("amount", "quantity")
"""Columns whose sign says whether an event gives something back."""


def numbers_of(feature: EventFeature) -> tuple[str, ...]:
    """The columns that it reads as numbers."""
    if isinstance(feature, SumFeature | MeanFeature | ShareFeature):
        return (feature.column,)
    return ()


def codes_of(feature: EventFeature) -> tuple[str, ...]:
    """The columns whose values it only tells apart."""
    if isinstance(feature, ItemsFeature):
        return (ITEM,)
    if isinstance(feature, DistinctCountFeature):
        return (feature.column,)
    return (feature.by,) if isinstance(feature, ShareFeature) else ()


def columns_of(feature: EventFeature) -> tuple[str, ...]:
    """All of them."""
    return (*numbers_of(feature), *codes_of(feature))
