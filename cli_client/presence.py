"""Who comes and goes, several in one line."""

from collections.abc import Callable
from typing import Final, NamedTuple

from chat_protocol.text import one_line
from cli_client.layout import Fragments, Layout
from cli_client.name_colours import NameColours
from cli_client.translations import Translations

# Who has come, has gone, or was here or away for a moment: first and last of what a person did.
_SIGNS: Final = {(True, True): "→", (False, False): "←", (True, False): "↔", (False, True): "↔"}


class _Visit(NamedTuple):
    """Whether the first and the last thing a person did was to come."""

    first: bool
    last: bool


class Presence:
    """One line about those who come and go, until something else is shown. Owned by the main thread."""

    def __init__(self, texts: Translations, layout: Layout, colours: NameColours) -> None:
        self._texts = texts
        self._layout = layout
        self._colours = colours
        self._at = ""
        self._visits: dict[str, _Visit] = {}
        self._slow = False

    def note(self, name: str, at: str, *, has_come: bool, slow: bool = False) -> None:
        """Add that somebody has come or gone; `slow`: as their connection was too slow."""
        if not self._visits:
            self._at = at
        before = self._visits.get(name)
        self._visits[name] = _Visit(before.first if before else has_come, has_come)
        self._slow = slow

    def take(self) -> Fragments:
        """Return the line, behind a new date, and begin anew; empty if nobody has come or gone."""
        line = self.show()
        if not line:
            return []
        self._visits = {}
        return [*self._layout.day(self._at), *line]

    def before(self, show: Callable[[], Fragments]) -> Fragments:
        """Return the line and what `show` returns; if that is empty, the line can still go on."""
        if not self._visits:
            return show()
        visits, date = self._visits, self._layout.date
        line, shown = self.take(), show()
        if shown:
            return [*line, *shown]
        self._visits, self._layout.date = visits, date
        return []

    def show(self) -> Fragments:
        """Return the line so far, without a date; empty if nobody has come or gone."""
        if not self._visits:
            return []
        return self._layout.presence(self._at, self._one() if len(self._visits) == 1 else self._several())

    def _one(self) -> Fragments:
        [(name, visit)] = self._visits.items()
        key = "joined" if visit.last else "left_because_slow" if self._slow else "left"
        before, _, after = self._texts(key, name="\0").partition("\0")
        sign = ("class:dim", f"{_SIGNS[visit]} {before}")
        return [sign, (self._colours.style(name), one_line(name)), ("class:dim", after)]

    def _several(self) -> Fragments:
        out: Fragments = []
        for sign in dict.fromkeys(_SIGNS.values()):
            names = [name for name, visit in self._visits.items() if _SIGNS[visit] == sign]
            if names:
                out += [("class:dim", f"{' · ' if out else ''}{sign} "), *self._colours.listed(names)]
        return out
