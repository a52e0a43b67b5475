"""Features: what a source column holds, which decides how it becomes a block of the vector."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

OWN_COLUMNS = ("customer_id", "updated_at", "is_deleted")
"""Columns of a version of a customer, besides its payload."""
UNUSABLE_KEY = "unusable_key"
"""A column that a landed row has besides."""
SYSTEM_COLUMNS = ("tableoid", "ctid", "xmin", "cmin", "xmax", "cmax")
"""Names that PostgreSQL keeps for itself in every table (its manual, "System Columns")."""
MAX_DIMENSIONS = 2_000
"""Dimensions that an IVFFlat or HNSW index allows (pgvector's README, "Indexing")."""
LARGEST_NUMBER = "1e37"
"""Largest number of a column, as SQL has it: vectors are float32, whose largest value is 3.4e38."""
MAX_TERMS = 4096
"""Largest vocabulary of a text column: its decomposition is stored as plain JSON."""
MAX_WEIGHT = 1e6
"""Largest weight of a column: its square root scales the block, and vectors are float32."""


class Kind(StrEnum):
    """What a column holds, or what is computed from a customer's events."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"
    TEXT = "text"
    DATE = "date"
    RECENCY = "recency"
    COUNT = "count"
    DISTINCT_COUNT = "distinct_count"
    SUM = "sum"
    MEAN = "mean"
    SHARE = "share"
    DAYS_BETWEEN = "days_between"
    ITEMS = "items"


class Transform(StrEnum):
    """The transform of a number before it is standardised."""

    NONE = "none"
    LOG1P = "log1p"
    QUANTILE = "quantile"


class Scale(StrEnum):
    """What a number is standardised by."""

    STANDARD = "standard"
    WINSORISED = "winsorised"


class ItemWeighting(StrEnum):
    """How an item bought n times weighs: by 1 + ln(n), or saturating; rare ones weigh more."""

    TFIDF = "tfidf"
    BM25 = "bm25"


class TextMethod(StrEnum):
    """How a text becomes numbers."""

    TFIDF = "tfidf"
    SENTENCE = "sentence"


class DatePart(StrEnum):
    """A cyclic date component."""

    MONTH = "month"
    WEEKDAY = "weekday"


class Refit(StrEnum):
    """When a scheduled run fits a new encoder by itself.

    ``auto``: when the features have changed, or the customers have drifted since the fit.
    """

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Strict(BaseModel):
    """A mapping of a spec: unknown keys are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _require_kind(schema: dict[str, Any]) -> None:
    schema["required"] = ["kind", *schema.get("required", ())]


class _Feature(Strict):
    model_config = ConfigDict(json_schema_extra=_require_kind)

    kind: Kind
    weight: float = Field(
        default=1.0,
        ge=0,
        le=MAX_WEIGHT,
        allow_inf_nan=False,
        description="What the column counts in a distance, beside the others; 0: nothing.",
        examples=[0.5],
    )

    @property
    def max_width(self) -> int:
        """The most dimensions the feature can take; the last one is for missing values."""
        return 2


# Left out of a spec's digest where it is the default, as in digests of before there was a choice.
ScaleKey = Annotated[
    Scale,
    Field(
        exclude_if=lambda scale: scale is Scale.STANDARD,
        description="What values are divided by. `standard`: their standard deviation."
        " `winsorised`: the same, of values limited to an ordinary distance from the median, as"
        " encoded values are too, so that one absurd value does not flatten the others.",
        examples=["winsorised"],
    ),
]
_KIND = "What the column holds."
# What JSON schema can say of the rule below.
_SENTENCE_NEEDS_MODEL: dict[str, Any] = {
    "required": ["kind"],
    "if": {"properties": {"method": {"const": "sentence"}}, "required": ["method"]},
    "then": {"properties": {"model": {"type": "string"}}, "required": ["model"]},
    "else": {"properties": {"model": {"type": "null"}}},
}


class _Number(_Feature):
    transform: Transform = Field(
        default=Transform.NONE,
        description="Applied before the number is standardised: `log1p` for skewed amounts,"
        " `quantile` for ranks.",
        examples=["log1p"],
    )
    scale: ScaleKey = Scale.STANDARD
    clip: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Standard deviations to which a value is limited. Without it: no limit.",
        examples=[4],
    )


