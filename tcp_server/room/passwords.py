"""Secrets that people show, compared without telling anything about them by the time that takes."""

import hashlib
import hmac
import unicodedata


class Password:
    """What one must know. An empty one asks for nothing, and fits nothing."""

    def __init__(self, text: str) -> None:
        self._digest = _digest(text) if text else b""

    def __bool__(self) -> bool:
        return bool(self._digest)

    def fits(self, attempt: str | None) -> bool:
        """Say whether that is the password, however its letters are composed."""
        return bool(self._digest) and hmac.compare_digest(self._digest, _digest(attempt or ""))


def session_digest(secret: str) -> bytes:
    """Return what a session's secret is kept and looked up by."""
    return hashlib.sha256(secret.encode()).digest()[:16]


def _digest(text: str) -> bytes:
    # Bytes of the environment that are no UTF-8 arrive as surrogates.
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode(errors="surrogateescape")).digest()
