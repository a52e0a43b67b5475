"""Short names for clusters: what is most telling of them, the same from night to night."""

from collections.abc import Iterator, Mapping, Sequence

MAX_NAME = 60
TERMS = 3
"""Terms a name has unless it needs another one to differ."""
SEPARATOR = " · "
NOTHING_TELLING = "like all customers"


def name_clusters(
    terms: Sequence[Sequence[str]], cluster_ids: Sequence[int], known: Mapping[int, str]
) -> list[str]:
    """A name for every cluster of one algorithm in one snapshot, no two of them alike.

    Parameters
    ----------
    terms : sequence of sequences of str
        Of each cluster, the most telling first.
    cluster_ids : sequence of int
        Their stable ids.
    known : mapping of int to str
        The names that ids have in the reference: they stay.

    Returns
    -------
    list of str
        At most 60 characters each. A new name has the first three terms that fit; where another
        cluster has that name, further terms take the place of the last one, and at the end the id
        makes the difference.
    """
    names = {cluster_id: known[cluster_id] for cluster_id in cluster_ids if cluster_id in known}
    taken = set(names.values())
    for cluster_terms, cluster_id in zip(terms, cluster_ids, strict=True):
        if cluster_id not in names:
            candidates = _candidates(cluster_terms, cluster_id)
            names[cluster_id] = next(name for name in candidates if name not in taken)
            taken.add(names[cluster_id])
    return [names[cluster_id] for cluster_id in cluster_ids]


def _candidates(terms: Sequence[str], cluster_id: int) -> Iterator[str]:
    """Names from the best to one that no other cluster has."""
    base = _joined(terms[:TERMS])
    yield base
    for further in terms[TERMS:]:
        for kept in range(TERMS, 0, -1):
            name = SEPARATOR.join([*terms[:kept], further])
            if len(name) <= MAX_NAME:
                yield name
                break
    suffix = f" #{cluster_id}"
    yield _shortened(base, MAX_NAME - len(suffix)) + suffix


def _joined(terms: Sequence[str]) -> str:
    """As many terms as fit, the first in any case."""
    name = ""
    for term in terms:
        longer = SEPARATOR.join([name, term]) if name else _shortened(term, MAX_NAME)
        if len(longer) <= MAX_NAME:
            name = longer
    return name or NOTHING_TELLING


def _shortened(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
