"""The Unix socket on which whoever runs the server asks who is connected, and acts."""

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from chat_protocol.log_event import WARNING, log_event
from tcp_server.config import Config

ANSWER_TIMEOUT: Final = 10.0
"""Seconds that a request and its answer may take."""

_MAX_REQUEST: Final = 4096
"""Longest request, in bytes."""

_NAME: Final = "socket"  # in a folder of its own, which is removed with it

OperatorAct = Literal["list", "kick", "drain", "log-level"]


class Request(Struct, frozen=True):
    """What is asked for; `value` is whom to kick, or the level of the log."""

    act: OperatorAct
    value: str = ""


class Client(Struct, frozen=True):
    """One connection: `id` is the port it comes from, as in the log, `seconds` is its age.

    `waiting` are the bytes that it has not read yet, `left` is how many messages it may send at once, without
    a limit None. `name` is empty before it has joined.
    """

    id: int
    name: str
    dialect: str
    address: str
    seconds: float
    waiting: int
    left: int | None


class Answer(Struct, frozen=True):
    """The answer: what is wrong, or else who is connected and what was counted since the start."""

    error: str = ""
    not_ready: str = ""
    clients: Sequence[Client] = ()
    messages: int = 0
    deliveries: int = 0
    kicked: int = 0


def socket_path(config: Config) -> Path | None:
    """Return where the socket is: in the folder that systemd gives the service, or beside the messages."""
    if folder := os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]:
        return Path(folder) / "operator"
    if config.history in ("memory", "off"):
        return None
    history = Path(config.history)
    return history.with_name(f"{history.name}.operator") / _NAME


class OperatorSocket:
    """Answers one request after the other, in a thread of its own, to this user and root only."""

    def __init__(self, path: Path, answer: Callable[[Request], Answer]) -> None:
        """Listen. Raises `OSError`, also if the path is too long for a socket."""
        self._path = path
        self._answer = answer
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        path.unlink(missing_ok=True)  # of a server that was killed
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            with _address(path) as address:
                self._listener.bind(address)
            self._listener.listen()
        except OSError:
            self._listener.close()
            raise
        self._thread = threading.Thread(target=self._run, name="operator", daemon=True)

    def start(self) -> None:
        """Start to answer. Once."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering. Once, after `start`."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join(ANSWER_TIMEOUT)
        self._listener.close()
        self._path.unlink(missing_ok=True)
        if self._path.name == _NAME:
            with suppress(OSError):
                self._path.parent.rmdir()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                client.settimeout(ANSWER_TIMEOUT)
                if _is_allowed(client):
                    client.sendall(msgspec.json.encode(self._handle(client.recv(_MAX_REQUEST))))
                else:
                    log_event(WARNING, "operator refused", reason="uid")

    def _handle(self, request: bytes) -> Answer:
        try:
            return self._answer(msgspec.json.decode(request, type=Request))
        except msgspec.DecodeError as error:
            return Answer(error=str(error))


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Yield a path that is short enough for a socket, where the system can shorten one: at most 107 bytes.

    Raises `OSError` if the folder is not there.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        short = Path(f"/proc/self/fd/{folder}")
        yield str(short / path.name if short.exists() else path)
    finally:
        os.close(folder)


def _is_allowed(client: socket.socket) -> bool:
    """Return whether the other end is this user, or root. Else only the folder keeps others out."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[1] in (0, os.geteuid())


def ask(path: Path, request: Request) -> Answer:
    """Ask the server at this socket. Raises `OSError`, `msgspec.DecodeError`."""
    with socket.socket(socket.AF_UNIX) as server:
        server.settimeout(ANSWER_TIMEOUT)
        with _address(path) as address:
            server.connect(address)
        server.sendall(msgspec.json.encode(request))
        parts: list[Any] = list(iter(lambda: server.recv(65536), b""))
        return msgspec.json.decode(b"".join(parts), type=Answer)
