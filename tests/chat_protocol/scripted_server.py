"""A TCP server that runs a script with its only client."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from chat_protocol.address import Address

TIMEOUT = 20.0


@contextmanager
def scripted_server(script: Callable[[socket.socket], None]) -> Iterator[Address]:
    """Listen on a free port, run `script` with the first client, and raise what it raises."""

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.settimeout(TIMEOUT)
            script(client)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(TIMEOUT)
        served = pool.submit(serve)
        yield Address(*listener.getsockname())
        served.result(TIMEOUT)
