"""Where it all happens: a server and a gateway that come back, and everybody in the room."""

import random
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self

import psutil

from tests.faults.checker import Seen, Verdict, check
from tests.faults.people import Bystander, Person, Somebody, Terminal
from tests.faults.proxy import Proxy
from tests.faults.wires import TcpWire, WebSocketWire
from tests.support.processes import Program, start
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT, at_most

BACK_WITHIN = at_most(5.0)
"""Seconds after which everybody has to be back, with all they missed."""

_TEXTS = ("да", "раз\nдва", "и ещё немного " * 20, "x" * 2000)


class Service:
    """One of our programs, always on the same port, started anew after each end."""

    def __init__(self, *command: str) -> None:
        self._command = command
        self._port = 0
        self._ended: list[Program] = []
        self.program = self._start()
        self.address = self.program.address
        self._port = self.address.port

    def kill(self) -> None:
        """`kill -9`, all of its processes."""
        everybody = psutil.Process(self.program.process.pid).children(recursive=True)
        self.program.process.kill()
        for process in everybody:
            process.kill()
        self.program.wait()
        self._ended.append(self.program)

    def restart(self) -> None:
        """Start it again where it was."""
        self.program = self._start()

    def close(self) -> None:
        """End it, and fail if it ever said anything that only a programmer could want to read."""
        if self.program.process.poll() is None and self.program.stop() != 0:
            raise AssertionError(f"{self._command}: {self.program.stderr.text}")
        for program in (*self._ended, self.program):
            program.assert_no_crash()

    def _start(self) -> Program:
        program = start(sys.executable, "-m", *self._command, "--port", str(self._port))
        try:
            program.stdout.wait_for("\n", TIMEOUT)
        except AssertionError:
            program.kill()
            raise AssertionError(f"{self._command} does not start: {program.stderr.text}") from None
        return program


