"""Values as advertising platforms take them: hashed after blanks are cut and letters made small."""

import hashlib
import hmac
from collections.abc import Callable
from enum import StrEnum

HMAC_KEY_CHARACTERS = 32
"""The shortest secret of an HMAC, as for the ids of erased customers."""


class Hashing(StrEnum):
    """How the values of an export are hashed."""

    NONE = "none"
    SHA256 = "sha256"
    HMAC = "hmac"


def normalised(value: str) -> str:
    """The value without blanks at its ends, in lower case."""
    return value.strip().lower()


def hasher(hashing: Hashing, secret: bytes = b"") -> Callable[[str], str]:
    """What makes the text to export of a value; the digests are 64 hexadecimal digits.

    ``secret``: that of the HMAC (RFC 2104).
    """
    if hashing is Hashing.SHA256:
        return lambda value: hashlib.sha256(normalised(value).encode()).hexdigest()
    if hashing is Hashing.HMAC:
        return lambda value: hmac.digest(secret, normalised(value).encode(), "sha256").hex()
    return str
