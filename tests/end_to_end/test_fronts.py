"""HAProxy and nginx with the documented files: TLS to clients, their own addresses to the server."""

import http.client
import json
import re
import socket
import ssl
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
from playwright.sync_api import Browser, expect
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Origin
from websockets.uri import parse_uri

from chat_protocol.address import Address
from tests.cli_client.terminal_session import CTRL_D, ENTER, client_at
from tests.end_to_end.conftest import PageUser
from tests.end_to_end.fronts import EACH_KIND, HOST, Front, running_front
from tests.support.certificates import Certificate, self_signed
from tests.support.processes import ROOT, Program, running
from tests.support.raw import PROMPT, JsonClient
from tests.support.requirements import OPENSSL, needs_chromium, needs_haproxy, needs_nginx, needs_openssl
from tests.support.timing import TIMEOUT

pytestmark = needs_openssl

MODERATOR = "only for this test"
SPOOFED = "203.0.113.9"


class Services(NamedTuple):
    """A room, a gateway to it, and a documented proxy in front of both."""

    server: Program
    front: Front


@contextmanager
def services_behind(
    kind: str,
    folder: Path,
    certificate: Certificate,
    changes: Mapping[str, str] | None = None,
    host: str = HOST,
) -> Iterator[Services]:
    # As docs/tls.md starts them, on ports of their own.
    with (
        running(
            "tcp_server",
            *("--host", "127.0.0.1", "--port", "0", "--trusted-proxy", "127.0.0.1"),
            env={"ONEROOM_SERVER_MODERATOR_PASSWORD": MODERATOR},
        ) as server,
        running(
            "web_gateway",
            *("--port", "0", "--server", str(server.address), "--trusted-proxy", "127.0.0.1"),
            *("--proxy-protocol", "--allowed-host", host),
        ) as gateway,
        running_front(
            kind, folder, certificate, room=server.address, gateway=gateway.address, changes=changes
        ) as front,
    ):
        yield Services(server, front)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"), HOST)


@pytest.fixture(scope="module", params=EACH_KIND)
def services(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificate: Certificate
) -> Iterator[Services]:
    with services_behind(request.param, tmp_path_factory.mktemp("front"), certificate) as services:
        yield services


class Bot(JsonClient):
    """A client of the json dialect over TLS, from a given address."""

    def __init__(self, front: Front, source: str = "127.0.0.1") -> None:
        self.timeout = TIMEOUT
        self._pending = b""
        self.socket = connect_tls(front, front.listeners.terminals, source)


class Page:
    """The page's side of the WebSocket, without a browser.

    For one thread: Python's TLS sockets cannot be read and written at the same time.
    """

    def __init__(self, front: Front, source: str, headers: Mapping[str, str] | None = None) -> None:
        self._protocol = ClientProtocol(parse_uri(f"wss://{HOST}/ws"), origin=Origin(f"https://{HOST}"))
        self._events: deque[dict[str, Any]] = deque()
        self.socket = connect_tls(front, front.listeners.browsers, source)
        request = self._protocol.connect()
        request.headers.update(headers or {})
        self._protocol.send_request(request)
        self._send()

    def say_json(self, **message: Any) -> None:
        while self._protocol.state is State.CONNECTING:
            assert self._receive()
        self._protocol.send_text(json.dumps(message).encode())
        self._send()

    def wait_for(self, **fields: Any) -> dict[str, Any]:
        """Read until an event has these fields; return it."""
        while True:
            while not self._events:
                assert self._receive(), f"never heard: {fields}"
            event = self._events.popleft()
            if fields.items() <= event.items():
                return event

    def leave(self) -> None:
        """Leave the room, and wait until the room has closed the connection."""
        self.say_json(type="leave")
        while self._receive():
            pass

    def _send(self) -> None:
        self.socket.sendall(b"".join(self._protocol.data_to_send()))

    def _receive(self) -> bool:
        """Read once; False at the end."""
        chunk = self.socket.recv(65536)
        self._protocol.receive_data(chunk) if chunk else self._protocol.receive_eof()
        assert self._protocol.handshake_exc is None, self._protocol.handshake_exc
        self._send()
        for frame in self._protocol.events_received():
            if isinstance(frame, Frame) and frame.opcode is Opcode.TEXT:
                self._events += map(json.loads, bytes(frame.data).splitlines())
        return bool(chunk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def trust(front: Front) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=front.certificate.public)


def connect_tls(front: Front, listener: Address, source: str = "127.0.0.1") -> ssl.SSLSocket:
    plain = socket.create_connection(listener, TIMEOUT, source_address=(source, 0))
    try:
        return trust(front).wrap_socket(plain, server_hostname=HOST)
    except BaseException:
        plain.close()
        raise


