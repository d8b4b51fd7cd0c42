"""Axe finds nothing wrong with the page in its states, those of other tests aside; on a phone, too."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, keep_typing, open_page, violations
from tests.end_to_end.services import guarded, say, serve
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
    """Ask Axe; with `make long` also whether all is legible in the other theme."""
    page = browser.page
    words = re.sub(r"\W+", "-", state)
    browser.shoot(f"accessible-{page.evaluate('innerWidth')}-{words}")
    assert violations(page) == [], state
    if IS_LONG:
        dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        page.emulate_media(color_scheme="light" if dark else "dark")
        assert violations(page, runOnly=["color-contrast"]) == [], f"{state}, other theme"
        page.emulate_media(color_scheme="dark" if dark else "light")


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
            keep_typing(page)
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
            expect(page.locator(".person-note", has_text="вы · модератор")).to_have_count(1)
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


@SIZES
def test_the_panels_and_dialogs(chromium: Browser, width: int, height: int, dark: bool) -> None:
    is_phone = width < 800
    with (
        guarded() as services,
        open_page(chromium, services.url, width=width, height=height, dark=dark, touch=is_phone) as browser,
    ):
        page = browser.page
        page.click("#join-button")
        expect(page.locator("#join-error")).not_to_be_empty()
        check(browser, "the login, without a name")
        browser.enter("Анна")
        page.fill("#composer-text", "/")
        expect(page.locator("#command-list [role=option]").first).to_be_visible()
        check(browser, "the commands")
        page.fill("#composer-text", "")
        page.click("#settings-button")
        check(browser, "the settings")
        page.click("#shortcuts-button")
        check(browser, "the keys")
        page.keyboard.press("Escape")
        browser.ask_to_leave()
        check(browser, "leaving")
        page.keyboard.press("Escape")
        page.click("#settings-button")
        page.click("#moderator-button")
        check(browser, "the password of moderators")
        page.fill("#action [name=password]", "ключ")
        page.click("#action-confirm")
        expect(page.locator("#action")).to_be_hidden()
        for button, dialog in (("#announce-button", "#action"), ("#bans-button", "#bans")):
            if is_phone:
                page.click("#people-button")
            page.click(button)
            expect(page.locator(dialog)).to_be_visible()
            check(browser, f"the dialog of {button}")
            page.keyboard.press("Escape")
            page.keyboard.press("Escape")
        page.click("#search-button")
        page.keyboard.type("нигде")
        expect(page.locator("#search-status")).not_to_be_empty()
        check(browser, "a search that finds nothing")


@SIZES
def test_all_kinds_of_rows(chromium: Browser, width: int, height: int, dark: bool) -> None:
    with (
        guarded() as services,
        JsonClient(services.room) as boris,
        open_page(
            chromium, services.url, width=width, height=height, dark=dark, touch=width < 800
        ) as browser,
    ):
        page = browser.page
        boris.join("Борис", history=0)
        browser.enter("Анна")
        say(boris, "лишнее", f"```python\nprint(1)  # {'x' * 99}\n```\n> цитата\n- пункт **жирно** `код`")
        for lines in (40, 19, 18, 17):  # the first is folded
            say(boris, "\n".join(map(str, range(lines))))
        boris.say_json(type="authenticate", password="ключ")
        boris.say_json(type="moderate", act="announce", text="Завтра закрыто.")
        boris.say_json(type="moderate", act="delete", id=1)
        boris.fence()
        expect(page.locator(".message.deleted")).to_have_count(1)
        page.locator("#transcript").evaluate("each => (each.scrollTop = 0)")
        check(browser, "deleted, formatted and long texts")
        say(boris, "новое")
        expect(page.locator("#newest-button.news")).to_be_visible()
        page.evaluate("for (const id of ['update', 'incomplete']) document.getElementById(id).hidden = false")
        check(browser, "something unread, a new version, and a file that is missing")
        check_acts(browser, boris)
        page.evaluate("document.documentElement.dataset.density = 'compact'")
        check(browser, "compact")
        boris.say_json(type="moderate", act="kick", target="Анна", text="хватит")
        expect(page.locator("#join-error")).to_contain_text("хватит")
        check(browser, "somebody who was removed")


def check_acts(browser: PageUser, boris: JsonClient) -> None:
    """Check what is done with messages: answers, calls, reactions, edits, the menu and the emoji."""
    page = browser.page
    numbers = page.locator("a.message-number[href]")
    page.fill("#composer-text", "моё")
    page.click("#send-button")
    own = page.locator(".own[data-id]")
    number = int(own.get_attribute("data-id") or "")
    boris.say_json(type="react", ref="clap", id=number, emoji="👏")
    boris.say_json(type="say", ref="call", text="@Анна, да", reply=number)
    boris.say_json(type="edit", ref="edit", id=number + 2, text="@Анна, нет")
    boris.fence()
    expect(page.locator(".calling .message-edited")).to_be_visible()
    numbers.last.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#message-menu .menu-item:focus")
    check(browser, "an answer, a call, a reaction, an edited text; the menu of a message")
    page.keyboard.press("Escape")
    numbers.last.focus()
    page.keyboard.press("+")
    page.wait_for_selector("#emoji-list [aria-selected=true]")
    check(browser, "the emoji")
    page.keyboard.press("Escape")
    own.locator(".message-number").focus()
    page.keyboard.press("e")
    page.wait_for_selector(".editing")
    check(browser, "a message that is being edited")
    page.keyboard.press("Escape")
    numbers.last.focus()
    page.keyboard.press("r")
    page.keyboard.type("@")
    page.wait_for_selector("#mention-list [role=option]")
    check(browser, "an answer that calls somebody")
    page.fill("#composer-text", "")
    page.keyboard.press("Escape")
