"""Out of descriptors, threads, or memory for threads: members stay, and the server recovers."""

import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic

import psutil
import pytest

from tcp_server.config import Config
from tcp_server.server import ChatServer
from tests.support.processes import Program, start
from tests.support.raw import PROMPT, JsonClient, RawClient
from tests.support.requirements import needs_prlimit
from tests.support.timing import at_most

LOCAL = "--host 127.0.0.1 --port 0 --history memory --grace 0"
FULL = "Сейчас слишком много подключений, попробуйте позже.\n"
RECOVERY = at_most(2.0)
"""Seconds after which somebody can join again."""


@contextmanager
def limited(*limits: str) -> Iterator[Program]:
    """Run a server under limits set by the shell's `ulimit`."""
    program = start(
        "sh",
        "-c",
        f"{''.join(f'ulimit {limit}; ' for limit in limits)}exec {sys.executable} -m tcp_server {LOCAL}",
    )
    try:
        program.stdout.wait_for("\n")
        yield program
        assert program.stop() == 0
    finally:
        if program.process.poll() is None:
            program.kill()
    program.assert_no_crash()


class Pair:
    """Two members that joined before the attack and talk during it."""

    def __init__(self, address: tuple[str, int], stack: ExitStack) -> None:
        self._anna = stack.enter_context(JsonClient(address))
        self._boris = stack.enter_context(JsonClient(address))
        self._anna.join("Анна")
        self._boris.join("Борис")
        self._anna.fence()
        self._said = 0

    def talk(self) -> None:
        """Fail unless one receives what the other says."""
        self._said += 1
        text = str(self._said)
        self._anna.say_json(type="say", ref=text, text=text)
        while (event := self._boris.read_json())["type"] != "message":
            assert event["type"] in ("joined", "left")
        assert event["text"] == text
        self._boris.fence()
        acks = [event["ref"] for event in self._anna.fence() if event["type"] == "ack"]
        assert acks == [text]


def crowd(address: tuple[str, int], size: int) -> list[RawClient]:
    """Open up to this many connections; some may fail."""
    clients = []
    for _ in range(size):
        with suppress(OSError):
            clients.append(RawClient(address))
    return clients


def close(clients: list[RawClient]) -> None:
    for client in clients:
        client.close()


def join_within(address: tuple[str, int], name: str, within: float = RECOVERY) -> None:
    """Try to join until it succeeds; fail after `within` seconds."""
    deadline = monotonic() + within
    while True:
        with JsonClient(address) as client:
            greeting = client.read_until(" ")
            if PROMPT.encode().startswith(greeting):
                client.say_json(type="join", name=name)
                client.read_until('"type":"welcome"')
                return
        assert monotonic() < deadline, f"nobody could join within {within} s"


def assert_only_refusals(program: Program) -> None:
    """Check that the log has nothing but why clients were refused."""
    said = [line for line in program.stderr.text.splitlines() if " WARNING fewer connections" not in line]
    assert said
    assert all(" WARNING refused reason=" in line for line in said), said


def test_more_connections_than_descriptors() -> None:
    with limited("-n 64") as program, ExitStack() as stack:
        pair = Pair(program.address, stack)
        accepted = 0
        for _ in range(3):
            clients = crowd(program.address, 200)
            stack.callback(close, clients)
            pair.talk()
            accepted = sum(PROMPT.encode().startswith(client.read_until(" ")) for client in clients)
            assert 10 < accepted < 64
            close(clients)
            join_within(program.address, "Вера")
            pair.talk()
        assert_only_refusals(program)


@needs_prlimit
def test_descriptors_run_out_below_the_connection_limit() -> None:
    with limited("-n 1024") as program, ExitStack() as stack:
        pair = Pair(program.address, stack)
        process = psutil.Process(program.process.pid)
        before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        for _ in range(3):
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (64, before[1]))
            clients = crowd(program.address, 100)
            stack.callback(close, clients)
            pair.talk()
            assert clients[-1].read_to_end().decode() == FULL
            busy = process.cpu_times().user
            pair.talk()
            assert process.cpu_times().user - busy < 1
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)
            join_within(program.address, "Вера")  # the crowd is still there
            close(clients)
            pair.talk()
        assert_only_refusals(program)


@needs_prlimit
def test_no_memory_for_threads() -> None:
    """Not even memory for a thread's stack and none for its first call, in which it would hang the server."""
    with limited() as program, ExitStack() as stack:
        pair = Pair(program.address, stack)
        process = psutil.Process(program.process.pid)
        before = resource.prlimit(process.pid, resource.RLIMIT_AS)
        limit = process.memory_info().vms + 2**22
        resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, before[1]))
        clients = crowd(program.address, 100)
        stack.callback(close, clients)
        assert clients[-1].read_to_end().decode() == FULL
        for more in range(2**14, 2**19, 2**14):  # a thread takes less than 2**19 bytes
            resource.prlimit(process.pid, resource.RLIMIT_AS, (limit + more, before[1]))
            with RawClient(program.address) as client:
                client.read_until(" ")  # the prompt or a refusal
        pair.talk()
        resource.prlimit(process.pid, resource.RLIMIT_AS, before)
        join_within(program.address, "Вера")
        pair.talk()
        said = program.stderr.text.splitlines()
        assert said
        assert all("refused reason=resources error=[Errno 12]" in line for line in said), said


def test_threads_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ChatServer(
        Config(host=("127.0.0.1",), port=0, history="memory", audit="", rate=0, grace=0, close_timeout=0.1)
    )
    serving = threading.Thread(target=server.serve, name="server")
    serving.start()
    try:
        with ExitStack() as stack:
            pair = Pair(server.addresses[0], stack)
            with monkeypatch.context() as patch:
                patch.setattr(threading.Thread, "start", _no_thread)
                for _ in range(100):
                    with RawClient(server.addresses[0]) as client:
                        client.expect(FULL)
                        client.expect_end()
                pair.talk()
            join_within(server.addresses[0], "Вера")
            pair.talk()
    finally:
        server.stop()
        serving.join(10)
    assert not serving.is_alive()


def _no_thread(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
