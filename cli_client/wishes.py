"""What this person has asked of the room, for answers that do not repeat the question."""

from typing import Final

from chat_protocol.messages import Bans, Command, Message, Moderate, Search, Whois

Wish = Moderate | Whois | Bans | Search
"""What may be refused without a word of what it was."""

_OF_GUESSES: Final = frozenset({"password_wrong", "too_fast"})
_OF_SEARCHES: Final = frozenset({"too_fast", "unavailable"})


class Wishes:
    """The wishes on their way over one connection, oldest first.

    Not thread-safe: its owner's lock guards it. The room answers orders in the order they
    came, and searches likewise, though not one behind the other.
    """

    def __init__(self) -> None:
        self._orders: list[Moderate | Whois | Bans] = []
        self._searches: list[Search] = []

    def sent(self, command: Command) -> None:
        """Remember what is going out, if it is a wish."""
        match command:
            case Moderate() | Whois() | Bans():
                self._orders.append(command)
            case Search():
                self._searches.append(command)

    def refused(self, code: str) -> Wish | None:
        """Return which wish an error with this code answers, if it is one's answer."""
        if code in _OF_SEARCHES and self._searches:
            return self._searches.pop(0)
        if code not in _OF_GUESSES and self._orders:
            return self._orders.pop(0)
        return None

    def done(self, event: Message | Whois | Bans) -> None:
        """Let go of the order that is carried out by this: one's own notice, or an answer."""
        for place, order in enumerate(self._orders):
            if isinstance(event, Message):
                same = isinstance(order, Moderate) and event.notice and order.act == event.notice.act
            else:
                same = type(order) is type(event)
            if same:
                del self._orders[: place + 1]
                return

    def found(self) -> str:
        """Return which words the next hits are for."""
        return self._searches.pop(0).query if self._searches else ""

    def clear(self) -> None:
        """Forget all: the connection is gone, and no answer will come."""
        self._orders.clear()
        self._searches.clear()
