"""Feature specs: what to encode, how, with which weight (``include/features/<space>.yaml``)."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import (
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from kindred.errors import SpecError
from kindred.spec.clustering import NO_DENSITY_BY_INNER_PRODUCT, Clustering
from kindred.spec.entries import split_roles, with_short_forms, with_source_of_events
from kindred.spec.events import Events, Recommendations
from kindred.spec.features import (
    EventFeature,
    Feature,
    Refit,
    Strict,
    TextFeature,
    TextMethod,
)
from kindred.spec.gates import Gates, share
from kindred.spec.index_methods import Method, Precision, Rebuild
from kindred.spec.messages import Problem, problems_of, report_of, shown
from kindred.spec.metrics import Metric
from kindred.spec.name_checks import (
    check_columns,
    check_events,
    made_of,
    names_in_events,
    source_of_events,
)
from kindred.spec.names import listed
from kindred.spec.reader import Written, impossible_values, read_yaml
from kindred.spec.schedules import Schedule
from kindred.spec.source import Source

DEFAULT_SPACE = "default"
ENCODER_FORMAT = 2  # the version of an encoder's JSON; changing it makes new encoders
SPACE_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,30}")


class Spec(Strict):
    """One space: one notion of similarity, with its own source, schedule and DAG."""

    model_config = ConfigDict(json_schema_extra=NO_DENSITY_BY_INNER_PRODUCT)

    space: str = Field(
        description="The name of the space, which the file's name says: lower-case letters, digits"
        " and underscores, a letter first, at most 31 characters.",
        examples=["buying"],
        json_schema_extra={"pattern": f"^{SPACE_PATTERN.pattern}$"},
    )
    source: Source = Field(
        description="Where the customers are read.", json_schema_extra=with_source_of_events
    )
    schedule: Schedule = Field(
        default="0 2 * * *",
        description="When it runs: a cron line of five fields, in quotes. It is in UTC, or by the"
        " clock of a time zone; `as_of_date` is the date there. Days may have `L`, `W`, `#` and"
        " `?`; no field may be random (`R`), since its times must be the same whenever they are"
        " computed.",
        examples=["30 3 * * 1", {"cron": "0 2 * * *", "timezone": "Europe/Berlin"}],
    )
    metric: Metric = Field(
        default=Metric.L2,
        description="The distance of two customers: Euclidean, cosine, or the inner product (`ip`),"
        " with which density-based segments are not possible.",
        examples=["cosine"],
    )
    k: int = Field(default=10, ge=1, le=1000, description="Lookalikes per customer.", examples=[20])
    target_recall: float = Field(
        default=0.99,
        gt=0,
        le=1,
        description="Share of the true lookalikes that the search must find.",
        examples=[0.95],
    )
    exact: bool = Field(
        default=False,
        description="Compare each customer with all others, instead of searching as far as"
        " `target_recall` needs. The time grows with the square of their number.",
        examples=[True],
    )
    index: Method = Field(
        default=Method.IVFFLAT,
        description="How the database finds neighbours in `bi.similar_customers`; `exact` scans"
        " the table without an index.",
        examples=["hnsw"],
    )
    index_precision: Precision = Field(
        default=Precision.SINGLE,
        description="Numbers in the index: `single` is float32; `half` is float16, which halves its"
        " size. The table keeps full precision.",
        examples=["half"],
    )
    index_target_recall: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="Share of the true neighbours that the index must find.",
        examples=[0.9],
    )
    rewrite_share: float = share(
        0.2,
        "Share of changed customers above which a night writes the table of embeddings anew, with a"
        " new index, instead of changing it in place.",
        0.1,
    )
    rebuild: Rebuild = Field(
        default=Rebuild.AUTO,
        description="When a night that would change embeddings in place builds a new index instead."
        " `auto`: when the index has lost its recall, the table has doubled, or the spec asks for"
        " another kind of index.",
        examples=["always"],
    )
    refit: Refit = Field(
        default=Refit.AUTO,
        description="When a scheduled run fits a new encoder by itself. `auto`: when the features"
        " have changed, or the customers have drifted since the fit.",
        examples=["never"],
    )
    refit_drift: float = Field(
        default=0.25,
        gt=0,
        allow_inf_nan=False,
        description="Population stability index of a column since the fit, above which `refit:"
        " auto` fits anew.",
        examples=[0.1],
    )
    events: dict[str, Events] = Field(
        default={},
        exclude_if=lambda events: not events,
        description="What customers do: tables with one row per event, each under a name by which"
        " features refer to it.",
        examples=[{"visits": {"table": "web.visits", "customer": "customer_id", "at": "began_at"}}],
    )
    features: dict[str, Feature] = Field(
        description="The columns, each with its kind or a mapping of settings. `label` is short for"
        " a name in `labels`; `ignore` leaves a column out.",
        examples=[{"income": "numeric", "state": {"kind": "categorical", "weight": 0.5}}],
        json_schema_extra=with_short_forms,
    )
    labels: tuple[str, ...] = Field(
        default=(),
        description="Outcomes: stored with the customers and compared by segment, never encoded.",
        examples=[["churned"]],
    )
    private: tuple[str, ...] = Field(
        default=(),
        description="Features, labels and columns of events whose values readers do not learn; what"
        " is made of such a column is private too.",
        examples=[["income"]],
    )
    publish_distances: bool = Field(
        default=False,
        description="Show lookalikes, distances and segments by all columns, private ones among"
        " them: who knows the private values of a few customers can then compute those of all.",
        examples=[True],
    )
    recommendations: Recommendations | None = Field(
        default=None,
        exclude_if=lambda recommendations: recommendations is None,
        description="Items for customers, from what their neighbours have bought.",
    )
    clustering: Clustering = Field(default=Clustering(), description="The segments to compute.")
    gates: Gates = Field(
        default=Gates(), description="The limits that a snapshot must meet to be published."
    )

    @field_validator("private")
    @classmethod
    def _features_of_private_columns(
        cls, value: tuple[str, ...], info: ValidationInfo
    ) -> tuple[str, ...]:
        """What is made of a private column of events is private too."""
        return (*value, *made_of(value, info.data.get("events", {}), info.data.get("features", {})))

    @field_validator("space")
    @classmethod
    def _space_is_an_identifier(cls, value: str) -> str:
        if not SPACE_PATTERN.fullmatch(value):
            raise ValueError(
                f"{value!r} cannot name a space: lower-case letters, digits and underscores,"
                " a letter first, at most 31 characters"
            )
        return value

    @model_validator(mode="before")
    @classmethod
    def _roles_among_features(cls, content: object) -> object:
        """Move columns that ``features`` declares labels to the labels, and drop ignored ones."""
        if not isinstance(content, dict) or not isinstance(content.get("features"), dict):
            return content
        features, labels = split_roles(content["features"])
        given = content.get("labels", ())
        if isinstance(given, list | tuple):
            labels = [*given, *(label for label in labels if label not in given)]
            return {**content, "features": features, "labels": labels}
        return {**content, "features": features}

    @field_validator("features", mode="before")
    @classmethod
    def _at_least_one_feature(cls, value: object) -> object:
        if not isinstance(value, dict) or not value:
            raise ValueError("at least one column must be given, such as 'income: numeric'")
        return value

    @model_validator(mode="before")
    @classmethod
    def _customers_of_events(cls, content: object) -> object:
        """Let ``source: {events: purchases}`` be short for who is a customer of those events."""
        source = content.get("source") if isinstance(content, dict) else None
        if not isinstance(content, dict) or not isinstance(source, dict) or "events" not in source:
            return content
        return {**content, "source": source_of_events(source, content.get("events"))}

    @model_validator(mode="after")
    def _names_are_known_and_have_one_role(self) -> Self:
        source = self.source
        reserved = {source.key: "key", source.updated_at: "updated_at"}
        if source.tombstone is not None:
            reserved[source.tombstone] = "tombstone"
        check_columns(reserved, self.features, self.labels, self.private, self.private_names)
        check_events(self.events, self.features, self.recommendations)
        if source.events is not None and self.payload_columns:
            raise ValueError(
                f"'source: {{events: {source.events}}}' has no table of customers, so features and"
                f" labels are computed from events: {listed(list(self.payload_columns))} cannot be;"
                " give 'source' a table, or 'of' to the features"
            )
        return self

    @model_validator(mode="after")
    def _density_needs_a_distance(self) -> Self:
        algorithms = self.clustering.algorithms
        density = [str(algorithm) for algorithm in algorithms if algorithm.is_density]
        if self.metric is Metric.INNER_PRODUCT and density:
            raise ValueError(
                f"metric 'ip' is not a distance, so clustering.algorithms cannot use {density[0]!r}"
                f" (found {', '.join(algorithms)}); say 'algorithms: [kmeans]', or use another"
                " metric"
            )
        return self

    @property
    def is_default(self) -> bool:
        """True for the space whose schemas are ``kindred`` and ``bi``, without a suffix."""
        return self.space == DEFAULT_SPACE

    @property
    def internal_schema(self) -> str:
        """The internal schema of this space."""
        return schema_of(self.space)

    @property
    def bi_schema(self) -> str:
        """The schema BI reads for this space."""
        return bi_schema_of(self.space)

    @property
    def dag_id(self) -> str:
        """The id of the DAG that computes this space."""
        return dag_id_of(self.space)

    @property
    def payload_columns(self) -> tuple[str, ...]:
        """Source columns stored besides key and updated_at: features, then labels."""
        return (*self.column_features, *self.labels)

    @property
    def column_features(self) -> dict[str, Feature]:
        """The features that are columns of the source."""
        return {
            name: feature
            for name, feature in self.features.items()
            if not isinstance(feature, EventFeature)
        }

    @property
    def event_features(self) -> dict[str, EventFeature]:
        """The features that are computed from events."""
        return {
            name: feature
            for name, feature in self.features.items()
            if isinstance(feature, EventFeature)
        }

    @property
    def private_names(self) -> tuple[str, ...]:
        """What may be called private: features, labels, and columns of events."""
        return (*self.features, *self.labels, *names_in_events(self.events, self.features))

    @property
    def filterable_columns(self) -> tuple[str, ...]:
        """Stored columns that a reader may use in conditions."""
        return tuple(column for column in self.payload_columns if column not in self.private)

    @property
    def hidden_features(self) -> tuple[str, ...]:
        """The private features, which readers cannot compare customers by.

        None if ``publish_distances``.
        """
        names = () if self.publish_distances else self.features
        return tuple(column for column in names if column in self.private)

    @property
    def sentence_columns(self) -> tuple[str, ...]:
        """Text columns that a sentence model embeds."""
        return tuple(
            column
            for column, feature in self.features.items()
            if isinstance(feature, TextFeature) and feature.method is TextMethod.SENTENCE
        )

    def encoder_hash(self) -> str:
        """Digest of all that defines an encoder: the features, and how they are encoded."""
        features = {
            name: feature.model_dump(mode="json") for name, feature in self.features.items()
        }
        used = {feature.of for feature in self.event_features.values()}
        columns = {name: self.events[name].roles for name in used}
        events = {"events": columns} if columns else {}  # as in digests of before there were events
        return _digest({"format": ENCODER_FORMAT, "features": features, **events})

    def settings_hash(self) -> str:
        """Digest of the whole spec: equal specs give equal snapshots."""
        return _digest(self.model_dump(mode="json"))


def dag_id_of(space: str, process: str = "customer_similarity") -> str:
    """The id of a DAG of a space."""
    return process + ("" if space == DEFAULT_SPACE else f"__{space}")


def schema_of(space: str) -> str:
    """The internal schema of a space."""
    return "kindred" if space == DEFAULT_SPACE else f"kindred_{space}"


def bi_schema_of(space: str) -> str:
    """The schema that BI reads for a space."""
    return "bi" if space == DEFAULT_SPACE else f"bi_{space}"


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_spec(path: Path, space: str | None = None) -> Spec:
    """Read and validate one spec file; the file's stem names the space, unless another is given.

    Raises
    ------
    SpecError
        naming the file, the line, the key, what was found and what is allowed.
    """
    space = space or path.stem
    content, text = read_yaml(path)
    if not isinstance(content, dict):
        raise SpecError(f"{path}: a mapping with the keys 'source' and 'features' is expected")
    if content.get("space", space) != space:
        raise SpecError(
            f"{path}: space: the file's name says {space!r} (found {shown(content['space'])});"
            " leave the key out, or rename the file"
        )
    return spec_from_dict({"space": space, **content}, str(path), text)


def spec_from_dict(content: dict[str, Any], where: str, text: str = "") -> Spec:
    """Validate a spec given as a mapping; every message begins with ``where``.

    ``text`` is that of its file, if there is one: messages then name lines.
    """
    problems: Sequence[Problem] = list(impossible_values(content))
    cause: ValidationError | None = None
    if not problems:
        try:
            return Spec.model_validate(content)
        except ValidationError as error:
            cause, problems = error, problems_of(error, Spec, content)
    raise SpecError(report_of(where, problems, Written(text).find)) from cause
