"""The system under test: a server and a gateway that can be restarted, and the participants."""

import random
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self

import psutil
from msgspec import convert

from chat_protocol.messages import Message
from tests.faults.acts import check_acts, first_text
from tests.faults.checker import Seen, Verdict, check
from tests.faults.participants import JsonParticipant, Participant
from tests.faults.proxy import Proxy
from tests.faults.terminal_participant import TerminalParticipant
from tests.faults.text_client import TextClient
from tests.faults.wires import TcpWire, WebSocketWire
from tests.support.processes import Program, start
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT, at_most

RECOVERY = at_most(5.0)
"""Seconds within which all participants must be back, with everything they missed."""

_ACTS = 0.05
"""How often a writer acts on a message when it might say something."""

_TEXTS = ("да", "раз\nдва", "и ещё немного " * 20, "x" * 2000)


class Service:
    """One of our programs, restarted on the same port."""

    def __init__(self, *command: str) -> None:
        self._command = command
        self._port = 0
        self._ended: list[Program] = []
        self.program = self._start()
        self.address = self.program.address
        self._port = self.address.port

    def kill(self) -> None:
        """Kill all of its processes with SIGKILL."""
        processes = psutil.Process(self.program.process.pid).children(recursive=True)
        self.program.process.kill()
        for process in processes:
            process.kill()
        self.program.wait()
        self._ended.append(self.program)

    def stop(self) -> None:
        """Stop it in order, and wait until it has ended."""
        assert self.program.stop() == 0, self.program.stderr.text
        self._ended.append(self.program)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop all of its processes for the block, as a laptop or a virtual machine is suspended."""
        process = psutil.Process(self.program.process.pid)
        processes = [process, *process.children(recursive=True)]
        for one in processes:
            one.suspend()
        try:
            yield
        finally:
            for one in processes:
                one.resume()

    def restart(self) -> None:
        """Start it again on the same port."""
        self.program = self._start()

    def close(self) -> None:
        """Stop it; fail if it ever printed a traceback."""
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


class Environment:
    """Five writers and ten readers over TCP and WebSocket, two of them with our terminal client.

    From `talk` to `wait_until_recovered` the writers talk all the time, in a thread of their own.
    """

    interval = 0.01
    """Seconds between what the writers say, of which each says one or two texts."""

    at_once = 5
    """How many writers say something at the same time, at random."""

    def __init__(
        self,
        folder: Path,
        rng: random.Random,
        *flags: str,
        server: str = "tcp_server",
        terminals: bool = True,
    ) -> None:
        """Start everything. `flags` are the server's.

        `terminals` says whether our terminal client, whose timeouts are fixed, takes part.
        """
        self.rng = rng
        with ExitStack() as resources:
            self._start_system(folder, server, flags, resources)
            self._saying = threading.Lock()  # held while the writers say something
            self._talking = threading.Event()
            self._closing = threading.Event()
            self._talk_thread = threading.Thread(target=self._talk, name="talker", daemon=True)
            some = int(terminals)
            self.writers = self._make("writer", tcp=3 - some, websocket=2, terminals=some)
            self.readers = self._make("reader", tcp=5 - some, websocket=5, terminals=some)
            self.text_clients = [
                TextClient("plain", self.server.address, ""),
                TextClient("lines", self.server.address, "\n"),
            ]
            self._make_others()
            clients: list[Participant | TextClient] = [*self.readers, *self.text_clients, *self.writers]
            clients += [one for one in self.everybody if one not in clients]
            for client in clients:
                resources.callback(client.stop)
                client.start()
            resources.callback(self._stop_talking)
            self._talk_thread.start()
            self._resources = resources.pop_all()

    def _start_system(self, folder: Path, server: str, flags: Sequence[str], resources: ExitStack) -> None:
        """Start the programs, which `resources` stop."""
        self.server = Service(server, "--host", "127.0.0.1", "--history", str(folder / "room.db"), *flags)
        resources.callback(self.server.close)
        self.to_server = resources.enter_context(Proxy(self.server.address, self.rng))
        self.gateway = Service("web_gateway", "--server", str(self.to_server.address))
        resources.callback(self.gateway.close)
        self.to_gateway = resources.enter_context(Proxy(self.gateway.address, self.rng))

    def _tcp(self) -> TcpWire:
        return TcpWire(self.to_server.address)

    def _websocket(self) -> WebSocketWire:
        return WebSocketWire(self.to_gateway.address)

    def _make_others(self) -> None:
        """Make more clients, who are not started yet."""

    @property
    def participants(self) -> Sequence[Participant]:
        """The participants that must see every message."""
        return (*self.writers, *self.readers)

    @property
    def senders(self) -> Sequence[Participant]:
        """Those who say and do something."""
        return self.writers

    @property
    def present(self) -> Sequence[Participant]:
        """Those who are in the room at the moment, and have all messages once nothing more is said."""
        return self.participants

    @property
    def everybody(self) -> Sequence[Participant]:
        """All who are sometimes in the room."""
        return self.participants

    def talk(self) -> None:
        """Let the writers talk; return at a random moment while they do."""
        self._talking.set()
        goal = self._acked() + self.rng.randrange(30, 200)
        self.wait_for(lambda: self._acked() >= goal, "no more messages are acknowledged")

    def wait_until_recovered(self, within: float = RECOVERY) -> float:
        """Wait, after a fault, until every participant has every message; return the seconds it took."""
        began = monotonic()
        self._talking.clear()
        with self._saying:
            for writer in self.writers:
                writer.say(self._text(writer))

        self.wait_for(
            lambda: all(participant.is_up_to_date(self._newest()) for participant in self.participants),
            "not all participants have recovered",
            within,
        )
        return monotonic() - began

    def wait_until_members_agree(self) -> None:
        """Wait until all participants have the same list of members as somebody who joins now."""
        with JsonClient(self.server.address, timeout=TIMEOUT) as client:
            members = client.join("observer", history=0)["members"]

            def agree() -> bool:
                for event in client.fence():
                    if event["type"] == "joined":
                        members.append(event["name"])
                    elif event["type"] == "left":
                        members.remove(event["name"])
                return all(sorted(one.members()) == sorted(members) for one in self.present)

            self.wait_for(agree, "the lists of members differ", RECOVERY)
            client.say_json(type="leave")
            client.read_to_end()

    def verdict(self) -> Verdict:
        """Check everything recorded so far."""
        readers = [participant.seen for participant in self.everybody]
        texts = [text_client.seen for text_client in self.text_clients]
        log = self._log()
        deleted = {one.id for one in log.values() if not first_text(one)}  # or a topic that was cleared
        readers.append(Seen("the log", [[(one.id, first_text(one)) for one in log.values()]]))
        return check([sender.sent for sender in self.senders], readers, texts, deleted)

    def wait_until_messages_agree(self) -> int:
        """Wait until all participants have what one who joins now has; return how many acts there were.

        No acknowledged act may be lost or doubled.
        """
        acts = [acted for sender in self.senders for acted in sender.acted]
        log = self._log()

        wrong: list[str] = []

        def agree() -> bool:
            shown = {one.name: one.shown() for one in self.present}
            wrong[:] = check_acts(acts, log, shown, self._uncertain())
            return not wrong

        with suppress(AssertionError):
            self.wait_for(agree, "the messages differ", RECOVERY)
        assert not wrong, wrong[:10]
        return len(acts)

    def errors(self) -> list[str]:
        """Return the unexpected errors of all participants."""
        return [
            f"{participant.name}: {error}" for participant in self.everybody for error in participant.errors
        ]

    def wait_for(
        self, condition: Callable[[], bool], otherwise: str, within: float = TIMEOUT, pause: float = 0.01
    ) -> None:
        """Poll until `condition` holds; fail with the text `otherwise` after `within` seconds."""
        deadline = monotonic() + within
        while not condition():
            if monotonic() > deadline:
                raise AssertionError(f"{otherwise} within {within} s:\n{self._status()}")
            sleep(pause)

    def _make(self, kind: str, *, tcp: int, websocket: int, terminals: int) -> list[Participant]:
        openers: list[Callable[[], TcpWire | WebSocketWire]] = [self._tcp] * tcp
        openers += [self._websocket] * websocket
        made: list[Participant] = [
            JsonParticipant(f"{kind} {number}", opener, random.Random(self.rng.random()))
            for number, opener in enumerate(openers)
        ]
        return made + [
            TerminalParticipant(f"{kind} at a terminal {number}", self.server.address)
            for number in range(terminals)
        ]

    def _talk(self) -> None:
        ticked_at = 0.0
        while not self._closing.wait(self.interval):
            with self._saying:
                if self._talking.is_set():
                    for writer in self.rng.sample(self.writers, min(self.at_once, len(self.writers))):
                        for _ in range(self.rng.choice((0, 0, 1, 1, 1, 5))):
                            writer.say(self._text(writer))
                        if self.rng.random() < _ACTS:
                            writer.act()
                    self._talk_more()
            if monotonic() - ticked_at > 0.5:
                ticked_at = monotonic()
                for participant in self.everybody:
                    participant.tick()

    def _talk_more(self) -> None:
        """Let others say or do something too. Called by the talker's thread."""

    def _uncertain(self) -> set[int]:
        """Return the messages with acts that may still be answered."""
        return set()

    def _stop_talking(self) -> None:
        self._closing.set()
        self._talk_thread.join()

    def _text(self, writer: Participant) -> str:
        """Return a text of a random length, whose first word is its own."""
        word = f"<{writer.name.replace(' ', '-')}-{len(writer.sent.said)}>"
        return f"{word} {self.rng.choice(_TEXTS)}"

    def _acked(self) -> int:
        return sum([len(writer.sent.acked) for writer in self.writers])

    def _newest(self) -> int:
        """The highest number acknowledged so far."""
        # Copied first: the writers' own threads add to it meanwhile.
        return max([max(list(sender.sent.acked.values()), default=0) for sender in self.senders])

    def _log(self) -> dict[int, Message]:
        """Read the whole log from the server, as one who joins now."""
        pages: list[Message] = []
        with JsonClient(self.server.address, timeout=TIMEOUT) as client:
            before = client.join("auditor", history=0)["last"] + 1
            more = True
            while more:
                client.say_json(type="history", before=before, limit=500)
                while (page := client.read_json())["type"] != "history":
                    pass
                pages[:0] = [convert(message, Message) for message in page["messages"]]
                before, more = pages[0].id, page["more"]
            client.say_json(type="leave")
            client.read_to_end()
        return {message.id: message for message in pages}

    def _status(self) -> str:
        """Describe the state of every participant."""
        newest = self._newest()
        lines = [
            f"{participant}: {'up to date' if participant.is_up_to_date(newest) else 'behind'}, "
            f"{len(participant.sent.said)} said, {len(participant.sent.acked)} acked, "
            f"{len(participant.sent.refused)} refused, {sum(map(len, participant.seen.runs))} seen"
            for participant in self.everybody
        ]
        return "\n".join([*lines, *self.errors(), self.server.program.stderr.text[-2000:]])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()
