"""The network of this machine: where others in it find the page and the room, and how they are told."""

import io
import os
import random
import socket
import sys
from contextlib import suppress
from typing import Final

import segno

from chat_protocol.address import Address
from chat_protocol.contract import DEFAULT_PORT

_ELSEWHERE: Final = ("192.0.2.1", 9)
"""An address for documentation, which nobody has. Nothing is sent there."""

_WHITE_ON_BLACK: Final = "\x1b[97;40m{}\x1b[0m"
_BORDER: Final = 2  # light modules around the code: scanners find it, and 24 rows hold it


class NoNetwork(Exception):
    """The page cannot be opened to a network. The text says why."""


class Network:
    """The network in which this machine has an IPv4 address or a name, and the gateway a port."""

    def __init__(self, wanted: str, gateway_port: str) -> None:
        """`wanted` is the address, or 1 for the one from which others are reached. Raises `NoNetwork`."""
        self._host = _find_address() if wanted == "1" else wanted
        if not self._host:
            raise NoNetwork("LAN=1: this machine is in no network; give its address, as LAN=192.168.1.5")
        try:
            socket.create_server((self._host, 0)).close()
        except (OSError, UnicodeError):
            raise NoNetwork(f"LAN={wanted}: this machine has no such IPv4 address") from None
        self.gateway_port = _free_port() if gateway_port == "0" else gateway_port
        """That was given, or a free one instead of 0."""
        self._url = f"http://{self._host}:{self.gateway_port}/"

    def gateway_flags(self, server_port: int) -> list[str]:
        """Return what opens the page to the network, and has it invite others by its addresses."""
        return ["--host=0.0.0.0", f"--public-url={self._url}", f"--public-room={self._room(server_port)}"]

    def invitation(self, server_port: int) -> str:
        """Return lines that say how others come in."""
        lines = [f"In your network: {self._url} (in a terminal: oneroom {self._room(server_port)})"]
        lines += _qr_lines(self._url)
        if not os.environ.get("ONEROOM_SERVER_PASSWORD"):
            lines.append(
                "Everybody there can come in; with a password: ONEROOM_SERVER_PASSWORD=... make run LAN=1"
            )
        return "\n".join(lines)

    def _room(self, port: int) -> str:
        return self._host if port == DEFAULT_PORT else str(Address(self._host, port))


def _free_port() -> str:
    """Return a free port. The kernel gives it to nobody else, who asks for any, before the gateway has it."""
    while True:
        port = random.randrange(12_000, 32_000)  # noqa: S311 - below what systems choose from
        with suppress(OSError):
            socket.create_server(("", port)).close()
            return str(port)


def _find_address() -> str:
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(_ELSEWHERE)
        return str(sock.getsockname()[0])
    return ""


def _qr_lines(text: str) -> list[str]:
    """Return a QR code as lines for a terminal of any colours; none if it cannot show blocks."""
    drawn = io.StringIO()
    segno.make_qr(text, error="m", boost_error=False).terminal(drawn, border=_BORDER, compact=True)
    try:
        drawn.getvalue().encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return []
    form = _WHITE_ON_BLACK if sys.stdout.isatty() else "{}"
    return [form.format(line) for line in drawn.getvalue().splitlines()]
