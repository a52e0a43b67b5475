"""Short names for clusters, made of their traits of largest effect and stable over snapshots."""

from collections.abc import Iterator, Mapping, Sequence

MAX_NAME = 60
TERMS = 3
"""Terms in a name, unless it needs another one to be unique."""
SEPARATOR = " · "
NO_DIFFERENCE = "like all customers"


def name_clusters(
    terms: Sequence[Sequence[str]], cluster_ids: Sequence[int], known: Mapping[int, str]
) -> list[str]:
    """Name every cluster of one algorithm in one snapshot; names are unique.

    Parameters
    ----------
    terms : sequence of sequences of str
        The terms of each cluster, by falling effect size.
    cluster_ids : sequence of int
        The stable ids of the clusters.
    known : mapping of int to str
        Names already published, by id; they are kept.

    Returns
    -------
    list of str
        At most 60 characters each. A new name consists of the first three terms, as far as they
        fit. If another cluster has that name, a further term is added or replaces the last one; as
        a last resort, the id is appended.
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
    """Candidate names, best first; the last one is unique."""
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
    """Join as many terms as fit, but always the first."""
    name = ""
    for term in terms:
        longer = SEPARATOR.join([name, term]) if name else _shortened(term, MAX_NAME)
        if len(longer) <= MAX_NAME:
            name = longer
    return name or NO_DIFFERENCE


def _shortened(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
