"""A room of people who talk, come, go and misbehave, for as long as wanted: the load of `benchmarks.soak`."""

import asyncio
import json
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from chat_protocol.address import Address

TERMINALS: Final = 100
BROWSERS: Final = 50
MESSAGES: Final = 50.0
"""Messages a second, of all together."""

CHURN: Final = 3.0
"""Those who leave, for somebody else to come, a second."""

FAULT_SECONDS: Final = 20.0
"""Somebody misbehaves as often."""

_RNG: Final = random.Random(1)  # noqa: S311 - no secret depends on it
_FAILURES: Final = (OSError, WebSocketException, asyncio.IncompleteReadError, TimeoutError, ValueError)


class _Wire(Protocol):
    """Lines to and from the room."""

    async def send(self, line: str) -> None: ...
    async def receive(self) -> list[str]: ...
    async def close(self) -> None: ...
    def abort(self) -> None: ...


class _Tcp:
    """A connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, address: Address) -> "_Tcp":
        reader, writer = await asyncio.open_connection(*address[:2], limit=4 << 20)
        await reader.readuntil(b": ")  # the prompt
        return cls(reader, writer)

    async def send(self, line: str) -> None:
        self._writer.write(line.encode() + b"\n")
        await self._writer.drain()

    async def receive(self) -> list[str]:
        return [(await self._reader.readuntil(b"\n")).decode()]

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    def abort(self) -> None:
        """End it with RST."""
        self._writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self._writer.transport.abort()


class _WebSocket:
    """A session of the gateway, as a browser opens it."""

    def __init__(self, socket_: ClientConnection) -> None:
        self._socket = socket_

    @classmethod
    async def open(cls, address: Address) -> "_WebSocket":
        url = f"ws://{address}/ws"
        return cls(await connect(url, compression=None, max_size=None, ping_interval=None))

    async def send(self, line: str) -> None:
        await self._socket.send(line)

    async def receive(self) -> list[str]:
        return str(await self._socket.recv()).splitlines()

    async def close(self) -> None:
        await self._socket.close()

    def abort(self) -> None:
        self._socket.transport.abort()


class Load:
    """Everybody. Used by the one thread of its event loop."""

    def __init__(self, server: Address, gateway: Address) -> None:
        self._doors: list[Callable[[], Awaitable[_Wire]]] = [
            lambda: _Tcp.open(server),
            lambda: _WebSocket.open(gateway),
        ]
        self._tasks: set[asyncio.Task[None]] = set()  # of all people
        self._people: dict[asyncio.Task[None], _Wire] = {}  # of those who are in
        self._number = 0
        self._said: dict[str, float] = {}  # when a message was sent, by its text; monotonic
        self.latencies: list[float] = []
        """Seconds from sending a message until its ack, since the caller has emptied it."""
        self.acked = 0
        self.failed = 0
        """Connections that were refused or ended by the other side."""
        self.out_of_order = 0
        """Messages with an id that is not greater than the one before."""

    async def run(self, seconds: float) -> None:
        """Come in, talk, come and go until so many seconds have passed."""
        for door, count in ((0, TERMINALS), (1, BROWSERS)):
            for _ in range(count):
                self._start(door)
                await asyncio.sleep(0.02)
        end = monotonic() + seconds
        jobs = [
            asyncio.create_task(self._often(1 / MESSAGES, end, self._say)),
            asyncio.create_task(self._often(1 / CHURN, end, self._churn)),
            asyncio.create_task(self._often(FAULT_SECONDS, end, self._misbehave)),
        ]
        await asyncio.gather(*jobs)
        for person in self._tasks:
            person.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _often(self, pause: float, end: float, act: Callable[[], Awaitable[None]]) -> None:
        due = monotonic()
        while (now := monotonic()) < end:
            with suppress(*_FAILURES):
                await act()
            due = max(due + pause, now - 1)  # what a busy machine has delayed is not made up for
            await asyncio.sleep(max(0.0, due - monotonic()))

    def _start(self, door: int) -> None:
        task = asyncio.create_task(self._live(door, f"guest {self._next()}"))
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._people.pop(task, None)

    async def _live(self, door: int, name: str) -> None:
        """Be in the room until cancelled; who was put out is replaced by somebody else."""
        wire: _Wire | None = None
        newest = 0
        try:
            wire = await self._doors[door]()
            await wire.send(json.dumps({"type": "join", "name": name, "history": 20}))
            task = asyncio.current_task()
            assert task is not None
            self._people[task] = wire
            while True:
                for line in await wire.receive():
                    newest = self._take(json.loads(line), newest)
        except _FAILURES:
            self.failed += 1
            asyncio.get_running_loop().call_later(1.0, self._start, door)
        except asyncio.CancelledError:
            if wire:
                with suppress(*_FAILURES):
                    await wire.send('{"type":"leave"}')
            raise
        finally:
            if wire:
                with suppress(*_FAILURES):
                    await wire.close()

    def _take(self, event: dict[str, Any], newest: int) -> int:
        if event["type"] in ("ack", "message"):
            if event["id"] <= newest:
                self.out_of_order += 1
            newest = event["id"]
        if event["type"] == "ack" and (sent := self._said.pop(event["ref"], None)):
            self.acked += 1
            self.latencies.append(monotonic() - sent)
        return newest

    async def _say(self) -> None:
        wire = _RNG.choice([*self._people.values()])
        ref = str(self._next())
        self._said[ref] = monotonic()
        text = " ".join(_RNG.choices(("да", "нет", "смотри", "готово", "a longer word", "👍"), k=8))
        await wire.send(json.dumps({"type": "say", "ref": ref, "text": f"{ref} {text}"}))

    async def _churn(self) -> None:
        task = _RNG.choice([*self._people])
        door = int(isinstance(self._people[task], _WebSocket))
        task.cancel()
        self._start(door)

    async def _misbehave(self) -> None:
        """Do one thing that a client should not."""
        match _RNG.randrange(4):
            case 0:  # cables that are cut
                for wire in _RNG.sample([*self._people.values()], 5):
                    wire.abort()
            case 1:  # a reader that stops
                wire = await _RNG.choice(self._doors)()
                await wire.send(json.dumps({"type": "join", "name": f"deaf {self._next()}", "history": 500}))
                asyncio.get_running_loop().call_later(60, wire.abort)
            case 2:  # what is no protocol
                wire = await self._doors[0]()
                await wire.send('{"type":"join","name":')
                await wire.send("\x00\xff" * 1000)
                await wire.close()
            case 3:  # connections that never say who they are
                for _ in range(10):
                    wire = await _RNG.choice(self._doors)()
                    asyncio.get_running_loop().call_later(30, wire.abort)

    def _next(self) -> int:
        self._number += 1
        return self._number
