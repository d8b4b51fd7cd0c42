"""A client, in a process of its own, that only reads; it prints whether it was disconnected."""

import socket
import sys
from time import monotonic

ENTRY = {"json": b'{"type":"join","name":"reader","history":0}\n', "lines": b"nc\n"}
FLOOD = 10_000
"""Bytes received from which on there must be a flood."""


def main() -> None:
    """Join the room at a port in a dialect, read a flood for some seconds, and print the result."""
    port, dialect, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    buffer = bytearray(2**18)
    received = 0
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(ENTRY[dialect])
        print("reading", flush=True)
        deadline = monotonic() + 20
        flooded = False
        while (left := deadline - monotonic()) > 0:
            sock.settimeout(left)
            try:
                size = sock.recv_into(buffer)
            except TimeoutError:
                break
            if not size:
                print(f"cut after {received} bytes", flush=True)
                return
            received += size
            if received > FLOOD and not flooded:
                flooded = True
                deadline = monotonic() + seconds
    print(f"received {received} bytes", flush=True)


if __name__ == "__main__":
    main()
