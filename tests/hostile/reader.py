"""A client, in a process of its own, that only reads; it prints whether it was disconnected."""

import socket
import sys
from time import monotonic, sleep

ENTRY = {"json": b'{"type":"join","name":"reader%d","history":0}\n', "lines": b"nc%d\n"}
FLOOD = 10_000
"""Bytes received from which on there must be a flood."""

_ROUND_TRIP = 0.05
"""Seconds: what a link carries in that time is under way, and in the reader's buffer."""


def main() -> None:
    """Join the room at a port in a dialect, read a flood for some seconds, and print the result.

    If given, the fourth argument is the speed of the reader's link in Mbit/s, the fifth its
    address, for a server that trusts this machine as a proxy.
    """
    port, dialect, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    speed = float(sys.argv[4]) * 1e6 / 8 if len(sys.argv) > 4 else 0.0
    header = f"PROXY TCP4 {sys.argv[5]} 127.0.0.1 1 1\r\n".encode() if len(sys.argv) > 5 else b""
    buffer = bytearray(int(speed * _ROUND_TRIP) or 2**18)
    received = 0
    with socket.socket() as sock:
        if speed:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, len(buffer))
        sock.connect(("127.0.0.1", port))
        sock.sendall(header + ENTRY[dialect] % speed)
        print("reading", flush=True)
        due = monotonic()
        deadline = due + 20
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
            if speed:
                due = max(due, monotonic() - _ROUND_TRIP) + size / speed
                sleep(max(0.0, due - monotonic()))
    print(f"received {received} bytes", flush=True)


if __name__ == "__main__":
    main()
