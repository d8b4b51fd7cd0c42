"""Request lines and methods that browsers do not send: none opens a WebSocket or leads around a check."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.hostile.raw_http import UPGRADE, ask
from tests.web_gateway.conftest import Room, Serving, serving_by_gunicorn
from web_gateway.worker import is_handshake


@pytest.fixture(scope="module")
def gateway(module_room: Room) -> Iterator[Serving]:
    with serving_by_gunicorn(module_room.address) as serving:
        yield serving


def _status(gateway: Serving, line: str, *, host: str = "Host: localhost\r\n", upgrade: bool = False) -> int:
    head = f"{line}\r\n{host}{UPGRADE if upgrade else 'Connection: close'}\r\n\r\n"
    return ask(gateway.address, head.replace("\r\n\r\n\r\n", "\r\n\r\n").encode()).status


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("HEAD /ws HTTP/1.1", 426),
        ("OPTIONS /ws HTTP/1.1", 426),
        ("POST /ws HTTP/1.1", 405),
        ("PUT /ws HTTP/1.1", 405),
        ("TRACE /ws HTTP/1.1", 405),
        ("CONNECT /ws HTTP/1.1", 405),
        ("NEW /ws HTTP/1.1", 405),
        ("get /ws HTTP/1.1", 400),
        ("GET /ws HTTP/1.0", 400),
        ("GET /ws HTTP/1.2", 400),
        ("GET /ws HTTP/2.0", 400),
        ("GET /ws", 400),
        ("GET ws HTTP/1.1", 400),
        ("GET http://evil/ws HTTP/1.1", 421),
        ("GET ws://evil/ws HTTP/1.1", 421),
        ("GET http://localhost@evil/ws HTTP/1.1", 400),
        ("GET /ws/ HTTP/1.1", 404),
        ("GET /x/../ws HTTP/1.1", 404),
    ],
)
def test_no_upgrade(gateway: Serving, room: Room, line: str, status: int) -> None:
    assert _status(gateway, line, upgrade=True) == status
    room.expect_no_connection()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET http://localhost/version HTTP/1.1", 200),
        ("GET HTTP://LOCALHOST:1/version HTTP/1.1", 200),
        ("GET http://evil/version HTTP/1.1", 421),
        ("GET https://evil:80/version HTTP/1.1", 421),
        ("GET ftp://evil/version HTTP/1.1", 421),
        ("GET http://evil HTTP/1.1", 421),
        ("GET http://evil?localhost/ HTTP/1.1", 421),
        ("GET http://evil#localhost/ HTTP/1.1", 421),
        ("GET http://localhost@evil/version HTTP/1.1", 400),
        ("GET http://evil@localhost/version HTTP/1.1", 400),
        ("GET http:///version HTTP/1.1", 400),
        ("GET evil:80 HTTP/1.1", 400),
        ("GET //evil/version HTTP/1.1", 404),
        ("CONNECT evil:80 HTTP/1.1", 404),
        ("OPTIONS * HTTP/1.1", 404),
        ("OPTIONS / HTTP/1.1", 200),
    ],
)
def test_the_authority_of_a_request_line_is_checked(gateway: Serving, line: str, status: int) -> None:
    assert _status(gateway, line) == status


@pytest.mark.parametrize("line", ["GET / HTTP/1.1", "GET / HTTP/1.0", "GET http://localhost/ HTTP/1.1"])
def test_a_request_needs_one_known_host(gateway: Serving, line: str) -> None:
    assert _status(gateway, line, host="") == 400
    assert _status(gateway, line, host="Host: localhost\r\nHost: localhost\r\n") == 400
    assert _status(gateway, line, host="Host: evil\r\n") == 421


@pytest.mark.parametrize(
    ("method", "path", "header", "expected"),
    [
        ("GET", "/ws", "UPGRADE", True),
        ("GET", "//ws", "UPGRADE", True),
        ("GET", "/%77s", "UPGRADE", True),
        ("HEAD", "/ws", "UPGRADE", False),
        ("GET", "/ws", "CONNECTION", False),
        ("GET", "/ws/", "UPGRADE", False),
    ],
)
def test_only_a_session_has_no_deadline(method: str, path: str, header: str, expected: bool) -> None:
    asked = SimpleNamespace(method=method, path=path, headers=[(header, "")])
    assert is_handshake(asked) == expected
