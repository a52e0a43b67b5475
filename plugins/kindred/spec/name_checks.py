"""What a spec names: columns with one role each, and events that exist."""

from collections.abc import Iterable, Mapping
from typing import Any

from kindred.spec.event_columns import columns_of
from kindred.spec.events import NAME_PATTERN, Events, Recommendations
from kindred.spec.features import (
    OWN_COLUMNS,
    SYSTEM_COLUMNS,
    UNUSABLE_KEY,
    EventFeature,
    Feature,
    ItemsFeature,
)
from kindred.spec.look_backs import LookBack, look_backs
from kindred.spec.names import did_you_mean, listed

_OF_CUSTOMERS = ("connection", "table", "query", "where", "source_timezone")
"""What the customers of events have in common with them."""


def check_columns(
    reserved: Mapping[str, str],
    features: Mapping[str, Feature],
    labels: Iterable[str],
    private: Iterable[str],
    known: Iterable[str],
) -> None:
    """Refuse columns with two roles, and names that cannot be stored.

    ``reserved``: the columns that the source uses, with their roles; ``known``: what can be
    private.

    Raises
    ------
    ValueError
        naming the column.
    """
    for column in (*features, *labels):
        if column in reserved:
            raise ValueError(
                f"column {column!r} is the source's {reserved[column]} and cannot be"
                " encoded or used as a label"
            )
        if column in (own := (*OWN_COLUMNS, UNUSABLE_KEY)):
            raise ValueError(
                f"column {column!r} cannot be stored under this name: {', '.join(own)}"
                " are Kindred's own; rename it in a 'source.query'"
            )
        if column in SYSTEM_COLUMNS:
            raise ValueError(
                f"column {column!r}: PostgreSQL keeps this name; rename it in a 'source.query'"
            )
    for column in (*reserved, *features, *labels):
        if "%" in column:
            raise ValueError(
                f"column {column!r} has a % in its name, which is not allowed; rename it in a"
                " 'source.query'"
            )
    for column in labels:
        if column in features:
            raise ValueError(
                f"column {column!r} is a label (an outcome) and must not be encoded too"
            )
    names = list(known)
    if unknown := sorted(set(private) - set(names)):
        found = listed([repr(name) for name in unknown])
        raise ValueError(
            f"private names columns that the spec does not use: {found}"
            f"{did_you_mean(unknown[0], names)}"
        )


def check_events(
    events: Mapping[str, Events],
    features: Mapping[str, Feature],
    recommendations: Recommendations | None,
) -> None:
    """Refuse events, columns of events and features that are named but not given.

    Raises
    ------
    ValueError
        naming them, and what there is.
    """
    for name, table in events.items():
        if not NAME_PATTERN.fullmatch(name):
            raise ValueError(
                f"{name!r} cannot name events: lower-case letters, digits and underscores, a letter"
                " first, at most 31 characters"
            )
        for column in (*_given(table), *columns_of_events({name: table}, features)):
            if "%" in column:
                raise ValueError(
                    f"events {name!r}: column {column!r} has a % in its name, which is not allowed;"
                    " rename it in a 'query'"
                )
    for name, feature in features.items():
        if isinstance(feature, EventFeature):
            _check_feature(name, feature, events)
    if recommendations is not None:
        _check_recommendations(recommendations, events, features)
    for look_back in look_backs(features, recommendations):
        _check_kept(look_back, events)


def _check_feature(name: str, feature: EventFeature, events: Mapping[str, Events]) -> None:
    table = _events_of(f"feature {name!r}", feature.of, events)
    for role in columns_of(feature):
        if table.source_column(role) is None:
            raise ValueError(
                f"feature {name!r} is made of the {role} of {feature.of!r}, which names no such"
                f" column: write '{role}: <column>' under 'events'"
            )


def _check_kept(look_back: LookBack, events: Mapping[str, Events]) -> None:
    keeps = events[look_back.of].keep_days
    if keeps is not None and (look_back.days is None or look_back.days > keeps):
        back = "all events" if look_back.days is None else f"{look_back.days:g} days"
        raise ValueError(
            f"{look_back.what} looks back {back}, but events {look_back.of!r} are kept for"
            f" {keeps} days: give it '{look_back.key}: {keeps}' or less, or keep more"
        )


