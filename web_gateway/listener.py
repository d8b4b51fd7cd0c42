"""Announces where the gateway listens."""

import socket

from chat_protocol.address import Address
from web_gateway.config import Config


def announce(config: Config, listener: socket.socket) -> None:
    """Print the address of the page in one line on standard output."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    print(f"Oneroom gateway: http://{Address(shown, port)} (room at {config.server})", flush=True)
