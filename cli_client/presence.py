"""Who comes and goes, several in one line."""

from typing import Final, NamedTuple

from chat_protocol.messages import Joined, Left
from chat_protocol.text import one_line
from cli_client.layout import Fragments, Layout
from cli_client.name_colours import NameColours
from cli_client.translations import Translations

_HAS_NOTICE: Final = frozenset({"kicked", "banned"})  # reasons for leaving that a notice has announced
# Who has come, has gone, or was here or away for a moment: first and last of what a person did.
_SIGNS: Final = {(True, True): "→", (False, False): "←", (True, False): "↔", (False, True): "↔"}


class Visits(NamedTuple):
    """Who has come and gone, since when, and whether the last one has gone as the connection was too slow.

    Of each it says whether the first and the last thing they did was to come.
    """

    at: str
    people: dict[str, tuple[bool, bool]]
    is_slow: bool


MOST: Final = 50
"""People in one line."""

NOBODY: Final = Visits("", {}, is_slow=False)


class Presence:
    """One line about those who come and go, until something else is shown. Owned by the main thread."""

    def __init__(self, texts: Translations, layout: Layout, colours: NameColours) -> None:
        self._texts = texts
        self._layout = layout
        self._colours = colours
        self.visits = NOBODY
        """Those since something else was shown."""

    def note(self, event: Joined | Left) -> None:
        """Add that somebody has come or gone."""
        reason = event.reason if isinstance(event, Left) else None
        if reason in _HAS_NOTICE:
            return
        has_come = isinstance(event, Joined)
        first, _ = self.visits.people.get(event.name, (has_come, has_come))
        people = self.visits.people | {event.name: (first, has_come)}
        self.visits = Visits(self.visits.at if self.visits.people else event.at, people, reason == "slow")

    def show(self, visits: Visits, *, with_date: bool = True) -> Fragments:
        """Return the line about visits; with its date, if that is a new one."""
        if not visits.people:
            return []
        runs = self._one(visits) if len(visits.people) == 1 else self._several(visits)
        date = self._layout.day(visits.at) if with_date else []
        return [*date, *self._layout.presence(visits.at, runs)]

    def _one(self, visits: Visits) -> Fragments:
        [(name, visit)] = visits.people.items()
        key = "joined" if visit[1] else "left_because_slow" if visits.is_slow else "left"
        before, _, after = self._texts(key, name="\0").partition("\0")
        sign = ("class:dim", f"{_SIGNS[visit]} {before}")
        return [sign, (self._colours.style(name), one_line(name)), ("class:dim", after)]

    def _several(self, visits: Visits) -> Fragments:
        out: Fragments = []
        for sign in dict.fromkeys(_SIGNS.values()):
            names = [name for name, visit in visits.people.items() if _SIGNS[visit] == sign]
            if names:
                out += [("class:dim", f"{' · ' if out else ''}{sign} "), *self._colours.listed(names)]
        return out
