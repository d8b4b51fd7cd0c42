"""A client that behaves as the original chat's: `python client.py PORT`.

Written from the contract (docs/protocol.md), for machines where the original is not. A line
that is typed is sent without its end; what one read of 1024 bytes gives is shown as a line.
"""

import socket
import sys
import threading

READ = 1024


def show(connection: socket.socket) -> None:
    """Print what comes until the server closes."""
    while chunk := connection.recv(READ):
        print(str(chunk, "utf-8"), flush=True)


def main(port: int) -> None:
    """Send what is typed, for ever: the original knows no other end than being killed."""
    connection = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=show, args=(connection,)).start()
    for line in sys.stdin:
        connection.sendall(line.removesuffix("\n").encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))
