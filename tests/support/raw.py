"""Clients with nothing of ours between the test and the wire."""

import json
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import TracebackType
from typing import Any, Self

from tests.support.timing import TIMEOUT

PROMPT = "Введите ваше имя: "
GREETING = re.compile(
    r"(?:Здесь сейчас: .+|Кроме вас здесь пока никого) · команды: /help · English: /lang en"
)


def without_greeting(said: str) -> str:
    """Return what a client of the lines dialect was sent, without the line that greets it."""
    rest, count = re.subn(f"{GREETING.pattern}\n", "", said)
    assert count == 1, said
    return rest


class RawClient:
    """A TCP socket that says and expects exact bytes; text means its UTF-8.

    Every read has a deadline of `timeout` seconds and fails with what did come.
    """

    def __init__(self, address: tuple[str, int], timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self.socket = socket.create_connection(address, timeout)
        self._pending = b""

    def send(self, data: bytes | str) -> None:
        """Send it in one write."""
        self.socket.sendall(_bytes(data))

    def expect(self, expected: bytes | str) -> None:
        """Read as many bytes as that and fail unless they are exactly those."""
        wanted = _bytes(expected)
        deadline = monotonic() + self.timeout
        while len(self._pending) < len(wanted) and wanted.startswith(self._pending):
            if not self._receive(deadline):
                break
        got = self._pending[: len(wanted)]
        assert got == wanted, f"expected {_shown(wanted)}, got {_shown(self._pending)}"
        self._pending = self._pending[len(wanted) :]

    def read_until(self, ending: bytes | str) -> bytes:
        """Read up to and with `ending` and return it all."""
        wanted = _bytes(ending)
        deadline = monotonic() + self.timeout
        while wanted not in self._pending:
            more = self._receive(deadline)
            assert more, f"{_shown(wanted)} never came, only {_shown(self._pending)}"
        end = self._pending.index(wanted) + len(wanted)
        read, self._pending = self._pending[:end], self._pending[end:]
        return read

    def read_line(self) -> str:
        """Read the next line and return it without its LF."""
        return self.read_until(b"\n")[:-1].decode()

    def join_lines(self, name: str) -> None:
        """Pass the prompt, join in the lines dialect, and read the greeting."""
        self.expect(PROMPT)
        self.send(f"{name}\n")
        self.expect_greeting()

    def expect_greeting(self) -> None:
        """Read the line that greets a client of the lines dialect."""
        line = self.read_line()
        assert GREETING.fullmatch(line), line

    def read_to_end(self) -> bytes:
        """Read all that still comes until the other end closes or resets."""
        deadline = monotonic() + self.timeout
        while self._receive(deadline):
            pass
        read, self._pending = self._pending, b""
        return read

    def expect_end(self) -> None:
        """Fail unless the other end closes without another byte."""
        rest = self.read_to_end()
        assert not rest, f"expected the end, got {_shown(rest)}"

    def end_input(self) -> None:
        """Say nothing more (FIN), and go on reading."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Vanish with an RST, as a crashed machine's router would answer."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Close; harmless when done already."""
        self.socket.close()

    def _receive(self, deadline: float) -> bool:
        """Read once into the buffer; False at the end of the stream."""
        left = deadline - monotonic()
        assert left > 0, f"nothing more within {self.timeout} s; so far {_shown(self._pending)}"
        self.socket.settimeout(left)
        try:
            chunk = self.socket.recv(65536)
        except TimeoutError:
            raise AssertionError(
                f"nothing more within {self.timeout} s; so far {_shown(self._pending)}"
            ) from None
        except ConnectionResetError:
            return False
        finally:
            self.socket.settimeout(self.timeout)
        self._pending += chunk
        return bool(chunk)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class JsonClient(RawClient):
    """A client of the json dialect that reads and writes plain dictionaries."""

    def say_json(self, **message: Any) -> None:
        """Send one message, `type` among its fields."""
        self.send(json.dumps(message, ensure_ascii=False) + "\n")

    def read_json(self) -> dict[str, Any]:
        """Read the next message, whatever it is."""
        message = json.loads(self.read_line())
        assert isinstance(message, dict)
        return message

    def expect_json(self, **fields: Any) -> dict[str, Any]:
        """Read the next message, fail unless it has these fields, and return it whole."""
        message = self.read_json()
        assert fields.items() <= message.items(), f"expected {fields}, got {message}"
        return message

    def join(self, name: str, **fields: Any) -> dict[str, Any]:
        """Pass the prompt, join, and return the welcome."""
        self.expect(PROMPT)
        self.say_json(type="join", name=name, **fields)
        return self.expect_json(type="welcome")

    def leave(self) -> None:
        """Leave for good, and read to the end, which is the farewell."""
        self.say_json(type="leave")
        rest = self.read_to_end()
        assert b'"bye"' in rest, f"no farewell, only {_shown(rest)}"

    def fence(self) -> list[dict[str, Any]]:
        """Return all that has come once everything sent before has been dealt with."""
        self.say_json(type="ping")
        seen = []
        while (message := self.read_json())["type"] != "pong":
            seen.append(message)
        return seen


@contextmanager
def member(address: tuple[str, int], name: str = "Вера") -> Iterator[JsonClient]:
    """Join under a name, without history, for as long as the block runs; then leave for good."""
    with JsonClient(address) as client:
        client.join(name, history=0)
        yield client
        client.leave()


class DeafClient(JsonClient):
    """A client that reads only when told to, on a machine that holds little for it meanwhile."""

    def __init__(self, address: tuple[str, int], timeout: float = TIMEOUT) -> None:
        self.timeout = timeout
        self._pending = b""
        self.socket = socket.socket()
        # Both before it connects: they are agreed on with the first packets.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self.socket.settimeout(timeout)
        self.socket.connect(address)


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data


def _shown(data: bytes) -> str:
    text = data.decode(errors="backslashreplace")
    return repr(re.sub(r"(?s)^(.{200}).{50,}(.{200})$", r"\1 … \2", text))
