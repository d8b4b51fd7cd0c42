"""The gateway's WebSocket stack with an echo instead of a room.

It runs as the gateway does, with the same handshake, server, threads and `Browser`. In addition it
echoes binary and long messages, which the gateway refuses, so that the suite can test these too.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from select import select

from websockets.frames import Frame, Opcode

from web_gateway import browser
from web_gateway.browser import WRITE_TIMEOUT, Browser
from web_gateway.cli import main

_MAX_MESSAGE = 16 * 1024 * 1024


class EchoBrowser(Browser):
    """A browser whose binary messages are accepted, and to which `echo` sends with waiting."""

    _binary: bytearray | None = None  # a binary message that has begun

    def _frames(self) -> Iterator[list[Frame]]:
        for frames in super()._frames():
            yield [frame for frame in frames if not self._is_of_binary(frame)]

    def _is_of_binary(self, frame: Frame) -> bool:
        """Handle a frame of a binary message; echo the message once it is whole."""
        if frame.opcode is Opcode.BINARY:
            self._binary = bytearray()
        if self._binary is None or frame.opcode not in {Opcode.BINARY, Opcode.CONT}:
            return False
        self._binary += frame.data
        if frame.fin:
            self.echo(Opcode.BINARY, self._binary)
            self._binary = None
        return True

    def echo(self, opcode: Opcode, message: bytes | bytearray) -> None:
        """Send a whole message, waiting while the browser reads."""
        done = self.send(Frame(opcode, message).serialize(mask=False))
        while not done and select([], [self.descriptor], [], WRITE_TIMEOUT)[1]:
            done = self.flush()


def _serve(echoing: EchoBrowser, *_: object) -> None:
    for messages in echoing.messages():
        for message in messages:
            echoing.echo(Opcode.TEXT, message)


if __name__ == "__main__":
    chat_socket = import_module("web_gateway.chat_socket")
    vars(chat_socket).update(_serve=_serve, Browser=EchoBrowser)
    vars(browser).update(MAX_LINE=_MAX_MESSAGE)
    sys.exit(main())
