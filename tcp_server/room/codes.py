"""One-time codes, with which one more device becomes the same person. Pure.

A code has 8 characters of Crockford's base 32, 40 bits: people copy it by hand, so letters that look like
digits are read as these.
"""

import secrets
from typing import Final

from tcp_server.room.passwords import session_digest

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_AS_READ = str.maketrans("OIL", "011", "- ")

SECONDS: Final = 120.0
"""For how long a code can be used."""


def new_code() -> str:
    """Return a code as it is shown, in two groups."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{code[:4]}-{code[4:]}"


def code_digest(code: str) -> bytes:
    """Return that by which a code is kept, whatever its case, groups and look-alikes are."""
    return session_digest(f"code {code.upper().translate(_AS_READ)}")
