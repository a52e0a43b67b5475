"""Who belongs to an audience, who does not, and among whom to look: customers of one snapshot."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kindred.audiences.status import Status
from kindred.errors import AudienceError

Mask = NDArray[np.bool_]

LEAST_SEEDS = 20
"""Seeds that an audience needs, as ``bi.lookalike_audience`` does: fewer would reveal them."""

Rows = NDArray[np.int32]
"""Row numbers of the snapshot's customers, in the order of ``read_embeddings``; ascending."""


class Truth(StrEnum):
    """What is known of customers who are no seeds.

    ``none``: nothing. ``contacted``: of those who were asked, that they did not respond.
    ``label``: of everybody, since no customer of the snapshot lacks the label.
    """

    NONE = "none"
    CONTACTED = "contacted"
    LABEL = "label"


@dataclass(frozen=True, eq=False)
class Populations:
    """The populations of an audience, as row numbers (``Rows``).

    ``seeds``, ``excluded`` and ``pool`` have no customer in common; ``seeds`` has at least
    ``LEAST_SEEDS`` and ``pool`` at least one. ``others``: who is known not to belong, disjoint from
    ``seeds``; None where nobody is: then all others are unlabelled. It may be given with
    ``Truth.NONE``, where a label is known of some customers only. ``contacted``: who was asked,
    seeds among them, None without that population; then ``seeds`` are the contacted ones alone,
    and ``others`` the rest of the contacted. ``judged``: the seeds that would be in the pool if
    they were none, since they meet its conditions; ``judged_others``: those of the ``others`` who
    meet them, None for all. Excluded people are in no other array.

    ``given``: distinct ids of the seed population; ``known``: of them, customers of the snapshot
    (with ``contacted``, before the seeds who were not contacted are left out). ``warnings``:
    sentences without ids and values.
    """

    seeds: Rows
    judged: Rows
    excluded: Rows
    pool: Rows
    others: Rows | None
    contacted: Rows | None
    truth: Truth
    given: int
    known: int
    warnings: tuple[str, ...] = ()
    judged_others: Rows | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """What the populations of an audience were resolved to, as row numbers of ``customers`` rows.

    ``given``: distinct ids of the seed population. ``not_seeds``: for seeds by label, those of whom
    the label says that they are none; ``is_complete``: it says so of all others. ``pool``: who
    meets the conditions of the pool; None without any.
    """

    customers: int
    given: int
    seeds: Rows
    excluded: Rows
    contacted: Rows | None = None
    not_seeds: Rows | None = None
    is_complete: bool = False
    pool: Rows | None = None
    warnings: tuple[str, ...] = ()


def populations_from(found: Found, *, include_contacted: bool) -> Populations:
    """Divide the customers into seeds, known others, the pool, and nobody of these.

    Raises
    ------
    AudienceError
        when too few seeds are left, everybody who was contacted is a seed, or nobody is in the
        pool.
    """
    is_seed, is_excluded = (_mask(found, rows) for rows in (found.seeds, found.excluded))
    meets = np.ones(found.customers, np.bool_) if found.pool is None else _mask(found, found.pool)
    used, warnings = is_seed & ~is_excluded, list(found.warnings)
    is_contacted = np.zeros(found.customers, np.bool_)
    others, truth = is_contacted, Truth.NONE
    is_other = ~is_seed if found.not_seeds is None else _mask(found, found.not_seeds)
    if found.contacted is not None:
        is_contacted = _mask(found, found.contacted) & ~is_excluded
        left_out = int((used & ~is_contacted).sum())
        if left_out:
            warnings.append(f"{left_out:,} seeds were not contacted: nothing is learned from them")
        used &= is_contacted
        others, truth = is_contacted & is_other, Truth.CONTACTED
    elif found.not_seeds is not None:
        others = is_other & ~is_excluded
        truth = Truth.LABEL if found.is_complete else Truth.NONE
    counted = seed_counts(found.given, len(found.seeds), int(used.sum()))
    _require_seeds(found, counted)
    has_others = int(others.sum()) >= LEAST_SEEDS
    if truth is Truth.CONTACTED and not has_others:
        raise AudienceError(
            Status.FAILED,
            f"of those who were contacted, {_count(others)} are no seeds; {LEAST_SEEDS} are needed"
            " to compare the seeds with",
            counted,
        )
    pool = meets & ~is_seed & ~is_excluded
    left = pool if include_contacted else pool & ~is_contacted
    if not left.any():
        raise AudienceError(Status.NOBODY_IN_THE_POOL, _why_nobody(found, meets, pool), counted)
    if found.not_seeds is not None and not has_others:
        warnings.append(
            f"the label says of {_count(others)} customers that they are no seeds: too few to learn"
            " from"
        )
    return Populations(
        seeds=_rows(used),
        judged=_rows(used & meets),
        excluded=_rows(is_excluded),
        pool=_rows(left),
        others=_rows(others) if has_others else None,
        contacted=None if found.contacted is None else _rows(is_contacted),
        truth=truth if has_others else Truth.NONE,
        given=found.given,
        known=len(found.seeds),
        warnings=tuple(warnings),
        judged_others=_rows(others & meets) if has_others else None,
    )


def odd_exclusion(given: int, knows_anybody: bool) -> tuple[str, ...]:
    """A warning where ``exclude`` names nobody, or nobody who is a customer."""
    if not given:
        return ("'exclude' names nobody; check that its list is complete",)
    if not knows_anybody:
        return (f"none of the {given:,} ids of 'exclude' is a customer of the snapshot",)
    return ()


def seed_counts(given: int, known: int, used: int) -> dict[str, int]:
    """Columns of ``bi.audiences``: ids given, those that are customers, left out, and used."""
    return {
        "seeds_given": given,
        "seeds_known": known,
        "seeds_excluded": known - used,
        "seeds_used": used,
    }


def _require_seeds(found: Found, counted: dict[str, int]) -> None:
    used = counted["seeds_used"]
    if used >= LEAST_SEEDS:
        return
    known = len(found.seeds)
    if not found.given:
        is_label = found.not_seeds is not None
        reason = "no customer has that label" if is_label else "the seed gives no id"
    elif not known:
        reason = f"none of the {found.given:,} ids of the seed is a customer of the snapshot"
    else:
        ways = "excluded" if found.contacted is None else "excluded or were never contacted"
        reason = (
            f"{used:,} of the {known:,} seeds that are customers of the snapshot are used, the"
            f" others are {ways}"
        )
        if used == known:
            reason = f"{known:,} seeds are customers of the snapshot"
    raise AudienceError(Status.TOO_FEW_SEEDS, f"{reason}; {LEAST_SEEDS} are needed", counted)


def _why_nobody(found: Found, meets: Mask, pool: Mask) -> str:
    """Why nobody is left; ``pool``: who would be, if those who were contacted could be."""
    if not meets.any():
        return "no customer meets the conditions of the pool"
    if pool.any():
        return (
            "all who could be in the pool have been contacted; with 'include_contacted: true' they"
            " may be in the audience"
        )
    if found.pool is None:
        return "all customers are seeds or excluded"
    return "all who meet the conditions of the pool are seeds or excluded"


def _mask(found: Found, rows: Rows) -> Mask:
    mask = np.zeros(found.customers, dtype=np.bool_)
    mask[rows] = True
    return mask


def _rows(mask: Mask) -> Rows:
    return np.flatnonzero(mask).astype(np.int32)


def _count(mask: Mask) -> str:
    return f"only {int(mask.sum()):,}" if mask.any() else "none"
