"""What customers are compared by: the blocks of ``similar_by``, and the rest of the profile."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.encoding.encoder import FittedEncoder
from kindred.encoding.items_block import ItemsBlock
from kindred.spec.events import Recommendations
from kindred.spec.features import ItemsFeature
from kindred.spec.model import Spec

PRIVATE = "private"
"""In place of the digest of settings: no list is shown by them."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Part:
    """Some columns of all customers' vectors, float32 (customers, d).

    ``is_of_items``: a buying profile (`ItemsBlock.profile_part`), zeros where there is none.
    """

    columns: Vectors
    is_of_items: bool


def settings_of(spec: Spec) -> Recommendations:
    """The recommendations of a spec that has some."""
    if spec.recommendations is None:
        raise ValueError(f"the spec of space {spec.space!r} asks for no recommendations")
    return spec.recommendations


def item_names(spec: Spec) -> list[str]:
    """The names by which ``private`` can mean the recommended items."""
    asked = settings_of(spec)
    items = [
        name
        for name, feature in spec.event_features.items()
        if isinstance(feature, ItemsFeature) and feature.of == asked.of
    ]
    return sorted({"item", str(spec.events[asked.of].item), *items})


def are_items_private(spec: Spec) -> bool:
    """Whether readers may not see the items, so that nothing is recommended to them."""
    return not set(item_names(spec)).isdisjoint(spec.private)


def compared_blocks(spec: Spec) -> list[str]:
    """The features of ``similar_by`` that readers may compare customers by.

    Lists depend on whom they are made from: by a private column, they would give it away. None
    where no buying profile is left: then everybody gets the most popular items.
    """
    found = [name for name in settings_of(spec).blocks if name not in spec.hidden_features]
    has_profile = any(isinstance(spec.event_features.get(name), ItemsFeature) for name in found)
    return found if has_profile else []


def profile_columns(spec: Spec) -> list[str]:
    """The features by which customers without purchases are compared: columns of customers."""
    return [name for name in spec.column_features if name not in spec.hidden_features]


def measured_settings(spec: Spec) -> str:
    """Digest of the settings that the quality depends on, besides the encoder's features.

    `PRIVATE` where there is nothing to measure. The view ``recommendation_quality`` makes the same
    digest of the settings of each snapshot, from ``jsonb``, whose text escapes no letter.
    """
    asked = settings_of(spec)
    if are_items_private(spec):
        return PRIVATE
    given: list[object] = [asked.of, compared_blocks(spec), asked.neighbours, asked.items]
    if asked.include_owned or asked.owned_days is not None:
        given += [asked.include_owned, asked.owned_days]
    return hashlib.sha256(json.dumps(given, ensure_ascii=False).encode()).hexdigest()[:16]


def part_of(encoder: FittedEncoder, vectors: Vectors, name: str) -> Part:
    """The columns of one feature in vectors that the encoder has made."""
    columns, block = vectors[:, slice(*encoder.column_blocks[name])], encoder.blocks[name]
    if isinstance(block, ItemsBlock):
        return Part(block.profile_part(columns), is_of_items=True)
    return Part(columns, is_of_items=False)


def side_by_side(parts: Sequence[Part]) -> Vectors:
    """Vectors for the graph of buying profiles, which compares them by cosine.

    Returns
    -------
    ndarray of float32, shape (customers, dimensions)
        Zeros for customers without any buying profile, who have no neighbours in it. Other columns
        are centred on the customers who have one: a cosine is about the origin, and buying profiles
        have theirs at the centroid.
    """
    has_profile = np.any([part.columns.any(axis=1) for part in parts if part.is_of_items], axis=0)
    found = np.zeros(
        (len(has_profile), sum(part.columns.shape[1] for part in parts)), dtype=np.float32
    )
    start = 0
    for part in parts:
        columns = found[:, start : start + part.columns.shape[1]]
        columns[:] = part.columns
        if not part.is_of_items and has_profile.any():
            columns -= columns[has_profile].mean(axis=0, dtype=np.float64).astype(np.float32)
        start += part.columns.shape[1]
    found[~has_profile] = 0.0
    return found