def addresses(server: Program, *names: str) -> list[list[str]]:
    """Return the addresses of members, as a moderator sees them."""
    with JsonClient(server.address, TIMEOUT) as moderator:
        moderator.join("Смотритель", history=0)
        moderator.say_json(type="authenticate", password=MODERATOR)
        moderator.fence()
        found = []
        for name in names:
            moderator.say_json(type="whois", name=name)
            found.append(next(event for event in moderator.fence() if event["type"] == "whois")["addresses"])
        moderator.say_json(type="leave")
        moderator.read_to_end()
        return found


def test_the_proxy_accepts_its_documented_file(services: Services) -> None:
    assert not re.search(r"warn", services.front.check(), re.IGNORECASE)


def test_people_talk_through_the_proxy_and_keep_their_addresses(services: Services) -> None:
    front = services.front
    flags = ("--tls", "--tls-ca", str(front.certificate.public), "--name", "Борис")
    with (
        Bot(front, "127.0.0.2") as bot,
        Page(front, "127.0.0.3") as page,
        client_at(front.listeners.terminals, *flags, lang="ru") as terminal,
    ):
        bot.join("Вера", history=0)
        page.say_json(type="join", name="Анна", history=0)
        page.wait_for(type="welcome", name="Анна")
        terminal.wait_for("Вы вошли как Борис.")

        page.say_json(type="say", ref="1", text="Привет из браузера")
        bot.read_until("Привет из браузера")
        terminal.wait_for("Анна: Привет из браузера")
        terminal.type("Привет из терминала", ENTER)
        page.wait_for(type="message", name="Борис", text="Привет из терминала")
        bot.say_json(type="say", ref="1", text="Привет из программы")
        page.wait_for(type="message", name="Вера", text="Привет из программы")
        terminal.wait_for("Вера: Привет из программы")
        terminal.wait_for("Привет из терминала  #")

        found = addresses(services.server, "Вера", "Анна", "Борис")
        assert found == [["127.0.0.2"], ["127.0.0.3"], ["127.0.0.1"]]
        terminal.type(CTRL_D)
        assert terminal.end() == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": SPOOFED},
        {"X-Forwarded-For": f"{SPOOFED}, 127.0.0.1"},
        {"X_Forwarded_For": SPOOFED},
        {"Forwarded": f"for={SPOOFED}"},
        {"X-Real-IP": SPOOFED},
        {"Connection": "Upgrade, X-Forwarded-For"},  # as if it were only for the next hop
    ],
    ids=str,
)
def test_an_address_that_a_browser_claims_is_ignored(services: Services, headers: dict[str, str]) -> None:
    with Page(services.front, "127.0.0.3", headers) as page:
        page.say_json(type="join", name="Хитрец", history=0)
        page.wait_for(type="welcome")
        assert addresses(services.server, "Хитрец") == [["127.0.0.3"]]
        page.leave()


@needs_haproxy
@pytest.mark.parametrize("options", ["", " proxy-v2-options ssl,cert-cn"])
def test_the_binary_header_of_haproxy_is_understood(
    tmp_path: Path, certificate: Certificate, options: str
) -> None:
    changes = {"send-proxy": f"send-proxy-v2{options}"}
    with (
        services_behind("haproxy", tmp_path, certificate, changes) as services,
        Bot(services.front, "127.0.0.2") as bot,
    ):
        bot.join("Вера", history=0)
        assert addresses(services.server, "Вера") == [["127.0.0.2"]]


def test_a_proxy_header_from_a_client_is_refused(services: Services) -> None:
    with JsonClient(services.server.address, TIMEOUT) as watcher, Bot(services.front, "127.0.0.2") as bot:
        watcher.join("Сторож", history=0)
        bot.expect(PROMPT)
        bot.send(f"PROXY TCP4 {SPOOFED} 192.0.2.1 40000 8080\r\nЛиса\n")
        bot.expect_end()
        assert watcher.fence() == []


