"""What an audience asks of the spec of its space: labels, columns and events."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from kindred.spec.audiences import Audience
from kindred.spec.model import Spec
from kindred.spec.names import did_you_mean, listed, plain, without_secrets

LARGEST_BESIDE_PRIVATE = 0.5
"""The largest share of the pool that is published where a query may rest on a private column.

Of a whole pool, whoever is no member is a seed, excluded or contacted.
"""


PRIVATE = "<private>"
"""What stands for the name of a private column."""


def shown_labels(spec: Spec) -> tuple[str, ...]:
    """The labels of a space that are not private."""
    return tuple(label for label in spec.labels if label not in spec.private)


def problems_with(spec: Spec, audience: Audience, *, may_quote: bool = False) -> Iterator[str]:
    """A sentence for each name of the audience that its space does not have, or keeps private.

    Readers may see the sentences, so that they do not name a private column, nor what the file
    does, unless ``may_quote``.
    """
    shown = shown_labels(spec)
    labels: dict[str, Any] = {
        f"{role}.label": population.label
        for role, population in audience.populations.items()
        if population.label is not None
    }
    if audience.outcome is not None and audience.outcome.label is not None:
        labels["outcome.label"] = audience.outcome.label
    for where, given in labels.items():
        yield from _unknown(
            spec, where, [given] if isinstance(given, str) else given, shown, "label", may_quote
        )
    pool = audience.pool or {}
    yield from _unknown(spec, "pool", pool, spec.filterable_columns, "stored column", may_quote)
    if audience.outcome is not None and audience.outcome.event is not None:
        events = [name for name in spec.events if name not in spec.private]
        yield from _unknown(
            spec, "outcome.event", [audience.outcome.event], events, "table of events", may_quote
        )

    unseen = [role for role, population in audience.populations.items() if population.label is None]
    if spec.private and unseen and max(audience.sizes) > LARGEST_BESIDE_PRIVATE:
        yield (
            f"sizes: {max(audience.sizes):.4g} of the pool would show readers whom"
            f" {' and '.join(map(repr, unseen))} name, and the space has private columns, by which"
            f" these may have been found; give sizes up to {LARGEST_BESIDE_PRIVATE:.0%}"
        )


def without_private(text: str, private: Iterable[str]) -> str:
    """A sentence for readers and logs that names no private column.

    >>> without_private("pool: column 'wage' is given an empty list", ["wage"])
    'pool: column <private> is given an empty list'
    """
    for name in sorted(private, key=len, reverse=True):
        for written in dict.fromkeys((repr(name), name, repr(name)[1:-1], plain(name))):
            text = re.sub(rf"(?<!\w){re.escape(written)}(?!\w)", lambda _: PRIVATE, text)
    return text


def _unknown(
    spec: Spec,
    where: str,
    names: Iterable[str],
    allowed: Iterable[str],
    kind: str,
    may_quote: bool,
) -> Iterator[str]:
    known = sorted(allowed)
    for name in sorted(names):
        if name in spec.private:
            yield f"{where} names a private column, which the audience would give away; use another"
        elif name not in known:
            yield (
                f"{where}: space {spec.space!r} has no {kind}"
                f" {without_secrets(repr(name)) if may_quote else 'of that name'}; it has"
                f" {listed(known)}{did_you_mean(name, known)}"
            )
