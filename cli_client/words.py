"""What the terminal client says, in the user's language.

A text with forms for numbers is a tuple: Russian one, few, many (1, 2, 5);
English one, many. Where only one and two occur, two forms are enough. `{…}` is filled in by the caller.
"""

import math
import os
from collections.abc import Mapping
from typing import Final

from chat_protocol.text import one_line
from cli_client.english import ENGLISH
from cli_client.russian import RUSSIAN

_UNITS: Final = (("minutes", 60), ("hours", 60), ("days", 24))
"""Units longer than a second, each with how many of the one before make it."""


class Words:
    """One language. `lang` is `ru` or `en`."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._table = RUSSIAN if lang == "ru" else ENGLISH

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def __call__(self, key: str, **values: object) -> str:
        """Return the text for `key` with `values` filled in."""
        text = self._table[key]
        assert isinstance(text, str)
        return text.format(**values)

    def count(self, key: str, count: int, **values: object) -> str:
        """Return the form of `key` that goes with `count`."""
        forms = self._table[key]
        assert isinstance(forms, tuple)
        return forms[min(self._form(count), len(forms) - 1)].format(count=count, **values)

    def error(self, code: str, detail: str, seconds: float | None = None) -> str:
        """Explain an error of the room; `detail` is the room's own text.

        That is shown for codes unknown here, and is what was `not_found`. Neither needs to be
        clean. `seconds` is how long it lasts, where that is known.
        """
        key = f"error_{code}"
        if seconds and f"{key}_for" in self:
            key += "_for"
        # All is given to each: a room may make up any code.
        detail, time = one_line(detail or code), self.duration(seconds or 0)
        return self(key if key in self else "error_unknown", detail=detail, time=time)

    def why(self, why: str, address: object) -> str:
        """Explain a loss of the connection."""
        return self(f"why_{why}" if f"why_{why}" in self._table else "why_lost", address=address)

    def ended(self, why: str, seconds: float, address: object) -> str:
        """Explain why it is over for good; `seconds` is for how long, 0 where that is not known."""
        if seconds and f"ended_{why}_for" in self._table:
            return self(f"ended_{why}_for", time=self.duration(seconds))
        return self(f"ended_{why}") if f"ended_{why}" in self._table else self.why(why, address) + "."

    def duration(self, seconds: float) -> str:
        """Return a span of time in one unit, never too short."""
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


def language(environment: Mapping[str, str] = os.environ) -> str:
    """Return the language of the user's locale: `ru`, or `en` for every other."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(variable):
            return "ru" if value.lower().startswith("ru") else "en"
    return "en"
