"""The conversation with the room, across as many connections as it takes.

No terminal in here: a face (`terminal`, `pipe`) calls the methods of `Chat` and is
told `news`. Three threads meet:

    the face's thread   calls say, enter, … : they never wait for the network
    the room thread     connects, reads, reconnects; alone calls the listener
    the sender thread   one per connection; writes what was put, pings in silence
"""

import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from chat_protocol.address import Address
from chat_protocol.connection import Connection
from chat_protocol.contract import MAX_LINE, SILENCE_LIMIT
from chat_protocol.errors import NotARoom, ProtocolError, RoomFull
from chat_protocol.messages import (
    Ack,
    Bye,
    Error,
    Event,
    Found,
    History,
    HistoryRequest,
    Join,
    Joined,
    Leave,
    Left,
    Limits,
    Message,
    Pong,
    Search,
    Typing,
    Welcome,
)
from cli_client.backoff import Backoff
from cli_client.news import (
    Changed,
    Ended,
    Entered,
    Hits,
    Lost,
    NameRefused,
    News,
    Page,
    Phase,
    Said,
    Status,
    Trouble,
    Unsent,
)
from cli_client.outbox import Outbox
from cli_client.sender import Sender
from cli_client.transcript import Transcript

CONTEXT: Final = 3
"""Neighbours shown on each side of a message that was looked up by number."""

NAME_CODES: Final = frozenset({"name_empty", "name_too_long", "name_invalid", "name_taken"})
_FINAL: Final = frozenset({"left", "kicked", "replaced"})
_NAME_REFUSED: Final = "name_refused"
_ASSUMED: Final = Limits(name=32, text=4000, line=MAX_LINE, history=500)


