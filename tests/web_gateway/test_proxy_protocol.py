"""The browser's address: as the room is told, and as the gateway limits it."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from chat_protocol.contract import BANNED
from chat_protocol.proxy_header import format_header
from tests.support.processes import running
from tests.support.timing import TIMEOUT
from tests.web_gateway.conftest import RawBrowser, Room, Serving, serving_by_gunicorn


@pytest.mark.parametrize(
    ("client", "own", "header"),
    [
        (("203.0.113.7", 40000), ("192.0.2.1", 5000), "TCP4 203.0.113.7 192.0.2.1 40000 5000"),
        (("2001:db8::7", 0), ("2001:db8::1", 5000), "TCP6 2001:db8::7 2001:db8::1 0 5000"),
        (("::ffff:203.0.113.7", 1), ("::ffff:192.0.2.1", 2), "TCP4 203.0.113.7 192.0.2.1 1 2"),
        (("203.0.113.7", 0), ("::ffff:192.0.2.1", 2), "TCP4 203.0.113.7 192.0.2.1 0 2"),
        (("203.0.113.7", 0), ("2001:db8::1", 2), "TCP6 ::ffff:cb00:7107 2001:db8::1 0 2"),
        (("2001:db8::7", 0), ("192.0.2.1", 2), "TCP6 2001:db8::7 ::ffff:c000:201 0 2"),
        (("fe80::7%eth0", 1), ("fe80::1%eth0", 2), "TCP6 fe80::7 fe80::1 1 2"),
        (("", 0), ("192.0.2.1", 2), "UNKNOWN"),
        (("localhost", 0), ("192.0.2.1", 2), "UNKNOWN"),
        (("203.0.113.7", 0), ("", 2), "UNKNOWN"),
        (("203.0.113.7\r\n", 0), ("192.0.2.1", 2), "UNKNOWN"),
    ],
)
def test_the_header(client: tuple[str, int], own: tuple[str, int], header: str) -> None:
    written = format_header(client, own).decode()
    # Newer Pythons write the last 32 bits as IPv4: it is the same address.
    written = written.replace("::ffff:203.0.113.7", "::ffff:cb00:7107")
    assert written.replace("::ffff:192.0.2.1", "::ffff:c000:201") == f"PROXY {header}\r\n"


@pytest.fixture(scope="module")
def with_proxy_header(module_room: Room) -> Iterator[Serving]:
    flags = ("--proxy-protocol", "--trusted-proxy", "127.0.0.1", "--max-per-address", "2")
    with serving_by_gunicorn(module_room.address, *flags) as serving:
        yield serving


def _browse(serving: Serving, client: str) -> ClientConnection:
    return connect(
        f"ws://{serving.address}/ws",
        additional_headers={"X-Forwarded-For": client},
        open_timeout=TIMEOUT,
    )


def test_the_header_is_the_first_line_to_the_room(with_proxy_header: Serving, room: Room) -> None:
    with with_proxy_header.browse() as browser:
        end = room.accept()
        port = browser.socket.getsockname()[1]
        assert end.read_line() == f"PROXY TCP4 127.0.0.1 127.0.0.1 {port} {with_proxy_header.address.port}\r"
        browser.send('{"type":"ping"}')
        assert end.read_line() == '{"type":"ping"}'


def test_behind_a_proxy_the_header_names_the_browser(with_proxy_header: Serving, room: Room) -> None:
    with _browse(with_proxy_header, "1.1.1.1, 203.0.113.7"):
        own = with_proxy_header.address.port
        assert room.accept().read_line() == f"PROXY TCP4 203.0.113.7 127.0.0.1 0 {own}\r"


def test_the_health_check_sends_an_unknown_address(with_proxy_header: Serving, room: Room) -> None:
    with urllib.request.urlopen(f"{with_proxy_header.origin}/healthz", timeout=TIMEOUT):
        assert room.accept().read_line() == "PROXY UNKNOWN\r"


def test_no_header_is_sent_by_default(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, end):
        browser.send('{"type":"ping"}')
        assert end.read_line() == '{"type":"ping"}'


def test_sessions_from_one_address_are_limited(with_proxy_header: Serving, room: Room) -> None:
    with ExitStack() as stack:
        for client in ("203.0.113.7", "203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8::2"):
            stack.enter_context(_browse(with_proxy_header, client))
            room.accept()
        for client in ("203.0.113.7", "2001:db8::3"):
            with pytest.raises(InvalidStatus, match="429") as refused, _browse(with_proxy_header, client):
                pass
            assert refused.value.response.headers["Retry-After"] == "1"
        room.expect_no_connection()
        for client in ("203.0.113.9", "127.0.0.1", "127.0.0.1", "127.0.0.1", "unknown", "unknown", "unknown"):
            stack.enter_context(_browse(with_proxy_header, client))
            room.accept()
    with _browse(with_proxy_header, "203.0.113.7"):  # the ended sessions are no longer counted
        room.accept()


def test_a_banned_browser_is_closed_with_1008(serving: Serving, room: Room) -> None:
    with RawBrowser(serving.address) as browser:
        room.accept(greeting=BANNED.decode())
        close = browser.read_close()
        assert (close.code, close.reason) == (1008, "banned")


def test_our_server_sees_browsers_own_addresses() -> None:
    flags = ("--host", "127.0.0.1", "--port", "0", "--trusted-proxy", "127.0.0.1", "--max-per-address", "1")
    with (
        running("tcp_server", *flags) as server,
        serving_by_gunicorn(server.address, "--proxy-protocol", "--trusted-proxy", "127.0.0.1") as gateway,
        _browse(gateway, "203.0.113.7") as first,
        _browse(gateway, "2001:db8::7") as other,
    ):
        for browser, name in ((first, "Анна"), (other, "Боб")):
            browser.send(json.dumps({"type": "join", "name": name}))
            assert json.loads(browser.recv(timeout=TIMEOUT))["type"] == "welcome"
        with _browse(gateway, "203.0.113.7") as second:
            second.send(json.dumps({"type": "join", "name": "Вера"}))
            said = str(second.recv(timeout=TIMEOUT)).split("\n")
            assert json.loads(said[-1])["type"] in {"error", "bye"}
        with urllib.request.urlopen(f"{gateway.origin}/healthz", timeout=TIMEOUT) as response:
            assert json.load(response)["room"] is True
