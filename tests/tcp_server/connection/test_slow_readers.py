"""Clients that do not read harm nobody but themselves."""

import json
import re
import selectors
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from chat_protocol.address import Address
from tests.support.processes import Program, running
from tests.support.raw import PROMPT, DeafClient, JsonClient, RawClient
from tests.support.requirements import needs_proc
from tests.support.timing import at_most

DIALECTS = ("plain", "lines", "json")
NUMBER = re.compile(rb"<(\d+-\d+)>")


@contextmanager
def server(*flags: str) -> Iterator[Program]:
    local = ("--host", "127.0.0.1", "--port", "0", "--history", "off")
    with running("tcp_server", *local, *flags) as program:
        yield program


def enter(client: RawClient, dialect: str, name: str) -> None:
    client.expect(PROMPT)
    join = f'{{"type":"join","name":"{name}","history":0}}\n'
    client.send({"plain": name, "lines": f"{name}\n", "json": join}[dialect])


def read_side_by_side(clients: Sequence[RawClient], texts: int, within: float) -> list[bytes]:
    """Read from all clients until each has received that many numbered texts; return the bytes of each."""
    streams = [bytearray() for _ in clients]
    missing = [texts] * len(clients)
    deadline = monotonic() + within
    with selectors.DefaultSelector() as selector:
        for position, client in enumerate(clients):
            selector.register(client.socket, selectors.EVENT_READ, position)
        while selector.get_map():
            assert monotonic() < deadline, f"{len(selector.get_map())} have not got everything"
            for key, _ in selector.select(1):
                part = clients[key.data].socket.recv(1 << 18)
                assert part, "cut, though it read"
                streams[key.data] += part
                missing[key.data] -= part.count(b">")
                if not missing[key.data]:
                    selector.unregister(key.fileobj)
    return [bytes(stream) for stream in streams]


class Crowd:
    """Five hundred members, some of whom talk and some of whom never read."""

    def __init__(self, address: Address, stack: ExitStack) -> None:
        self.observer = stack.enter_context(JsonClient(address))
        self.observer.join("observer")
        self.talkers = [stack.enter_context(JsonClient(address)) for _ in range(10)]
        self.readers = [stack.enter_context(RawClient(address)) for _ in range(469)]
        self.deaf = [stack.enter_context(DeafClient(address)) for _ in range(20)]
        for number, talker in enumerate(self.talkers):
            enter(talker, "json", f"talker{number}")
        for kind, clients in (("reader", self.readers), ("deaf", self.deaf)):
            for number, client in enumerate(clients):
                enter(client, DIALECTS[number % 3], f"{kind}{number}")
        for _ in range(499):
            self.observer.expect_json(type="joined")

    def talk(self, each: int) -> None:
        """Have each talker send that many numbered texts, in turn."""
        for count in range(each):
            for number, talker in enumerate(self.talkers):
                talker.say_json(type="say", ref=str(count), text=f"<{number}-{count}>" + "x" * 1000)

    def observe(self, said: int, cut: int) -> tuple[list[str], dict[str, str | None]]:
        """Return that many texts in their order, and the reason of each member that was cut."""
        order: list[str] = []
        left: dict[str, str | None] = {}
        while len(order) < said or len(left) < cut:
            event = self.observer.read_json()
            if event["type"] == "message":
                order.append(event["text"].partition(">")[0][1:])
                assert event["id"] == len(order)
            elif event["type"] == "left":
                left[event["name"]] = event.get("reason")
        return order, left


def test_five_hundred_members_of_whom_twenty_never_read() -> None:
    each = 40
    said = 10 * each
    with (
        server("--backlog", "50000", "--grace", "0.3", "--close-timeout", "20") as program,
        ExitStack() as stack,
        ThreadPoolExecutor(2) as pool,
    ):
        crowd = Crowd(program.address, stack)
        heard = pool.submit(read_side_by_side, crowd.readers, said, within=30)
        talked = pool.submit(crowd.talk, each)
        order, left = crowd.observe(said, cut=20)
        talked.result(10)
        assert len(set(order)) == said
        assert left == {f"deaf{number}": "slow" for number in range(20)}

        expected = [number.encode() for number in order]
        assert all(NUMBER.findall(stream) == expected for stream in heard.result(30))
        for number, talker in enumerate(crowd.talkers):
            events = [event for event in talker.fence() if event["type"] in {"message", "ack"}]
            assert [event["id"] for event in events] == list(range(1, said + 1))
            mine = [order[event["id"] - 1] for event in events if event["type"] == "ack"]
            assert mine == [f"{number}-{count}" for count in range(each)]

        for number, client in enumerate(crowd.deaf):
            rest = client.read_to_end()
            numbers = NUMBER.findall(rest)
            assert numbers == expected[: len(numbers)]
            if DIALECTS[number % 3] == "json":
                assert [json.loads(line) for line in rest.splitlines()][-1] == {
                    "type": "bye",
                    "reason": "slow",
                }
            elif DIALECTS[number % 3] == "lines":
                assert rest.decode().endswith("\nВы отключены: ваше соединение не успевает за беседой.\n")


def resident(program: Program) -> int:
    """Return the resident memory of the program, in bytes."""
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


@needs_proc
def test_slow_readers_cost_bounded_memory() -> None:
    text = "😀" * 4000
    with server() as program, ExitStack() as stack:
        talker = stack.enter_context(JsonClient(program.address))
        talker.join("talker")
        for number in range(10):
            enter(stack.enter_context(DeafClient(program.address)), "lines", f"deaf{number}")
            talker.expect_json(type="joined")
        before = resident(program)
        left = 0
        for burst in range(80):
            for number in range(50):
                talker.say_json(type="say", ref=f"{burst}-{number}", text=text)
            left += sum(event["type"] == "left" for event in talker.fence())
        assert left == 10
        assert resident(program) - before < 16_000_000  # of 64 MB that were sent


@pytest.mark.parametrize("others", [0, 2])
def test_a_client_that_does_not_read_delays_nobody_in_a_small_room(others: int) -> None:
    with server("--write-timeout", "120") as program, ExitStack() as stack:
        talker = stack.enter_context(JsonClient(program.address))
        talker.join("talker")
        deaf = stack.enter_context(DeafClient(program.address))
        enter(deaf, "lines", "deaf")
        readers = [stack.enter_context(JsonClient(program.address)) for _ in range(others)]
        for number, reader in enumerate(readers):
            reader.join(f"reader{number}")
        started = monotonic()
        for number in range(150):  # more than the kernel buffers, less than the backlog limit
            talker.say_json(type="say", ref=str(number), text="x" * 4000)
            talker.fence()
            for reader in readers:
                reader.fence()
        assert monotonic() - started < at_most(4)  # not two minutes, after which it is cut