class NumericFeature(_Number):
    """A number: standardised, optionally after a transform."""

    kind: Literal[Kind.NUMERIC] = Field(
        default=Kind.NUMERIC, description=_KIND, examples=["numeric"]
    )


class BooleanFeature(_Feature):
    """A boolean, or values that mean one: 0/1, yes/no, true/false, t/f."""

    kind: Literal[Kind.BOOLEAN] = Field(
        default=Kind.BOOLEAN, description=_KIND, examples=["boolean"]
    )


class CategoricalFeature(_Feature):
    """A category: one dimension per frequent value, and one for all others."""

    kind: Literal[Kind.CATEGORICAL] = Field(
        default=Kind.CATEGORICAL, description=_KIND, examples=["categorical"]
    )
    max_categories: int = Field(
        default=50,
        ge=1,
        le=1000,
        description="Values that get a dimension of their own, the most frequent first.",
        examples=[20],
    )
    min_frequency: int = Field(
        default=10,
        ge=1,
        description="Customers that a value needs for a dimension of its own.",
        examples=[5],
    )

    @property
    def max_width(self) -> int:
        """One dimension per category, one for all others, one for missing values."""
        return self.max_categories + 2


class TextFeature(_Feature):
    """Free text, reduced to a few numbers."""

    model_config = ConfigDict(json_schema_extra=_SENTENCE_NEEDS_MODEL)

    kind: Literal[Kind.TEXT] = Field(default=Kind.TEXT, description=_KIND, examples=["text"])
    method: TextMethod = Field(
        default=TextMethod.TFIDF,
        description="`tfidf`: by the words that customers share. `sentence`: by their meaning,"
        " which needs a `model`.",
        examples=["sentence"],
    )
    components: int = Field(
        default=32, ge=1, le=512, description="Numbers to which a text is reduced.", examples=[16]
    )
    min_frequency: int = Field(
        default=10, ge=1, description="Customers that a term needs (`tfidf`).", examples=[5]
    )
    max_terms: int = Field(
        default=MAX_TERMS,
        ge=1,
        le=MAX_TERMS,
        description="Terms that count, the most frequent first (`tfidf`).",
        examples=[1000],
    )
    model: str | None = Field(
        default=None,
        min_length=1,
        description="A folder with `model.onnx` and `tokenizer.json`, or the name of a"
        " sentence-transformers model (`sentence`).",
        examples=["/models/minilm"],
    )
    max_tokens: int = Field(
        default=256,
        ge=8,
        le=8192,
        description="Tokens of a text that are read (`sentence`).",
        examples=[128],
    )

    @property
    def max_width(self) -> int:
        """The components, and one dimension for missing values."""
        return self.components + 1

    @model_validator(mode="after")
    def _model_fits_method(self) -> Self:
        if (self.method is TextMethod.SENTENCE) != (self.model is not None):
            raise ValueError(
                "'method: sentence' and 'model' go together: a folder with model.onnx and"
                f" tokenizer.json, or a sentence-transformers model (method {self.method}, model"
                f" {self.model!r} found)"
            )
        return self


class DateFeature(_Feature):
    """A date: days before the encoder was fitted, and optionally cyclic components."""

    kind: Literal[Kind.DATE] = Field(default=Kind.DATE, description=_KIND, examples=["date"])
    scale: ScaleKey = Scale.STANDARD
    cyclic: tuple[DatePart, ...] = Field(
        default=(),
        description="Parts of the date that come round again, such as a season.",
        examples=[["month"]],
    )

    @property
    def max_width(self) -> int:
        """The age, missing values, and two dimensions per cyclic component."""
        return 2 + 2 * len(self.cyclic)


class EventFeature(_Feature):
    """What a customer's events say: it is computed as of the snapshot, from those before it."""

    of: str = Field(description="The events, a name under `events`.", examples=["purchases"])
    days: float | None = Field(
        default=None,
        gt=0,
        le=36_525,  # a century
        description="Days before the snapshot whose events count. Without it: all of them.",
        examples=[365],
    )


