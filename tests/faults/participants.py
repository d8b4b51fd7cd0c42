"""Clients that record all that they say and see while faults happen.

A `JsonParticipant` does what every client has to: it keeps its session, asks for what it missed,
pages back through gaps, keeps what it said until that is acknowledged, and reconnects.
"""

import random
import threading
from contextlib import suppress
from typing import Protocol

from chat_protocol.errors import ConnectionFailed, ProtocolError
from chat_protocol.messages import (
    Ack,
    Authenticate,
    Bye,
    Changed,
    Delete,
    Edit,
    Error,
    Event,
    HistoryPage,
    HistoryRequest,
    Join,
    Joined,
    Left,
    Message,
    Moderate,
    Ping,
    Position,
    React,
    Say,
    Welcome,
)
from tests.faults.acts import EMOJIS, Acted, can_be_acted_on, edited, first_text
from tests.faults.checker import Seen, Sent
from tests.faults.wires import Opener, Wire
from tests.support.timing import TIMEOUT

Kept = Say | Edit | Delete | React | Moderate
"""What a client sends again until it is answered."""

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 1.0
_PAGE = 500

_EXPELLING = {"kick": "kicked", "ban": "banned"}
"""Acts by which the target leaves, and the reason of that."""


class Participant(Protocol):
    """A client that says and sees messages. Any thread may call any method."""

    name: str
    sent: Sent
    seen: Seen
    errors: list[str]
    """Errors that a room never sends unless something is wrong."""
    acted: list[Acted]
    """The acts on messages that were acknowledged."""

    def start(self) -> None:
        """Join the room; return once joined."""

    def say(self, text: str) -> None:
        """Say `text` now, or after the next reconnect."""

    def act(self) -> None:
        """Edit or delete an own message or react to any, now or after the next reconnect, if it can."""

    def shown(self) -> dict[int, Message]:
        """Return the messages that it has, by number, as it has been told that they are."""

    def tick(self) -> None:
        """Send a ping. Called a few times a second."""

    def is_up_to_date(self, newest: int) -> bool:
        """Whether everything said was answered and everything up to `newest` was seen."""

    def members(self) -> list[str]:
        """Return who is in the room, by what it was sent."""

    def stop(self) -> None:
        """Disconnect for good."""


