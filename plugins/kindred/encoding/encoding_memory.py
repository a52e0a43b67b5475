"""How much memory the encoding of customers takes, told before it begins."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from kindred.encoding.texts import FIT_TEXTS
from kindred.run.base_memory import BASE_MEGABYTES
from kindred.spec.features import Feature, Kind, TextFeature, TextMethod

CATEGORY_BYTES = 16
"""A usual category's name, about."""

OBJECT_BYTES = 60
"""A Python string or bytes object, without its content."""


@dataclass(frozen=True)
class Columns:
    """What is read of a customer; ``text_bytes``: average of all free texts of one together."""

    numbers: int
    categories: int
    texts: int
    text_bytes: float

    @classmethod
    def of(cls, kinds: Iterable[Kind], text_bytes: float) -> Self:
        """The columns of these kinds."""
        listed = list(kinds)
        categories, texts = listed.count(Kind.CATEGORICAL), listed.count(Kind.TEXT)
        return cls(len(listed) - categories - texts, categories, texts, text_bytes)

    @property
    def block_row_bytes(self) -> int:
        """Memory of a customer while the block of rows is read and decoded.

        The row as it came, and end to end with the others; a text as bytes and as a string besides;
        the frame, and what one column at a time is worked on in.
        """
        strings = self.categories + self.texts
        content = self.categories * CATEGORY_BYTES + self.text_bytes
        objects = strings * (2 * OBJECT_BYTES + 56)
        return round(160 + self.numbers * 40 + objects + 5 * content)

    @property
    def kept_bytes(self) -> int:
        """Memory of a customer of a frame that is kept: values, references, and the texts."""
        references = 8 * (self.numbers + self.categories + self.texts)
        return round(references + self.texts * OBJECT_BYTES + self.text_bytes)


def encode_megabytes(rows: int, dimensions: int) -> int:
    """Memory of the vectors while they are made, without the block of customers that is read.

    The vectors, which of their values are finite, and the keys and times twice.
    """
    return BASE_MEGABYTES + rows * (5 * dimensions + 48) // 2**20


def encode_row_bytes(columns: Columns, dimensions: int, embedding_dimensions: int = 0) -> int:
    """Memory of a customer of the block that is encoded; embeddings of its texts are among it."""
    return columns.block_row_bytes + 8 * dimensions + 24 * embedding_dimensions


def fit_megabytes(
    rows: int, columns: Columns, features: Iterable[Feature], embedding_dimensions: int = 0
) -> int:
    """Memory of fitting an encoder, without the block of customers that is read.

    Fitting looks at all customers at once: their frame twice, while its blocks are joined, then one
    column's values in several orders. Texts are fitted on a sample.
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
    """Embeddings in float32 and twice in float64; or weights of terms, and their vocabulary."""
    if feature.method is TextMethod.SENTENCE:
        return sample * embedding_dimensions * 28
    return round(sample * (8 * text_bytes + 24 * feature.components))


def embedding_megabytes(weights_megabytes: float) -> int:
    """Memory of embedding texts, a batch at a time: the weights as they are, and unpacked."""
    return BASE_MEGABYTES + round(2 * weights_megabytes) + 100
