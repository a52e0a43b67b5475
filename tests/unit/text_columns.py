"""Columns of texts for the tests of inference, as a file is read."""

import pyarrow as pa

from kindred.infer.columns import TextColumn
from kindred.infer.conventions import read_conventions
from kindred.infer.typed_values import read_column

MARKERS = (
    *("\\N", "NA", "N/A", "-", "--", ".", "unknown", "<NA>", "#DIV/0!", "#N/A", "(null)", "nan"),
    "?",
)
"""How exports write that a value is missing."""


def text_column(name, texts):
    found = pa.array(texts, pa.string()).dictionary_encode()
    return TextColumn(name, found.dictionary, found.indices.to_numpy(zero_copy_only=False))


def typed(name, texts, *others, separator=None):
    """A column read by the conventions of a file that has some others beside it."""
    column = text_column(name, texts)
    beside = [text_column(f"other_{n}", other) for n, other in enumerate(others)]
    return read_column(column, read_conventions([column, *beside], separator))


def values_of(column):
    """The values of the rows, None where null."""
    return column.stored().to_pylist()
