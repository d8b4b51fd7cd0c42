"""A server that behaves as the original chat's: `python server.py PORT`, 0 for any free one.

Written from the contract (docs/protocol.md), for machines where the original is not. Its faults
are the original's too: whatever one read of 1024 bytes gives is a message, of which nothing
marks the end; half a character ends its sender's connection; any name will do, none as well.
"""

import socketserver
import sys
import threading

READ = 1024


class Visitor(socketserver.BaseRequestHandler):
    """One connection, in a thread of its own. Prints when it is in the room."""

    server: "Room"

    def handle(self) -> None:
        self._send("Введите ваше имя: ")
        name = self._read()
        self.server.enter(self)
        self.server.tell(self, f"{name} присоединился к чату!")
        print(f" {self.client_address[1]} is in;", flush=True)
        try:
            while text := self._read():
                self.server.tell(self, f"{name}: {text}")
        except (UnicodeDecodeError, ConnectionError):
            pass
        finally:
            self.server.leave(self)
            self.request.close()
            self.server.tell(self, f"{name} покинул чат.")

    def _read(self) -> str:
        return str(self.request.recv(READ), "utf-8")

    def _send(self, text: str) -> None:
        self.request.sendall(text.encode())


class Room(socketserver.ThreadingTCPServer):
    """Everybody who is in."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Visitor)
        self._lock = threading.Lock()  # guards the list
        self._inside: list[Visitor] = []
        print(f"listens on 127.0.0.1:{self.server_address[1]}", flush=True)

    def enter(self, visitor: Visitor) -> None:
        with self._lock:
            self._inside.append(visitor)

    def leave(self, visitor: Visitor) -> None:
        with self._lock:
            self._inside.remove(visitor)

    def tell(self, sender: Visitor, text: str) -> None:
        """Send this to all but the one it is about."""
        with self._lock:
            for visitor in self._inside:
                if visitor is not sender:
                    visitor._send(text)


if __name__ == "__main__":
    Room(int(sys.argv[1])).serve_forever()
