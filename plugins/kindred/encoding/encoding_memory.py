"""Memory forecasts for encoding customers, fitting encoders and embedding texts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from kindred.encoding.items_block import FIT_CUSTOMERS
from kindred.encoding.texts import FIT_TEXTS
from kindred.events.behaviour import Behaviour
from kindred.run.base_memory import BASE_MEGABYTES
from kindred.spec.features import Feature, ItemsFeature, Kind, TextFeature, TextMethod

CATEGORY_BYTES = 16
"""Typical size of a category's name."""

PURCHASE_BYTES = 60
"""A pair of customer and item while it is encoded: its column, count and weight, and copies."""

OBJECT_BYTES = 60
"""Size of a Python string or bytes object without its content."""


@dataclass(frozen=True)
class Columns:
    """The columns read per customer; ``text_bytes`` is the average total size of its texts."""

    numbers: int
    categories: int
    texts: int
    text_bytes: float

    @classmethod
    def of(cls, kinds: Iterable[Kind], text_bytes: float) -> Self:
        """Count columns by kind."""
        listed = list(kinds)
        categories, texts = listed.count(Kind.CATEGORICAL), listed.count(Kind.TEXT)
        return cls(len(listed) - categories - texts, categories, texts, text_bytes)

    @property
    def block_row_bytes(self) -> int:
        """Memory per customer while a block of rows is read and decoded.

        Includes the row as received and in the joined block, texts both as bytes and as strings,
        the frame, and working memory for one column at a time.
        """
        strings = self.categories + self.texts
        content = self.categories * CATEGORY_BYTES + self.text_bytes
        objects = strings * (2 * OBJECT_BYTES + 56)
        return round(160 + self.numbers * 40 + objects + 5 * content)

    @property
    def kept_bytes(self) -> int:
        """Memory per customer in a frame that is kept: values, object references, and texts."""
        references = 8 * (self.numbers + self.categories + self.texts)
        return round(references + self.texts * OBJECT_BYTES + self.text_bytes)


def encode_megabytes(rows: int, dimensions: int) -> int:
    """Memory of the vectors during encoding, without the current block of customers.

    Includes the vectors, the mask of finite values, and keys and times twice.
    """
    return BASE_MEGABYTES + rows * (5 * dimensions + 48) // 2**20


def encode_row_bytes(columns: Columns, dimensions: int, embedding_dimensions: int = 0) -> int:
    """Memory per customer in the block being encoded, including the embeddings of its texts."""
    return columns.block_row_bytes + 8 * dimensions + 24 * embedding_dimensions


def fit_megabytes(
    rows: int, columns: Columns, features: Iterable[Feature], embedding_dimensions: int = 0
) -> int:
    """Memory of fitting an encoder, without the current block of customers.

    Fitting holds all customers at once: their frame twice while its blocks are joined, then several
    sorted copies of one column. Texts are fitted on a sample.
    """
    frame = rows * max(2 * columns.kept_bytes, columns.kept_bytes + 160)
    sample = min(rows, FIT_TEXTS)
    fitted = sum(
        _fit_bytes(sample, feature, columns.text_bytes, embedding_dimensions)
        for feature in features
        if isinstance(feature, TextFeature)
    )
    return BASE_MEGABYTES + (frame + fitted) // 2**20


def _fit_bytes(
    sample: int, feature: TextFeature, text_bytes: float, embedding_dimensions: int
) -> int:
    """Embeddings once in float32 and twice in float64; or TF-IDF weights and the vocabulary."""
    if feature.method is TextMethod.SENTENCE:
        return sample * embedding_dimensions * 28
    return round(sample * (8 * text_bytes + 24 * feature.components))


def behaviour_megabytes(behaviour: Behaviour) -> int:
    """Memory of the event features of all customers, beside the blocks that are read."""
    values = behaviour.values
    total = sum(numbers.nbytes for numbers in values.numbers.values())
    for purchases in values.purchases.values():
        counts = purchases.counts
        total += counts.data.nbytes + counts.indices.nbytes + counts.indptr.nbytes
        total += purchases.items.nbytes
    return int(total) // 2**20


def purchases_row_bytes(behaviour: Behaviour) -> int:
    """Memory per customer of a block: their purchases, chosen, weighted and projected."""
    found = (purchases.counts for purchases in behaviour.values.purchases.values())
    return sum(PURCHASE_BYTES * -(-counts.nnz // counts.shape[0]) for counts in found)


def fit_items_megabytes(features: Mapping[str, Feature], behaviour: Behaviour) -> int:
    """Memory of fitting the widest feature of kind ``items``, and of the purchases of all.

    All purchases are chosen and weighted; those of a sample are decomposed, in float64.
    """
    largest = 0
    for name, feature in features.items():
        if isinstance(feature, ItemsFeature):
            counts = behaviour.values.purchases[name].counts
            sample = min(counts.shape[0], FIT_CUSTOMERS)
            width = 4 * 8 * (feature.components + 10)
            found = PURCHASE_BYTES * counts.nnz + width * (sample + counts.shape[1])
            largest = max(largest, found)
    return largest // 2**20 + 2 * behaviour_megabytes(behaviour)


def embedding_megabytes(weights_megabytes: float) -> int:
    """Memory of embedding texts batch by batch: the weights as stored, and unpacked."""
    return BASE_MEGABYTES + round(2 * weights_megabytes) + 100
