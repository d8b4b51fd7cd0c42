"""A browser, a terminal and the original protocol in one room."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.cli_client.terminal_session import CTRL_D, ENTER, client_at
from tests.end_to_end.conftest import open_page
from tests.end_to_end.services import Services, serve
from tests.support.raw import PROMPT, RawClient
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG

pytestmark = needs_chromium


@pytest.fixture
def services() -> Iterator[Services]:
    with serve() as services:
        yield services


def test_three_people_talk_in_one_room(services: Services, chromium: Browser) -> None:
    with (
        RawClient(services.room) as original,
        client_at(services.room, "--name", "Борис", lang="ru") as terminal,
        open_page(chromium, services.url) as browser,
    ):
        terminal.wait_for("Вы вошли как Борис.")
        original.expect(PROMPT)
        original.send("Вера")
        terminal.wait_for_newcomer("Вера")
        browser.enter("Анна")
        original.expect("Анна присоединился к чату!")
        terminal.wait_for("→ Вера, Анна")
        browser.page.wait_for_selector("#people >> text=Борис")
        browser.page.wait_for_selector("#people >> text=Вера")

        browser.say("Привет из браузера")
        original.expect("Анна: Привет из браузера")
        terminal.wait_for("Анна: Привет из браузера")

        terminal.type("Привет из терминала", ENTER)
        original.expect("Борис: Привет из терминала")
        browser.sees("Борис", "Привет из терминала")

        original.send("Привет из сокета")
        terminal.wait_for("Вера: Привет из сокета")
        browser.sees("Вера", "Привет из сокета")

        # Everybody sees the same, once, in the same order.
        assert browser.texts() == ["Привет из браузера", "Привет из терминала", "Привет из сокета"]
        shown = [line for line in terminal.lines if "Привет из" in line]
        assert [line.split(": ")[0].split()[-1] for line in shown] == ["Анна", "Борис", "Вера"]

        terminal.type(CTRL_D)
        assert terminal.end() == 0
        original.expect("Борис покинул чат.")
        browser.page.wait_for_selector("text=Борис больше не в чате")
        browser.leave()
        original.expect("Анна покинул чат.")


@pytest.mark.parametrize(
    ("size", "dark"),
    [((1280, 800), False), ((390, 844), True), ((1280, 800), True), ((390, 844), False)][: 2 + 2 * IS_LONG],
    ids=["light desktop", "dark phone", "dark desktop", "light phone"][: 2 + 2 * IS_LONG],
)
def test_the_page_at_every_size_and_in_both_themes(
    services: Services, chromium: Browser, size: tuple[int, int], dark: bool
) -> None:
    width, height = size
    with (
        RawClient(services.room) as boris,
        open_page(chromium, services.url, width=width, height=height, dark=dark) as anna,
    ):
        anna.shoot(f"login-{width}-{'dark' if dark else 'light'}")
        boris.expect(PROMPT)
        boris.send("Борис\nВсем привет! План: https://example.org/plan\n")
        anna.enter("Анна")
        anna.say("Вижу, спасибо!\nОтвечу вечером.")
        boris.read_until("Анна: Отвечу вечером.\n")
        boris.send("Жду 👍\n")
        anna.sees("Борис", "Жду 👍")
        anna.shoot(f"room-{width}-{'dark' if dark else 'light'}")
        overflow = anna.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0
        for selector in ("#composer-text", "#send-button", "#settings-button"):
            box = anna.page.locator(selector).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= height


def test_a_taken_name_is_explained_beside_the_field(services: Services, chromium: Browser) -> None:
    with RawClient(services.room) as boris, open_page(chromium, services.url) as page:
        boris.expect(PROMPT)
        boris.send("Борис\n/who\n")
        boris.read_until("Борис\n")
        page.page.fill("#join-name", "борис")
        page.page.click("#join-button")
        page.page.wait_for_selector("#join-error:not(:empty)")
        page.enter("Анна")
        boris.read_until("Анна присоединился к чату!\n")


def test_acts_on_messages_are_seen_at_every_door(services: Services, chromium: Browser) -> None:
    with (
        RawClient(services.room) as original,
        RawClient(services.room) as nc,
        client_at(services.room, "--name", "Борис", lang="ru") as terminal,
        open_page(chromium, services.url) as browser,
    ):
        terminal.wait_for("Вы вошли как Борис.")
        original.expect(PROMPT)
        original.send("Вера")
        terminal.wait_for_newcomer("Вера")
        nc.join_lines("Глеб")
        original.expect("Глеб присоединился к чату!")
        browser.enter("Анна")
        original.expect("Анна присоединился к чату!")
        nc.expect("Анна присоединился к чату!\n")
        browser.say("где и когда?")
        original.expect("Анна: где и когда?")
        nc.expect("Анна: где и когда?\n")
        terminal.wait_for("Анна: где и когда?")

        terminal.enter_line("/reply у входа")
        original.expect("Борис: ↪ Анна «где и когда?» у входа")
        nc.expect("Борис: ↪ #1 Анна «где и когда?» у входа\n")
        reply = browser.page.locator(".message[data-name=Борис]")
        assert "где и когда?" in reply.locator(".message-quote").inner_text()

        terminal.enter_line("+👍")
        nc.expect("#1 Борис: +👍 (1)\n")
        browser.page.click(".message[data-name=Анна] .reaction")
        nc.expect("#1 Анна: +👍 (2)\n")
        terminal.wait_for("👍 2: Борис, Анна")
        nc.send("/react #1 :tada:\n")
        nc.expect("#1 Глеб: +🎉 (1)\n")
        browser.page.wait_for_selector(".message[data-name=Анна] .reaction[data-emoji='🎉']")

        terminal.enter_line("s/входа/выхода/")
        original.expect("Борис: ✎ у выхода")
        nc.expect("Борис: ✎ #2 у выхода\n")
        browser.sees("Борис", "у выхода")
        assert reply.locator(".message-edited").count() == 1

        terminal.enter_line("/delete #2")
        nc.expect("#2 Борис: (сообщение удалено)\n")
        reply.get_by_text("у выхода").wait_for(state="detached")
        nc.send("/show #2\n")
        assert nc.read_line().endswith(" Борис: (сообщение удалено)")
        nc.send("/me кивает\n")
        original.expect("Глеб: * кивает")
        terminal.wait_for("Глеб кивает")
        browser.page.wait_for_selector(".message[data-name=Глеб] >> text=кивает")
