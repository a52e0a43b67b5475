"""Audience files: whom to look for, among whom, how many (``include/audiences/<name>.yaml``)."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    WrapValidator,
    field_validator,
    model_validator,
)

from kindred.spec.conditions import Condition, check_condition, labels_with_values
from kindred.spec.features import Strict
from kindred.spec.model import DEFAULT_SPACE, SPACE_PATTERN
from kindred.spec.source import CONNECTION_PATTERN, Relation
from kindred.spec.sql_text import stays_in_parentheses

FORMS = ("query", "table", "label", "file")
"""How a population can be given: by exactly one of these keys."""
MAX_IDS = 5_000_000
MOST_SIZES = 20
_DIGEST = "digest:"
_PERCENT = re.compile(r"\s*(\d{1,3}(?:\.\d{1,9})?)\s*%\s*")
_OF_FORM = {"connection": ("query", "table"), "where": ("table",), "column": ("table", "file")}
"""The forms that each further key of a population belongs to."""


def _share(value: object) -> object:
    """A share as a number: ``2.5%`` is 0.025.

    Raises
    ------
    ValueError
        with what was found.
    """
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    number = Decimal(-1)
    if match is not None:
        number = Decimal(match[1]) / 100
    # Compared before it is converted: a whole number may be larger than any float.
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        number = Decimal(str(value))
    if not 0 <= number <= 1:
        raise ValueError("a share from 0 to 100 %, such as 5% or 0.05, is required")
    return float(number)


def _schema_of_share(least: str, most: float) -> dict[str, Any]:
    number = {"type": "number", least: 0, "maximum": most}
    return {"anyOf": [number, {"type": "string", "pattern": f"^{_PERCENT.pattern}$"}]}


def _one_of(names: Sequence[str]) -> dict[str, Any]:
    """What JSON schema says of keys of which exactly one is given."""
    given = [{"properties": {name: {"not": {"type": "null"}}}} for name in names]
    return {"oneOf": [{**one, "required": [name]} for one, name in zip(given, names, strict=True)]}


Share = Annotated[float, BeforeValidator(_share)]
Size = Annotated[Share, WithJsonSchema(_schema_of_share("exclusiveMinimum", 1))]
ControlShare = Annotated[Share, WithJsonSchema(_schema_of_share("minimum", 0.5))]


def _label_of_outcome(value: object, validate: Callable[[object], Any]) -> Any:
    if isinstance(value, dict) and value and all(isinstance(name, str) for name in value):
        return labels_with_values(value)
    if value is None or (isinstance(value, str) and value):
        return value
    raise ValueError("the name of a label, or labels with values, are required")


class Population(Relation):
    """Some customers: by a query, a table, their labels, or a file of ids."""

    model_config = ConfigDict(json_schema_extra=_one_of(FORMS))

    query: str | None = Field(
        default=None,
        json_schema_extra={"minLength": 1},
        description="A query with one column, the ids: one statement that only reads. `:as_of` is"
        " the date of the snapshot (a `timestamptz`); a query without it gives no past.",
        examples=["select customer_id from crm.responders where responded_at < :as_of"],
    )
    table: str | None = Field(
        default=None,
        description="A table or view, as in SQL, but case matters; names that hold a dot in double"
        " quotes. It gives no past, unless `where` names `:as_of`.",
        examples=["crm.opt_outs"],
    )
    column: str | None = Field(
        default=None,
        min_length=1,
        description="The column of the `table` or `file` with the ids. Without it: that of the"
        " space's key.",
        examples=["customer_id"],
    )
    where: str | None = Field(
        default=None,
        description="A condition in SQL on the `table`, which may name `:as_of`.",
        examples=["not is_test"],
    )
    connection: str = Field(
        default="kindred_source",
        description="The Airflow Connection of the database of `query` or `table`; never the"
        " warehouse's.",
        examples=["crm"],
    )
    label: dict[str, Condition] | None = Field(
        default=None,
        min_length=1,
        description="Labels of the space with a value, a list of values, or a range (`min`, `max`);"
        " several must all hold. They are those of the snapshot, so that they give the past.",
        examples=[{"churned": "yes"}, {"rating": ["gold", "silver"]}],
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        description="A file beside this one: one id per line, or CSV with a header. It gives no"
        " past.",
        examples=["holders.csv"],
    )

    @field_validator("column")
    @classmethod
    def _column_has_a_plain_name(cls, value: str | None) -> str | None:
        if value is not None and "%" in value:
            raise ValueError(
                "a column with a % in its name is not allowed; write a 'query' that renames it"
            )
        return value

    @field_validator("connection")
    @classmethod
    def _connection_is_an_id(cls, value: str) -> str:
        if "://" in value or not CONNECTION_PATTERN.fullmatch(value):
            raise ValueError(
                "the id of an Airflow Connection is required; a connection string, in which a"
                " password may stand, belongs into that Connection"
            )
        return value

    @field_validator("file")
    @classmethod
    def _file_is_in_the_folder(cls, value: str | None) -> str | None:
        if value is not None and (
            value.startswith(("/", "~")) or "\\" in value or ".." in value.split("/")
        ):
            raise ValueError(
                "a file in the folder of this one is required, as a path without '..' and '\\'"
                "; move the file there"
            )
        return value

    @field_validator("where")
    @classmethod
    def _where_is_one_condition(cls, value: str | None) -> str | None:
        if value is not None and not stays_in_parentheses(value):
            raise ValueError(
                "one condition is required, in which each bracket, quote and comment is closed and"
                " no statement ends; write a 'query' for anything else"
            )
        return value

    @field_validator("label")
    @classmethod
    def _labels_have_values(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if value is None else labels_with_values(value)

    @model_validator(mode="after")
    def _table_or_query(self) -> Self:
        """Exactly one form, and the keys that belong to it."""
        given = [form for form in FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            raise ValueError(
                f"exactly one of {', '.join(FORMS)} must be given"
                f" (found {' and '.join(given) or 'none'})"
            )
        for key, forms in _OF_FORM.items():
            default = type(self).model_fields[key].default
            if given[0] not in forms and getattr(self, key) != default:
                raise ValueError(
                    f"{key!r} belongs to {' or '.join(forms)}, not to {given[0]!r}; leave it out"
                )
        return self

    @property
    def form(self) -> str:
        """Which of the ``FORMS`` it is given by."""
        return next(form for form in FORMS if getattr(self, form) is not None)

    @property
    def digest(self) -> str:
        """Equal for populations that are defined alike, and for what `without_sql` made of them."""
        if self.is_digest:
            return (self.query or self.where or "").removeprefix(_DIGEST)
        return _digest(self.model_dump(mode="json", exclude_none=True))

    @property
    def is_digest(self) -> bool:
        """Whether its SQL is known by its digest alone."""
        return (self.query or self.where or "").startswith(_DIGEST)

    def without_sql(self) -> Self:
        """The same with its digest in place of its SQL, in which ids may stand."""
        key = "query" if self.query is not None else "where"
        if getattr(self, key) is None:
            return self
        return self.model_copy(update={key: f"{_DIGEST}{self.digest}"})


class Outcome(Strict):
    """What an export is judged by: a label, or an event, within some days."""

    model_config = ConfigDict(json_schema_extra=_one_of(("label", "event")))

    label: Annotated[str | dict[str, Condition] | None, WrapValidator(_label_of_outcome)] = Field(
        default=None,
        description="A label that is true, yes or 1 for whom it has happened to; or labels with"
        " values, as for a population.",
        examples=["bought", {"rating": "gold"}],
    )
    event: str | None = Field(
        default=None,
        min_length=1,
        description="A name under `events` of the space's spec: whether the customer has one.",
        examples=["purchases"],
    )
    days: int = Field(
        ge=1, le=3660, description="Days after the export within which it counts.", examples=[30]
    )

    @model_validator(mode="after")
    def _label_or_event(self) -> Self:
        if (self.label is None) == (self.event is None):
            raise ValueError("exactly one of 'label' and 'event' must be given")
        return self


class Audience(Strict):
    """One audience: who is known to belong, and how many of those like them are wanted."""

    name: str = Field(
        description="The name of the audience, which the file's name says: lower-case letters,"
        " digits and underscores, a letter first, at most 31 characters.",
        examples=["spring_responders"],
        json_schema_extra={"pattern": f"^{SPACE_PATTERN.pattern}$"},
    )
    space: str = Field(
        default=DEFAULT_SPACE,
        description="The space whose customers and vectors it is made of.",
        examples=["buying"],
        json_schema_extra={"pattern": f"^{SPACE_PATTERN.pattern}$"},
    )
    seed: Population = Field(description="Who is known to belong: at least 20 customers.")
    contacted: Population | None = Field(
        default=None,
        description="Who was asked. The seeds among them are then compared with the others among"
        " them, and with nobody else.",
    )
    exclude: Population | None = Field(
        default=None, description="Who is to be in no list: opt-outs, or who has it already."
    )
    pool: dict[str, Condition] | None = Field(
        default=None,
        description="Conditions on columns, as in `bi.similar_customers`: who may be in the"
        " audience. Without it: all customers.",
        examples=[{"state": ["CA", "NY"]}, {"income": {"min": 50_000}}],
    )
    include_contacted: bool = Field(
        default=False,
        description="Whether those who were asked may be in the audience.",
        examples=[True],
    )
    sizes: tuple[Size, ...] = Field(
        default=(0.01, 0.025, 0.05, 0.1),
        min_length=1,
        description="How large its tiers are: shares of the pool, such as `5%` or `0.05`,"
        " ascending. Members are listed up to the largest.",
        examples=[["5%", "10%"]],
    )
    control_share: ControlShare = Field(
        default=0.05,
        description="Share of the customers who are held back for comparison, at most `50%`.",
        examples=["10%"],
    )
    outcome: Outcome | None = Field(
        default=None, description="What an export is judged by, afterwards."
    )
    max_ids: int = Field(
        default=MAX_IDS,
        ge=1,
        le=100_000_000,
        description="The most ids that a query, table or file may give.",
        examples=[100_000],
    )

    @field_validator("name", "space")
    @classmethod
    def _is_an_identifier(cls, value: str, info: ValidationInfo) -> str:
        if not SPACE_PATTERN.fullmatch(value):
            what = "an audience; rename the file" if info.field_name == "name" else "a space"
            raise ValueError(
                f"it cannot name {what}: lower-case letters, digits and underscores, a"
                " letter first, at most 31 characters"
            )
        return value

    @field_validator("pool")
    @classmethod
    def _conditions_are_conditions(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        for name, condition in (value or {}).items():
            check_condition(name, condition)
        return value or None

    @field_validator("sizes", mode="before")
    @classmethod
    def _one_size_is_a_list(cls, value: object) -> object:
        return [value] if isinstance(value, str | int | float) else value

    @field_validator("sizes")
    @classmethod
    def _sizes_ascend(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) > MOST_SIZES:
            raise ValueError(f"at most {MOST_SIZES} sizes can be given (found {len(value)})")
        if value[0] == 0:
            raise ValueError("a size above 0 is required, such as 1%")
        if any(larger <= smaller for smaller, larger in pairwise(value)):
            raise ValueError("each size must be larger than the one before it; sort them")
        return value

    @field_validator("control_share")
    @classmethod
    def _half_at_most(cls, value: float) -> float:
        if value > 0.5:
            raise ValueError("at most 50% can be held back")
        return value

    @model_validator(mode="after")
    def _contacted_are_there_to_be_included(self) -> Self:
        if self.include_contacted and self.contacted is None:
            raise ValueError("'include_contacted' needs 'contacted': say who was asked")
        return self

    @property
    def populations(self) -> dict[str, Population]:
        """Its populations by their roles: seed, contacted and exclude, as far as they are given."""
        given = {"seed": self.seed, "contacted": self.contacted, "exclude": self.exclude}
        return {role: population for role, population in given.items() if population is not None}

    def without_sql(self) -> Self:
        """The same with digests in place of the SQL of its populations."""
        found = {role: one.without_sql() for role, one in self.populations.items()}
        return self.model_copy(update=found)

    def settings_hash(self) -> str:
        """Digest of all its settings."""
        return _digest(self.model_dump(mode="json"))


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
