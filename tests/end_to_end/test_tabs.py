"""Several tabs of one browser: all agree about the name, and what one leaves another takes up."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from chat_protocol.address import Address
from tests.end_to_end.conftest import PATIENCE, assert_accessible, new_tab, open_page
from tests.end_to_end.services import STAYS, gateway_to, said
from tests.support.processes import running
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


LEFT_ELSEWHERE = "Вы вышли из чата в другой вкладке или на другом устройстве."


@pytest.fixture(scope="module")
def room() -> Iterator[Address]:
    with running("tcp_server", "--host", "127.0.0.1", "--port", "0", *STAYS) as server:
        yield server.address


@pytest.fixture(scope="module")
def url(room: Address) -> Iterator[str]:
    with gateway_to(room) as gateway:
        yield f"http://{gateway.address}/"


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
        expect(one.page.locator("#join-error")).to_have_text(LEFT_ELSEWHERE)
        one.shoot(f"left-elsewhere-{width}")

        two.enter(name)
        one.page.wait_for_selector("#composer-text")
        two.page.evaluate("localStorage.clear()")
        expect(one.page.locator("#join-error")).to_have_text(LEFT_ELSEWHERE)


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
            with gateway_to(room, port=port):
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
        assert_accessible(one.page)
        one.say("всё ещё Жанна")
        two.sees(f"Жанна{width}", "всё ещё Жанна")
        one.page.click("#connection-retry")
        one.say(f"теперь Ева{width}")
        expect(one.messages(f"теперь Ева{width}")).to_have_attribute("data-name", f"Ева{width}")
        expect(banner).to_be_hidden()
        two.page.wait_for_selector("#composer-text")
