"""Lines that grow until something else is shown: who comes and goes, and how many messages are hidden."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from chat_protocol.messages import Joined, Left, Message
from cli_client.ignored import Ignored
from cli_client.layout import Fragments, Layout
from cli_client.name_colours import NameColours
from cli_client.presence import NOBODY, Presence, Visits
from cli_client.translations import Translations


class Hidden(NamedTuple):
    """Messages of ignored people, one after the other: when the first came, its number, that of the last."""

    at: str
    many: int
    first: int
    last: int


_NONE: Final = Hidden("", 0, 0, 0)


def folded(messages: Iterable[Message], ignored: Ignored) -> Iterator[Message | Hidden]:
    """Yield messages, of ignored people only how many there are in a row."""
    hidden = _NONE
    for message in messages:
        if ignored.hides(message):
            hidden = _and_one(hidden, message)
            continue
        if hidden.many:
            yield hidden
            hidden = _NONE
        yield message
    if hidden.many:
        yield hidden


def _and_one(hidden: Hidden, message: Message) -> Hidden:
    return Hidden(hidden.at or message.at, hidden.many + 1, hidden.first or message.id, message.id)


class WaitingLines:
    """The lines that still grow: at most one about hidden messages, and one about who comes and goes.

    Owned by the main thread.
    """

    def __init__(self, texts: Translations, layout: Layout, colours: NameColours) -> None:
        self._texts = texts
        self._layout = layout
        self._presence = Presence(texts, layout, colours)
        self._hidden = _NONE

    @property
    def people(self) -> int:
        """How many have come or gone since something else was shown."""
        return len(self._presence.visits.people)

    def note(self, event: Joined | Left) -> None:
        """Add that somebody has come or gone."""
        self._presence.note(event)

    def hide(self, message: Message) -> None:
        """Add a hidden message."""
        self._hidden = _and_one(self._hidden, message)

    @property
    def items(self) -> list[Hidden | Visits]:
        """What the lines are about."""
        hidden = [self._hidden] if self._hidden.many else []
        return [*hidden, *([self._presence.visits] if self._presence.visits.people else [])]

    def end(self) -> None:
        """Begin anew: something else is shown."""
        self._hidden, self._presence.visits = _NONE, NOBODY

    def show(self, item: Hidden | Visits, *, with_date: bool = True) -> Fragments:
        """Return the line about something; with its date, if that is a new one."""
        if isinstance(item, Visits):
            return self._presence.show(item, with_date=with_date)
        numbers = f"#{item.first}" if item.many == 1 else f"#{item.first}–#{item.last}"
        text = self._texts.plural("hidden", item.many, numbers=numbers)
        date = self._layout.day(item.at) if with_date else []
        return [*date, *self._layout.presence(item.at, [("class:dim", text)])]