def get(front: Front, path: str, **headers: str) -> http.client.HTTPResponse:
    with connect_tls(front, front.listeners.browsers) as sock:
        lines = "".join(f"{name}: {value}\r\n" for name, value in ({"Host": HOST} | headers).items())
        sock.sendall(f"GET {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        answer.read()
        return answer


def test_the_page_is_served_by_https_with_hsts(services: Services) -> None:
    page = get(services.front, "/")
    assert page.status == 200
    assert re.match(r"max-age=\d{7,}", page.headers["Strict-Transport-Security"])
    assert len(page.headers.get_all("Strict-Transport-Security", [])) == 1
    assert get(services.front, "/", Host="elsewhere.example").status >= 400


@needs_nginx
@needs_chromium
def test_the_page_is_served_under_a_path(chromium: Browser, tmp_path: Path, certificate: Certificate) -> None:
    changes = {
        "location / {": "location /chat/ {",
        'proxy_set_header X-Forwarded-Prefix "";': "proxy_set_header X-Forwarded-Prefix /chat;",
    }
    documentation = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert all(line in documentation for line in changes.values())
    with (
        services_behind("nginx", tmp_path, certificate, changes, host="127.0.0.1") as services,
        chromium.new_context(ignore_https_errors=True) as context,
    ):
        site = f"https://{services.front.listeners.browsers}"
        requested: list[str] = []
        context.on("request", lambda request: requested.append(request.url))
        user = PageUser(context.new_page())
        user.page.goto(f"{site}/chat")
        user.enter("Анна")
        user.say("под путём")
        expect(user.messages("под путём")).to_have_count(1)
        user.page.reload()
        user.sees("Анна", "под путём")
        assert requested.pop(0) == f"{site}/chat"
        assert all(url.startswith(f"{site}/chat/") for url in requested)


def test_http_redirects_to_https_on_the_own_host(services: Services) -> None:
    connection = http.client.HTTPConnection(*services.front.listeners.plain_http, timeout=TIMEOUT)
    try:
        connection.request("GET", "/path?query", headers={"Host": "elsewhere.example"})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/path?query")
        answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_tls_is_refused(services: Services, version: str) -> None:
    for listener in (services.front.listeners.terminals, services.front.listeners.browsers):
        attempt = subprocess.run(
            [OPENSSL, "s_client", "-connect", str(listener), version, "-cipher", "DEFAULT@SECLEVEL=0"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert b"alert protocol version" in attempt.stderr


def test_one_address_cannot_take_all_connections(services: Services) -> None:
    with ExitStack() as stack:
        for number in range(300):
            # A reset can be there before the connection is.
            with suppress(ConnectionResetError):
                listener = services.front.listeners.terminals
                sock = socket.create_connection(listener, TIMEOUT, source_address=("127.0.0.9", 0))
                stack.enter_context(sock)
                if number >= 250:
                    assert sock.recv(1) == b""
        with Bot(services.front, "127.0.0.2") as bot:
            bot.join("Глеб", history=0)


def test_reloading_the_proxy_disturbs_nobody(services: Services) -> None:
    with Bot(services.front, "127.0.0.2") as bot, Page(services.front, "127.0.0.3") as page:
        bot.join("Дина", history=0)
        page.say_json(type="join", name="Егор", history=0)
        page.wait_for(type="welcome")
        services.front.reload()
        page.say_json(type="say", ref="1", text="во время")
        bot.read_until("во время")
        with Bot(services.front) as newcomer:
            newcomer.join("Жанна", history=0)
            newcomer.say_json(type="say", ref="1", text="и новые входят")
            page.wait_for(type="message", text="и новые входят")


@pytest.mark.parametrize("kind", EACH_KIND)
def test_clients_survive_a_restart_of_the_proxy_and_silent_ones_are_disconnected(
    kind: str, tmp_path: Path, certificate: Certificate
) -> None:
    changes = {
        "haproxy": {"timeout client 20s": "timeout client 1s", "timeout http-request 10s": ""},
        "nginx": {"ssl_handshake_timeout 20s": "ssl_handshake_timeout 1s"}
        | {"client_header_timeout 20s": "client_header_timeout 1s"},
    }[kind]
    with services_behind(kind, tmp_path, certificate, changes) as services:
        front = services.front
        flags = ("--tls", "--tls-ca", str(certificate.public), "--name", "Борис")
        with client_at(front.listeners.terminals, *flags, lang="ru") as terminal:
            terminal.wait_for("Вы вошли как Борис.")
            with Bot(front) as bot:
                session = bot.join("Вера", history=0)["session"]
                assert_silent_clients_are_disconnected(front)
                bot.fence()  # who has come in may be silent for longer
                front.stop()
                bot.read_to_end()
            terminal.type("Пока никого нет", ENTER)
            front.start()
            with Bot(front) as bot:
                welcome = bot.join("Другая", history=10, session=session)
                assert welcome["name"] == "Вера"
                if "Пока никого нет" not in str(welcome["messages"]):
                    bot.read_until("Пока никого нет")
            terminal.wait_for("Пока никого нет  #")
            terminal.type(CTRL_D)
            assert terminal.end() == 0


def assert_silent_clients_are_disconnected(front: Front) -> None:
    """Fail unless every port disconnects clients that send nothing, or only the beginning of a request."""
    with ExitStack() as stack:
        quiet = [
            stack.enter_context(socket.create_connection(listener, TIMEOUT)) for listener in front.listeners
        ]
        for listener in front.listeners[:2]:
            quiet.append(stack.enter_context(socket.create_connection(listener, TIMEOUT)))
            quiet[-1].sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
        for sock in (
            connect_tls(front, front.listeners.browsers),
            socket.create_connection(front.listeners.plain_http, TIMEOUT),
        ):
            quiet.append(stack.enter_context(sock))
            sock.sendall(b"GET / HTTP/1.1\r\nHo")
        for sock in quiet:
            while sock.recv(1000):  # an error page or alert, then the end
                pass
