"""WebSocket handshakes: which are refused, and with which response."""

import base64
import http.client
import json
from collections.abc import Mapping
from contextlib import ExitStack
from http import HTTPStatus

import pytest
from websockets.exceptions import InvalidStatus

from tests.support.timing import TIMEOUT
from tests.web_gateway.conftest import Room, Serving, serving_by_gunicorn

_GOOD = {
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
}


def _ask(
    serving: Serving,
    headers: Mapping[str, str | None],
    path: str = "/ws",
    method: str = "GET",
    body: str = "",
) -> tuple[int, http.client.HTTPMessage, str]:
    """Send a request with these headers (None: without that one) and return the answer."""
    connection = http.client.HTTPConnection(*serving.address, timeout=TIMEOUT)
    try:
        connection.request(
            method, path, body or None, {name: value for name, value in headers.items() if value is not None}
        )
        response = connection.getresponse()
        return response.status, response.headers, "" if response.status == 101 else response.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-WebSocket-Key": None}, 400),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Key": "ключ".encode().decode("latin-1")}, 400),
        ({"Sec-WebSocket-Version": None}, 426),
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Upgrade": None}, 426),
        ({"Connection": "close"}, 426),
        ({"Upgrade": "h2c"}, 426),
        ({"Transfer-Encoding": "chunked"}, 400),
        ({"Content-Length": "3"}, 400),
        ({"Host": ""}, 400),
        ({"Host": "with space"}, 400),
    ],
)
def test_a_bad_handshake_is_refused(
    serving: Serving, room: Room, changed: dict[str, str | None], status: int
) -> None:
    got, headers, body = _ask(serving, _GOOD | changed, body="abc" if "Content-Length" in changed else "")
    assert got == status
    if status == 426:
        assert headers["Sec-WebSocket-Version"] == "13"
    assert "<" not in body, "no HTML, no traceback"
    room.expect_no_connection()


def test_a_refused_upgrade_is_its_connections_last_request(room: Room) -> None:
    with serving_by_gunicorn(room.address) as serving:
        _, headers, _ = _ask(serving, _GOOD | {"Origin": "null"})
        assert headers["Connection"] == "close"
        _, headers, _ = _ask(serving, {}, "/nowhere")
        assert headers["Connection"] == "keep-alive"


def test_a_good_handshake_succeeds(serving: Serving, room: Room) -> None:
    status, headers, _ = _ask(serving, _GOOD)
    assert (status, headers["Upgrade"]) == (101, "websocket")
    room.accept()


def test_the_gateways_own_page_is_accepted(serving: Serving, room: Room) -> None:
    with serving.browse(origin=serving.origin):
        room.accept()


@pytest.mark.parametrize(("host", "status"), [("localhost.", 101), ("localhost", 403)])
def test_a_page_under_an_absolute_name_is_of_that_name(
    serving: Serving, room: Room, host: str, status: int
) -> None:
    port = serving.address.port
    asked = _GOOD | {"Host": f"{host}:{port}", "Origin": f"http://localhost.:{port}"}
    assert _ask(serving, asked)[0] == status
    if status == 101:
        room.accept()


def test_an_allowed_origin_is_accepted(room: Room) -> None:
    flags = ("--allowed-origin", "https://Friend.example/", "--allowed-origin", "http://two.example:81")
    with serving_by_gunicorn(room.address, *flags) as serving:
        for origin in ("https://friend.example", "http://two.example:81"):
            with serving.browse(origin=origin):
                room.accept()
        with pytest.raises(InvalidStatus, match="403"), serving.browse(origin="http://friend.example"):
            pass


def test_a_refusal_is_in_the_language_of_the_request(serving: Serving) -> None:
    for language, words in (("ru-RU,ru;q=0.9", "нет"), ("de, en;q=0.5", "nothing"), ("", "nothing")):
        status, headers, body = _ask(serving, {"Accept-Language": language}, "/nowhere")
        assert status == HTTPStatus.NOT_FOUND
        assert words in body
        assert headers["Vary"] == "Accept-Language"


def test_a_full_gateway_refuses_more_but_answers(room: Room) -> None:
    with serving_by_gunicorn(room.address, "--max-sessions", "2") as serving, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(serving.chat(room))
        with pytest.raises(InvalidStatus, match="503") as refused, serving.browse():
            pass
        assert refused.value.response.headers["Retry-After"] == "1"
        room.expect_no_connection()
        status, _, body = _ask(serving, {}, "/healthz")
        health = json.loads(body)
        assert (status, health["sessions"], health["max_sessions"]) == (200, 2, 2)
        room.accept()  # the health check's own question
        stack.close()
        with serving.chat(room) as (browser, end):
            browser.send('{"type":"ping"}')
            assert end.read_line() == '{"type":"ping"}'
