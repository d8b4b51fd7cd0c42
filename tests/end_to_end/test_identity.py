"""Who one is in the page: unsent words belong to who wrote them, and all tabs agree about the name."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect

from chat_protocol.address import Address
from tests.end_to_end.conftest import PATIENCE, PageUser, open_page
from tests.support.processes import Program, running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

SIZES = [(390, 844), (1280, 800)][: 1 + IS_LONG]

HOLD = """() => {
    const { send } = WebSocket.prototype;
    const held = [];
    WebSocket.prototype.send = function (frame) { held.push(() => send.call(this, frame)); };
    window.release = () => held.forEach(release => release());
}"""
"""Makes the page keep what it sends until `release()`."""


@contextmanager
def gateway_to(room: Address, port: int = 0) -> Iterator[Program]:
    with running("web_gateway", "--port", str(port), "--server", str(room)) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def room() -> Iterator[Address]:
    env = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "ключ"}
    with running("tcp_server", "--host", "127.0.0.1", "--port", "0", env=env) as server:
        yield server.address


@pytest.fixture(scope="module")
def url(room: Address) -> Iterator[str]:
    with gateway_to(room) as gateway:
        yield f"http://{gateway.address}/"


def new_tab(user: PageUser) -> PageUser:
    """Open another tab in the same browser, and bring it to the front."""
    page = user.page.context.new_page()
    page.goto(user.page.url)
    return PageUser(page)


def moderate(room: Address, act: str, name: str) -> None:
    """Do this to a member, as a moderator who comes and goes."""
    with JsonClient(room) as moderator:
        moderator.join("Смотритель")
        moderator.say_json(type="authenticate", password="ключ")
        moderator.say_json(type="moderate", act=act, target=name, ref="1")
        assert "ack" in [event["type"] for event in moderator.fence()]
        moderator.say_json(type="leave")
        moderator.read_to_end()


def said(room: Address) -> list[tuple[str, str]]:
    """Who said what, of all that the room keeps."""
    with JsonClient(room) as reader:
        messages = reader.join("Читатель", history=500)["messages"]
        reader.say_json(type="leave")
        reader.read_to_end()
    return [(message["name"], message["text"]) for message in messages]


def test_what_a_banned_person_wrote_offline_is_not_sent_by_the_next(room: Address, chromium: Browser) -> None:
    with gateway_to(room) as first:
        port = first.port
        with open_page(chromium, f"http://127.0.0.1:{port}/") as browser:
            browser.enter("Анна")
            first.kill()
            browser.page.wait_for_selector("#connection[data-state=offline]")
            browser.say("слова Анны")
            browser.page.fill("#composer-text", "и ещё слова")
            moderate(room, "ban", "Анна")
            with gateway_to(room, port):
                expect(browser.page.locator("#join-error")).to_have_text("Вход закрыт навсегда.")
                browser.enter("Борис")
                expect(browser.page.locator("#composer-text")).to_have_value("")
                expect(browser.messages("слова Анны")).to_have_count(0)
                browser.say("слова Бориса")
                expect(browser.messages("слова Бориса")).to_have_attribute("data-state", "sent")
                assert not [who for who, text in said(room) if text == "слова Анны"]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_all_tabs_join_and_leave_together(url: str, chromium: Browser, width: int, height: int) -> None:
    name = f"Вера{width}"
    with open_page(chromium, url, width=width, height=height) as one:
        two = new_tab(one)
        two.page.wait_for_selector("#join-name")
        one.enter(name)
        two.page.wait_for_selector("#connection[data-state=online]", state="attached")
        two.say("из второй вкладки")
        one.sees(name, "из второй вкладки")

        two.ask_to_leave()
        expect(two.page.locator("#action-text")).to_have_text(
            "Вы выйдете из него во всех вкладках этого браузера."
        )
        two.shoot(f"leave-{width}")
        two.page.click("#action-cancel")
        expect(two.page.locator("#action")).to_be_hidden()
        two.leave()
        expect(one.page.locator("#join-error")).to_have_text("Вы вышли из чата в другой вкладке.")
        one.shoot(f"left-elsewhere-{width}")

        two.enter(name)
        one.page.wait_for_selector("#composer-text")
        two.page.evaluate("localStorage.clear()")
        expect(one.page.locator("#join-error")).to_have_text("Вы вышли из чата в другой вкладке.")


def test_unsent_words_in_every_tab_are_asked_about_before_leaving(room: Address, chromium: Browser) -> None:
    with gateway_to(room) as gateway, open_page(chromium, f"http://{gateway.address}/") as one:
        one.enter("Галя")
        two = new_tab(one)
        two.page.wait_for_selector("#connection[data-state=online]", state="attached")
        gateway.kill()
        one.page.wait_for_selector("#connection[data-state=offline]")
        two.say("раз")
        two.say("два")
        two.page.fill("#composer-text", "черновик")
        one.ask_to_leave()
        expect(one.page.locator("#action-text")).to_contain_text(
            "2 неотправленных сообщения пропадут. Черновик пропадёт."
        )
        one.page.click("#action-confirm")
        two.page.wait_for_selector("#join-name")
        kept = two.page.evaluate("Object.keys(localStorage)")
        assert not [key for key in kept if "outbox" in key or "draft" in key]


def test_a_tab_takes_up_what_a_closed_one_left(room: Address, chromium: Browser) -> None:
    with gateway_to(room) as first:
        port = first.port
        with open_page(chromium, f"http://127.0.0.1:{port}/") as one:
            one.enter("Дина")
            two = new_tab(one)
            two.page.wait_for_selector("#connection[data-state=online]", state="attached")
            two.page.fill("#composer-text", "черновик второй вкладки")
            one.page.fill("#composer-text", "черновик первой")
            for tab in (one, two):
                text = tab.page.input_value("#composer-text")
                tab.page.reload(wait_until="commit")
                expect(tab.page.locator("#composer-text")).to_have_value(text)
            first.kill()
            two.page.wait_for_selector("#connection[data-state=offline]")
            two.say("закрыто раньше, чем ушло")
            two.page.fill("#composer-text", "начало")
            two.page.close()
            with gateway_to(room, port):
                expect(one.messages("закрыто раньше, чем ушло")).to_have_attribute("data-state", "sent")
                three = new_tab(one)
                expect(three.page.locator("#composer-text")).to_have_value("начало")
                assert one.page.input_value("#composer-text") == "черновик первой"
                assert said(room).count(("Дина", "закрыто раньше, чем ушло")) == 1


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_tab_under_another_identity_says_so(url: str, chromium: Browser, width: int, height: int) -> None:
    with open_page(chromium, url, width=width, height=height) as one:
        two = new_tab(one)
        two.page.wait_for_selector("#join-name")
        # As when both join at once: the second is on its way while the first gets in.
        two.page.evaluate(HOLD)
        two.page.fill("#join-name", f"Ева{width}")
        two.page.click("#join-button")
        one.enter(f"Жанна{width}")
        two.page.evaluate("release()")
        banner = one.page.locator("#connection[data-state=other]")
        expect(banner).to_contain_text(f"В другой вкладке вы теперь Ева{width}. Здесь вы пока Жанна{width}.")
        one.shoot(f"another-identity-{width}")
        one.say("всё ещё Жанна")
        two.sees(f"Жанна{width}", "всё ещё Жанна")
        one.page.click("#connection-retry")
        one.say(f"теперь Ева{width}")
        expect(one.messages(f"теперь Ева{width}")).to_have_attribute("data-name", f"Ева{width}")
        expect(banner).to_be_hidden()
        two.page.wait_for_selector("#composer-text")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_another_name_asks_before_it_drops_what_is_unsent(
    room: Address, chromium: Browser, width: int, height: int
) -> None:
    with gateway_to(room) as first:
        port = first.port
        with open_page(chromium, f"http://127.0.0.1:{port}/", width=width, height=height) as browser:
            page = browser.page
            browser.enter(f"Зоя{width}")
            first.kill()
            page.wait_for_selector("#connection[data-state=offline]")
            browser.say(f"слова Зои{width}")
            # Her session was lost, so that her name is taken.
            page.evaluate(
                "localStorage['oneroom.identity'] = localStorage['oneroom.identity']"
                ".replace(/(secret\":\").{9}/, '$1aaaaaaaaa')"
            )
            url = page.url
            page.goto("about:blank")  # or she would reconnect before the page is loaded again
            with gateway_to(room, port):
                page.goto(url)
                expect(page.locator("#join-error")).to_contain_text("занято")
                page.fill("#join-name", f"Ира{width}")
                page.click("#join-button")
                expect(page.locator("#action-text")).to_have_text(
                    f"До сих пор вы писали под именем Зоя{width}. Неотправленное сообщение пропадёт."
                )
                browser.shoot(f"another-name-{width}")
                page.click("#action-confirm")
                page.wait_for_selector("#composer-text")
                browser.say(f"слова Иры{width}")
                expect(browser.messages(f"слова Иры{width}")).to_have_attribute("data-state", "sent")
                expect(browser.messages(f"слова Зои{width}")).to_have_count(0)
