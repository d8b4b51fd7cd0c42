"""After a killed server or a reload, a person sees every message once."""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect

from chat_protocol.address import Address
from tests.cli_client.terminal_session import CTRL_D, TerminalSession, client_at
from tests.end_to_end.conftest import PageUser, open_page, wait_until
from tests.end_to_end.services import gateway_to
from tests.support.processes import Program, running
from tests.support.raw import JsonClient, RawClient
from tests.support.requirements import needs_chromium
from tests.support.timing import at_most

pytestmark = needs_chromium


class Writer:
    """A json client that says numbered messages and reconnects after every loss."""

    def __init__(self, room: Address, name: str) -> None:
        self._room = room
        self._name = name
        self._session = secrets.token_urlsafe(18)
        self._unsent: list[int] = []
        self._client: JsonClient | None = None

    def say(self, *numbers: int) -> None:
        """Say these and wait until all are acknowledged, even if the server restarts."""
        self._unsent += numbers
        deadline = time.monotonic() + 30
        while self._unsent:
            assert time.monotonic() < deadline, f"not acknowledged: {self._unsent}"
            try:
                client = self._client or self._connect()
                for number in self._unsent:
                    client.say_json(type="say", ref=str(number), text=f"сообщение {number}")
                for event in client.fence():
                    if event["type"] == "ack":
                        self._unsent.remove(int(event["ref"]))
            except (OSError, AssertionError):
                self.close()

    def _connect(self) -> JsonClient:
        client = JsonClient(self._room)
        try:
            client.join(self._name, session=self._session, history=0)
        except BaseException:
            client.close()
            raise
        self._client = client
        return client

    def close(self) -> None:
        """Disconnect without leaving."""
        if self._client:
            self._client.close()
            self._client = None


@contextmanager
def server(history: Path, port: int = 0) -> Iterator[Program]:
    with running(
        "tcp_server", "--host", "127.0.0.1", "--port", str(port), "--history", str(history)
    ) as program:
        yield program


def numbers(texts: list[str]) -> list[int]:
    return [int(found[1]) for text in texts if (found := re.search(r"сообщение (\d+)", text))]


def assert_seen_by_both(browser: PageUser, terminal: TerminalSession, last: int) -> None:
    browser.sees("Вера", f"сообщение {last}")
    terminal.wait_for(lambda lines: any(re.search(rf"сообщение {last}\b", line) for line in lines))
    expected = list(range(1, last + 1))
    assert numbers(browser.texts()) == expected
    assert numbers(terminal.lines) == expected


def test_a_server_killed_under_load_loses_and_doubles_nothing(chromium: Browser, tmp_path: Path) -> None:
    history = tmp_path / "history.db"
    with server(history) as first:
        room = first.address
        writer = Writer(room, "Вера")
        with (
            gateway_to(room) as gateway,
            open_page(chromium, f"http://{gateway.address}/") as browser,
            client_at(room, "--name", "Борис", lang="ru", rows=400) as terminal,
        ):
            browser.enter("Анна")
            terminal.wait_for("Вы вошли как Борис.")
            writer.say(*range(1, 41))
            assert_seen_by_both(browser, terminal, 40)

            first.kill()
            browser.page.wait_for_selector("#connection:not([data-state=online])", state="attached")
            browser.say("написано без связи")
            with server(history, room.port):
                returned = time.monotonic()
                writer.say(*range(41, 81))
                browser.page.wait_for_selector("#connection[data-state=online]", state="attached")
                terminal.wait_for("написано без связи")
                assert time.monotonic() - returned < at_most(5)
                assert_seen_by_both(browser, terminal, 80)
                assert browser.messages("написано без связи").count() == 1
                assert [line for line in terminal.lines if "написано без связи" in line][1:] == []
                assert browser.page.locator("[data-state=pending]").count() == 0

                # Nobody left and nobody joined: everybody was back in time.
                assert browser.page.locator("#people-list li").count() == 3
                assert not [line for line in terminal.lines if "покинул" in line]
                writer.close()
                terminal.type(CTRL_D)
                assert terminal.end() == 0


def test_a_reload_under_traffic_is_complete_and_not_announced(chromium: Browser, tmp_path: Path) -> None:
    with (
        server(tmp_path / "history.db") as program,
        gateway_to(program.address) as gateway,
        RawClient(program.address) as bystander,
        open_page(chromium, f"http://{gateway.address}/") as browser,
    ):
        bystander.join_lines("Глеб")
        browser.enter("Анна")
        bystander.expect("Анна присоединился к чату!\n")
        writer = Writer(program.address, "Вера")
        for number in range(1, 61):
            writer.say(number)
            if number % 20 == 0:
                browser.page.reload(wait_until="domcontentloaded")
        browser.sees("Вера", "сообщение 60")
        # Scrolling up loads the older ones; the page may still be on its way to its end.
        scroll_up = "document.querySelector('#transcript').scrollTop = 0"
        wait_until(browser.page, f"{scroll_up}, document.querySelectorAll('.message').length >= 60")
        assert numbers(browser.texts()) == list(range(1, 61))
        assert browser.page.locator("#join-name").is_hidden()
        heard = bystander.read_until("Вера: сообщение 60\n").decode()
        assert "Анна" not in heard
        writer.close()


def test_the_unread_position_survives_a_reload(chromium: Browser, tmp_path: Path) -> None:
    with (
        server(tmp_path / "history.db") as program,
        gateway_to(program.address) as gateway,
        open_page(chromium, f"http://{gateway.address}/") as browser,
    ):
        browser.enter("Анна")
        writer = Writer(program.address, "Вера")
        writer.say(*range(1, 41))
        browser.sees("Вера", "сообщение 40")
        browser.page.evaluate("document.querySelector('#transcript').scrollTop = 0")
        browser.page.wait_for_selector("#newest-button:not([hidden])")
        writer.say(*range(41, 46))
        expect(browser.page).to_have_title("(5) Oneroom")
        browser.page.reload()
        browser.sees("Вера", "сообщение 45")
        line = browser.page.locator("#messages > .unread")
        line.wait_for()
        below = line.evaluate("line => line.nextElementSibling.querySelector('.message-text').textContent")
        assert below == "сообщение 41"
        writer.close()


def test_missed_messages_begin_below_a_line_that_stays_in_view(chromium: Browser, tmp_path: Path) -> None:
    history = tmp_path / "history.db"
    with server(history) as first:
        room = first.address
        with (
            gateway_to(room) as gateway,
            open_page(chromium, f"http://{gateway.address}/") as browser,
        ):
            browser.enter("Анна")
            writer = Writer(room, "Вера")
            writer.say(*range(1, 41))
            browser.sees("Вера", "сообщение 40")
            writer.close()
            first.kill()
            browser.page.wait_for_selector("#connection[data-state=offline]")
            with server(history) as elsewhere:
                writer = Writer(elsewhere.address, "Глеб")
                writer.say(*range(41, 141))
                writer.close()
            with server(history, room.port):
                browser.sees("Глеб", "сообщение 41")
                browser.page.wait_for_selector("#newest-button.news:not([hidden])")
                expect(browser.page).to_have_title("(100) Oneroom")
                line = browser.page.locator("#messages > .unread")
                box, view = line.bounding_box(), browser.page.locator("#transcript").bounding_box()
                assert box is not None
                assert view is not None
                assert view["y"] <= box["y"] <= view["y"] + 60
