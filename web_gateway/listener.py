"""Where the gateway listens, and how it says so."""

import errno
import socket
import sys

from chat_protocol.address import Address
from web_gateway.config import Config

_QUEUE = 1024  # connections the kernel holds while we are busy


class CannotListen(Exception):
    """The address to serve on cannot be had."""


def listen(config: Config) -> socket.socket:
    """Return a listening socket. Raises `CannotListen`, saying why."""
    try:
        [(family, _, _, _, address), *_] = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return socket.create_server(address[:2], family=family, backlog=_QUEUE)
    except OSError as error:
        why = error.strerror or str(error)
        if error.errno == errno.EADDRINUSE:
            why = "another program listens there; choose another with --port"
            if sys.platform == "darwin" and config.port == 5000:
                why += " or turn off AirPlay Receiver in the system settings"
        raise CannotListen(f"cannot listen on {Address(config.host, config.port)}: {why}") from error


def announce(config: Config, listener: socket.socket) -> None:
    """Say on standard output, in one line, where the page is."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    print(f"Oneroom gateway: http://{Address(shown, port)} (room at {config.server})", flush=True)
