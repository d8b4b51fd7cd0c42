"""The original chat and ours, side by side: whoever speaks as the original did cannot tell them apart."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from chat_protocol.address import Address
from tests.support.processes import ROOT, Program, running, start
from tests.support.raw import PROMPT, JsonClient, RawClient
from tests.support.requirements import ORIGINAL, needs_original

pytestmark = needs_original

# Runs an original script unchanged but for the port in it. What it prints lets a test wait
# without guessing: where it listens, and each time a client is about to be read from.
WRAPPED = """
import runpy, socket, sys
script, port = sys.argv[1:]

class Socket(socket.socket):
    def connect(self, address):
        super().connect(("127.0.0.1", int(port)))
    def bind(self, address):
        super().bind(("127.0.0.1", int(port)))
    def listen(self):
        super().listen()
        print(f"listens on 127.0.0.1:{self.getsockname()[1]}", flush=True)
    def recv(self, size):
        if "server" in script:
            print(f"reads from {self.getpeername()[1]};", flush=True)
        return super().recv(size)

socket.socket = Socket
runpy.run_path(script, run_name="__main__")
"""


class Chat(NamedTuple):
    """A running server of either kind; `wait_until_in` returns when that client is in under that name."""

    address: Address
    wait_until_in: Callable[[RawClient, str], object]


@contextmanager
def original_server() -> Iterator[Chat]:
    program = start(sys.executable, "-c", WRAPPED, str(ORIGINAL / "server.py"), "0")

    def wait_until_in(client: RawClient, _: str) -> None:
        port = client.socket.getsockname()[1]
        # Once for the name, and once more when the room knows it.
        program.stdout.wait_for(lambda text: text.count(f"reads from {port};") >= 2)

    try:
        program.stdout.wait_for("listens on")
        found = re.search(r"listens on 127\.0\.0\.1:(\d+)", program.stdout.text)
        assert found is not None
        yield Chat(Address("127.0.0.1", int(found[1])), wait_until_in)
    finally:
        program.kill()


@contextmanager
def our_server() -> Iterator[Chat]:
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", "--history", "memory") as program,
        JsonClient(program.address) as doorkeeper,
    ):
        doorkeeper.join("doorkeeper")  # before all others, so that none of them hears of it
        yield Chat(program.address, lambda _, name: doorkeeper.read_until(f'"joined","name":"{name}"'))


SERVERS = {"original": original_server, "ours": our_server}

# --- raw conversations ---------------------------------------------------------------

Step = tuple[str, str | None]

SCRIPT: list[Step] = [
    ("Анна", "Анна"),
    ("Борис", "Борис"),
    ("Анна", "привет"),
    ("Вера Павловна", "Вера Павловна"),
    ("Борис", "как дела, Анна?"),
    ("Вера Павловна", "  с пробелами  "),
    ("Анна", "два\nряда\n\nи ещё"),
    ("Анна", "/who"),
    ("Борис", '{"type":"leave"}'),
    ("Борис", "😀 " + "длинно " * 70),
    ("Вера Павловна", None),
    ("Анна", "tab\tulator"),
    ("Вера", "Вера"),
    ("Вера", "GET / HTTP/1.1"),
    ("Анна", None),
    ("Борис", "нас двое"),
]
"""Who says what; the first thing anybody says is the name, and None is to go."""


def transcript(chat: Chat) -> list[tuple[str, str, str]]:
    """Hold the conversation of the script; return who read what, after which step."""
    heard: list[tuple[str, str, str]] = []
    present: dict[str, RawClient] = {}
    with ExitStack() as stack:
        for name, text in SCRIPT:
            step = f"{name}: {text}"
            if name not in present:
                client = stack.enter_context(RawClient(chat.address))
                heard.append((step, name, read_once(client)))
                client.send(name)
                chat.wait_until_in(client, name)
            elif text is None:
                present.pop(name).close()
            else:
                present[name].send(text)
            heard += [(step, other, read_once(reader)) for other, reader in present.items() if other != name]
            if text is not None and name not in present:
                present[name] = client
    return heard


def read_once(client: RawClient) -> str:
    """What one `recv` of the original client's size gives."""
    return client.socket.recv(1024).decode()


def heard_by(server: str) -> list[tuple[str, str, str]]:
    with SERVERS[server]() as chat:
        return transcript(chat)


def test_plain_clients_hear_the_same_bytes() -> None:
    ours = heard_by("ours")
    # The original may still be telling the last message when somebody joins, who then hears it too.
    assert any(heard_by("original") == ours for _ in range(5))
    said = [text for step, reader, text in ours if reader == "Борис"]
    assert said == [
        PROMPT,
        "Анна: привет",
        "Вера Павловна присоединился к чату!",
        "Вера Павловна:   с пробелами  ",
        "Анна: два\nряда\n\nи ещё",
        "Анна: /who",
        "Вера Павловна покинул чат.",
        "Анна: tab\tulator",
        "Вера присоединился к чату!",
        "Вера: GET / HTTP/1.1",
        "Анна покинул чат.",
    ]


# --- the original client -------------------------------------------------------------


@contextmanager
def original_client(chat: Chat) -> Iterator[tuple[Program, Callable[[str], None]]]:
    """Run the original client; yield it, and what types a line into it."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", WRAPPED, str(ORIGINAL / "client.py"), str(chat.address.port)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    program = Program(process)

    def type_line(line: str) -> None:
        assert process.stdin is not None
        process.stdin.write(f"{line}\n".encode())
        process.stdin.flush()

    try:
        program.stdout.wait_for(PROMPT)
        yield program, type_line
    finally:
        process.kill()  # it knows no other end: its threads outlive its input
        assert process.stdin is not None
        process.stdin.close()
        program.wait()


def conversation(chat: Chat) -> tuple[str, str]:
    """Let two people talk through original clients; return what each saw on the screen."""
    with original_client(chat) as (anna, type_anna):
        with RawClient(chat.address) as observer:
            observer.expect(PROMPT)
            observer.send("Наблюдатель")
            chat.wait_until_in(observer, "Наблюдатель")
            type_anna("Анна")
            observer.expect("Анна присоединился к чату!")
            with original_client(chat) as (boris, type_boris):
                type_boris("Борис")
                observer.expect("Борис присоединился к чату!")
                anna.stdout.wait_for("Борис присоединился к чату!\n")
                type_anna("привет, Борис 😀")
                boris.stdout.wait_for("Анна: привет, Борис 😀\n")
                type_boris("и тебе привет")
                anna.stdout.wait_for("Борис: и тебе привет\n")
            anna.stdout.wait_for("Борис покинул чат.\n")
        anna.stdout.wait_for("Наблюдатель покинул чат.\n")
    assert anna.stderr.text == boris.stderr.text == ""
    return anna.stdout.text, boris.stdout.text


def test_original_clients_show_the_same() -> None:
    seen = {}
    for name, server in SERVERS.items():
        with server() as chat:
            seen[name] = conversation(chat)
    assert seen["ours"] == seen["original"]
    assert seen["ours"][1] == f"{PROMPT}\nАнна: привет, Борис 😀\n"
