"""The control group of an audience: drawn by a stored key, before anybody is ranked."""

import hashlib
from collections.abc import Iterable
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


def is_control(hashes: NDArray[np.uint64], share: float) -> NDArray[np.bool_]:
    """Who is in the control group, bool (n,); each customer is with probability ``share``.

    ``share`` is from 0 to 1. It depends on the customer, the key and the share alone, so it is the
    same in every night and export, whatever the model, and a larger share keeps those of a smaller.
    """
    limit = round(share * 2**64)
    if limit >= 2**64:
        return np.ones(len(hashes), dtype=np.bool_)
    return np.asarray(hashes < np.uint64(limit))
