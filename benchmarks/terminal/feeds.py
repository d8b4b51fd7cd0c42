"""Servers of one client each, which say what a measurement needs: a room, and an IRC server."""

import socket
from abc import ABC, abstractmethod

from chat_protocol.codec import encode
from chat_protocol.contract import MAX_LINE, PROMPT
from chat_protocol.messages import Limits, Message, Welcome

_AT = "2026-11-22T05:43:03.120Z"


class Feed(ABC):
    """A server on a free port, and the connection of its client after `enter`."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(20)
        self.port: int = self._listener.getsockname()[1]
        self._said = 0
        self._received = b""

    def accept(self) -> socket.socket:
        """Accept the client."""
        self.socket, _ = self._listener.accept()
        self.socket.settimeout(20)
        return self.socket

    @abstractmethod
    def enter(self) -> None:
        """Accept the client and let it in."""

    @abstractmethod
    def line(self, number: int) -> bytes:
        """Return the message with this number."""

    def say(self, count: int) -> None:
        """Say so many messages in one write."""
        numbers = range(self._said + 1, self._said + count + 1)
        self._said += count
        self.socket.sendall(b"".join(map(self.line, numbers)))

    def close(self) -> None:
        """End the connection."""
        self._listener.close()
        self.socket.close()


class Room(Feed):
    """A room of Oneroom."""

    def enter(self) -> None:
        self.accept().sendall(PROMPT)
        self.socket.recv(65536)
        limits = Limits(name=32, text=4000, line=MAX_LINE, history=500)
        self.socket.sendall(
            encode(
                Welcome(
                    name="bench",
                    session="s",
                    epoch="e",
                    last=0,
                    members=["bench", "other"],
                    messages=[],
                    missed=0,
                    more=False,
                    limits=limits,
                    moderated=False,
                    moderator=False,
                )
            )
        )

    def line(self, number: int) -> bytes:
        return encode(Message(number, _AT, "other", f"this is message no {number} of many"))


class Irc(Feed):
    """An IRC server with one channel, `#r`."""

    def enter(self) -> None:
        self.accept()
        self._wait_for(b"CAP LS")
        self.socket.sendall(b":irc CAP * LS :\r\n:irc 451 * JOIN :first register\r\n")
        self._wait_for(b"USER ")
        self.socket.sendall(b":irc 001 bench :hello\r\n:irc 376 bench :end\r\n")

    def join(self) -> None:
        """Wait until the client asks for the channel, and let it in."""
        self._wait_for(b"JOIN #r")
        self.socket.sendall(
            b":bench!b@h JOIN #r\r\n:irc 353 bench = #r :bench other\r\n:irc 366 bench #r :end\r\n"
        )

    def _wait_for(self, command: bytes) -> None:
        while command not in self._received:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError("the client has left")
            self._received += chunk

    def line(self, number: int) -> bytes:
        return b":other!o@h PRIVMSG #r :this is message no %d of many\r\n" % number
