"""A conversation with the room, which continues over new connections when one is lost.

No user interface here: a frontend (`terminal`, `pipe`) calls the methods of `Chat` and
receives its events. Three threads:

    the frontend's thread   calls the methods; only `leave` waits for the network
    the room thread         connects, reads, reconnects; the only one that calls the listener
    the sender thread       one per connection; writes commands, pings when there are none
"""

import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from chat_client.backoff import Backoff
from chat_client.conversation import INPUT_NEEDED, MAX_WAIT, Conversation
from chat_client.events import ClientEvent, ConnectionLost, Ended, OlderMessages, Phase, Status, StatusChanged
from chat_client.identity import Identity, IdentityStore
from chat_client.joining import IfTaken
from chat_client.outbox import MessageAct
from chat_client.sender import Sender
from chat_protocol.address import Address
from chat_protocol.connection import Connection
from chat_protocol.contract import ANSWER_TIMEOUT, MAX_WHY
from chat_protocol.errors import Banned, NoPrompt, NotARoom, ProtocolError, RoomFull, TlsFailed
from chat_protocol.messages import Ack, Away, Command, Event, Kind, Message, Say, Start, Throttled, Welcome

if TYPE_CHECKING:  # these take long to load, and the filter needs none
    from concurrent.futures import Future

    from chat_protocol.tls import Tls

_FINAL_REASONS: Final = frozenset(
    {"left", "left_elsewhere", "kicked", "banned", "address_banned", "password", "replaced", "bad_code"}
)
_TLS_REASONS: Final = ("not_tls", "untrusted", "expired", "not_yet_valid", "wrong_host", "wrong_pin")
"""Before the first welcome these mean wrong settings, so there is no second attempt."""


_KEEP_INTERVAL: Final = 5.0
"""Seconds after which what was read is kept again, if there are events."""


