"""Axe finds nothing wrong with the page in the states in which no other test asks it, on a phone too."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, open_page
from tests.end_to_end.services import serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

SIZES = pytest.mark.parametrize(
    ("width", "height", "dark"),
    [(390, 844, True), (1280, 800, False)][: 1 + IS_LONG],
    ids=["phone", "desktop"][: 1 + IS_LONG],
)


def check(browser: PageUser, state: str) -> None:
    violations = Axe().run(browser.page).response["violations"]
    found = [(each["id"], [node["target"] for node in each["nodes"]]) for each in violations]
    assert found == [], state


@SIZES
def test_the_page_in_its_states(chromium: Browser, width: int, height: int, dark: bool) -> None:
    is_phone = width < 800
    env = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "ключ"}
    with serve(env=env) as services, JsonClient(services.room) as vera:
        vera.join("Вера", history=0)
        for number in range(1, 151):
            text = "👍" if number % 7 == 0 else f"см. #{number} и https://example.org/{number}"
            vera.say_json(type="say", ref=str(number), text=text)
        vera.say_json(type="authenticate", password="ключ")
        vera.fence()
        with open_page(
            chromium, f"{services.url}#1", width=width, height=height, dark=dark, touch=is_phone
        ) as browser:
            page = browser.page
            browser.enter("Анна")
            expect(page.locator("#m1.highlighted")).to_be_in_viewport()
            check(browser, "at the first message, which the address names")
            vera.say_json(type="moderate", act="mute", target="Анна")
            vera.say_json(type="typing")
            vera.fence()
            expect(page.locator("#typing")).not_to_be_empty()
            page.fill("#composer-text", "не пройдёт")
            page.click("#send-button")
            expect(page.locator("[data-state=failed]")).to_be_in_viewport()
            page.fill("#composer-text", "я" * 4001)
            check(browser, "a message that failed, a notice, and too long a draft; somebody is typing")
            page.fill("#composer-text", "/moderator ключ")
            page.click("#send-button")
            expect(page.locator(".person-note", has_text="модератор")).to_have_count(1)
            if is_phone:
                page.click("#people-button")
            page.click(".person-more")
            expect(page.locator(".menu-item").first).to_be_focused()
            check(browser, "the people, and the menu of one")
            page.keyboard.press("Escape")
            page.keyboard.press("Escape")
            page.click("#search-button")
            page.keyboard.type("см")
            expect(page.locator(".hit")).to_have_count(20)
            check(browser, "a search")
            page.keyboard.press("Escape")
            services.server.stop()
            expect(page.locator("#connection")).to_have_attribute("data-state", "offline")
            check(browser, "no connection")
