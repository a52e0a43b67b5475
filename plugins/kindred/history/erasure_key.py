"""The secret that turns customers' keys into hashes, so that whoever was erased is known again.

Keys are few and can be guessed: a hash without a secret would give them away.
"""

import hmac
from dataclasses import dataclass, field
from typing import Self

from kindred.errors import SettingsError
from kindred.settings import Secrets, variable_name

VARIABLE = variable_name("erasure_key")
MIN_CHARACTERS = 32
DIGEST = "sha256"
FINGERPRINTED = b"kindred erasure key"
FINGERPRINT_DIGITS = 16


@dataclass(frozen=True)
class ErasureKey:
    """The secret of a deployment; it shows itself nowhere."""

    secret: bytes = field(repr=False)

    @classmethod
    def from_env(cls) -> Self:
        """Read the secret.

        Raises
        ------
        SettingsError
            when it is not set or too short; its value is not repeated.
        """
        found = Secrets.from_env().erasure_key.get_secret_value()
        if len(found) < MIN_CHARACTERS:
            raise SettingsError(
                f"{VARIABLE}: {len(found)} characters were found, at least {MIN_CHARACTERS} are"
                " needed to erase customers and to keep them away afterwards; set it for all"
                " workers to what 'openssl rand -hex 32' prints, once and for good (where customers"
                " have been erased already: to the value of that time), then try again"
            )
        return cls(found.encode())

    @property
    def fingerprint(self) -> str:
        """Tells one secret from another, and nothing of either."""
        return self.hash_of(FINGERPRINTED).hex()[:FINGERPRINT_DIGITS]

    def hash_of(self, key: bytes) -> bytes:
        """HMAC-SHA-256 (RFC 2104), 32 bytes, of a customer's key as UTF-8 text."""
        return hmac.digest(self.secret, key, DIGEST)
