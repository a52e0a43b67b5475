"""Seeded customers of a table that is far less kind than `benchmarks.customers`: 20 mixed columns.

A customer belongs to one of 40 segments of unequal size and has 8 latent traits, normal around the
segment's. Every column follows from a few traits of its own, so that columns correlate in several
directions and none of them says much alone:

- **12 numeric columns.** Each is a normal score (a trait combination and noise in a share of its
  own) with the marginal distribution that such a column has in a shop: rounded ages, log-normal
  amounts, a Pareto tail, Poisson counts with unlike rates, exponential gaps, shares with many
  zeros. A part of the values of some columns is missing.
- **3 booleans**, by logits linear in the traits; one is rare, one has missing values.
- **5 categories** of 50, 20, 4, 3 and 3 values, by logits linear in the traits: the first values
  are frequent (Zipf), and 4 of the 50 occur twice in a million. Two have missing values.
- **2 labels**, which are not encoded: who leaves, and who takes a dearer plan.

With the settings that ``kindred infer-spec`` proposes, they become about 100 dimensions. Other
numbers of columns drop numeric columns from the end, or repeat their kinds with other traits.

Customers are made in blocks with a seed each: those of a smaller table are the first ones of a
larger table, and memory is that of a block.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtr

from kindred.encoding.encoder import FittedEncoder, fit_encoder
from kindred.spec.features import Feature, feature
from kindred.spec.model import Spec, spec_from_dict
from local.tables import Column, SourceTable

SEED = 20_261_130
BLOCK_ROWS = 5_000
SEGMENTS, TRAITS = 40, 8
COLUMNS = 20
KEY, UPDATED_AT, TABLE = "customer_id", "updated_at", "customers"
LABELS = ("has_churned", "took_dearer_plan")
BEFORE = np.datetime64("2026-01-04T00:00:00")  # when the newest row was changed last
KNOWN_SECONDS = 60 * 86_400  # the oldest row was changed so long before
FIT_ROWS = 200_000

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Numeric:
    """A numeric column: the share of its variance that the traits explain, and how it is spread.

    ``shape`` names the marginal distribution of `_spread`, ``place`` and ``width`` are its
    parameters; ``transform`` is what ``kindred infer-spec`` proposes.
    """

    name: str
    shape: str
    place: float
    width: float
    explained: float
    missing: float = 0.0
    transform: str = "none"


@dataclass(frozen=True)
class Category:
    """A categorical column: how many values, and how much the traits decide."""

    name: str
    values: int
    pull: float
    rare: int = 0
    missing: float = 0.0

    @property
    def names(self) -> list[str]:
        """The values, the most frequent first."""
        return [f"{self.name} {number:02d}" for number in range(1, self.values + 1)]

    @property
    def shares(self) -> Floats:
        """The share of each value where the traits say nothing."""
        common = 1.0 / np.arange(1, self.values - self.rare + 1) ** 0.9
        rare = np.full(self.rare, RARE_SHARE)
        return np.concatenate([common / common.sum(), rare])


RARE_SHARE = 2e-6
MOST_OF_FEW = 12
NUMERIC = (
    Numeric("age", "rounded", 46.0, 15.0, 0.5),
    Numeric("tenure_months", "gap", 30.0, 1.0, 0.6, transform="log1p"),
    Numeric("annual_income", "amount", 10.5, 0.6, 0.7, missing=0.04, transform="log1p"),
    Numeric("credit_limit", "amount", 8.5, 0.9, 0.7, transform="log1p"),
    Numeric("spend_12m", "amount", 5.5, 1.3, 0.8, transform="log1p"),
    Numeric("basket_value", "tail", 20.0, 2.2, 0.5, missing=0.08, transform="log1p"),
    Numeric("orders_12m", "count", 1.2, 0.9, 0.8, transform="log1p"),
    Numeric("visits_30d", "count", 1.8, 1.0, 0.7, transform="log1p"),
    Numeric("days_since_order", "gap", 60.0, 1.0, 0.6, missing=0.005, transform="log1p"),
    Numeric("returns_12m", "few", -1.0, 1.2, 0.4),
    Numeric("discount_share", "share", 0.35, 0.8, 0.5),
    Numeric("support_calls", "few", -0.5, 1.0, 0.3),
)
BOOLEANS = {"is_active": 0.8, "has_newsletter": -0.4, "is_business": -3.0}
BOOLEAN_MISSING = {"has_newsletter": 0.005}
CATEGORIES = (
    Category("region", 50, 0.8, rare=4),
    Category("occupation", 20, 1.0, missing=0.02),
    Category("channel", 4, 1.2),
    Category("plan", 3, 1.5),
    Category("device", 3, 0.7, missing=0.02),
)
FEWEST = len(BOOLEANS) + len(CATEGORIES) + 1


@dataclass(frozen=True)
class Population:
    """Everything that the customers of all blocks share: segments, and weights of the columns."""

    numeric: tuple[Numeric, ...]
    centers: Floats
    shares: Floats
    weights: dict[str, Floats]


def population(columns: int = COLUMNS) -> Population:
    """The population of a table with so many columns, labels not counted.

    Raises
    ------
    ValueError
        There would be no numeric column.
    """
    if columns < FEWEST:
        raise ValueError(f"columns: found {columns}, at least {FEWEST} are needed")
    numeric = tuple(_numeric(number) for number in range(columns - FEWEST + 1))
    random = np.random.default_rng(SEED)
    centers = 1.1 * random.standard_normal((SEGMENTS, TRAITS))
    shares = random.dirichlet(np.full(SEGMENTS, 1.5))
    widths = {category.name: category.values for category in CATEGORIES}
    widths |= dict.fromkeys([*BOOLEANS, *LABELS], 1)
    widths |= {column.name: 1 for column in numeric}
    return Population(numeric, centers, shares, {n: _weights(n, w) for n, w in widths.items()})


def _numeric(number: int) -> Numeric:
    turn, which = divmod(number, len(NUMERIC))
    column = NUMERIC[which]
    return replace(column, name=f"{column.name}_{turn + 1}") if turn else column


def _weights(name: str, width: int) -> Floats:
    """Weights (traits, width) of a column: three traits matter, the others hardly."""
    random = np.random.default_rng([SEED, *name.encode()])
    weights = 0.15 * random.standard_normal((TRAITS, width))
    chosen = random.choice(TRAITS, 3, replace=False)
    weights[chosen] += random.standard_normal((3, width))
    return np.asarray(weights / np.linalg.norm(weights, axis=0))


def make_frame(start: int, stop: int, columns: int = COLUMNS) -> pd.DataFrame:
    """Customers number ``start`` to ``stop``, as an encoder takes them.

    Columns: ``customer_id`` int64 (from 1), ``updated_at`` datetime64[s] in UTC; numbers and
    booleans float64 with NaN; categories str with None; labels float64.
    """
    shared = population(columns)
    first, last = start // BLOCK_ROWS, -(-stop // BLOCK_ROWS)
    blocks = [_block(shared, number) for number in range(first, last)]
    rows = slice(start - first * BLOCK_ROWS, stop - first * BLOCK_ROWS)
    return pd.concat(blocks, ignore_index=True).iloc[rows].reset_index(drop=True)


def frames(
    stop: int, rows_at_once: int, columns: int = COLUMNS, start: int = 0
) -> Iterator[pd.DataFrame]:
    """Customers number ``start`` to ``stop``, in frames of ``rows_at_once``."""
    for first in range(start, stop, rows_at_once):
        yield make_frame(first, min(stop, first + rows_at_once), columns)


def _block(shared: Population, number: int) -> pd.DataFrame:
    random = np.random.default_rng([SEED, number])
    segments = random.choice(SEGMENTS, BLOCK_ROWS, p=shared.shares)
    traits = shared.centers[segments] + 0.6 * random.standard_normal((BLOCK_ROWS, TRAITS))
    traits /= np.sqrt(1.1**2 + 0.6**2)
    made: dict[str, Array] = {
        KEY: np.arange(1, BLOCK_ROWS + 1, dtype=np.int64) + number * BLOCK_ROWS,
        UPDATED_AT: BEFORE - random.integers(1, KNOWN_SECONDS, BLOCK_ROWS).astype("timedelta64[s]"),
    }
    for column in shared.numeric:
        noise = random.standard_normal(BLOCK_ROWS)
        trait = traits @ shared.weights[column.name][:, 0]
        score = np.sqrt(column.explained) * trait + np.sqrt(1.0 - column.explained) * noise
        values = _spread(column, score, random)
        made[column.name] = _some_missing(values, column.missing, random)
    for name, place in BOOLEANS.items():
        values = _drawn(traits @ shared.weights[name][:, 0], place, random)
        made[name] = _some_missing(values, BOOLEAN_MISSING.get(name, 0.0), random)
    for category in CATEGORIES:
        made[category.name] = _chosen(category, traits @ shared.weights[category.name], random)
    for name in LABELS:
        made[name] = _drawn(traits @ shared.weights[name][:, 0], -1.5, random)
    return pd.DataFrame(made)


def _spread(column: Numeric, score: Floats, random: np.random.Generator) -> Floats:
    """The values whose normal scores are given."""
    place, width = column.place, column.width
    upper = np.clip(1.0 - ndtr(score), 1e-12, 1.0)
    values: Array
    match column.shape:
        case "rounded":
            values = np.clip(np.round(place + width * score), 18, 95)
        case "amount":
            values = np.round(np.exp(place + width * score), 2)
        case "tail":
            values = np.round(place * upper ** (-1.0 / width), 2)
        case "gap":
            values = np.floor(-place * np.log(upper))
        case "share":
            values = np.round(np.clip(place * (score + width), 0.0, 1.0), 3)
        case _:
            counts = random.poisson(np.exp(np.minimum(place + width * score, 9.0)))
            values = np.minimum(counts, MOST_OF_FEW if column.shape == "few" else np.inf)
    return np.asarray(values, dtype=np.float64)


def _drawn(logit: Floats, place: float, random: np.random.Generator) -> Floats:
    return (1.5 * logit + place + random.logistic(size=len(logit)) > 0).astype(np.float64)


def _some_missing(values: Floats, share: float, random: np.random.Generator) -> Floats:
    if share:
        values[random.random(len(values)) < share] = np.nan
    return values


def _chosen(category: Category, logits: Floats, random: np.random.Generator) -> Array:
    noise = random.gumbel(size=logits.shape)
    pull = np.where(category.shares > RARE_SHARE, category.pull, 0.0)
    codes = (pull * logits + np.log(category.shares) + noise).argmax(axis=1)
    names = np.array([*category.names, None], dtype=object)
    if category.missing:
        codes[random.random(len(codes)) < category.missing] = category.values
    found: Array = names[codes]
    return found


def features(columns: int = COLUMNS) -> dict[str, dict[str, Any]]:
    """The features as ``kindred infer-spec`` proposes them for this table."""
    found: dict[str, dict[str, Any]] = {}
    for column in population(columns).numeric:
        transform = {} if column.transform == "none" else {"transform": column.transform}
        found[column.name] = {"kind": "numeric", **transform, "scale": "winsorised"}
    found |= {name: {"kind": "boolean"} for name in BOOLEANS}
    return found | {category.name: {"kind": "categorical"} for category in CATEGORIES}


def make_spec(columns: int = COLUMNS) -> Spec:
    """The spec that inference proposes for a large table of these columns."""
    content: dict[str, Any] = {
        "space": "default",
        "source": {"table": TABLE, "key": KEY, "updated_at": UPDATED_AT},
        "metric": "l2",
        "k": 10,
        "features": features(columns),
        "labels": list(LABELS),
        "clustering": {
            "algorithms": ["kmeans", "hdbscan"],
            "kmeans": {"k": 8},
            "hdbscan": {"min_cluster_size": 100, "min_samples": 10},
        },
    }
    return spec_from_dict(content, where="benchmark")


def make_vectors(n: int, columns: int = COLUMNS) -> NDArray[np.float32]:
    """Vectors (n, about 100) of the first n customers, by an encoder fitted on up to 200,000."""
    encoder = fitted(min(n, FIT_ROWS), columns)
    vectors = np.empty((n, encoder.dimensions), dtype=np.float32)
    done = 0
    for frame in frames(n, 10 * BLOCK_ROWS, columns):
        vectors[done : done + len(frame)] = encoder.transform(frame)
        done += len(frame)
    return vectors


def fitted(n: int, columns: int = COLUMNS) -> FittedEncoder:
    """An encoder of the first n customers."""
    wanted: dict[str, Feature] = {c: feature(**given) for c, given in features(columns).items()}
    return fit_encoder(wanted, make_frame(0, n, columns))


def source_table(
    stop: int, columns: int = COLUMNS, *, start: int = 0, name: str = TABLE
) -> SourceTable:
    """Customers number ``start`` to ``stop`` as a table of the source database."""
    types = column_types(columns)
    parts: dict[str, list[pa.Array]] = {column: [] for column in types}
    for frame in frames(stop, 20 * BLOCK_ROWS, columns, start):
        for column, kind in types.items():
            parts[column].append(_arrow(frame[column], kind))
    found = [Column(c, kind, pa.concat_arrays(parts.pop(c))) for c, kind in types.items()]
    return SourceTable(name, found, KEY, UPDATED_AT)


def column_types(columns: int = COLUMNS) -> dict[str, str]:
    """The columns of the table in the source, and their types."""
    whole = {"rounded", "gap", "count", "few"}
    types = {KEY: "bigint", UPDATED_AT: "timestamp with time zone"}
    for column in population(columns).numeric:
        types[column.name] = "integer" if column.shape in whole else "double precision"
    types |= dict.fromkeys(BOOLEANS, "boolean")
    types |= {category.name: "text" for category in CATEGORIES}
    return types | dict.fromkeys(LABELS, "boolean")


def _arrow(values: pd.Series, kind: str) -> pa.Array:
    if kind == "text":
        # One dictionary for all blocks, so that they can be concatenated.
        names = next(category.names for category in CATEGORIES if category.name == values.name)
        codes = pd.Index(names).get_indexer(pd.Index(values))
        indices = pa.array(codes.astype(np.int32), mask=codes < 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(names))
    if kind == "timestamp with time zone":
        return pa.array(values.to_numpy().astype("datetime64[s]"), pa.timestamp("s", "UTC"))
    if kind in ("integer", "boolean"):
        arrow = {"integer": pa.int32(), "boolean": pa.bool_()}[kind]
        return pa.array(values.to_numpy(), from_pandas=True).cast(arrow)
    return pa.array(values.to_numpy(), from_pandas=kind != "bigint")
