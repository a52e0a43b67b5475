"""The control group of an audience: drawn by a stored key, before anybody is ranked."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEMBER, CONTROL = "member", "control"
KEY_BYTES = 32
HASHES = 2
"""Independent hashes per customer: one draws the control group, one is for training."""


def first_key(space: str, audience: str) -> bytes:
    """The key of an audience until its owner replaces it: equal installations get equal groups."""
    name = f"{space}/{audience}".encode()
    return hashlib.blake2b(name, digest_size=KEY_BYTES, person=b"kindred audience").digest()


def keyed_hashes(
    key: bytes, customers: Iterable[Any]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Two uniform hashes uint64 (n,) of every customer: for the control group, and for training.

    Training must not choose its sample by the hash that draws the control group: that group would
    be the sample.

    Parameters
    ----------
    key : bytes
        At most 64 bytes.
    customers : iterable of int or str
        Keys, as `KeyType.to_python` gives them; hashed as text.
    """
    keyed = hashlib.blake2b(key=key, digest_size=HASHES * 8)
    digests = bytearray()
    for customer in customers:
        of_customer = keyed.copy()
        of_customer.update(str(customer).encode())
        digests += of_customer.digest()
    hashes = np.frombuffer(bytes(digests), dtype=">u8").astype(np.uint64).reshape(-1, HASHES)
    return np.ascontiguousarray(hashes[:, 0]), np.ascontiguousarray(hashes[:, 1])


def reached_warnings(reached: int) -> tuple[str, ...]:
    """What readers are told where an earlier export had people of the control group as members."""
    if not reached:
        return ()
    return (
        f"{reached:,} customers of the control group were exported as members before, since"
        " control_share was smaller then or the group's key another: in results of later exports"
        " they are compared with as if nobody had approached them",
    )


def control_warnings(
    control: NDArray[np.bool_], sizes: Sequence[float], counts: Sequence[int], share: float
) -> tuple[str, ...]:
    """What readers are told where chance left a size without control group, or without members.

    ``control`` bool (members,): who is control, best first; ``counts``: how many customers each of
    the ``sizes`` ends at. An audience with a ``share`` of 0 asked for no group.
    """
    if not share:
        return ()
    groups = [(size, count, int(np.count_nonzero(control[:count])))
              for size, count in zip(sizes, counts, strict=True)]  # fmt: skip
    empty = [(size, count) for size, count, drawn in groups if not drawn]
    full = [(size, count) for size, count, drawn in groups if drawn == count]
    warnings = []
    if empty:
        warnings.append(
            f"no control group up to {_sizes(empty)}: of the {empty[-1][1]:,} customers there,"
            f" a control_share of {100 * share:g}% held back nobody, so that an export of that size"
            " can be compared with nobody; raise control_share, or export a larger size"
        )
    if full:
        warnings.append(
            f"no members up to {_sizes(full)}: the {full[-1][1]:,} customers there are all in the"
            " control group, so that there is nobody to export; export a larger size"
        )
    return tuple(warnings)


def _sizes(groups: Sequence[tuple[float, int]]) -> str:
    return ", ".join(f"{100 * size:g}%" for size, _ in groups)


def is_control(hashes: NDArray[np.uint64], share: float) -> NDArray[np.bool_]:
    """Who is in the control group, bool (n,); each customer is with probability ``share``.

    ``share`` is from 0 to 1. It depends on the customer, the key and the share alone, so it is the
    same in every night and export, whatever the model, and a larger share keeps those of a smaller.
    """
    limit = round(share * 2**64)
    if limit >= 2**64:
        return np.ones(len(hashes), dtype=np.bool_)
    return np.asarray(hashes < np.uint64(limit))