def _check_recommendations(
    recommendations: Recommendations,
    events: Mapping[str, Events],
    features: Mapping[str, Feature],
) -> None:
    if _events_of("recommendations", recommendations.of, events).item is None:
        raise ValueError(
            f"recommendations are items of {recommendations.of!r}, which names no such column:"
            " write 'item: <column>' under 'events'"
        )
    for name in recommendations.blocks:
        if name not in features:
            raise ValueError(
                f"recommendations: similar_by names {name!r}, which is no feature"
                f"{did_you_mean(name, features)}"
            )
    if not any(isinstance(features[name], ItemsFeature) for name in recommendations.blocks):
        raise ValueError(
            f"recommendations: similar_by {listed(list(recommendations.blocks))} has no feature"
            " of kind 'items': neighbours are found by what customers buy"
        )


def _events_of(where: str, name: str, events: Mapping[str, Events]) -> Events:
    if name not in events:
        there = f"there are {listed(sorted(events))}" if events else "the spec has no 'events'"
        raise ValueError(f"{where}: 'of' names {name!r}, but {there}{did_you_mean(name, events)}")
    return events[name]


def columns_of_events(
    events: Mapping[str, Events], features: Mapping[str, Feature]
) -> tuple[str, ...]:
    """The columns of events that features use, by the names that features use; sorted."""
    return tuple(
        sorted(
            {
                column
                for feature in features.values()
                if isinstance(feature, EventFeature) and feature.of in events
                for column in columns_of(feature)
            }
        )
    )


def made_of(
    columns: Iterable[str], events: Mapping[str, Events], features: Mapping[str, Feature]
) -> tuple[str, ...]:
    """What else says something of these columns of events, and is not among them.

    Other names of the same columns of the source, and features that are made of one of them. A name
    may be a role in one table and a column of the source in it or another: all that it can mean
    are private, and so is what those names can mean in their turn.
    """
    named = dict.fromkeys(columns)
    found = dict(named)
    size = -1
    while size < len(found):
        size = len(found)
        for name, table in events.items():
            found |= dict.fromkeys(_made_of_table(found, name, table, features))
    return tuple(name for name in found if name not in named)


def _made_of_table(
    columns: Iterable[str], name: str, table: Events, features: Mapping[str, Feature]
) -> list[str]:
    aliases = (*_roles_of(table), *columns_of_events({name: table}, features))
    private = {meant for column in columns for meant in (column, table.source_column(column))}
    same = {
        alias for alias in aliases if not private.isdisjoint((alias, table.source_column(alias)))
    }
    made = [
        name_made
        for name_made, feature in features.items()
        if isinstance(feature, EventFeature)
        and feature.of == name
        and not same.isdisjoint(columns_of(feature))
    ]
    return [*sorted(same), *made]


def names_in_events(
    events: Mapping[str, Events], features: Mapping[str, Feature]
) -> tuple[str, ...]:
    """The columns of events that a spec uses: by the names that features use, and the source's."""
    roles = {
        name
        for table in events.values()
        for role in _roles_of(table)
        for name in (role, str(table.source_column(role)))
    }
    return (*sorted(roles), *columns_of_events(events, features))


def _roles_of(table: Events) -> list[str]:
    return [role for role, column in table.roles.items() if column is not None]


def _given(table: Events) -> tuple[str, ...]:
    named = (table.customer, table.at, table.item, table.amount, table.quantity, table.loaded_at)
    return (*table.key_columns, *(column for column in named if column is not None))


def source_of_events(source: Mapping[str, Any], events: object) -> object:
    """The source whose customers are those of some events: it reads the events' own relation.

    Raises
    ------
    ValueError
        when ``source`` says more than the events' name.
    """
    name = source["events"]
    names = events if isinstance(events, Mapping) else {}
    table = names.get(name) if isinstance(name, str) else None
    if not isinstance(table, Mapping) or {"customer", "at"} - table.keys():
        there = f"; there are {listed(sorted(map(str, names)))}" if names else ""
        raise ValueError(f"source.events names {name!r}, but 'events' has no such table{there}")
    own = {key: table[key] for key in _OF_CUSTOMERS if key in table}
    made = {**own, "events": name, "key": table["customer"], "updated_at": table["at"]}
    if source.keys() > made.keys() and all(source[key] == value for key, value in made.items()):
        return dict(source)  # as it was recorded
    if said := sorted(str(key) for key in source if key != "events"):
        raise ValueError(
            f"'source: {{events: {name}}}' takes all else from the events themselves: remove"
            f" {listed(said)} from 'source'"
        )
    return {**made, "deletes": "ignore"}
