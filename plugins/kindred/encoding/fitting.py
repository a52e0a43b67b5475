"""Fit the block of a feature according to its kind, and read blocks back from JSON."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.encoding.blocks import Block, State, known_of
from kindred.encoding.categories import CategoryBlock, fit_category
from kindred.encoding.dates import DateBlock, fit_date
from kindred.encoding.items_block import ItemsBlock, fit_profile
from kindred.encoding.number_block import NumberBlock, fit_boolean, fit_number
from kindred.encoding.sentences import SentenceBlock, fit_sentence
from kindred.encoding.texts import fitted_texts
from kindred.encoding.tfidf import TfidfBlock, fit_tfidf
from kindred.errors import DataError
from kindred.spec.features import (
    BooleanFeature,
    CategoricalFeature,
    DateFeature,
    EventNumber,
    Feature,
    ItemsFeature,
    NumericFeature,
    RecencyFeature,
    TextMethod,
)

Embed = Callable[[str, NDArray[np.object_]], tuple[str, NDArray[np.float32]]]
"""Computes sentence embeddings: takes a column's name and its texts (str); returns the name of the
model and an array (texts, d) of multiples of GRID."""

_BLOCKS: dict[str, Callable[[State], Block]] = {
    "number": NumberBlock.from_json,
    "category": CategoryBlock.from_json,
    "date": DateBlock.from_json,
    "tfidf": TfidfBlock.from_json,
    "sentence": SentenceBlock.from_json,
    "items": ItemsBlock.from_json,
}


def block_from_json(state: State) -> Block:
    """The inverse of every block's ``to_json``."""
    return _BLOCKS[state["block"]](state)


def fit_block(
    column: str,
    feature: Feature,
    values: Any,
    *,
    fitted_day: float,
    embed: Embed | None,
) -> Block:
    """Fit the block of one column of the frame that `encoder.fit_encoder` takes, or of purchases.

    It is scaled so that the feature's weight is the expected squared Euclidean distance of two
    random fitted customers within the block, which is twice the sum of its columns' variances. A
    block without variance has scale 0 and contains only zeros.

    Raises
    ------
    DataError
        A numeric column holds infinite values or overflows float64.
    """
    if isinstance(feature, NumericFeature | EventNumber):
        return fit_number(column, feature, values)
    if isinstance(feature, BooleanFeature):
        return fit_boolean(feature, values)
    if isinstance(feature, CategoricalFeature):
        return fit_category(feature, values)
    if isinstance(feature, RecencyFeature):
        as_date = DateFeature(weight=feature.weight, scale=feature.scale)
        return fit_date(column, as_date, values, fitted_day)
    if isinstance(feature, DateFeature):
        return fit_date(column, feature, values, fitted_day)
    if isinstance(feature, ItemsFeature):
        return fit_profile(feature, values)
    if feature.method is TextMethod.TFIDF:
        return fit_tfidf(feature, values)
    texts, missing_share = fitted_texts(values)
    model, vectors = embedded(column, texts, embed)
    return fit_sentence(feature, model, vectors, missing_share)


def embedded(
    column: str, strings: NDArray[np.object_], embed: Embed | None
) -> tuple[str, NDArray[np.float32]]:
    """The model's name and a column's embeddings, (rows, d), NaN where a text is missing (None).

    Raises
    ------
    DataError
        ``embed`` is None.
    """
    if embed is None:
        raise DataError(
            f"column {column!r} is encoded by sentence embeddings, but none are available: run task"
            " 'embed_texts' first"
        )
    is_known = known_of(strings)
    model, known = embed(column, strings[is_known])
    vectors: NDArray[Any] = np.full((len(strings), known.shape[1]), np.nan, dtype=np.float32)
    vectors[is_known] = known
    return model, vectors
