"""Clients, in a process of their own, that send as fast as they can and read everything."""

import json
import os
import socket
import sys
import threading


def say(text: str) -> bytes:
    """Return many `say` commands of a text; each ref has a placeholder for the round."""
    return b"".join(
        b'{"type":"say","ref":"%%d-%d","text":%b}\n' % (number, json.dumps(text, ensure_ascii=False).encode())
        for number in range(SAYS)
    )


SAYS = 500
BLOCKS = {
    "says": say("flood"),
    "long says": say("я" * 4000),
    "short says": say("я" * 900),
    "tall says": say("a\n" * 1999 + "b"),
    "garbage": b"x\n" * 10_000,
    "typing": b'{"type":"typing"}\n' * 1000,
    "pings": b'{"type":"ping"}\n' * 1000,
    "searches": b'{"type":"search","query":"flood"}\n' * 500,
    "pages": b'{"type":"history","limit":500}\n' * 500,
    "lines": b"flood\n" * 5000,
    "long lines": ("я" * 32500 + "\n").encode() * 10,
}


def main() -> None:
    """Send blocks of one kind to the port until the connection or this process is ended.

    If given, the third argument is how many do so, the fourth their address, for a server that
    trusts this machine as a proxy.
    """
    port, kind = int(sys.argv[1]), sys.argv[2]
    flooders = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    header = f"PROXY TCP4 {sys.argv[4]} 127.0.0.1 1 1\r\n" if len(sys.argv) > 4 else ""
    threads = [
        threading.Thread(target=_flood, args=(port, kind, number, header)) for number in range(flooders)
    ]
    for thread in threads:
        thread.start()
    print("flooding", flush=True)
    for thread in threads:
        thread.join()


def _flood(port: int, kind: str, number: int, header: str) -> None:
    name, block = f"{os.getpid()}-{number}".rjust(32, "ꙮ"), BLOCKS[kind]
    entry = f"{name}\n" if "lines" in kind else f'{{"type":"join","name":"{name}","history":0}}\n'
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall((header + entry).encode())
        threading.Thread(target=_read, args=(sock,), daemon=True).start()
        turn = 0
        while True:
            sock.sendall(block % ((turn,) * SAYS) if "says" in kind else block)
            turn += 1


def _read(sock: socket.socket) -> None:
    buffer = bytearray(2**20)
    while sock.recv_into(buffer):
        pass


if __name__ == "__main__":
    main()
