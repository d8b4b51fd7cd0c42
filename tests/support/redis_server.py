"""A real Redis of a test's own, in a folder of its own."""

import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis

from chat_protocol.address import Address
from tcp_server.cluster.redis_stream import RedisStream
from tcp_server.redis_url import parse
from tests.support.processes import Output
from tests.support.requirements import REDIS
from tests.support.timing import TIMEOUT


class RedisServer:
    """A `redis-server`, which can be stopped in every way and started again. Use `redis_server`."""

    def __init__(self, folder: Path, *settings: str, port: int, ready: str) -> None:
        """Start it; once its log has the words `ready` it is."""
        self.folder = folder
        self.address = Address("127.0.0.1", port)
        """Where it listens too, unless the port is 0."""
        self.socket = folder / "redis.sock"
        self._settings = (*settings, "--port", str(port))
        self._ready = ready
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self, *settings: str, ready: str = "") -> None:
        """Start it, with more settings than the first time, and wait until its log has `ready`."""
        self.process = subprocess.Popen(
            [
                *(REDIS, *self._settings, "--dir", str(self.folder), "--unixsocket", str(self.socket)),
                *("--appendonly", "yes", "--save", "", "--databases", "2", *settings),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self.process.stdout is not None
        self.log = Output(self.process.stdout)
        try:
            self.log.wait_for(ready or self._ready)
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise

    def do(self, *command: str | bytes | int) -> Any:
        """Carry a command out as its owner."""
        with self.client() as client:
            execute: Any = client.execute_command
            return execute(*command)

    def client(self) -> Redis:
        """Return a connection as its owner, to be closed."""
        return Redis(unix_socket_path=str(self.socket), socket_timeout=TIMEOUT)

    def pause(self) -> None:
        """Let it do nothing, as SIGSTOP does, until `resume`."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> None:
        """End it: in order, or by SIGKILL."""
        self.resume()
        self.process.send_signal(with_signal)
        self.process.wait(TIMEOUT)
        self.log.join()

    def restart(self, with_signal: signal.Signals = signal.SIGTERM) -> None:
        self.stop(with_signal)
        self.start()


def free_port() -> int:
    """Return a port for a Redis, which cannot choose one itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def opened(url: str) -> RedisStream:
    """Return a stream there; it is not started."""
    parts = parse(url)
    assert parts is not None
    return RedisStream(parts)


def texts(entries: Iterable[tuple[int, int, bytes]]) -> list[bytes]:
    """Return what was read, without positions and times."""
    return [data for _, _, data in entries]


@contextmanager
def redis_server(
    folder: Path, *settings: str, port: int = 0, ready: str = "ready to accept connections"
) -> Iterator[RedisServer]:
    """Run a Redis with further settings until the block ends; it listens on a port only if it is told to."""
    server = RedisServer(folder, *settings, port=port, ready=ready)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)
