"""The engine as a bot uses it: calls that wait for their answer, and an iterator of events."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from threading import Condition
from typing import TYPE_CHECKING, Final, Self, TypeVar

from chat_client.chat import Chat
from chat_client.errors import ConversationEnded, Disconnected
from chat_client.events import (
    ClientEvent,
    ConnectionLost,
    Ended,
    Entered,
    NameRefused,
    NewMessage,
    PasswordNeeded,
    Phase,
    Status,
    StatusChanged,
)
from chat_client.identity import IdentityStore, NotKept
from chat_client.joining import IfTaken
from chat_client.live_message import LiveMessage
from chat_protocol.address import Address, parse_address
from chat_protocol.messages import (
    Body,
    BodyRequest,
    Command,
    Delete,
    Edit,
    Found,
    HistoryPage,
    HistoryRequest,
    Kind,
    Link,
    Message,
    People,
    Person,
    React,
    Search,
    Topic,
)
from chat_protocol.text import clean

if TYPE_CHECKING:  # ssl takes long to load, and most need none
    from chat_protocol.tls import Tls

_log = logging.getLogger(__name__)

_MAX_WAITING: Final = 10_000
"""Events that wait to be read; the oldest are dropped beyond that."""

Answer = TypeVar("Answer", HistoryPage, Found, People, Link, Body)


def connect(  # noqa: PLR0913 - each is another setting
    address: str | Address,
    name: str = "",
    *,
    code: str = "",
    token: str = "",
    password: str = "",
    tls: "Tls | None" = None,
    history: int = 0,
    if_taken: IfTaken = IfTaken.WAIT,
    remember: bool = False,
    timeout: float | None = 30.0,
) -> "Client":
    """Join the room at `address` (`HOST[:PORT]`) and return once we are a member.

    `history` is how many of the last messages `events` and `messages` begin with. `if_taken` is what to do
    about a taken name; by default it is tried again for half a minute. With `remember`, the secret of the
    session is kept in `$XDG_STATE_HOME/oneroom`, so that the next run has its name back at once.
    With a `code` from `Client.link` of another program or device we are the same person as there, and need
    neither a name nor a password; it holds once. A name that the server reserves needs its `token`, and no
    password.

    Raises `ConversationEnded` if the room refuses us (`bad_code`: the code is wrong, used, or too old),
    `TimeoutError` if it was not reached in `timeout` seconds (None: no limit), `BadAddress`.
    """
    room = parse_address(address) if isinstance(address, str) else address
    client = Client(
        lambda listener: Chat(
            room,
            listener,
            history=history,
            password=password,
            tls=tls,
            if_taken=if_taken,
            code=code,
            token=token,
            identities=IdentityStore(room, tls=tls is not None) if remember else None,
        ),
        name,
    )
    try:
        client.wait_until_joined(timeout)
    except BaseException:
        client.close()
        raise
    return client


class Client:
    """One member of a room. `connect` makes it, `with` or `close` leaves the room.

    After a lost connection it reconnects by itself: what was missed comes then, what was not acknowledged
    is sent again, and nobody sees a message twice. Any thread may call any method; events that several
    threads iterate over go to one of them each.
    """

    def __init__(
        self, make_chat: Callable[[Callable[[ClientEvent], None]], Chat], name: str, *, quiet: bool = False
    ) -> None:
        """Begin to join with the chat that `make_chat` makes for a listener; `quiet` as for `Chat.start`."""
        self._changed = Condition()  # guards the next two, and is notified when they change
        self._events: deque[ClientEvent] = deque(maxlen=_MAX_WAITING)
        self._end: ConversationEnded | None = None  # set once
        self._chat = make_chat(self._on_event)
        self._chat.set_name(name)
        self._chat.start(quiet=quiet)

    # --- who is here -------------------------------------------------------------------

    @property
    def address(self) -> Address:
        """Where the room is."""
        return self._chat.address

    def status(self) -> Status:
        """Return a snapshot of the connection."""
        return self._chat.status()

    @property
    def name(self) -> str:
        """Our name as the room writes it."""
        return self._chat.status().name

    @property
    def members(self) -> tuple[str, ...]:
        """The members of the room, ourselves included; empty while there is no connection."""
        return self._chat.status().members

    @property
    def count(self) -> int:
        """How many members there are: in a crowd (from about 1,000 on) `members` are only some of them."""
        return self._chat.status().count

    @property
    def topic(self) -> Topic | None:
        """The topic that moderators have set, if there is one."""
        return self._chat.status().topic

    @property
    def marked(self) -> tuple[Person, ...]:
        """Who is away or a moderator, so far as we are told; in a crowd nobody is."""
        return self._chat.status().marked

    @property
    def max_text(self) -> int:
        """The most characters (code points) that a message may have."""
        return self._chat.status().limits.text

    # --- what the room says --------------------------------------------------------------

    def events(self, timeout: float | None = None) -> Iterator[ClientEvent]:
        """Yield events as they come, until `close`. `chat_client.events` describes them.

        With `timeout`, end after so many seconds without an event. Raises `ConversationEnded` if the room
        ends the conversation. Of events that are not read in time only the newest 10,000 are kept.
        """
        while (event := self._next(timeout)) is not None:
            yield event

    def messages(self, timeout: float | None = None) -> Iterator[Message]:
        """Yield the messages of the other members, as `events`: also those said while we were offline."""
        for event in self.events(timeout):
            match event:
                case NewMessage(message, own=False):
                    messages = [message]
                case Entered(messages=new):
                    messages = list(new)
                case _:
                    continue
            for message in messages:
                if not (message.mine or message.notice or message.deleted):
                    yield message

    # --- what we say -----------------------------------------------------------------------

    def say(self, text: str, timeout: float | None = None, *, kind: Kind | None = None) -> Message:
        """Say something; return once the room has stored it, as it has: with its number and time.

        With `kind="action"` it tells what we do, as `/me` does. Waits while there is no connection. Raises
        `Refused` (too long, empty, muted), `ConversationEnded`, or after `timeout` seconds `TimeoutError`:
        then it may still be stored later.
        """
        return self._chat.say(clean(text), kind=kind).result(timeout)

    def reply(self, message: Message | int, text: str, timeout: float | None = None) -> Message:
        """Answer a message, given itself or by its number. Returns and raises as `say`, and as `react`."""
        return self._chat.say(clean(text), reply=_number(message)).result(timeout)

    def edit(self, message: Message | int, text: str, timeout: float | None = None) -> None:
        """Replace the text of our own message. Returns and raises as `react`, also `Refused` as `say`."""
        self._chat.act(Edit(id=_number(message), text=clean(text))).result(timeout)

    def delete(self, message: Message | int, timeout: float | None = None) -> None:
        """Delete our own message, or as a moderator anybody's. Returns and raises as `react`."""
        self._chat.act(Delete(id=_number(message))).result(timeout)

    def react(
        self, message: Message | int, emoji: str, timeout: float | None = None, *, on: bool = True
    ) -> None:
        """Add our reaction to a message, one emoji, or take it back with `on=False`.

        Returns once the room has stored it; `events` then has brought a `MessageChanged`, unless nothing has
        changed. Waits while there is no connection. Raises `Refused` (`unknown_type`: this room has no such
        acts; `not_found`, `not_yours`, `too_late`, …; `new_log`: the number was of an earlier log),
        `ConversationEnded`, or after `timeout` seconds `TimeoutError`: then it may still be stored later.
        """
        self._chat.act(React(id=_number(message), emoji=emoji, on=on)).result(timeout)

    def live(self, title: str) -> LiveMessage:
        """Begin a live message with a title of one line: what is written to it is one message that grows.

        `with` ends it, with the code 1 if the block raises. What the room refuses raises there.
        """
        return LiveMessage(self._chat, title)

    # --- what we ask -----------------------------------------------------------------------

    def history(self, limit: int = 50, before: int | None = None, timeout: float = 30.0) -> list[Message]:
        """Return up to `limit` messages with numbers below `before` (None: the newest), oldest first.

        A room gives at most 500 at once. Raises `Refused`, `ConversationEnded`, or `TimeoutError`.
        """
        return list(self._ask(HistoryRequest(before, limit), HistoryPage, timeout).messages)

    def search(
        self, query: str, limit: int = 20, before: int | None = None, timeout: float = 30.0
    ) -> list[Message]:
        """Return the newest messages below `before` that have words with these beginnings, oldest first.

        Raises as `history`.
        """
        return list(self._ask(Search(query, before, limit), Found, timeout).messages)

    def people(
        self, prefix: str = "", after: str = "", limit: int = 100, timeout: float = 30.0
    ) -> Sequence[str]:
        """Return names of members in their order: those that begin with `prefix`, behind the name `after`.

        A room gives at most 100 at once; the last is the next `after`, until none comes. Raises as `history`;
        `Refused` has the code `unknown_type` if the room is older.
        """
        return self._ask(People(prefix, after, limit), People, timeout).members

    def link(self, timeout: float = 30.0) -> Link:
        """Return a one-time `code`, with which one more device becomes us, and how many `seconds` it holds.

        `connect` takes it as `code`, the terminal as `oneroom HOST --code CODE`. It replaces an earlier one.
        Raises as `history`; `Refused` has the code `unknown_type` if the room is older.
        """
        return self._ask(Link(), Link, timeout)

    def body(
        self, message: Message | int, start: int = 0, timeout: float = 30.0, *, follow: bool | None = None
    ) -> Body:
        """Return final lines of a live message from an offset on, and whether there are `more` behind them.

        `start` is in bytes of UTF-8. With `follow`, `events` brings what is written later as
        `FollowedOutput`, over this connection. Raises as `history`; `Refused` has the code `not_found` if
        that is no live message.
        """
        return self._ask(BodyRequest(id=_number(message), start=start, follow=follow), Body, timeout)

    def _ask(self, command: Command, kind: type[Answer], timeout: float) -> Answer:
        """Return the answer of the room; ask again over a new connection if one is lost."""
        deadline = time.monotonic() + timeout
        while True:
            self._wait_for(_is_settled, deadline)
            try:
                answer = self._chat.ask(command).result(max(0.0, deadline - time.monotonic()))
            except Disconnected:
                continue
            assert isinstance(answer, kind)
            return answer

    # --- beginning and end -----------------------------------------------------------------

    def wait_until_joined(self, timeout: float | None = None) -> None:
        """Wait until we are a member. Raises as `connect`."""
        self._wait_for(_is_settled, None if timeout is None else time.monotonic() + timeout)

    def close(self) -> None:
        """Leave the room; what it has not acknowledged within two seconds is lost. May be repeated."""
        self._chat.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_for(self, condition: Callable[[Status], bool], deadline: float | None) -> None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not self._chat.wait_for(condition, left):
            raise TimeoutError(f"{self._chat.address}: {self._chat.status().reason or 'no answer'}")
        if self._chat.status().phase is not Phase.ONLINE:
            with self._changed:
                self._changed.wait_for(lambda: self._end is not None)
                assert self._end
                raise self._end

    def _next(self, timeout: float | None) -> ClientEvent | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._events) or self._end is not None, timeout)
            if self._events:
                return self._events.popleft()
            if self._end is None or self._end.reason == "left":
                return None
            raise self._end

    # --- the room thread -----------------------------------------------------------------

    def _on_event(self, event: ClientEvent) -> None:
        match event:
            case StatusChanged():
                return
            case NameRefused(code) | PasswordNeeded(code):
                self._chat.stop(code)
            case ConnectionLost(reason):
                _log.warning("%s: %s; trying again", self._chat.address, reason)
            case Entered(rejoined=True, missed=missed):
                _log.warning("%s: back online; %d messages were left out", self._chat.address, missed)
            case NotKept(path, reason):
                _log.warning("%s: %s", path, reason or "damaged")
        with self._changed:
            if isinstance(event, Ended):
                self._end = ConversationEnded(event.reason, event.seconds)
            else:
                self._events.append(event)
            self._changed.notify_all()


def _number(message: Message | int) -> int:
    return message if isinstance(message, int) else message.id


def _is_settled(status: Status) -> bool:
    return status.phase in (Phase.ONLINE, Phase.ENDED)
