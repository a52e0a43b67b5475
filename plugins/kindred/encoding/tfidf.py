"""Encoding of free text by TF-IDF, reduced to a few components: cheap, and good for keywords."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from kindred.encoding.blocks import State, floats, known_of, strings_of
from kindred.encoding.decomposition import DECIMALS, decompose
from kindred.encoding.reduced import Floats, Reduced, ReducedBlock, fit_reduced
from kindred.encoding.texts import Strings, fitted_texts
from kindred.spec.features import TextFeature

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer


@dataclass(frozen=True)
class TfidfBlock(ReducedBlock):
    """Term frequencies times inverse document frequencies, projected on ``components``.

    ``terms``: (t,); ``idf``: (t,); ``components``: (t, c), as nested tuples.
    """

    terms: tuple[str, ...]
    idf: tuple[float, ...]
    components: tuple[tuple[float, ...], ...]

    def write(self, values: pd.Series, out: NDArray[np.floating[Any]]) -> None:
        """Fill in the components of each text; a missing text gets the mean of all."""
        strings = strings_of(values)
        is_known = known_of(strings)
        codes, distinct = pd.factorize(strings[is_known])
        projected = self._project(distinct)
        self.reduced.write(projected[codes], ~is_known, out)

    def _project(self, texts: Strings) -> Floats:
        if not self.terms or not len(texts):
            return np.zeros((len(texts), len(self.reduced.centroid)))
        vectorizer = _vectorizer(vocabulary=list(self.terms))
        vectorizer.idf_ = np.asarray(self.idf)
        weights = sparse.csr_array(vectorizer.transform(texts))
        return np.asarray(weights @ np.asarray(self.components))

    def to_json(self) -> dict[str, Any]:
        """The fitted state as plain JSON."""
        return {
            "block": "tfidf",
            "terms": list(self.terms),
            "idf": list(self.idf),
            "components": [list(row) for row in self.components],
            "reduced": self.reduced.to_json(),
        }

    @classmethod
    def from_json(cls, state: State) -> Self:
        """The inverse of `to_json`."""
        return cls(
            Reduced.from_json(state["reduced"]),
            tuple(state["terms"]),
            tuple(map(float, state["idf"])),
            tuple(tuple(map(float, row)) for row in state["components"]),
        )


def fit_tfidf(feature: TextFeature, values: pd.Series) -> TfidfBlock:
    """Fit a text column: objects of str, None or NaN for missing.

    Terms used by fewer than ``min_frequency`` of the fitted customers are dropped, since they could
    identify a person. Reference: Deerwester et al. (1990), latent semantic analysis.
    """
    texts, missing_share = fitted_texts(values)
    terms, idf, weights = _count_terms(feature, texts)
    # A single term, or equal texts, cannot be decomposed.
    components: Floats = np.ones((len(terms), 1))
    if len(terms) > 1 and texts[0] != texts[-1]:
        components = decompose(weights, min(feature.components, len(terms), len(texts)))
    projected = np.asarray(weights @ components)
    return TfidfBlock(
        fit_reduced(feature.weight, projected, missing_share),
        terms,
        idf,
        tuple(map(tuple, floats(components))),
    )


def _count_terms(
    feature: TextFeature, texts: Strings
) -> tuple[tuple[str, ...], tuple[float, ...], Any]:
    """The terms to keep, their idf, and the (texts, terms) weights."""
    empty = ((), (), sparse.csr_array((len(texts), 0)))
    if len(texts) < feature.min_frequency:
        return empty
    counted = _vectorizer(min_df=feature.min_frequency, max_features=feature.max_terms)
    try:
        counted.fit(texts)
    except ValueError as error:
        # scikit-learn's messages if no term is left: "no terms remain", "empty vocabulary".
        if "terms" in str(error) or "vocabulary" in str(error):
            return empty
        raise
    terms = tuple(map(str, counted.get_feature_names_out()))
    counted.idf_ = np.round(counted.idf_, DECIMALS)
    return terms, tuple(floats(counted.idf_)), sparse.csr_array(counted.transform(texts))


def _vectorizer(**options: Any) -> "TfidfVectorizer":
    # Imported here because scikit-learn takes time to import, and most tasks never need it.
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w\w+\b", **options)
