"""A reader in a process of its own that does nothing else: says in the end whether it was cut."""

import socket
import sys
from time import monotonic

ENTRY = {"json": b'{"type":"join","name":"attentive","history":0}\n', "lines": b"nc\n"}
FLOOD = 10_000
"""Bytes that nobody but flooders says."""


def main() -> None:
    """Join the room at a port in a dialect, read for so many seconds of a flood, and say how it was."""
    port, dialect, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    buffer = bytearray(2**18)
    heard = 0
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
                print(f"cut after {heard} bytes", flush=True)
                return
            heard += size
            if heard > FLOOD and not flooded:
                flooded = True
                deadline = monotonic() + seconds
    print(f"heard {heard} bytes", flush=True)


if __name__ == "__main__":
    main()
