"""How one client comes in: for whom it speaks, how it speaks, its name, the password."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from chat_protocol.errors import BadMessage
from chat_protocol.messages import Error, Join, Leave, Say
from chat_protocol.proxy_header import BadHeader, read_header
from tcp_server.config import Config
from tcp_server.connection.admission import Admission, Refusal
from tcp_server.connection.fanout import FanOut
from tcp_server.connection.password_attempts import Dismissed, Guesses, codes
from tcp_server.connection.reader import Inlet, Silent
from tcp_server.connection.writer import Outlet
from tcp_server.dialects.dialect import Dialect, NotChat, detect
from tcp_server.room.commands import Introduce, Wish
from tcp_server.room.outcome import Outcome, labelled
from tcp_server.room.rates import Budget, Kind
from tcp_server.room.room import Room
from tcp_server.sequencer import Sequencer

_log = logging.getLogger(__name__)

_NAMES_A_SECOND = 1.0
_NAMES_AT_ONCE = 10
"""How fast a client may say what does not let it in."""

_LAST_WORD = 1.0
"""Seconds in which one that is not let in may show in which dialect to tell it so."""


class House(NamedTuple):
    """What the threads of all clients share."""

    config: Config
    admission: Admission
    sequencer: Sequencer
    room: Room[Outlet]
    fanout: FanOut


class Entrance:
    """The first part of one client's conversation. Owned by that client's thread.

    Raises `Dismissed` and what the inlet raises.
    """

    def __init__(self, inlet: Inlet, outlet: Outlet, house: House, guesses: Guesses) -> None:
        self._inlet = inlet
        self._outlet = outlet
        self._house = house
        self._guesses = guesses
        timeout = house.config.name_timeout
        self._deadline = time.monotonic() + timeout if timeout else None
        self._pace = Budget(_NAMES_A_SECOND if house.config.rate else 0, _NAMES_AT_ONCE)
        self._budget: Budget | None = None  # of the member it has become
        self._password: str | None = None  # what was shown and is right, though the name was not

    def find_dialect(self) -> tuple[Dialect, bytes]:
        """Wait for as many first bytes as show the dialect; return it, and them too. Raises `NotChat`."""
        refusal, first = self._meet()
        if refusal:
            self._deadline = time.monotonic() + _LAST_WORD
        opening = bytearray(first)
        searched = 0
        while (dialect := detect(opening, searched) if opening else None) is None:
            searched = len(opening)
            opening += self._inlet.receive_until(self._deadline)
        self._outlet.dialect = type(dialect)
        if refusal:
            raise Dismissed(refusal)
        return dialect, bytes(opening)

    def let_in(self, dialect: Dialect, chunk: bytes) -> tuple[Sequence[Wish], Budget]:
        """Ask until the client has a name it may have; return what it wants beyond that, and may."""
        named: Introduce | None = None  # who is asked for the password
        while True:
            wishes = dialect.read(chunk)
            if not wishes:
                self._keep_pace(Kind.OTHER)
            for position, wish in enumerate(wishes):
                self._keep_pace(Kind.SAYS)
                entry = self._understand(dialect, wish, named)
                found = codes(self._try(entry))
                if self._budget is not None:
                    return wishes[position + 1 :], self._budget
                if not found & {"password_required", "password_wrong"}:
                    named = None
                elif isinstance(entry, Introduce):
                    named = entry
                if any(code.startswith("name_") for code in found):  # looked at behind the password
                    self._password = getattr(entry, "password", None)
            chunk = self._inlet.receive_until(self._deadline)

    def _meet(self) -> tuple[Refusal | None, bytes]:
        """Learn who is behind a proxy; return why that one is not let in, and the bytes that came then."""
        host = self._outlet.host
        if not self._house.admission.trusts(host):
            return None, b""
        opening = b""
        try:
            while (header := read_header(opening)) is None:
                opening += self._inlet.receive_until(self._deadline)
        except BadHeader:
            _log.warning("%s sent a broken PROXY header", host)
            raise NotChat from None
        refusal = None
        if header.client is not None:
            refusal = self._house.admission.reveal(header.client)
            if refusal is None:
                self._outlet.host = header.client
        return refusal, opening[header.length :]

    def _keep_pace(self, kind: Kind) -> None:
        while not self._pace.take(kind, [1]):
            seconds = self._pace.wait(Counter({kind: 1}))
            if self._deadline is not None:
                seconds = min(seconds, self._deadline - time.monotonic())
            if seconds <= 0:
                raise Silent
            self._inlet.pause(seconds)

    def _understand(
        self, dialect: Dialect, wish: Wish, named: Introduce | None
    ) -> Join | Introduce | BadMessage:
        """Read what is said before the join: a line behind a name is its password. Raises `Dismissed`."""
        match wish:
            case Leave(ref=ref):
                raise Dismissed("left", ref)
            case BadMessage(code="bad_utf8"):
                raise Dismissed("bad_utf8")
            case Say(text=text) if named is not None:
                return named._replace(password=text)
        if named is not None:  # never the name: a password would be typed there for all to see
            return BadMessage("password_required", "the password, please")
        entry = dialect.as_entry(wish)
        return entry._replace(password=self._password) if isinstance(entry, Introduce) else entry

    def _try(self, entry: Join | Introduce | BadMessage) -> Sequence[Outcome[Outlet]]:
        password = getattr(entry, "password", None)
        if self._house.config.password and password and password != self._password:
            return self._guesses.attempt("room", self._admit, entry, ref=getattr(entry, "ref", None))
        return self._house.sequencer.call(self._admit, entry)

    def _admit(self, entry: Join | Introduce | BadMessage) -> Sequence[Outcome[Outlet]]:
        """Work for the sequencer: what an entry comes to."""
        if self._outlet.ends_at is not None:  # the goodbye has been said
            return [Outcome(self._outlet)]
        if isinstance(entry, BadMessage):
            return [Outcome(self._outlet, [Error(entry.code, entry.text, entry.ref)])]
        outcomes = self._house.room.join(self._outlet, entry)
        self._budget = self._house.room.budget_of(self._outlet)
        return labelled(outcomes, self._outlet, getattr(entry, "ref", None))
