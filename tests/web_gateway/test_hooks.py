"""Webhooks: a program says something in the room by one HTTP request."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.message import Message
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from chat_client import connect
from chat_protocol.address import Address
from chat_protocol.settings import BadConfig
from tests.support.event_log import AS_JSON, events, wait_for_event
from tests.support.processes import ROOT, Program, find_address, run, running, start
from tests.support.raw import PROMPT, JsonClient
from tests.support.timing import TIMEOUT
from web_gateway import hooks
from web_gateway.admission import HOOK_CALLS, QR_CODES, SPARE_THREADS

_PATIENT = (
    "import web_gateway.hook_call as hook_call; hook_call._TIMEOUT = 60; "
    "from web_gateway.cli import main; main()"
)
HOOK = (sys.executable, "-m", "web_gateway", "hook")
LOCAL = ("--host", "127.0.0.1", "--port", "0")


class Answer(NamedTuple):
    status: int
    headers: Message
    body: str

    @property
    def ids(self) -> list[int]:
        assert self.status == 200, self
        found: list[int] = json.loads(self.body)["ids"]
        return found


def post(url: str, body: bytes, **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urlopen(Request(url, body, names, method="POST"), timeout=TIMEOUT) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read().decode())


class Hooked(NamedTuple):
    """A room and a gateway, with a hook for each test, as calls of one are limited."""

    server: Address
    gateway: Program
    file: Path
    secrets: list[str]

    def url(self, secret: str = "") -> str:
        return f"http://{self.gateway.address}/hooks/{secret or self.secrets.pop()}"


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hooked]:
    folder = tmp_path_factory.mktemp("hooks")
    file = folder / "hooks.toml"
    names = [f"ci-{number}" for number in range(9)]
    secrets = [hooks.add(file, name, folder / f"{name}.token") for name in names]
    reserved = [flag for name in names for flag in ("--reserve", f"{name}={folder / name}.token")]
    password = {"ONEROOM_SERVER_PASSWORD": "сезам", "ONEROOM_SERVER_MODERATOR_PASSWORD": "страж"}
    history = ("--history", str(folder / "room.db"), "--max-text", "100", "--grace", "0")
    with (
        running("tcp_server", *LOCAL, *history, *reserved, env=AS_JSON | password) as server,
        running(
            *("web_gateway", *LOCAL, "--server", str(server.address), "--hooks", str(file), "--workers", "2"),
            env=AS_JSON,
        ) as gateway,
    ):
        yield Hooked(server.address, gateway, file, secrets)


@pytest.fixture
def anna(hooked: Hooked) -> Iterator[JsonClient]:
    with JsonClient(hooked.server) as client:
        client.join("Анна", password="сезам")
        yield client
        client.leave()  # the next test joins under the same name


def test_a_program_says_something_by_one_request(hooked: Hooked, anna: JsonClient) -> None:
    url = hooked.url()
    for body, kind in (
        ("сборка готова".encode(), "text/plain; charset=utf-8"),
        (
            "сборка готова\n".encode(),
            "application/x-www-form-urlencoded",
        ),  # curl
        (json.dumps({"text": "сборка готова", "channel": "#ci"}).encode(), "application/json"),
    ):
        (number,) = post(url, body, Content_Type=kind).ids
        said = anna.expect_json(type="message", text="сборка готова")
        assert (said["id"], said["name"]) == (number, "ci-8")


def test_a_long_text_becomes_several_messages_in_order(hooked: Hooked, anna: JsonClient) -> None:
    text = " ".join(f"слово{number}" for number in range(40))
    url = hooked.url()
    ids = post(url, text.encode()).ids
    said = [anna.expect_json(type="message") for _ in ids]
    assert len(said) > 2
    assert [one["id"] for one in said] == ids == sorted(ids)
    assert "".join(one["text"] for one in said) == text
    assert len(post(url, b"a" + b" " * 400 + b"b").ids) == 2  # nobody says what shows nothing
    too_long = post(url, b"x" * 10_001)
    assert (too_long.status, too_long.headers["X-Refused-By"]) == (413, "too_long")


def test_the_calls_of_one_hook_come_one_after_the_other(hooked: Hooked, anna: JsonClient) -> None:
    url = hooked.url()
    with ThreadPoolExecutor(6) as threads:
        answers = [*threads.map(lambda number: post(url, f"{number} ".encode() * 120), range(6))]
    order = [anna.expect_json(type="message")["text"][0] for answer in answers for _ in answer.ids]
    assert sum(one != other for one, other in pairwise(order)) == 5


def test_a_call_that_comes_again_is_said_once(hooked: Hooked, anna: JsonClient) -> None:
    url = hooked.url()
    first = post(url, b"deployed", Idempotency_Key="deploy 7").ids
    assert post(url, b"deployed", Idempotency_Key="deploy 7").ids == first
    assert post(url, b"deployed", Idempotency_Key="deploy 8").ids > first
    assert [anna.expect_json(type="message")["id"] for _ in range(2)] > first


def test_nobody_else_has_its_name(hooked: Hooked) -> None:
    for name in ("ci-0", "CI-0", "сi-0"):  # the last one in Cyrillic
        with JsonClient(hooked.server) as client:
            client.expect(PROMPT)
            client.say_json(type="join", name=name, password="сезам")
            client.expect_json(type="error", code="name_reserved")
            client.say_json(type="join", name=name, token="x" * 43, password="сезам")
            client.expect_json(type="error", code="name_reserved")
            client.say_json(type="join", name=name, token="x" * 43)
            client.expect_json(type="error", code="password_required")


def test_a_bot_with_the_token_has_the_name_and_needs_no_password(
    hooked: Hooked, anna: JsonClient, caplog: pytest.LogCaptureFixture
) -> None:
    token = (hooked.file.parent / "ci-0.token").read_text().strip()
    with connect(hooked.server, "ci-0", token=token) as bot:
        anna.expect_json(type="joined", name="ci-0")
        bot.say("работаю")
        anna.expect_json(type="message", name="ci-0", text="работаю")
    assert not caplog.text


def test_what_is_no_message_is_refused(hooked: Hooked) -> None:
    url = hooked.url()
    assert post(url, b" \n").status == 400
    assert post(url, b"\xff\xfe").status == 400
    assert post(url, b'{"text": 5}', Content_Type="application/json").status == 400
    for body in (b"{", b'{"text":' + b"[" * 60_000):
        assert post(url, body, Content_Type="application/json").status == 400
    assert post(url, b"x" * 65537).status == 413
    assert post(hooked.url("unknown"), b"x").status == 404
    assert post(url, b"x", Host="elsewhere.example").status == 421
    with pytest.raises(HTTPError, match="405"):
        urlopen(url, timeout=TIMEOUT)


def test_a_moderator_can_silence_it(hooked: Hooked, anna: JsonClient) -> None:
    anna.say_json(type="authenticate", password="страж")
    anna.expect_json(type="role")
    url = hooked.url()
    post(url, b"first")
    name = anna.expect_json(type="message", text="first")["name"]
    anna.say_json(type="moderate", act="ban", target=name, seconds=600)
    anna.expect_json(type="message")
    refused = post(url, b"second")
    assert (refused.status, refused.headers["X-Refused-By"]) == (403, "banned")
    assert int(refused.headers["Retry-After"]) > 500


def test_who_calls_too_often_waits(hooked: Hooked) -> None:
    url = hooked.url()
    answers = [post(url, b"x").status for _ in range(2 * 10 + 5)]  # two workers count for themselves
    assert answers[0] == 200
    assert 429 in answers


def test_hooks_come_and_go_without_a_restart_and_are_in_no_log(hooked: Hooked) -> None:
    secret = hooks.add(hooked.file, "new", hooked.file.parent / "new.token")
    refused = post(hooked.url(secret), b"x")  # the room does not know it
    assert (refused.status, refused.headers["X-Refused-By"]) == (503, "password_required")
    wait_for_event(hooked.gateway, "hook not admitted", hook="new")
    hooks.remove(hooked.file, "new")
    assert post(hooked.url(secret), b"x").status == 404
    assert secret not in json.dumps(events(hooked.gateway))


def test_where_the_name_is_reserved_for_nobody_it_says_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, token = tmp_path / "hooks.toml", tmp_path / "ci.token"
    secret = hooks.add(file, "ci", token)
    with (
        running("tcp_server", *LOCAL, "--history", "memory") as server,
        running(
            "web_gateway", *LOCAL, "--server", str(server.address), "--hooks", str(file), env=AS_JSON
        ) as gateway,
        JsonClient(server.address) as anna,
    ):
        anna.join("Анна")
        refused = post(f"http://{gateway.address}/hooks/{secret}", b"deployed")
        assert (refused.status, refused.headers["X-Refused-By"]) == (503, "name_not_reserved")
        wait_for_event(gateway, "hook not admitted", hook="ci", reason="name_not_reserved")
        anna.fence()
        with connect(server.address, "ci", token=token.read_text().strip()):
            assert "reserves this name for nobody" in caplog.text


def half(program: Program, path: str, length: int, body: bytes) -> socket.socket:
    """Begin a request with a body of this length, and return its connection."""
    address = find_address(program.line.replace("http://", ""))
    connection = socket.create_connection(address, TIMEOUT)
    head = f"POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def test_calls_that_wait_leave_threads_for_the_page(tmp_path: Path) -> None:
    file = tmp_path / "hooks.toml"
    names = [f"ci-{number}" for number in range(HOOK_CALLS + 1)]
    secrets = [hooks.add(file, name, tmp_path / f"{name}.token") for name in names]
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        room = f"127.0.0.1:{silent.getsockname()[1]}"
        command = ("-c", _PATIENT, *LOCAL, "--server", room, "--max-sessions", "1", "--hooks", str(file))
        gateway = start(sys.executable, *command, env=AS_JSON)
        gateway.stdout.wait_for("\n")
        stack.callback(gateway.stop)
        page = f"http://{find_address(gateway.line.replace('http://', ''))}"
        for secret in secrets[:-1]:
            stack.enter_context(half(gateway, f"/hooks/{secret}", 1, b"x"))
            stack.enter_context(silent.accept()[0])
        refused = post(f"{page}/hooks/{secrets[-1]}", b"x")
        assert (refused.status, refused.headers["X-Refused-By"]) == (503, "hooks")
        assert int(refused.headers["Retry-After"]) == 5
        for _ in range(QR_CODES):
            stack.enter_context(half(gateway, "/qr", 2, b"x"))
        while (answer := post(f"{page}/qr", b"x")).status == 200:
            pass  # they do not wait yet
        assert (answer.status, answer.headers["X-Refused-By"]) == (503, "qr")
        with urlopen(page, timeout=TIMEOUT) as found:
            assert found.status == 200
    assert HOOK_CALLS + QR_CODES < SPARE_THREADS
    gateway.assert_no_crash()


def test_the_file_is_secret_and_has_no_secret(tmp_path: Path) -> None:
    file, token = tmp_path / "hooks.toml", tmp_path / "ci.token"
    secret = hooks.add(file, "ci", token)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (file, token)} == {0o600}
    assert secret not in file.read_text()
    found = hooks.Hooks(file)
    assert found.find("wrong") is None
    hook = found.find(secret)
    assert hook is not None
    with hook.turn(tmp_path, 0) as given:
        assert given == token.read_text().strip()
        with pytest.raises(TimeoutError), hook.turn(tmp_path, 0):
            pass
    file.chmod(0o640)
    file.touch()
    with pytest.raises(BadConfig, match="others may read"):
        hooks.Hooks(file).find(secret)


def test_a_digest_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "hooks.toml"
    file.write_text('[[hook]]\nname = "ci"\nsecret = "тайна"\ntoken = "ci.token"\n')
    file.chmod(0o600)
    with pytest.raises(BadConfig, match="secret"):
        hooks.Hooks(file).find("wrong")


def test_several_threads_find_the_hooks_of_a_file_that_changes(tmp_path: Path) -> None:
    file = tmp_path / "hooks.toml"
    first = hooks.add(file, "first", tmp_path / "first.token")
    found, ended = hooks.Hooks(file), threading.Event()

    def change() -> None:
        for number in range(20):
            hooks.add(file, str(number), tmp_path / "token")
        ended.set()

    thread = threading.Thread(target=change)
    thread.start()
    while not ended.is_set():
        assert found.find(first) is not None
    thread.join()
    assert len(found.all()) == 21


def test_the_command_makes_lists_and_removes_them(tmp_path: Path) -> None:
    def command(*arguments: str, code: int = 0, **settings: str) -> str:
        done = run(*HOOK, *arguments, "--hooks", tmp_path / "hooks.toml", env=settings)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return str(done.stdout + done.stderr)

    said = command("add", "ci")
    assert said.startswith("http://127.0.0.1:5000/hooks/")
    assert f"--reserve ci={tmp_path / 'ci.token'}" in said
    for name in ("a/b", "", "a\nb", "!", "a'b"):
        assert "only letters" in command("add", name, code=2)
    assert "too long" in command("add", "x" * 300, code=1)
    assert "already" in command("add", "ci", code=1)
    assert command("list") == "ci\n"
    assert not command("remove", "ci")
    assert "no hook ci" in command("remove", "ci", code=1)
    assert command("add", "ci", ONEROOM_WEB_HOST="::1").startswith("http://[::1]:5000/hooks/")
    said = command("add", "cd", ONEROOM_WEB_PUBLIC_URL="https://chat.example/room/")
    assert said.startswith("https://chat.example/room/hooks/")


@pytest.mark.parametrize("others", [(), ("deploy",)])
@pytest.mark.parametrize(
    ("stdout", "reason"),
    [(">/dev/full", "No space left on device"), (">&-", "it is closed"), ("", "Broken pipe")],
)
def test_a_hook_whose_address_nobody_has_seen_is_not_made(
    tmp_path: Path, others: Sequence[str], stdout: str, reason: str
) -> None:
    file = tmp_path / "hooks.toml"
    for name in others:
        hooks.add(file, name, tmp_path / f"{name}.token")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        ("sh", "-c", f'exec "$@" {stdout}', "sh", *HOOK, "add", "ci", "--hooks", str(file)),
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    os.close(writer)
    why = f"cannot write to standard output: {reason}; no hook was made, as nobody would have its address"
    assert (done.returncode, done.stderr) == (1, f"oneroom-web hook: {why}\n")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
