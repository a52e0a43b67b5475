"""Which column of a file is the key of its customers, if nobody has named one."""

import numpy as np
import pyarrow.compute as pc

from kindred.errors import InferenceError
from kindred.infer.column_names import looks_like_id, looks_like_number_of_thing
from kindred.infer.columns import Column, TextColumn
from kindred.infer.identifiers import identifies
from kindred.infer.reading import FileTable
from kindred.infer.shapes import strip
from kindred.infer.typed_values import read_key
from kindred.spec.names import listed

_ADVICE = "name the column that identifies the customer, or row_number to number the rows of a file"


def find_key(table: FileTable) -> str:
    """The one column without nulls or repeats that is named, or else written, like an id.

    Raises
    ------
    InferenceError
        when there is none, or several; it names the columns that could be one.
    """
    unique = [column for column in table.columns if _is_unique(column)]
    named = [c for c in unique if looks_like_id(c.name) or looks_like_number_of_thing(c.name)]
    candidates = named or [column for column in unique if _is_written_like_id(column)]
    if len(candidates) == 1:
        return candidates[0].name
    names = listed([repr(column.name) for column in candidates or unique])
    found = f"{names} are unique" if len(candidates or unique) > 1 else f"{names} is unique"
    if not unique:
        found = f"no column is unique and without nulls, of {listed(table.names)}"
    raise InferenceError("key", f"--key is missing, and {found}: {_ADVICE}")


def _is_unique(column: TextColumn | Column) -> bool:
    if isinstance(column, Column):
        return column.distinct == column.rows and column.nulls == 0
    key = read_key(column)
    stripped = strip(column.texts)
    return bool(
        key.distinct == key.rows
        and key.nulls == 0
        and np.asarray(pc.binary_length(stripped)).min(initial=1) > 0
    )


def _is_written_like_id(column: TextColumn | Column) -> bool:
    if isinstance(column, Column):
        return identifies(column, is_sample=False) is not None
    key = read_key(column)
    if key.type == "uuid":
        return True
    if key.type != "text":  # whole numbers
        numbers = np.asarray(pc.cast(key.values, "float64"))
        key = Column(key.name, key.type, key.values, key.codes, numbers)
    return identifies(key, is_sample=False) is not None
