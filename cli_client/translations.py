"""The texts of the terminal client in the user's language.

A text with forms for numbers is a tuple: in Russian one, few, many (1, 2, 5), in English one,
many. Two forms are enough where only 1 and 2 occur. The caller fills in `{…}`.
"""

import math
import os
from collections.abc import Mapping
from typing import Final

from chat_protocol.text import one_line

_UNITS: Final = (("minutes", 60), ("hours", 60), ("days", 24))
"""Units of time longer than a second, each with its length in the unit before."""


class Translations:
    """The texts of one language: `lang` is `ru` or `en`. Immutable."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._table = _table(lang)

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of `key`, filled in with `values`."""
        text = self._table[key]
        assert isinstance(text, str)
        return text.format(**values)

    def plural(self, key: str, count: int, **values: object) -> str:
        """Return the form of `key` for `count`, filled in with `values`."""
        forms = self._table[key]
        assert isinstance(forms, tuple)
        return forms[min(self._form(count), len(forms) - 1)].format(count=count, **values)

    def error(self, code: str, detail: str, seconds: float | None = None) -> str:
        """Explain an error of the room; `seconds` is how long it lasts, None or 0 if not known.

        `detail` is the room's own text, not yet cleaned: shown for unknown codes and with
        `not_found`.
        """
        key = f"error_{code}"
        if seconds and f"{key}_for" in self:
            key += "_for"
        # Both values are always given: a room may send any code.
        detail, time = one_line(detail or code), self.duration(seconds or 0)
        return self(key if key in self else "error_unknown", detail=detail, time=time)

    def not_kept(self, path: str, reason: str) -> str:
        """Explain that identities cannot be kept; `reason` is empty for a damaged file."""
        return self("not_kept", path=one_line(path), reason=one_line(reason) or self("file_damaged"))

    def lost(self, reason: str, address: object) -> str:
        """Explain why the connection was lost, without a full stop."""
        return self(f"lost_{reason}" if f"lost_{reason}" in self else "lost_lost", address=address)

    def ended(self, reason: str, seconds: float, address: object) -> str:
        """Explain why the conversation has ended; `seconds` is how long a ban lasts, 0 if not known."""
        if seconds and f"ended_{reason}_for" in self:
            return self(f"ended_{reason}_for", time=self.duration(seconds))
        return self(f"ended_{reason}") if f"ended_{reason}" in self else self.lost(reason, address) + "."

    def duration(self, seconds: float) -> str:
        """Return a time in one unit, rounded up."""
        unit, count = "seconds", max(1, math.ceil(seconds))
        for longer, length in _UNITS:
            if count < 2 * length and count != length:
                break
            unit, count = longer, math.ceil(count / length)
        return self(unit, count=count)

    def _form(self, count: int) -> int:
        if self.lang != "ru":
            return 0 if count == 1 else 1
        if count % 10 == 1 and count % 100 != 11:
            return 0
        return 1 if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else 2


def _table(lang: str) -> Mapping[str, str | tuple[str, ...]]:
    """Load the texts of a language, and not those of the other."""
    if lang == "ru":
        from cli_client.russian import RUSSIAN  # noqa: PLC0415

        return RUSSIAN
    from cli_client.english import ENGLISH  # noqa: PLC0415

    return ENGLISH


def system_language(environment: Mapping[str, str] = os.environ) -> str:
    """Return the language of the locale: `ru`, or `en` for any other."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(variable):
            return "ru" if value.lower().startswith("ru") else "en"
    return "en"
