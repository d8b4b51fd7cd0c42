"""A flooder in a process of its own: sends as fast as it is taken, and reads all that comes."""

import socket
import sys
import threading

ENTRY = b'{"type":"join","name":"flooder","history":0}\n'
BLOCKS = {
    "says": b"".join(b'{"type":"say","ref":"%%d-%d","text":"flood"}\n' % number for number in range(500)),
    "garbage": b"x\n" * 10_000,
    "typing": b'{"type":"typing"}\n' * 1000,
    "pings": b'{"type":"ping"}\n' * 1000,
    "searches": b'{"type":"search","query":"flood"}\n' * 500,
    "pages": b'{"type":"history","limit":500}\n' * 500,
    "lines": b"flood\n" * 5000,
}


def main() -> None:
    """Flood the port with blocks of a kind until the other end, or the starter, has enough."""
    port, kind = int(sys.argv[1]), sys.argv[2]
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"flooder\n" if kind == "lines" else ENTRY)
        threading.Thread(target=_read, args=(sock,), daemon=True).start()
        turn = 0
        print("flooding", flush=True)
        while True:
            block = BLOCKS[kind]
            sock.sendall(block % ((turn,) * 500) if kind == "says" else block)
            turn += 1


def _read(sock: socket.socket) -> None:
    buffer = bytearray(2**20)
    while sock.recv_into(buffer):
        pass


if __name__ == "__main__":
    main()