class Chat:
    """One person's conversation with the room at `address`.

    `listener` is called with every piece of news, in order and always from the
    room thread, never under a lock; it must not raise. `history` is how many of
    the last messages to ask for on first entering. All methods may be called from
    any thread, before `start` too.
    """

    def __init__(self, address: Address, listener: Callable[[News], None], *, history: int = 50) -> None:
        self.address = address
        self._tell = listener
        self._history = history
        self._thread = threading.Thread(target=self._run, name="room", daemon=True)
        self._backoff = Backoff()  # the room thread's
        self._lost = False  # the room thread's: a loss was told and no welcome came since

        # Guards everything below, and is notified when any of it changes.
        self._changed = threading.Condition()
        self._phase = Phase.NAMELESS
        self._name = ""  # wished for, then as the room wrote it; empty: another one is needed
        self._session: str | None = None
        self._members: list[str] = []
        self._limits = _ASSUMED
        self._outbox = Outbox()
        self._transcript: Transcript | None = None
        self._connection: Connection | None = None  # the present one, welcomed or not
        self._sender: Sender | None = None  # its writing half, while the room has us in
        self._asked: list[int | None] = []  # history requests on this connection; None: a page, else a number
        self._retry_at = 0.0  # monotonic
        self._why = ""
        self._leaving = False

    # --- what a face may do ------------------------------------------------------

    def start(self) -> None:
        """Begin to reach for the room."""
        self._thread.start()

    def enter(self, name: str) -> None:
        """Choose a name, at first and after each `NameRefused`."""
        with self._changed:
            self._name, self._phase = name, Phase.CONNECTING
            self._changed.notify_all()

    def say(self, text: str) -> None:
        """Say `text` now, or as soon as the room is reached again. Cleaned and within the limit."""
        with self._changed:
            say = self._outbox.add(text)
            if self._sender:
                self._sender.put(say)
            self._changed.notify_all()

    def typing(self) -> None:
        """Let the others know that something is being written; at most once in 3 s."""
        with self._changed:
            if self._sender:
                self._sender.put(Typing())

    def page(self, limit: int) -> bool:
        """Ask for older messages: those a resume left out, else what lies before. False: not online."""
        with self._changed:
            if not self._sender or not self._transcript:
                return False
            if None not in self._asked:  # one page at a time, or the same one would come twice
                self._ask(None, self._transcript.next_page(min(limit, self._limits.history)))
            return True

    def show(self, number: int) -> Page | None:
        """Return message `number` with its neighbours, or ask the room for it.

        An empty page means that it is neither known here nor can be asked for now;
        None that it will come as news.
        """
        with self._changed:
            known = self._transcript.around(number, CONTEXT) if self._transcript else []
            if known or not self._sender:
                return Page(known, number)
            self._ask(number, HistoryRequest(before=number + CONTEXT + 1, limit=2 * CONTEXT + 1))
            return None

    def search(self, words: str, limit: int) -> bool:
        """Look for the newest `limit` messages with all these words. False: not online."""
        with self._changed:
            if self._sender:
                self._sender.put(Search(words[:256], limit=limit))
            return self._sender is not None

    def retry_now(self) -> None:
        """Cut the wait for the next try short."""
        with self._changed:
            self._retry_at = 0.0
            self._changed.notify_all()

    def leave(self, timeout: float = 2.0) -> None:
        """Leave for good, waiting at most about `timeout` seconds for the room's goodbye."""
        with self._changed:
            self._leaving = True
            if self._sender:
                self._sender.put(Leave())
            elif self._connection:
                self._connection.close()
            self._changed.notify_all()
        self._thread.join(timeout)
        with self._changed:
            connection = self._connection
        if connection:
            connection.close()
            self._thread.join(1.0)

    def status(self) -> Status:
        """Look at how things stand."""
        with self._changed:
            return self._status()

    def wait_for(self, condition: Callable[[Status], bool], timeout: float | None) -> bool:
        """Wait until `condition` holds; say whether it does after `timeout` seconds (None: no end)."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self._status()), timeout)

    # --- with the lock held ------------------------------------------------------

    def _status(self) -> Status:
        return Status(
            phase=self._phase,
            name=self._name,
            members=tuple(self._members),
            unsent=tuple(say.text for say in self._outbox.waiting()),
            limits=self._limits,
            retry_in=max(0.0, self._retry_at - time.monotonic()),
            why=self._why,
        )

    def _ask(self, what: int | None, request: HistoryRequest) -> None:
        assert self._sender is not None
        self._asked.append(what)
        self._sender.put(request)

    # --- the room thread ---------------------------------------------------------

    def _run(self) -> None:
        while name := self._awaited_name():
            why = self._visit(name)
            if why in _FINAL:
                self._end(why)
                return
            if why != _NAME_REFUSED:
                self._pause(why)
        self._end("left")

    def _awaited_name(self) -> str:
        """Wait for a name to enter with; empty once this person wants to leave."""
        with self._changed:
            self._changed.wait_for(lambda: self._name or self._leaving)
            if self._leaving:
                return ""
            self._phase = Phase.CONNECTING
            self._changed.notify_all()
            name = self._name
        self._tell(Changed())
        return name

    def _visit(self, name: str) -> str:
        """Hold one connection from its first byte to its last; return why it is over."""
        try:
            with (
                Connection.open(self.address, silence=SILENCE_LIMIT) as connection,
                Sender(connection) as sender,
            ):
                with self._changed:
                    if self._leaving:
                        return "left"
                    self._connection = connection
                    since = self._transcript.mark() if self._transcript else None
                    sender.put(Join(name, self._session, since, None if since else self._history))
                for event in connection.events():
                    if over := self._take(event, sender):
                        return over
        except ProtocolError as error:
            return _reason(error)
        finally:
            with self._changed:
                self._connection = self._sender = None
                self._asked.clear()
                self._members.clear()
        return "lost"

    def _pause(self, why: str) -> None:
        """Wait for the next try, or until someone is impatient."""
        with self._changed:
            if self._leaving:
                return
            self._phase, self._why = Phase.WAITING, why
            delay = self._backoff.next()
            self._retry_at = time.monotonic() + delay
            self._changed.notify_all()
        self._tell(Changed() if self._lost else Lost(why))
        self._lost = True
        with self._changed:
            self._changed.wait_for(lambda: self._leaving or self._retry_at <= time.monotonic(), delay)

    def _end(self, why: str) -> None:
        with self._changed:
            self._phase, self._why = Phase.ENDED, why
            self._changed.notify_all()
        self._tell(Ended(why))

    def _take(self, event: Event, sender: Sender) -> str:  # noqa: C901 - one case a kind of event
        """Deal with one event; return why the connection is over, empty while it is not."""
        match event:
            case Welcome():
                self._tell(self._welcomed(event, sender))
            case Message():
                self._heard(event)
            case Ack():
                self._tell(self._acknowledged(event))
            case Joined() | Left():
                self._tell(self._presence(event))
            case Typing():
                self._tell(event)
            case History():
                self._tell(self._paged(event))
            case Found():
                self._tell(Hits(event.messages, event.more))
            case Error():
                return self._refused(event)
            case Bye():
                return event.reason
            case Pong():
                pass
        return ""

    def _welcomed(self, welcome: Welcome, sender: Sender) -> News:
        with self._changed:
            back = self._transcript is not None
            new_log = self._transcript is not None and not self._transcript.continues_in(welcome)
            if self._transcript is None or new_log:
                self._transcript = Transcript(welcome.epoch)
            new = self._transcript.resume(welcome)
            self._name, self._session, self._limits = welcome.name, welcome.session, welcome.limits
            self._members[:] = welcome.members
            self._phase, self._why = Phase.ONLINE, ""
            # Under the lock, so that nothing said now can overtake what was said before.
            self._sender = sender
            for say in self._outbox.waiting():
                sender.put(say)
            if self._leaving:
                sender.put(Leave())
            self._changed.notify_all()
        self._lost = False
        self._backoff.reset()
        return Entered(welcome.name, back, new_log, new, welcome.missed, tuple(welcome.members))

    def _heard(self, message: Message) -> None:
        with self._changed:
            new = self._transcript is not None and self._transcript.add(message)
            own = message.name == self._name
        if new:
            self._tell(Said(message, own))

    def _acknowledged(self, ack: Ack) -> News:
        with self._changed:
            text = self._outbox.settle(ack.ref)
            if text is None or self._transcript is None:
                return Changed()
            message = Message(ack.id, ack.at, self._name, text)
            unseen = self._transcript.add_own(message)
            self._changed.notify_all()
        return Said(message, own=True) if unseen else Changed()

    def _presence(self, event: Joined | Left) -> News:
        with self._changed:
            if isinstance(event, Left):
                self._members[:] = [name for name in self._members if name != event.name]
            elif event.name not in self._members:
                self._members.append(event.name)
            self._changed.notify_all()
        return event

    def _paged(self, history: History) -> News:
        with self._changed:
            target = self._asked.pop(0) if self._asked else None
            if target is not None:
                found = any(message.id == target for message in history.messages)
                return Page(history.messages if found else (), target)
            new = self._transcript.add_page(history.messages) if self._transcript else []
            if history.messages and not new and self._transcript:
                self._ask(None, self._transcript.next_page(len(history.messages)))
                return Changed()
        return Page(new)

    def _refused(self, error: Error) -> str:
        with self._changed:
            text = self._outbox.settle(error.ref) if error.ref else None
            entering = self._sender is None
            name_refused = entering and error.code in NAME_CODES
            if name_refused:
                self._name, self._phase = "", Phase.NAMELESS
            self._changed.notify_all()
        if name_refused:
            # The next name is tried on a connection of its own: the room does not
            # wait as long as a person may think.
            self._tell(NameRefused(error.code, error.text))
            return _NAME_REFUSED
        if entering:
            return error.code
        self._tell(Trouble(error.code, error.text) if text is None else Unsent(text, error.code, error.text))
        return ""


def _reason(error: ProtocolError) -> str:
    """Put a failure of the network into a word of `Status.why`."""
    match error:
        case RoomFull():
            return "full"
        case NotARoom():
            return "not_a_room"
    match error.__cause__:
        case socket.gaierror():
            return "unknown_host"
        case ConnectionRefusedError():
            return "refused"
        case TimeoutError():
            return "timeout"
    return "lost"
