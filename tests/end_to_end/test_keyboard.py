"""The page with the keyboard alone: few stops, arrow keys inside them, and the composer never far."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, Regular, open_page, regular, wait_until
from tests.end_to_end.services import Services, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

FOCUSED = "document.activeElement.id || document.activeElement.className"


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve() as services:
        with JsonClient(services.room) as client:
            client.join("Летописец")
            for number in range(1, 61):
                text = f"раз https://example.org/{number} два #{number}"
                client.say_json(type="say", ref=str(number), text=text)
            client.leave()
        yield services


anna = regular("Анна")


def test_the_links_of_the_conversation_are_one_stop(services: Services, anna: Regular) -> None:
    with anna.here() as browser:
        page = browser.page
        expect(page.locator("#m60")).to_be_in_viewport(ratio=1)
        expect(page.locator("#newest-button")).to_be_hidden()  # or it would be a stop
        page.focus("#transcript")
        for stop in ("message-number", "composer-text"):
            page.keyboard.press("Tab")
            wait_until(page, f"({FOCUSED}) === '{stop}'")
        page.keyboard.press("Shift+Tab")
        where = "`${document.activeElement.closest('li')?.dataset.id} ${document.activeElement.className}`"
        for key, link in (
            ("ArrowUp", "59 message-number"),
            ("ArrowUp", "58 message-number"),
            ("ArrowLeft", "58 message-ref"),
            ("ArrowLeft", "58 message-link"),
            ("ArrowLeft", "58 message-link"),
            ("ArrowRight", "58 message-ref"),
            ("ArrowRight", "58 message-number"),
            ("ArrowDown", "59 message-number"),
            ("ArrowLeft", "59 message-ref"),
        ):
            page.keyboard.press(key)
            wait_until(page, f"{where} === '{link}'")
        # The stop is where one was, also if somebody comes and leaves.
        page.keyboard.press("Tab")
        wait_until(page, f"['newest-button', 'composer-text'].includes({FOCUSED})")
        with JsonClient(services.room) as other:
            other.join("Ольга")
            other.leave()
        expect(page.locator("#messages > li", has_text="Ольга")).to_be_visible()
        page.keyboard.press("Shift+Tab")
        wait_until(page, f"{where} === '59 message-ref'")
        page.keyboard.press("Enter")
        expect(page.locator("#m59.highlighted")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#composer-text")).to_be_focused()


def test_the_focus_stays_in_the_conversation_at_its_newest(anna: Regular) -> None:
    with anna.here() as browser:
        page = browser.page
        browser.sees("Летописец", "раз https://example.org/60")
        page.focus("#composer-text")
        page.keyboard.press("PageUp")
        expect(page.locator("#newest-button")).to_be_visible()
        page.focus("#newest-button")
        page.keyboard.press("Enter")
        expect(page.locator("#newest-button")).to_be_hidden()
        expect(page.locator("#transcript")).to_be_focused()


def test_what_is_typed_goes_to_the_composer(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url, lang="en-GB") as browser:
        page, field = browser.page, browser.page.locator("#composer-text")
        browser.enter("Ann")
        for element in ("#transcript", "#theme-button", "#people"):
            page.focus(element)
            page.keyboard.type("hi ")
            expect(field).to_have_value("hi ")
            expect(field).to_be_focused()
            page.fill("#composer-text", "")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.type("ok")
        expect(field).to_have_value("ok")
        # Not from fields and dialogs, and not with a shortcut.
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Control+KeyA")
        page.keyboard.press("/")
        page.keyboard.type("word")
        expect(page.locator("#search-query")).to_have_value("word")
        page.keyboard.press("Escape")
        browser.ask_to_leave()
        page.keyboard.type("no")
        expect(field).to_have_value("ok")
