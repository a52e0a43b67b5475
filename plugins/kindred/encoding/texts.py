"""The sample of texts that a text block is fitted on."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kindred.encoding.blocks import known_of, strings_of

FIT_TEXTS = 50_000
"""The most texts that a block is fitted on."""

Strings = NDArray[np.object_]


def fitted_texts(values: pd.Series) -> tuple[Strings, float]:
    """The texts a block is fitted on, and the share of customers without a text.

    At most ``FIT_TEXTS`` texts, evenly spaced in sorted order, so that the fit does not depend on
    the order of the rows.
    """
    strings = strings_of(values)
    known = np.sort(strings[known_of(strings)])
    missing_share = 1.0 - len(known) / len(strings)
    if len(known) > FIT_TEXTS:
        known = known[np.linspace(0, len(known) - 1, FIT_TEXTS).astype(np.int64)]
    return known, missing_share
