"""Passwords and session secrets, which are kept as digests only."""

import hashlib
import hmac
import unicodedata
from typing import Final

DIGEST_BYTES: Final = 16
"""Length of a session's digest."""


class Password:
    """A password. An empty one is false, and no attempt matches it."""

    def __init__(self, text: str) -> None:
        self._digest = _digest(text) if text else b""

    def __bool__(self) -> bool:
        return bool(self._digest)

    def matches(self, attempt: str | None) -> bool:
        """Return whether `attempt` is the password, after normalisation to NFC; takes constant time."""
        return bool(self._digest) and hmac.compare_digest(self._digest, _digest(attempt or ""))


def session_digest(secret: str) -> bytes:
    """Return the bytes by which a session's secret is stored and looked up."""
    return hashlib.sha256(secret.encode()).digest()[:DIGEST_BYTES]


def _digest(text: str) -> bytes:
    # Python decodes bytes of the environment that are not UTF-8 to surrogates.
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode(errors="surrogateescape")).digest()
