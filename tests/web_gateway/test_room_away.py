"""The room is not there, goes away or restarts: browsers are closed with a reason, the gateway goes on."""

import json
import urllib.request
from contextlib import suppress
from time import monotonic

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from chat_protocol.address import Address
from chat_protocol.contract import MAX_REPLY_LINE
from tests.support.timing import TIMEOUT
from tests.web_gateway.conftest import Room, Serving, serving_by_gunicorn, serving_here
from web_gateway.config import Config


def _closed(browser: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as caught:
        browser.recv(timeout=TIMEOUT)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


def _health(serving: Serving) -> dict[str, object]:
    with urllib.request.urlopen(f"{serving.origin}/healthz", timeout=TIMEOUT) as response:
        health = json.load(response)
    assert isinstance(health, dict)
    return health


def test_an_unreachable_room_is_a_close_with_a_reason(closed_address: Address) -> None:
    with serving_here(Config(server=(closed_address,))) as serving:
        for _ in range(2):
            with serving.browse() as browser:
                assert _closed(browser) == (1013, "the room cannot be reached")
        deadline = monotonic() + TIMEOUT
        # A session ends shortly after its browser.
        while serving.gateway and serving.gateway.admission.sessions:
            assert monotonic() < deadline
        assert _health(serving) == {"status": "ok", "sessions": 0, "max_sessions": 500, "room": False}


def test_a_server_that_is_no_room_gets_nothing(serving: Serving, room: Room) -> None:
    with serving.browse() as browser:
        room.accept(greeting="220 mail.example ESMTP\r\n")
        assert _closed(browser)[0] == 1013


def test_a_bye_is_delivered_before_the_close(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, end):
        end.send('{"type":"bye","reason":"shutdown"}\n')
        end.close()
        assert browser.recv(timeout=TIMEOUT) == '{"type":"bye","reason":"shutdown"}'
        assert _closed(browser) == (1012, "the room has closed the connection")


def test_a_reset_by_the_room_is_a_close(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, end):
        browser.send('{"type":"ping"}')
        assert end.read_line() == '{"type":"ping"}'
        end.reset()
        assert _closed(browser)[0] == 1012


def test_an_endless_line_ends_the_session(serving: Serving, room: Room) -> None:
    with serving.chat(room) as (browser, end):
        with suppress(OSError):  # the gateway disconnects before it has read all
            end.send(b"x" * (2 * MAX_REPLY_LINE))
        assert _closed(browser) == (1012, "a line from the room is too long")


def test_after_a_restart_of_the_room_everything_works_again() -> None:
    room = Room()
    with serving_by_gunicorn(room.address) as serving:
        with serving.chat(room) as (browser, _):
            room.close()
            assert _closed(browser)[0] == 1012
        with serving.browse() as browser:
            assert _closed(browser)[0] == 1013
        assert _health(serving)["status"] == "ok"
        room = Room(room.address.port)
        with serving.chat(room) as (browser, end):
            browser.send('{"type":"ping"}')
            assert end.read_line() == '{"type":"ping"}'
        room.close()
