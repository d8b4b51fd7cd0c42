"""The gateway in front of our own server."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from chat_protocol.address import Address
from tests.support.processes import running
from tests.support.raw import PROMPT, JsonClient
from tests.support.timing import TIMEOUT
from tests.web_gateway.conftest import Serving, serving_by_gunicorn


@pytest.fixture
def server() -> Iterator[Address]:
    with running("tcp_server", "--host", "127.0.0.1", "--port", "0", "--history", "memory") as program:
        yield program.address


class Page:
    """A browser's WebSocket, read one event at a time."""

    def __init__(self, browser: ClientConnection) -> None:
        self._browser = browser
        self._events: list[dict[str, Any]] = []

    def say(self, **command: Any) -> None:
        self._browser.send(json.dumps(command))

    def expect(self, kind: str) -> dict[str, Any]:
        if not self._events:
            lines = str(self._browser.recv(timeout=TIMEOUT)).split("\n")
            self._events = [json.loads(line) for line in lines]
        event = self._events.pop(0)
        assert event["type"] == kind, event
        return event


def test_pages_and_terminals_share_the_room(server: Address) -> None:
    with (
        serving_by_gunicorn(server) as serving,
        serving.browse(origin=serving.origin) as browser,
        JsonClient(server) as terminal,
    ):
        page = Page(browser)
        page.say(type="join", name="Анна")
        assert page.expect("welcome")["members"] == ["Анна"]
        assert set(terminal.join("Боб")["members"]) == {"Анна", "Боб"}
        assert page.expect("joined")["name"] == "Боб"
        page.say(type="say", ref="r1", text="привет\nвсем")
        said = terminal.expect_json(type="message", name="Анна", text="привет\nвсем")
        assert page.expect("ack")["id"] == said["id"]
        terminal.say_json(type="say", ref="r2", text="👋")
        assert page.expect("message")["text"] == "👋"


def test_a_reload_is_no_event_in_the_room(server: Address) -> None:
    with serving_by_gunicorn(server) as serving, JsonClient(server) as terminal:
        terminal.join("Боб")
        with serving.browse() as browser:
            page = Page(browser)
            page.say(type="join", name="Анна")
            welcome = page.expect("welcome")
        terminal.expect_json(type="joined", name="Анна")
        terminal.say_json(type="say", ref="r", text="sent meanwhile")
        since = {"epoch": welcome["epoch"], "id": welcome["last"]}
        with serving.browse() as browser:
            page = Page(browser)
            page.say(type="join", name="Анна", session=welcome["session"], since=since)
            [missed] = page.expect("welcome")["messages"]
            assert missed["text"] == "sent meanwhile"
            assert [event["type"] for event in terminal.fence()] == ["ack"]


def test_a_health_check_is_no_event_in_the_room(server: Address) -> None:
    with serving_by_gunicorn(server) as serving, JsonClient(server) as terminal:
        terminal.join("Боб")
        assert _health(serving)["room"] is True
        with JsonClient(server) as other:
            other.expect(PROMPT)
            other.say_json(type="join", name="Вера")
            other.expect_json(type="welcome", members=["Боб", "Вера"])
        terminal.expect_json(type="joined", name="Вера")


def test_a_server_that_stops_sends_bye_to_the_page() -> None:
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", "--history", "memory") as program,
        serving_by_gunicorn(program.address) as serving,
        serving.browse() as browser,
    ):
        page = Page(browser)
        page.say(type="join", name="Анна")
        page.expect("welcome")
        assert program.stop() == 0
        assert page.expect("bye")["reason"] == "shutdown"


def _health(serving: Serving) -> dict[str, object]:
    with urllib.request.urlopen(f"{serving.origin}/healthz", timeout=TIMEOUT) as response:
        health = json.load(response)
    assert isinstance(health, dict)
    return health