class Chat:
    """One person's conversation with the room at `address`.

    The room thread calls `listener` with every event, in order and without holding a lock;
    it must not raise. `history` is how many of the last messages to request at first;
    `password` is the room's, `identities` is where who we are is kept. With `code`, which another device
    got by `Link`, we are the same person as there, and need no name. Any thread may call any method,
    before `start` too.
    """

    def __init__(  # noqa: PLR0913 - each is another setting
        self,
        address: Address,
        listener: Callable[[ClientEvent], None],
        *,
        history: int = 50,
        password: str = "",
        tls: "Tls | None" = None,
        family: int = socket.AF_UNSPEC,
        if_taken: IfTaken = IfTaken.ASK,
        code: str = "",
        token: str = "",
        identities: IdentityStore | None = None,
    ) -> None:
        self.address = address
        self._tls = tls
        self._family = family
        self._identities = identities
        # Owned by the room thread: the identity that was kept last, and when (monotonic).
        self._kept: Identity | None = None
        self._kept_at = 0.0
        self._listener = listener
        self._thread = threading.Thread(target=self._run, name="room", daemon=True)
        self._backoff = Backoff()  # owned by the room thread
        self._is_lost = False  # owned by the room thread: the loss was reported, and no welcome came since

        # Guards everything below, and is notified when any of it changes.
        self._changed = threading.Condition()
        self._conversation = Conversation(history, password, if_taken, code, token)
        self._connection: Connection | None = None  # the current one, before its welcome too

    # --- for the frontend ----------------------------------------------------------

    def start(self, *, quiet: bool = False) -> None:
        """Start the room thread. With `quiet`, say what there is to say without becoming a member."""
        self._conversation.joining.quiet = quiet
        self._thread.start()

    def set_name(self, name: str) -> None:
        """Set the name to join with: at first, and after each `NameRefused`."""
        with self._changed:
            self._conversation.joining.name, self._conversation.phase = name, Phase.CONNECTING
            self._changed.notify_all()

    def set_password(self, password: str) -> None:
        """Set the room's password, after each `PasswordNeeded`."""
        with self._changed:
            self._conversation.joining.password = password
            self._conversation.phase = Phase.CONNECTING
            self._changed.notify_all()

    def say(self, text: str, *, reply: int | None = None, kind: Kind | None = None) -> "Future[Message]":
        """Send a message now, or once online. `text` must be cleaned.

        `reply` is the number of the message that it answers; an `action` tells what we do, as `/me` does.
        The result is the message as the room has stored it; it raises `Refused` or `ConversationEnded`.
        The future cannot be cancelled; its callbacks are called with our lock held.
        """
        with self._changed:
            stored = self._conversation.deliver(Say(text, reply=reply, kind=kind))
            self._changed.notify_all()
        return stored

    def post(self, text: str) -> None:
        """Send a message as `say` does, for who needs no future: events tell what becomes of it."""
        with self._changed:
            self._conversation.post(Say(text))
            self._changed.notify_all()

    def start_live(self, title: str) -> "Future[Message]":
        """Begin a live message, now or once online: see `LiveMessage`. The title must be cleaned.

        The result is as that of `say`; `Refused` has the code `unknown_type` if the room has none, also while
        it is not known yet what the room can do.
        """
        with self._changed:
            stored = self._conversation.deliver(Start("", title))
            self._changed.notify_all()
        return stored

    def act(self, act: MessageAct) -> "Future[Ack]":
        """Edit or delete a message, or react to it, now or once online. The text of an edit must be cleaned.

        What the message is then comes as a `MessageChanged`, before the result. It raises as that of `say`;
        `Refused` has the code `unknown_type` if the room knows no such act, and `new_log` if it has
        another log meanwhile, in which the number is that of another message: then the act is never sent.
        """
        with self._changed:
            stored = self._conversation.deliver(act)
            self._changed.notify_all()
        return stored

    def ask(self, command: Command, *, joins: int | None = None) -> "Future[Event]":
        """Send a command whose answer is the result, and is not reported to the listener.

        With `joins` it goes over the connection of which `Status` had that number, or over none.
        It raises `Refused`, `Disconnected` or `ConversationEnded`. Of an older server, which sends no `ref`
        back, the answer never comes. The future is as that of `say`.
        """
        with self._changed:
            return self._conversation.ask(command, joins)

    def load_older(self, limit: int) -> bool:
        """Request older messages: those missed while offline first. Return False if not online."""
        with self._changed:
            return self._conversation.load_older(limit)

    def show(self, number: int) -> OlderMessages | None:
        """Return message `number` with its neighbours, or request it from the room.

        The result is empty if it is neither known here nor can be requested now, None if an
        `OlderMessages` event will bring it.
        """
        with self._changed:
            return self._conversation.show(number)

    def newest(self, limit: int) -> list[Message]:
        """Return the newest messages that we have, at most `limit`, oldest first."""
        with self._changed:
            transcript = self._conversation.transcript
            return transcript.newest(limit) if transcript else []

    def request(self, command: Command) -> bool:
        """Send a command; events bring the answer, unless the connection is lost. False if not online."""
        with self._changed:
            return self._conversation.request(command)

    def set_away(self, on: bool, why: str = "") -> None:  # noqa: FBT001 - what it sets
        """Tell the room whether nobody is here, now and after each reconnect. An older room is not told."""
        with self._changed:
            self._conversation.set_away(Away(on, why[:MAX_WHY]))

    def forget(self) -> None:
        """Do not keep who we are: the next run is somebody else, and when we leave, our name is free."""
        with self._changed:
            self._conversation.forgets = True
        if self._identities:
            self._identities.forget(self.status().name)

    def retry_now(self) -> None:
        """End the wait for the next attempt to connect."""
        with self._changed:
            self._conversation.retry_at = 0.0
            self._changed.notify_all()

    def leave(self, timeout: float = 2.0) -> None:
        """Leave for good. Blocks for at most about `timeout` + 1 seconds, until the room says `bye`."""
        if self._thread.ident is None:  # not started
            return
        self.stop()
        self._thread.join(timeout)
        with self._changed:
            connection = self._connection
        if connection:
            connection.close()
            self._thread.join(1.0)

    def stop(self, reason: str = "left") -> None:
        """Begin to leave for good, and do not wait. The listener may call it too."""
        with self._changed:
            if self._conversation.leaving or self._conversation.phase is Phase.ENDED:
                return
            self._conversation.leaving = reason
            if not self._conversation.request_leave() and self._connection:
                self._connection.close()
            self._changed.notify_all()

    def status(self) -> Status:
        """Return a snapshot of the status."""
        with self._changed:
            return self._conversation.status()

    def wait_for(self, condition: Callable[[Status], bool], timeout: float | None) -> bool:
        """Block until `condition` holds; return whether it does after `timeout` seconds (None: no limit)."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self._conversation.status()), timeout)

    # --- the room thread -------------------------------------------------------------

    def _run(self) -> None:
        reason = "left"
        while self._wait_until_ready():
            reason = self._run_connection()
            if reason in _FINAL_REASONS:
                break
            if reason not in (INPUT_NEEDED, "quiet") and not self._wait_to_reconnect(reason):
                break
        self._end(reason)

    def _wait_until_ready(self) -> bool:
        """Wait for the name and password that are needed; return False to leave instead."""
        needed = (Phase.NAME_NEEDED, Phase.PASSWORD_NEEDED)
        with self._changed:
            self._changed.wait_for(
                lambda: self._conversation.phase not in needed or self._conversation.leaving
            )
            if self._conversation.leaving:
                return False
            self._conversation.phase = Phase.CONNECTING
            self._changed.notify_all()
        self._listener(StatusChanged())
        self._recall()
        return True

    def _recall(self) -> None:
        """Be again who we were in an earlier run."""
        if self._identities:
            identity = self._identities.load(self.status().name)
            with self._changed:
                self._conversation.joining.resume_as(identity)
            self._report_problem(self._identities)

    def _keep(self) -> None:
        """Keep who we are, and what we have read."""
        with self._changed:
            identity = self._conversation.identity()
        self._kept_at = time.monotonic()
        if self._identities and identity and identity != self._kept:
            self._identities.save(identity)
            self._kept = identity
            self._report_problem(self._identities)

    def _report_problem(self, identities: IdentityStore) -> None:
        if problem := identities.take_problem():
            self._listener(problem)

    def _run_connection(self) -> str:
        """Run one connection until it ends; return the reason, as in `Status`, or `INPUT_NEEDED`."""
        try:
            with (
                Connection.open(
                    self.address, idle_timeout=ANSWER_TIMEOUT, tls=self._tls, family=self._family
                ) as connection,
                Sender(connection) as sender,
            ):
                with self._changed:
                    if self._conversation.leaving:
                        return "left"
                    self._connection = connection
                    self._conversation.connected(sender.put)
                for event in connection.events():
                    if reason := self._handle(event, connection):
                        return reason
        except ProtocolError as error:
            # A server that waits for TLS looks like this to a client without TLS.
            may_need_tls = isinstance(error, NoPrompt) and not (self._tls or self._conversation.transcript)
            return "no_prompt" if may_need_tls else _reason(error)
        finally:
            with self._changed:
                self._connection = None
                self._conversation.disconnected()
        return "lost"

    def _handle(self, event: Event, connection: Connection) -> str:
        """Handle an event of the room; return why the connection must end, empty if it need not."""
        if isinstance(event, Throttled):
            # Pongs are delayed too: a silent room is not a lost one.
            wait = min(max(0.0, event.seconds), MAX_WAIT)
            connection.socket.settimeout(ANSWER_TIMEOUT + wait)
        with self._changed:
            is_answer = self._conversation.answers.take(event)
            events = () if is_answer else self._conversation.handle(event)
            end_reason = self._conversation.end_reason
            self._changed.notify_all()
        if isinstance(event, Welcome):
            self._is_lost = False
            self._backoff.reset()
            self._keep()  # before anybody sees that we are in: from then on we can come back as ourselves
        for client_event in events or (StatusChanged(),):
            self._listener(client_event)
        if time.monotonic() - self._kept_at > _KEEP_INTERVAL:
            self._keep()
        return end_reason

    def _wait_to_reconnect(self, reason: str) -> bool:
        """Wait until the next attempt is due, or `retry_now` is called; return False if there is none."""
        conversation = self._conversation
        with self._changed:
            if conversation.leaving or (reason in _TLS_REASONS and not conversation.transcript):
                return False
            conversation.phase, conversation.reason = Phase.WAITING, reason
            delay = max(self._next_wait(reason), min(conversation.retry_after, MAX_WAIT))
            conversation.retry_at = time.monotonic() + delay
            self._changed.notify_all()
        self._listener(StatusChanged() if self._is_lost else ConnectionLost(reason))
        self._is_lost = True
        with self._changed:
            self._changed.wait_for(
                lambda: conversation.leaving or conversation.retry_at <= time.monotonic(), delay
            )
        return True

    def _next_wait(self, reason: str) -> float:
        within, self._conversation.retry_within = self._conversation.retry_within, None
        if within is not None:
            return self._backoff.within(within)
        return self._backoff.next(refused=reason == "full")

    def _end(self, reason: str) -> None:
        with self._changed:
            if self._conversation.leaving and reason not in _FINAL_REASONS:
                reason = self._conversation.leaving
            self._conversation.end(reason)
            seconds = self._conversation.retry_after
            self._changed.notify_all()
        if reason == "left_elsewhere":  # for good: who we were is nobody any more
            self.forget()
        self._keep()
        self._listener(Ended(reason, seconds))


def _reason(error: ProtocolError) -> str:
    """Return the reason for a failed connection, as in `Status`."""
    match error:
        case RoomFull():
            return "full"
        case Banned():
            return "address_banned"
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