class JsonParticipant:
    """A client of the json dialect that reconnects after every loss."""

    def __init__(self, name: str, opener: Opener, rng: random.Random) -> None:
        self.name = name
        self.sent = Sent()
        self.seen = Seen(name)
        self.errors: list[str] = []
        self.acted: list[Acted] = []
        self._opener = opener
        self._rng = rng
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._stopping = threading.Event()
        self._joined = threading.Event()
        # Guards everything below, and `sent`, `seen` and `errors`.
        self._lock = threading.Lock()
        self._wire: Wire | None = None  # set once the room has sent `welcome` on it
        self._session: str | None = None
        self._epoch = ""
        self._last = 0
        self._members: list[str] = []
        self._known: set[int] = set()
        self._gaps: list[tuple[int, int]] = []  # missed messages lie between these two numbers
        self._shown: dict[int, Message] = {}  # as they are now, by number
        self._outbox: dict[str, Kept] = {}  # by ref, in the order they were made
        self._repeated: set[str] = set()  # the refs of what was sent more than once
        self._acts = 0  # how many were made
        self._pause = _FIRST_PAUSE
        self._within: float | None = None  # seconds over which the room wants its clients back
        self._expelled: dict[str, str] = {}  # who is about to leave, and why, as notices say
        self.left: set[str] = set()
        """Who has left, as far as it was told."""
        self.uncertain: set[int] = set()
        """The messages with acts that may still be done. Written by its own thread."""

    def start(self) -> None:
        self._thread.start()
        assert self._joined.wait(TIMEOUT), f"{self.name} never joined"

    def say(self, text: str) -> None:
        with self._lock:
            ref = f"{self.name}-{len(self.sent.said)}"
            self.sent.said.append(text)
            self._put(ref, Say(text, ref))

    def act(self) -> None:
        with self._lock:
            # By number: older ones that came later, as pages of history, may be too old to be changed.
            there = [one for _, one in sorted(self._shown.items()) if can_be_acted_on(one)]
            own = [one for one in there if one.name == self.name]
            if not own:
                return
            self._acts += 1
            ref = f"{self.name}-act-{self._acts}"
            kind = self._rng.random()
            if kind < 0.1:
                self._put(ref, Delete(id=self._rng.choice(own[-5:]).id, ref=ref))
            elif kind < 0.4:
                message = self._rng.choice(own[-5:])
                self._put(ref, Edit(id=message.id, text=edited(message.text, self._acts), ref=ref))
            else:
                message = self._rng.choice(there[-5:])
                emoji, on = self._rng.choice(EMOJIS), self._rng.random() < 0.6
                self._put(ref, React(id=message.id, emoji=emoji, on=on, ref=ref))

    def shown(self) -> dict[int, Message]:
        with self._lock:
            return dict(self._shown)

    def _put(self, ref: str, command: Kept) -> None:
        """Send a command until it is answered. Requires holding `_lock`."""
        self._outbox[ref] = command
        self._send(command)

    def tick(self) -> None:
        with self._lock:
            self._send(Ping())

    def is_up_to_date(self, newest: int) -> bool:
        with self._lock:
            return self._last >= newest and not (self._outbox or self._gaps or self._expelled)

    @property
    def is_connected(self) -> bool:
        """Whether the room has let it in on its present connection."""
        with self._lock:
            return self._wire is not None

    def members(self) -> list[str]:
        with self._lock:
            return list(self._members)

    def stop(self) -> None:
        self._stopping.set()
        while self._thread.is_alive():  # it may be about to open another connection
            with self._lock:
                if self._wire is not None:
                    self._wire.close()
            self._thread.join(0.1)

    def __str__(self) -> str:
        return self.name

    def _send(self, command: Kept | Ping | HistoryRequest | Authenticate) -> None:
        """Requires holding `_lock`, which also keeps the order of what is said."""
        if self._wire is not None:
            try:
                self._wire.send(command)
            except ConnectionFailed:
                self._wire.close()  # the receiving thread notices

    # --- the participant's own thread ------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            with suppress(ProtocolError):
                self._run_connection(self._opener())
            within, self._within = self._within, None
            if within is None:
                self._stopping.wait(self._rng.uniform(self._pause / 2, self._pause))
                self._pause = min(_LONGEST_PAUSE, self._pause * 1.5)
            else:
                self._stopping.wait(self._rng.uniform(0, within))

    def _run_connection(self, wire: Wire) -> None:
        try:
            with self._lock:
                since = Position(self._epoch, self._last) if self._epoch else None
                wire.send(Join(self.name, self._session, since, 0))
            while events := wire.receive():
                for event in events:
                    with self._lock:
                        if not self._handle(event, wire):
                            return
        finally:
            wire.close()
            with self._lock:
                self._wire = None

    def _handle(self, event: Event, wire: Wire) -> bool:
        """Handle one event; return whether to go on. Requires holding `_lock`."""
        match event:
            case Welcome():
                self._on_welcome(event, wire)
            case Message():
                self._record(event)
                self._check_presence(event)
            case Changed(id=number, message=message):
                self._last = max(self._last, number)
                self._change(message)
            case Joined() | Left():
                self._update_members(event)
            case Ack():
                self._on_ack(event)
            case HistoryPage():
                self._on_history(event)
            case Error(ref=ref) if ref in self._outbox and self._is_expected(event, self._outbox[ref]):
                self._on_refused(self._outbox.pop(ref))
            case Error():
                self.errors.append(f"{event.code}: {event.text}")
                return self._wire is not None
            case Bye(retry_within=within):
                self._within = within
                return False
        return True

    def _is_expected(self, error: Error, command: Kept) -> bool:
        """Return whether a command may be refused so. Requires holding `_lock`, as all below."""
        return error.code == "unavailable" or (
            error.code == "is_deleted" and not isinstance(command, Moderate)
        )

    def _on_refused(self, command: Kept) -> None:
        # What was sent before, through a server that was cut off, may still be carried out.
        is_sure = command.ref not in self._repeated
        if isinstance(command, Say | Moderate):
            (self.sent.refused if is_sure else self.sent.open).add(command.text)
        if not (is_sure or isinstance(command, Say)) and command.id is not None:
            self.uncertain.add(command.id)

    def _on_welcome(self, welcome: Welcome, wire: Wire) -> None:
        self._wire, self._session = wire, welcome.session
        self._expelled.clear()
        self._members = list(welcome.members)
        if not self._epoch:
            self._epoch, self._last = welcome.epoch, welcome.last
        if welcome.epoch != self._epoch:
            self.errors.append("another log")
        self.seen.runs.append([])
        if welcome.stale:
            self.errors.append("too much has changed to be told")
        before = self._last
        for message in welcome.messages:
            self._record(message)
        for message in welcome.changed:
            self._change(message)
        self._last = max(self._last, welcome.last)
        if welcome.missed:
            self._gaps.append((before, welcome.messages[0].id if welcome.messages else welcome.last + 1))
            self._last = max(self._last, welcome.last)
        if self._gaps:
            self._request_gap()
        self._repeat(welcome)
        self._pause = _FIRST_PAUSE
        self._joined.set()

    def _repeat(self, _: Welcome) -> None:
        """Send all again that was not answered."""
        self._repeated.update(self._outbox)
        for command in self._outbox.values():
            self._send(command)

    def _check_presence(self, message: Message) -> None:
        """Check that who has just spoken is here, and remember who is about to leave."""
        if (notice := message.notice) is None:
            if message.name not in self._members or message.name in self._expelled:
                self.errors.append(f"{message.name} has said #{message.id} and is not here")
        elif notice.act in _EXPELLING and notice.target in self._members:
            self._expelled[notice.target] = _EXPELLING[notice.act]

    def _update_members(self, event: Joined | Left) -> None:
        if (reason := self._expelled.pop(event.name, None)) is not None and reason != getattr(
            event, "reason", None
        ):
            self.errors.append(f"{event.name} was {reason}, but then came {event}")
        if isinstance(event, Left) == (event.name not in self._members):
            self.errors.append(f"the members were {self._members}, but then came {event}")
        elif isinstance(event, Left):
            self._members.remove(event.name)
            self.left.add(event.name)
        else:
            self._members.append(event.name)

    def _record(self, message: Message) -> None:
        """Record a message as it comes, duplicates included."""
        self.seen.runs[-1].append((message.id, first_text(message)))
        self._known.add(message.id)
        self._shown[message.id] = message
        self._last = max(self._last, message.id)

    def _change(self, message: Message) -> None:
        if message.id in self._shown:
            self._shown[message.id] = message

    def _on_ack(self, ack: Ack) -> None:
        command = self._outbox.pop(ack.ref, None)
        if command is None:
            self.errors.append(f"a second ack for {ack.ref}")
            return
        if not isinstance(command, Say):
            self.acted.append(Acted(self.name, ack.id, command))
            if isinstance(command, Moderate) and command.text:
                self.sent.acked[command.text] = ack.id
            self._last = max(self._last, ack.id)
            return
        self.sent.acked[command.text] = ack.id
        if ack.id in self._known:  # the replay has had it
            return
        if ack.id > self._last:
            self._record(Message(ack.id, ack.at, self.name, command.text))
        elif not any(low < ack.id < high for low, high in self._gaps):
            self.errors.append(f"#{ack.id} was acknowledged, but not among what was missed")

    def _request_gap(self) -> None:
        _, high = self._gaps[0]
        self._send(HistoryRequest(high, _PAGE))

    def _on_history(self, page: HistoryPage) -> None:
        low, _ = self._gaps.pop(0)
        run = [(message.id, first_text(message)) for message in page.messages if message.id > low]
        self._shown |= {message.id: message for message in page.messages}
        self.seen.runs.insert(0, run)
        self._known.update(number for number, _ in run)
        if run and page.first is not None and page.first > low + 1:
            self._gaps.insert(0, (low, page.first))
        if self._gaps:
            self._request_gap()