class EventNumber(EventFeature, _Number):
    """A number of events: standardised like a column, optionally after a transform."""


_COLUMN = "The events' column: `amount`, `quantity`, or another column of their table."


class RecencyFeature(EventFeature):
    """The day of the last event, as days before the fit: a night alone changes nothing."""

    kind: Literal[Kind.RECENCY] = Field(
        default=Kind.RECENCY, description=_KIND, examples=["recency"]
    )
    scale: ScaleKey = Scale.STANDARD


class CountFeature(EventNumber):
    """How many events there are; those that give something back do not count."""

    kind: Literal[Kind.COUNT] = Field(default=Kind.COUNT, description=_KIND, examples=["count"])


class DistinctCountFeature(EventNumber):
    """How many distinct values a column has."""

    kind: Literal[Kind.DISTINCT_COUNT] = Field(
        default=Kind.DISTINCT_COUNT, description=_KIND, examples=["distinct_count"]
    )
    column: str = Field(
        default="item",
        description="The events' column: `item`, or another column of their table.",
        examples=["store_id"],
    )


class SumFeature(EventNumber):
    """The sum of a column; what was given back lowers it."""

    kind: Literal[Kind.SUM] = Field(default=Kind.SUM, description=_KIND, examples=["sum"])
    column: str = Field(default="amount", description=_COLUMN, examples=["quantity"])


class MeanFeature(EventNumber):
    """The mean of a column over the events that have a value."""

    kind: Literal[Kind.MEAN] = Field(default=Kind.MEAN, description=_KIND, examples=["mean"])
    column: str = Field(default="amount", description=_COLUMN, examples=["discount"])


class ShareFeature(EventNumber):
    """The share of a column's sum that has one value of another column, from 0 to 1."""

    kind: Literal[Kind.SHARE] = Field(default=Kind.SHARE, description=_KIND, examples=["share"])
    column: str = Field(default="amount", description=_COLUMN, examples=["quantity"])
    by: str = Field(
        description="The column that tells the parts of the sum apart.", examples=["channel"]
    )
    value: str = Field(description="The value of `by` whose share counts.", examples=["online"])


class DaysBetweenFeature(EventNumber):
    """Mean days from one event to the next; events at the same moment are one."""

    kind: Literal[Kind.DAYS_BETWEEN] = Field(
        default=Kind.DAYS_BETWEEN, description=_KIND, examples=["days_between"]
    )


class ItemsFeature(EventFeature):
    """The buying profile: the items of the events, reduced to a few numbers."""

    kind: Literal[Kind.ITEMS] = Field(default=Kind.ITEMS, description=_KIND, examples=["items"])
    method: ItemWeighting = Field(
        default=ItemWeighting.BM25,
        description="The weight of an item: `bm25`, by which repeated purchases and long baskets"
        " count for less, or `tfidf`.",
        examples=["tfidf"],
    )
    components: int = Field(
        default=64,
        ge=1,
        le=512,
        description="Numbers to which the items are reduced.",
        examples=[32],
    )

    @property
    def max_width(self) -> int:
        """The components, and one dimension for customers without items."""
        return self.components + 1


Feature = Annotated[
    NumericFeature
    | BooleanFeature
    | CategoricalFeature
    | TextFeature
    | DateFeature
    | RecencyFeature
    | CountFeature
    | DistinctCountFeature
    | SumFeature
    | MeanFeature
    | ShareFeature
    | DaysBetweenFeature
    | ItemsFeature,
    Field(discriminator="kind"),
]
MODELS: dict[Kind, type[_Feature]] = {
    model.model_fields["kind"].default: model for model in get_args(get_args(Feature)[0])
}
_ADAPTER: TypeAdapter[Feature] = TypeAdapter(Feature)


def feature(kind: str, **options: Any) -> Feature:
    """Make and validate one feature from its kind and options."""
    return _ADAPTER.validate_python({"kind": kind, **options})
