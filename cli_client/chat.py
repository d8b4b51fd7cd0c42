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
from chat_protocol.contract import IDLE_TIMEOUT, MAX_QUERY
from chat_protocol.errors import Banned, NotARoom, ProtocolError, RoomFull, TlsFailed
from chat_protocol.messages import Command, Leave, Search, Throttled, Typing, Welcome
from chat_protocol.tls import Tls
from cli_client.backoff import Backoff
from cli_client.conversation import ASKED, LONGEST_WAIT, Conversation
from cli_client.news import Changed, Ended, Lost, News, Page, Phase, Status
from cli_client.sender import Sender

_FINAL: Final = frozenset({"left", "kicked", "banned", "shut_out", "password", "replaced"})
_NO_TRUST: Final = frozenset({"not_tls", "untrusted", "expired", "not_yet_valid", "wrong_host", "wrong_pin"})
"""Before the first welcome these are mistakes in the settings, which no second try mends."""
_NEEDS_ANSWER: Final = (Phase.NAMELESS, Phase.LOCKED)


class Chat:
    """One person's conversation with the room at `address`.

    `listener` is called with every piece of news, in order and always from the
    room thread, never under a lock; it must not raise. `history` is how many of
    the last messages to ask for on first entering; `password` what the room may ask
    for. All methods may be called from any thread, before `start` too.
    """

    def __init__(
        self,
        address: Address,
        listener: Callable[[News], None],
        *,
        history: int = 50,
        password: str = "",
        tls: Tls | None = None,
    ) -> None:
        self.address = address
        self._tls = tls
        self._tell = listener
        self._thread = threading.Thread(target=self._run, name="room", daemon=True)
        self._backoff = Backoff()  # the room thread's
        self._lost = False  # the room thread's: a loss was told and no welcome came since

        # Guards everything below, and is notified when any of it changes.
        self._changed = threading.Condition()
        self._talk = Conversation(history, password)
        self._connection: Connection | None = None  # the present one, welcomed or not

    # --- what a face may do ------------------------------------------------------

    def start(self) -> None:
        """Begin to reach for the room."""
        self._thread.start()

    def enter(self, name: str) -> None:
        """Choose a name, at first and after each `NameRefused`."""
        with self._changed:
            self._talk.name, self._talk.phase = name, Phase.CONNECTING
            self._changed.notify_all()

    def unlock(self, password: str) -> None:
        """Give the room's password, after each `PasswordWanted`."""
        with self._changed:
            self._talk.password, self._talk.phase = password, Phase.CONNECTING
            self._changed.notify_all()

    def say(self, text: str) -> None:
        """Say `text` now, or as soon as the room is reached again. Cleaned and within the limit."""
        with self._changed:
            self._talk.say(text)
            self._changed.notify_all()

    def typing(self) -> None:
        """Let the others know that something is being written; at most once in 3 s."""
        self.ask(Typing())

    def page(self, limit: int) -> bool:
        """Ask for older messages: those a resume left out, else what lies before. False: not online."""
        with self._changed:
            return self._talk.page(limit)

    def show(self, number: int) -> Page | None:
        """Return message `number` with its neighbours, or ask the room for it.

        An empty page means that it is neither known here nor can be asked for now;
        None that it will come as news.
        """
        with self._changed:
            return self._talk.show(number)

    def search(self, words: str, limit: int) -> bool:
        """Look for the newest `limit` messages with all these words. False: not online."""
        return self.ask(Search(words[:MAX_QUERY], limit=limit))

    def ask(self, command: Command) -> bool:
        """Send what is answered by news, or lost with the connection. False: not online."""
        with self._changed:
            return self._talk.send(command)

    def retry_now(self) -> None:
        """Cut the wait for the next try short."""
        with self._changed:
            self._talk.retry_at = 0.0
            self._changed.notify_all()

    def leave(self, timeout: float = 2.0) -> None:
        """Leave for good, waiting at most about `timeout` seconds for the room's goodbye."""
        with self._changed:
            self._talk.leaving = True
            if not self._talk.send(Leave()) and self._connection:
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
            return self._talk.status()

    def wait_for(self, condition: Callable[[Status], bool], timeout: float | None) -> bool:
        """Wait until `condition` holds; say whether it does after `timeout` seconds (None: no end)."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self._talk.status()), timeout)

    # --- the room thread ---------------------------------------------------------

    def _run(self) -> None:
        why = "left"
        while self._may_enter():
            why = self._visit()
            if why in _FINAL:
                break
            if why != ASKED and not self._pause(why):
                break
        self._end(why)

    def _may_enter(self) -> bool:
        """Wait until there is a name to enter with, and what else is needed; False: to leave instead."""
        with self._changed:
            self._changed.wait_for(lambda: self._talk.phase not in _NEEDS_ANSWER or self._talk.leaving)
            if self._talk.leaving:
                return False
            self._talk.phase = Phase.CONNECTING
            self._changed.notify_all()
        self._tell(Changed())
        return True

    def _visit(self) -> str:
        """Hold one connection from its first byte to its last; return why it is over."""
        try:
            with (
                Connection.open(self.address, idle_timeout=IDLE_TIMEOUT, tls=self._tls) as connection,
                Sender(connection) as sender,
            ):
                with self._changed:
                    if self._talk.leaving:
                        return "left"
                    self._connection = connection
                    self._talk.connected(sender.put)
                for event in connection.events():
                    if isinstance(event, Throttled):
                        # Our own pings wait in line too: the room is silent, not gone.
                        patience = min(max(0.0, event.seconds), LONGEST_WAIT)
                        connection.socket.settimeout(IDLE_TIMEOUT + patience)
                    with self._changed:
                        news, over = self._talk.take(event), self._talk.over
                        self._changed.notify_all()
                    if isinstance(event, Welcome):
                        self._lost = False
                        self._backoff.reset()
                    for piece in news or (Changed(),):
                        self._tell(piece)
                    if over:
                        return over
        except ProtocolError as error:
            why = _reason(error)
            # What waits behind TLS for a client to begin looks like this to one that does not.
            return "no_greeting" if why == "timeout" and not (self._tls or self._talk.transcript) else why
        finally:
            with self._changed:
                self._connection = None
                self._talk.disconnected()
        return "lost"

    def _pause(self, why: str) -> bool:
        """Wait for the next try, or until someone is impatient; False: there is to be none."""
        with self._changed:
            if self._talk.leaving or (why in _NO_TRUST and not self._talk.transcript):
                return False
            self._talk.phase, self._talk.why = Phase.WAITING, why
            delay = max(self._backoff.next(), min(self._talk.retry_after, LONGEST_WAIT))
            self._talk.retry_at = time.monotonic() + delay
            self._changed.notify_all()
        self._tell(Changed() if self._lost else Lost(why))
        self._lost = True
        with self._changed:
            self._changed.wait_for(
                lambda: self._talk.leaving or self._talk.retry_at <= time.monotonic(), delay
            )
        return True

    def _end(self, why: str) -> None:
        with self._changed:
            if self._talk.leaving and why not in _FINAL:
                why = "left"
            self._talk.phase, self._talk.why = Phase.ENDED, why
            seconds = self._talk.retry_after
            self._changed.notify_all()
        self._tell(Ended(why, seconds))


def _reason(error: ProtocolError) -> str:
    """Put a failure of the network into a word of `Status.why`."""
    match error:
        case RoomFull():
            return "full"
        case Banned():
            return "shut_out"
        case NotARoom():
            return "not_a_room"
        case TlsFailed():
            return error.code
    match error.__cause__:
        case socket.gaierror() | UnicodeError():
            return "unknown_host"
        case ConnectionRefusedError():
            return "refused"
        case TimeoutError():
            return "timeout"
    return "lost"
