"""A room over a real socket that sends exactly what a test tells it to."""

import socket
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

from msgspec.structs import replace

from chat_protocol.address import Address
from chat_protocol.codec import decode_commands, encode_all
from chat_protocol.contract import MAX_LINE, PROMPT
from chat_protocol.framing import LineBuffer
from chat_protocol.messages import (
    Ack,
    Command,
    Error,
    Event,
    Join,
    Limits,
    Message,
    Person,
    Ping,
    Pong,
    Typing,
    Welcome,
    WithRef,
)
from tests.support.timing import TIMEOUT

AT = "2026-11-22T05:43:03.120Z"
LATER = "2026-11-22T05:44:10.007Z"
CAN = ("reply", "edit", "delete", "react", "action", "mention")
"""The `can` of this server's welcome."""

Wanted = TypeVar("Wanted", bound=Command)


def message(number: int, name: str = "Боря", text: str = "") -> Message:
    """Return a message with this id."""
    return Message(id=number, at=AT, name=name, text=text or f"сообщение {number}")


class FakeConnection:
    """The room's end of one client's connection. Every read has a deadline.

    With `refs` False it is an older server, which sends no `ref` back but in an `ack` of a say.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.settimeout(TIMEOUT)
        self.refs = True
        self._lines = LineBuffer(MAX_LINE)
        self._commands: list[Command] = []

    def receive(self, wanted: type[Wanted]) -> Wanted:
        """Return the next command except `typing`; it must be of this type."""
        while True:
            command = self._next()
            if isinstance(command, wanted):
                return command
            assert isinstance(command, Typing), f"wanted {wanted.__name__}, got {command}"

    def expect(self, command: Command) -> str | None:
        """Receive a command equal to this but for its `ref`; return the `ref`."""
        received = self.receive(type(command))
        assert replace(received, ref=None) == replace(command, ref=None)
        return received.ref

    def _next(self) -> Command:
        while not self._commands:
            chunk = self.socket.recv(65536)
            assert chunk, "the client has closed the connection"
            for command in decode_commands(self._lines.feed(chunk)):
                assert not isinstance(command, Exception), command
                self._commands.append(command)
        return self._commands.pop(0)

    def send(self, *events: Event) -> None:
        """Send events in one write."""
        self.socket.sendall(encode_all(events))

    def answer(self, ref: str | None, event: Event) -> None:
        """Send an event as the answer to the command with this `ref`."""
        assert ref
        assert isinstance(event, WithRef | Error)
        self.send(replace(event, ref=ref) if self.refs else event)

    def ack(self, ref: str | None, number: int) -> None:
        """Acknowledge a say as this message."""
        assert ref
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
        can: Sequence[str] = (),
        changed: Sequence[Message] = (),
        stale: bool = False,
        count: int | None = None,
        read: int | None = None,
        marked: Sequence[Person] = (),
    ) -> Join:
        """Receive a join, answer it with a welcome, and return the join without its `ref`."""
        join = self.receive(Join)
        limits = Limits(name=32, text=text_limit, line=MAX_LINE, history=500)
        last = messages[-1].id if messages else last
        self.answer(
            join.ref,
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
                can=can,
                changed=changed,
                stale=stale,
                count=count,
                read=read,
                marked=marked,
            ),
        )
        return replace(join, ref=None)

    def pong(self) -> None:
        """Answer the next ping."""
        self.receive(Ping)
        self.send(Pong())

    def expect_end(self) -> None:
        """Wait until the client has closed the connection; fail if it sends anything more."""
        with suppress(ConnectionResetError):
            rest = self.socket.recv(65536)
            assert not rest, rest
        self.close()

    def close(self) -> None:
        """Close the connection without a `bye`."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class FakeRoom:
    """Listens on a free port, or on the given one, as a restarted room does."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=5)
        self._listener.settimeout(TIMEOUT)
        self.address = Address(*self._listener.getsockname())
        self._connections: list[FakeConnection] = []

    def accept(self, prompt: bytes = PROMPT) -> FakeConnection:
        """Accept the next connection and send the prompt."""
        connection = FakeConnection(self._listener.accept()[0])
        self._connections.append(connection)
        connection.socket.sendall(prompt)
        return connection

    def refuse(self, error: Error) -> Join:
        """Accept the next connection, answer its join with an error, wait for its end; return the join."""
        client = self.accept()
        join = client.receive(Join)
        client.answer(join.ref, error)
        client.expect_end()
        return join

    def close(self) -> None:
        """Stop listening and close all connections."""
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