class Stage:
    """Five writers and ten readers over TCP and WebSocket, two of them in our terminal client.

    From `talk` to `come_back` the writers talk without a pause, in a thread of their own.
    """

    def __init__(
        self,
        folder: Path,
        rng: random.Random,
        *flags: str,
        server: str = "tcp_server",
        terminals: bool = True,
    ) -> None:
        """`flags` are the server's. Our terminal client has its own idea of silence, and may stay out."""
        self.rng = rng
        with ExitStack() as held:
            self.server = Service(server, "--host", "127.0.0.1", "--history", str(folder / "room.db"), *flags)
            held.callback(self.server.close)
            self.to_server = held.enter_context(Proxy(self.server.address, rng))
            self.gateway = Service("web_gateway", "--server", str(self.to_server.address))
            held.callback(self.gateway.close)
            self.to_gateway = held.enter_context(Proxy(self.gateway.address, rng))
            self._floor = threading.Lock()  # held by whoever lets the writers say something
            self._talking = threading.Event()
            self._closing = threading.Event()
            self._talker = threading.Thread(target=self._talk, name="talker", daemon=True)
            some = int(terminals)
            self.writers = self._people("writer", tcp=3 - some, websocket=2, terminals=some)
            self.readers = self._people("reader", tcp=5 - some, websocket=5, terminals=some)
            self.bystanders = [
                Bystander("plain", self.server.address, ""),
                Bystander("lines", self.server.address, "\n"),
            ]
            people: list[Somebody | Bystander] = [*self.readers, *self.bystanders, *self.writers]
            for person in people:
                held.callback(person.stop)
                person.start()
            held.callback(self._stop_talking)
            self._talker.start()
            self._held = held.pop_all()

    @property
    def everybody(self) -> Sequence[Somebody]:
        """Those who have to see all."""
        return (*self.writers, *self.readers)

    def talk(self) -> None:
        """Let the writers talk, and return at a random moment in the middle of it."""
        self._talking.set()
        goal = self._acked() + self.rng.randrange(30, 200)
        self.wait_for(lambda: self._acked() >= goal, "nothing is acknowledged any more")

    def come_back(self) -> float:
        """Wait until everybody has everything, after the last fault is over; return how long it took.

        Fails if that takes longer than it may.
        """
        began = monotonic()
        self._talking.clear()
        with self._floor:
            for writer in self.writers:
                writer.say(self._text(writer))

        self.wait_for(
            lambda: all(somebody.at_ease(self._newest()) for somebody in self.everybody),
            "not everybody has come back",
            BACK_WITHIN,
        )
        return monotonic() - began

    def verdict(self) -> Verdict:
        """Hold everything that has happened against what was promised."""
        readers = [somebody.seen for somebody in self.everybody]
        heard = [bystander.heard for bystander in self.bystanders]
        return check([writer.sent for writer in self.writers], [*readers, self._log()], heard)

    def troubles(self) -> list[str]:
        """What people were told that a healthy room never says."""
        return [f"{somebody.name}: {trouble}" for somebody in self.everybody for trouble in somebody.troubles]

    def wait_for(self, condition: Callable[[], bool], otherwise: str, within: float = TIMEOUT) -> None:
        """Look again and again whether `condition` holds; fail, saying `otherwise`, if it never does."""
        deadline = monotonic() + within
        while not condition():
            if monotonic() > deadline:
                raise AssertionError(f"{otherwise} within {within} s:\n{self._standing()}")
            sleep(0.01)

    def _people(self, kind: str, *, tcp: int, websocket: int, terminals: int) -> list[Somebody]:
        openers: list[Callable[[], TcpWire | WebSocketWire]] = [lambda: TcpWire(self.to_server.address)] * tcp
        openers += [lambda: WebSocketWire(self.to_gateway.address)] * websocket
        people: list[Somebody] = [
            Person(f"{kind} {number}", opener, random.Random(self.rng.random()))
            for number, opener in enumerate(openers)
        ]
        return people + [
            Terminal(f"{kind} at a terminal {number}", self.server.address) for number in range(terminals)
        ]

    def _talk(self) -> None:
        ticked_at = 0.0
        while not self._closing.wait(0.01):
            with self._floor:
                if self._talking.is_set():
                    for writer in self.writers:
                        for _ in range(self.rng.choice((0, 0, 1, 1, 1, 5))):
                            writer.say(self._text(writer))
            if monotonic() - ticked_at > 0.5:
                ticked_at = monotonic()
                for somebody in self.everybody:
                    somebody.tick()

    def _stop_talking(self) -> None:
        self._closing.set()
        self._talker.join()

    def _text(self, writer: Somebody) -> str:
        """Return a text of a random length, whose first word is its own."""
        word = f"<{writer.name.replace(' ', '-')}-{len(writer.sent.said)}>"
        return f"{word} {self.rng.choice(_TEXTS)}"

    def _acked(self) -> int:
        return sum([len(writer.sent.acked) for writer in self.writers])

    def _newest(self) -> int:
        """The highest number acknowledged so far."""
        # Copied in one go: the writers' own threads go on acknowledging meanwhile.
        return max([max(list(writer.sent.acked.values()), default=0) for writer in self.writers])

    def _log(self) -> Seen:
        """Page through all that the server keeps."""
        log = Seen("the log", [[]])
        with JsonClient(self.server.address, timeout=TIMEOUT) as client:
            before = client.join("auditor", history=0)["last"] + 1
            while before > 1:
                client.say_json(type="history", before=before, limit=500)
                while (page := client.read_json())["type"] != "history":
                    pass
                log.runs.insert(0, [(message["id"], message["text"]) for message in page["messages"]])
                before = page["messages"][0]["id"]
            client.say_json(type="leave")
            client.read_to_end()
        return log

    def _standing(self) -> str:
        """Say how everybody stands."""
        newest = self._newest()
        lines = [
            f"{somebody}: {'well' if somebody.at_ease(newest) else 'not at ease'}, "
            f"{len(somebody.sent.said)} said, {len(somebody.sent.acked)} acked, "
            f"{len(somebody.sent.refused)} refused, {sum(map(len, somebody.seen.runs))} seen"
            for somebody in self.everybody
        ]
        return "\n".join([*lines, *self.troubles(), self.server.program.stderr.text[-2000:]])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()
