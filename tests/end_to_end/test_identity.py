"""Who one is in the page: unsent words belong to who wrote them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from chat_protocol.address import Address
from tests.end_to_end.conftest import PATIENCE, new_tab, open_page
from tests.end_to_end.services import STAYS, gateway_to, said
from tests.support.processes import running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

SIZES = [(390, 844), (1280, 800)][: 1 + IS_LONG]


@pytest.fixture(scope="module")
def room() -> Iterator[Address]:
    env = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "ключ"}
    with running("tcp_server", "--host", "127.0.0.1", "--port", "0", *STAYS, env=env) as server:
        yield server.address


def moderate(room: Address, act: str, name: str) -> None:
    """Do this to a member, as a moderator who comes and goes."""
    with JsonClient(room) as moderator:
        moderator.join("Смотритель")
        moderator.say_json(type="authenticate", password="ключ")
        moderator.say_json(type="moderate", act=act, target=name, ref="1")
        assert "ack" in [event["type"] for event in moderator.fence()]
        moderator.leave()


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
            with gateway_to(room, port=port):
                expect(browser.page.locator("#join-error")).to_have_text("Вход закрыт навсегда.")
                browser.enter("Борис")
                expect(browser.page.locator("#composer-text")).to_have_value("")
                expect(browser.messages("слова Анны")).to_have_count(0)
                browser.say("слова Бориса")
                expect(browser.messages("слова Бориса")).to_have_attribute("data-state", "sent")
                assert not [who for who, text in said(room) if text == "слова Анны"]


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
            with gateway_to(room, port=port):
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
