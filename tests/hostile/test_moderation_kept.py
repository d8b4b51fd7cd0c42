"""Deletions, bans and mutes survive `kill -9`, each with its notice."""

import json
import random
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.hostile.rounds import ROUNDS
from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient
from tests.support.timing import TIMEOUT

SECRET = "a secret that nobody guesses"
WORD = "несусветица"
PASSWORD = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "страж"}


def server(stack: ExitStack, path: Path, *flags: str) -> Program:
    common = ("--host=127.0.0.1", "--port=0", f"--history={path}", "--trusted-proxy=127.0.0.1")
    return stack.enter_context(running("tcp_server", *common, *flags, env=PASSWORD))


def client(stack: ExitStack, program: Program, host: str) -> JsonClient:
    """Connect as the proxy does for a client at that address."""
    found = stack.enter_context(JsonClient(program.address, TIMEOUT))
    found.send(f"PROXY TCP4 {host} 192.0.2.1 40000 8080\r\n")
    return found


def moderator(stack: ExitStack, program: Program, name: str = "Анна") -> JsonClient:
    found = client(stack, program, "198.51.100.1")
    found.join(name)
    found.say_json(type="authenticate", password="страж")
    found.expect_json(type="role", moderator=True)
    return found


def try_to_join(
    stack: ExitStack, program: Program, host: str, name: str, secret: str | None = None
) -> JsonClient:
    """Send a join; return the client before its answer."""
    found = client(stack, program, host)
    found.expect(PROMPT)
    found.say_json(type="join", name=name, session=secret)
    return found


def act(anna: JsonClient, act: str, **fields: Any) -> dict[str, Any]:
    """Send the action; return its notice."""
    anna.say_json(type="moderate", act=act, **fields)
    while True:
        received = anna.read_json()
        assert received["type"] != "error", received
        if received["type"] == "message" and received.get("notice", {}).get("act") == act:
            return received


def log(asker: JsonClient) -> list[dict[str, Any]]:
    asker.say_json(type="history", limit=500)
    page = [event for event in asker.fence() if event["type"] == "history"]
    messages = page[0]["messages"]
    assert isinstance(messages, list)
    return messages


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log whose server was killed after a deletion, a mute and two bans."""
    path = tmp_path / "room.db"
    with ExitStack() as stack:
        program = server(stack, path)
        anna = moderator(stack, program)
        bob = client(stack, program, "203.0.113.7")
        bob.join("Боб", session=SECRET)
        vera = client(stack, program, "192.0.2.77")
        vera.join("Вера", session=SECRET[::-1])
        bob.say_json(type="say", ref="1", text=f"{WORD} и адрес")
        bob.expect_json(type="joined", name="Вера")
        bob.expect_json(type="ack", id=1)
        anna.say_json(type="search", query=WORD)  # so that the message is in the index
        assert act(anna, "delete", id=1)["text"] == "Анна удаляет сообщение #1"
        act(anna, "mute", target="Вера", seconds=3600)
        act(anna, "ban", target="203.0.114.0/24", text="рассылка")
        assert act(anna, "ban", target="боб")["id"] == 6
        program.kill()
    return path


def test_deletions_bans_and_mutes_survive_kill_9(path: Path) -> None:
    with ExitStack() as stack:
        program = server(stack, path)
        newcomer = client(stack, program, "192.0.2.78")
        welcome = newcomer.join("Гость")
        assert "Боб" not in welcome["members"]
        first, *notices = log(newcomer)
        assert (first["name"], first["text"], first["deleted"]) == ("Боб", "", True)
        assert [told["notice"]["act"] for told in notices] == ["delete", "mute", "ban", "ban"]
        newcomer.say_json(type="search", query=WORD)
        newcomer.expect_json(type="found", messages=[])
        newcomer.say_json(type="search", query="рассылка")
        (found,) = newcomer.expect_json(type="found")["messages"]
        assert (found["id"], found["notice"]["by"]) == (5, "Анна")

        for name, secret in (("БОБ", None), ("Карл", SECRET)):
            bob = try_to_join(stack, program, "192.0.2.79", name, secret)
            assert "retry_after" not in bob.expect_json(type="error", code="banned")
            bob.expect_json(type="bye", reason="banned")
            bob.expect_end()
        vera = client(stack, program, "192.0.2.77")
        vera.join("Вера", session=SECRET[::-1])
        vera.say_json(type="say", ref="r", text="слышно?")
        assert 3000 < vera.expect_json(type="error", code="muted", ref="r")["retry_after"] <= 3600
        outsider = try_to_join(stack, program, "203.0.114.9", "Чужой")
        outsider.expect_json(type="bye", reason="banned")
        outsider.expect_end()

        anna = moderator(stack, program, "Анна Вторая")
        anna.fence()
        anna.say_json(type="bans")
        bans = anna.expect_json(type="bans")["bans"]
        assert bans == sorted(bans, key=itemgetter("at"))
        assert {ban["target"] for ban in bans} == {"203.0.114.0/24", "Боб"}
        act(anna, "unban", target="Боб")
        program.stop()
        assert WORD.encode() not in _bytes(path)

    with ExitStack() as stack:
        program = server(stack, path)
        bob = client(stack, program, "192.0.2.79")
        assert bob.join("Боб", session=SECRET)["name"] == "Боб"
        assert path.with_name("room.db.audit.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("seed", range(2 * ROUNDS))
def test_deletion_and_notice_are_atomic_when_the_server_is_killed(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = tmp_path / "room.db"
    texts = {number: f"{WORD}-{number:04d}" for number in range(1, 201)}
    with ExitStack() as stack:
        program = server(stack, path)
        anna = moderator(stack, program)
        for number, text in texts.items():
            anna.say_json(type="say", ref=str(number), text=text)
        anna.fence()
        # All at once, so that the server is killed in the middle.
        for number in rng.sample(sorted(texts), len(texts)):
            anna.say_json(type="moderate", act="delete", id=number)
        received = [anna.read_json() for _ in range(rng.randrange(1, 120))]
        program.kill()
        *whole, _ = anna.read_to_end().split(b"\n")
        received += map(json.loads, whole)
        assert {event["type"] for event in received} <= {"message", "changed"}
    with ExitStack() as stack:
        program = server(stack, path)
        boris = client(stack, program, "192.0.2.77")
        boris.join("Борис")
        messages = log(boris)
        told = {message["notice"]["id"] for message in messages if "notice" in message}
        assert {event["notice"]["id"] for event in received if event["type"] == "message"} <= told
        assert {event["message"]["id"] for event in received if event["type"] == "changed"} <= told
        kept = {message["id"]: message["text"] for message in messages if "notice" not in message}
        assert kept == {number: "" if number in told else text for number, text in texts.items()}
        assert told == {message["id"] for message in messages if message.get("deleted")}
        boris.say_json(type="search", query=WORD)
        assert not told & {found["id"] for found in boris.expect_json(type="found")["messages"]}
        deadline = monotonic() + TIMEOUT
        while any(texts[number].encode() in _bytes(path) for number in told):
            assert monotonic() < deadline, "deleted text can still be read in the file"
            boris.fence()


def _bytes(path: Path) -> bytes:
    """Return the bytes of the log and its write-ahead log."""
    files = (path, path.with_name(path.name + "-wal"))
    return b"".join(file.read_bytes() for file in files if file.exists())
