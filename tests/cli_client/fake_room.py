"""A room that says exactly what a test tells it to, over a real socket."""

import socket
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

from chat_protocol.address import Address
from chat_protocol.codec import decode_commands, encode_all
from chat_protocol.contract import MAX_LINE, PROMPT
from chat_protocol.framing import LineBuffer
from chat_protocol.messages import Ack, Command, Event, Join, Limits, Message, Ping, Pong, Typing, Welcome

PATIENCE = 10.0
AT = "2026-11-22T05:43:03.120Z"

Wanted = TypeVar("Wanted", bound=Command)


def message(number: int, name: str = "Боря", text: str = "") -> Message:
    """Return a message with this id."""
    return Message(id=number, at=AT, name=name, text=text or f"сообщение {number}")


class Seat:
    """The room's end of one client's connection. Every read has a deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.settimeout(PATIENCE)
        self._lines = LineBuffer(MAX_LINE)
        self._commands: list[Command] = []

    def receive(self, wanted: type[Wanted]) -> Wanted:
        """Return the next command, which must be of this type; `typing` is passed over."""
        while True:
            command = self._next()
            if isinstance(command, wanted):
                return command
            assert isinstance(command, Typing), f"wanted {wanted.__name__}, got {command}"

    def _next(self) -> Command:
        while not self._commands:
            chunk = self.socket.recv(65536)
            assert chunk, "the client has closed"
            for command in decode_commands(self._lines.feed(chunk)):
                assert not isinstance(command, Exception), command
                self._commands.append(command)
        return self._commands.pop(0)

    def send(self, *events: Event) -> None:
        """Say all this in one write."""
        self.socket.sendall(encode_all(events))

    def ack(self, ref: str | None, number: int) -> None:
        """Acknowledge a say as this message."""
        assert ref is not None
        self.send(Ack(ref=ref, id=number, at=AT))

    def welcome(
        self,
        *,
        name: str = "Анна",
        epoch: str = "e1",
        last: int = 0,
        messages: Sequence[Message] = (),
        missed: int = 0,
        members: Sequence[str] = ("Анна",),
        text_limit: int = 4000,
        moderated: bool = True,
        moderator: bool = False,
    ) -> Join:
        """Take the client's join, let it in, and return the join."""
        join = self.receive(Join)
        limits = Limits(name=32, text=text_limit, line=MAX_LINE, history=500)
        last = messages[-1].id if messages else last
        self.send(
            Welcome(
                name=name,
                session="secret",
                epoch=epoch,
                last=last,
                members=members,
                messages=messages,
                missed=missed,
                more=bool(missed),
                limits=limits,
                moderated=moderated,
                moderator=moderator,
            )
        )
        return join

    def pong(self) -> None:
        """Answer the next ping."""
        self.receive(Ping)
        self.send(Pong())

    def expect_end(self) -> None:
        """Wait until the client has closed; fail if it said anything more."""
        with suppress(ConnectionResetError):
            rest = self.socket.recv(65536)
            assert not rest, rest
        self.close()

    def close(self) -> None:
        """Cut the client off."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class FakeRoom:
    """Listens on a free port, or on the one given: a room that has been restarted."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=5)
        self._listener.settimeout(PATIENCE)
        self.address = Address(*self._listener.getsockname())
        self._seats: list[Seat] = []

    def accept(self, greeting: bytes = PROMPT) -> Seat:
        """Greet the next client that connects."""
        seat = Seat(self._listener.accept()[0])
        self._seats.append(seat)
        seat.socket.sendall(greeting)
        return seat

    def close(self) -> None:
        """Stop listening and cut everyone off."""
        self._listener.close()
        for seat in self._seats:
            seat.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
