"""Only allowed origins and hosts reach the room, each with a single TCP connection."""

from collections.abc import Iterator

import pytest

from tests.hostile.raw_http import FILES, UPGRADE, ask, request
from tests.web_gateway.conftest import Room, Serving, serving_by_gunicorn

_HOST = "chat.example:5000"
_FLAGS = (
    "--allowed-host=chat.example",
    "--allowed-origin=https://friend.example:8443",
    "--trusted-proxy=127.0.0.1",
)


@pytest.fixture(scope="module")
def running_room() -> Iterator[Room]:
    room = Room()
    yield room
    room.close()


@pytest.fixture
def room(running_room: Room) -> Iterator[Room]:
    yield running_room
    running_room.disconnect()


@pytest.fixture(scope="module")
def gateway(running_room: Room) -> Iterator[Serving]:
    with serving_by_gunicorn(running_room.address, *_FLAGS) as serving:
        yield serving


@pytest.fixture(scope="module")
def default_gateway(running_room: Room) -> Iterator[Serving]:
    with serving_by_gunicorn(running_room.address) as serving:
        yield serving


def _status(serving: Serving, *lines: bytes | str, host: str = _HOST) -> int:
    return ask(serving.address, request("/ws", UPGRADE.strip(), *lines, host=host)).status


_ALLOWED = {
    "absent": [],
    "its own": ["Origin: http://chat.example:5000"],
    "in other case": ["Origin: HTTP://Chat.EXAMPLE:5000"],
    "a friend's": ["Origin: https://friend.example:8443"],
}


@pytest.mark.parametrize("lines", _ALLOWED.values(), ids=_ALLOWED.keys())
def test_an_allowed_origin_gets_one_connection(gateway: Serving, room: Room, lines: list[str]) -> None:
    assert _status(gateway, *lines) == 101
    room.accept().expect_end()
    room.expect_no_connection()


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("chat.example", "https://chat.example"),
        ("chat.example", "https://chat.example:443"),
        ("chat.example:443", "https://chat.example"),
    ],
)
def test_behind_tls_the_origin_is_https(gateway: Serving, room: Room, host: str, origin: str) -> None:
    forwarded = "X-Forwarded-Proto: https"
    assert _status(gateway, forwarded, f"Origin: {origin}", host=host) == 101
    room.accept().expect_end()
    assert _status(gateway, forwarded, f"Origin: {origin.replace('https', 'http')}", host=host) == 403
    room.expect_no_connection()


_FOREIGN: dict[str, str | bytes] = {
    "null": "null",
    "empty": "",
    "foreign": "http://evil.example:5000",
    "suffix": "http://chat.example.evil.example:5000",
    "suffix without a dot": "http://chat.exampleevil:5000",
    "prefix": "http://evilchat.example:5000",
    "subdomain": "http://evil.chat.example:5000",
    "parent": "http://example:5000",
    "other port": "http://chat.example:5001",
    "longer port": "http://chat.example:50000",
    "no port": "http://chat.example",
    "port with a zero": "http://chat.example:05000",
    "port twice": "http://chat.example:5000:5000",
    "port beyond": "http://chat.example:70536",
    "other scheme": "https://chat.example:5000",
    "ws": "ws://chat.example:5000",
    "file": "file://chat.example:5000",
    "extension": "chrome-extension://chat.example:5000",
    "no scheme": "//chat.example:5000",
    "no slashes": "http:chat.example:5000",
    "backslashes": "http:\\\\chat.example:5000",
    "host only": "chat.example:5000",
    "user": "http://user@chat.example:5000",
    "user and password": "http://chat.example:5000@evil.example",
    "password": "http://chat.example:5000:x@evil.example:5000",
    "path": "http://chat.example:5000/",
    "query": "http://chat.example:5000?",
    "fragment": "http://evil.example#http://chat.example:5000",
    "trailing dot": "http://chat.example.:5000",
    "look-alike": "http://сhat.example:5000",
    "full width": "http://ｃhat.example:5000",
    "punycode": "http://xn--hat-nrc.example:5000",
    "percent": "http://%63hat.example:5000",
    "two": "http://chat.example:5000 http://evil.example",
    "list": "http://chat.example:5000, http://evil.example",
    "header twice": b"http://chat.example:5000\r\nOrigin: http://evil.example",
    "header twice, the other way": b"http://evil.example\r\nOrigin: http://chat.example:5000",
    "tab": "http://chat.example:5000\thttp://evil.example",
    "nul": "http://chat.example:5000\0.evil.example",
    "bare cr": "http://chat.example:5000\r.evil.example",
    "long": "http://" + "a" * 4000 + ":5000",
    "friend's other port": "https://friend.example",
    "friend's other scheme": "http://friend.example:8443",
    "friend's subdomain": "https://a.friend.example:8443",
    "the room's own": "http://127.0.0.1:5000",
}


@pytest.mark.parametrize("origin", _FOREIGN.values(), ids=_FOREIGN.keys())
def test_other_origins_do_not_reach_the_room(gateway: Serving, room: Room, origin: str | bytes) -> None:
    line = b"Origin: " + (origin.encode() if isinstance(origin, str) else origin)
    assert _status(gateway, line) in {400, 403}
    room.expect_no_connection()


_UNKNOWN_HOSTS: dict[str, tuple[str, int]] = {
    "foreign": ("evil.example:5000", 421),
    "suffix": ("chat.example.evil.example", 421),
    "prefix": ("evilchat.example", 421),
    "subdomain": ("evil.chat.example", 421),
    "address": ("127.0.0.1:5000", 421),
    "local": ("localhost", 421),
    "trailing dot": ("evil.example.", 421),
    "two trailing dots": ("chat.example..", 400),
    "empty": ("", 400),
    "user": ("chat.example@evil.example", 400),
    "path": ("chat.example/evil", 400),
    "list": ("chat.example, evil.example", 400),
    "twice": ("chat.example\r\nHost: evil.example", 400),
    "look-alike": ("сhat.example", 400),
    "no port": ("chat.example:", 400),
    "port zero": ("chat.example:0", 400),
    "words for a port": ("chat.example:http", 400),
}


@pytest.mark.parametrize(("host", "status"), _UNKNOWN_HOSTS.values(), ids=_UNKNOWN_HOSTS.keys())
@pytest.mark.parametrize("path", ["/", "/ws", f"{FILES}/js/model/room.js", "/nowhere"])
def test_nothing_is_served_under_an_unknown_host(
    gateway: Serving, room: Room, path: str, host: str, status: int
) -> None:
    origin = f"Origin: http://{host}" if "\r" not in host else "Accept: */*"
    answer = ask(gateway.address, request(path, UPGRADE.strip(), origin, host=host))
    assert answer.status == status
    if status == 421:
        assert b"--allowed-host" in answer.body
    room.expect_no_connection()


def test_the_health_check_works_under_any_host(gateway: Serving) -> None:
    assert ask(gateway.address, request("/healthz", host="10.0.0.7")).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("192.168.1.5:5000", 200),
        ("[::1]:5000", 200),
        ("localhost:5000", 200),
        ("LOCALHOST", 200),
        ("chat.localhost", 200),
        ("rebound.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.1", 421),
        ("2130706433", 421),
        ("[evil]", 400),
        ("[::1", 400),
    ],
)
def test_without_allowed_hosts_this_machine_is_served(
    default_gateway: Serving, host: str, status: int
) -> None:
    assert ask(default_gateway.address, request("/", host=host)).status == status
