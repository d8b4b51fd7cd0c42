"""The conversation as in the terminal: one switch, the same lines, and all else as on the page."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.end_to_end.conftest import (
    PATIENCE,
    PageUser,
    assert_accessible,
    keep_typing,
    open_page,
    wait_until,
)
from tests.end_to_end.services import Services, say, serve
from tests.end_to_end.test_live_page import Runner
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

ROWS = "[...document.querySelectorAll('.terminal-row')].map(row => row.textContent)"

BELOW = "terminal.scrollHeight - terminal.scrollTop - terminal.clientHeight"
"""Pixels of the terminal below those in view."""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve() as services:
        yield services


def rows(page: Page) -> list[str]:
    """The lines of the terminal, without the times."""
    return [row.removeprefix(row[:6] if row[2:3] == ":" else "") for row in page.evaluate(ROWS)]


def assert_legible(browser: PageUser, picture: str) -> None:
    """Fail unless Axe finds nothing wrong with the page, in both themes."""
    assert_accessible(browser.page)
    browser.shoot(picture)
    browser.page.emulate_media(color_scheme="dark")
    assert_accessible(browser.page)
    browser.shoot(f"{picture}-dark")


def test_the_room_is_shown_as_in_the_terminal(services: Services, chromium: Browser) -> None:
    with (
        JsonClient(services.room) as vera,
        JsonClient(services.room) as gleb,
        open_page(chromium, services.url, lang="en-GB") as browser,
    ):
        page, field, terminal = browser.page, browser.page.locator("#composer-text"), "#terminal"
        vera.join("Вера")
        say(vera, "раньше")
        browser.enter("Ада")
        browser.sees("Вера", "раньше")
        scripts = page.evaluate("performance.getEntriesByType('resource').length")
        field.focus()
        page.keyboard.press("Control+Backquote")
        expect(page.locator(terminal)).to_be_visible()
        wait_until(page, f"performance.getEntriesByType('resource').length > {scripts}")  # it was not loaded
        expect(page.locator("#transcript")).to_be_hidden()
        expect(field).to_be_focused()
        expect(page.locator(terminal)).to_contain_text("● Ада · 2 here")
        assert rows(page)[1:] == [
            "Вера: раньше  #1",
            "── now ──",
            "You have joined as Ада.",
            "» 2 people here: Ада, Вера",
            "● Ада · 2 here",
        ]

        gleb.join("Глеб")
        say(vera, "**важно**: `make`, @Ада\n```\nкод\n```")
        expect(page.locator(".in-mention")).to_have_text("@Ада")
        browser.say("/react 👍")
        expect(page.locator(terminal)).to_contain_text("#2 👍 1: Ада")
        browser.say("понял")
        expect(page.locator(terminal)).to_contain_text("Ада: понял  #4")
        vera.say_json(type="edit", ref="edit", id=1, text="было")
        expect(page.locator(terminal)).to_contain_text("✎ #1 Вера: было")
        gleb.say_json(type="leave")
        expect(page.locator(terminal)).to_contain_text("← Глеб has left")
        vera.say_json(type="delete", ref="delete", id=1)
        expect(page.locator(terminal)).to_contain_text("✗ #1 Вера: message deleted")
        keep_typing(page)
        vera.say_json(type="typing")
        expect(page.locator(terminal)).to_contain_text("● Ада · 2 here · Вера is typing…")
        assert rows(page)[5:-1] == [  # the last line says for some seconds only that she is typing
            "→ Глеб has joined",
            "Вера: важно: `make`, @Ада",
            *["            ┌──", "              код", "            └──  #2"],
            "#2 👍 1: Ада",
            "Ада: понял  #4",
            "✎ #1 Вера: было",
            "← Глеб has left",
            "✗ #1 Вера: message deleted",
        ]
        assert_accessible(page)
        browser.shoot("terminal")
        browser.say("/who")
        expect(page.locator("#people")).to_be_visible()
        page.keyboard.press("Control+Backquote")
        expect(page.locator(terminal)).to_be_hidden()
        expect(browser.messages("понял")).to_be_visible()


def test_a_screen_reader_is_told_the_same(services: Services, chromium: Browser) -> None:
    with JsonClient(services.room) as eve, open_page(chromium, services.url) as browser:
        page = browser.page
        eve.join("Ева")
        browser.enter("Белла")
        page.keyboard.press("Control+Backquote")
        expect(page.locator("#terminal")).to_be_visible()
        say(eve, "слышно?")
        expect(page.locator("#announcer")).to_contain_text("Ева: слышно?")
        expect(page.locator("#newest-button")).to_be_hidden()
        assert not page.locator("#terminal[aria-live], #terminal [aria-live]").count()
        say(eve, *(f"строка {number}" for number in range(60)))
        expect(page.locator("#terminal")).to_contain_text("строка 59")
        wait_until(page, f"{BELOW} < 2")
        page.locator("#terminal").focus()
        page.keyboard.press("PageUp")
        wait_until(page, f"{BELOW} > 99")
        page.keyboard.press("Control+Backquote")
        expect(page.locator("#transcript")).to_be_focused()
        expect(browser.messages("строка 59")).to_be_in_viewport()


def test_on_a_phone_the_choice_is_kept(services: Services, chromium: Browser) -> None:
    with (
        JsonClient(services.room) as ann,
        open_page(chromium, services.url, width=390, height=844, touch=True) as browser,
    ):
        page = browser.page
        ann.join("Анна")
        browser.enter("Вика")
        say(ann, "длинная строка " * 8, "https://example.org/" + "x" * 60, "@Вика, **да**")
        page.click("#settings-button")
        page.locator(".segments label", has=page.locator("[name=view][value=terminal]")).click()
        page.click("#settings-close")
        expect(page.locator("#terminal")).to_be_visible()
        wait_until(page, "!history.state?.panel")
        page.reload()
        expect(page.locator("#terminal")).to_contain_text("вошли как")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert_legible(browser, "terminal-phone")


def test_commands_run_and_end(services: Services, chromium: Browser) -> None:
    with JsonClient(services.room) as client, open_page(chromium, services.url) as browser:
        page = browser.page
        client.join("ci", history=0)
        browser.enter("Глаша")
        page.keyboard.press("Control+Backquote")
        expect(page.locator("#terminal")).to_contain_text("вошли как")
        run = Runner(client, "make test")
        run.write("a\n" * 5 + "\x1b[31mFAILED\x1b[m \x1b[7mtest_relay\x1b[m\n\x1b[1;42m1 failed\x1b[m\n")
        run.end(code=2)
        expect(page.locator("#terminal .sgr-f1")).to_have_text("FAILED")
        begin = rows(page).index(f"ci ▸ make test  #{run.id}")
        title, *last = rows(page)[begin + 1 : begin + 5]
        assert re.fullmatch(rf"#{run.id} ci ✘ make test, 0:\d\d, код 2", title)
        assert [line.strip() for line in last] == ["a", "FAILED test_relay", "1 failed"]
        assert_legible(browser, "terminal-live")
        browser.leave()
        client.leave()


def test_older_messages_come_and_the_lines_are_wrapped_anew(services: Services, chromium: Browser) -> None:
    with JsonClient(services.room) as bob, open_page(chromium, services.url) as browser:
        page = browser.page
        bob.join("Боб")
        say(bob, *(f"раз {number} " + "слово " * 20 for number in range(250)))
        browser.enter("Гена")
        page.keyboard.press("Control+Backquote")
        expect(page.locator("#terminal")).to_contain_text("раз 249")
        wait_until(page, f"(terminal.scrollTop = 0, {ROWS}.some(row => row.includes('раз 0 ')))")
        wide = len(rows(page))
        page.set_viewport_size({"width": 500, "height": 700})
        wait_until(page, f"document.querySelectorAll('.terminal-row').length > {wide}")
        assert max(len(row) for row in rows(page) if row.startswith("Боб")) < 70


def test_if_it_cannot_be_loaded_the_page_says_so(services: Services, chromium: Browser) -> None:
    with open_page(chromium, "about:blank") as browser:
        page = browser.page

        def fail(route: Route) -> None:
            route.fulfill(status=200, content_type="text/javascript", body="throw new Error()")

        page.route("**/terminal_view.js", fail)
        page.goto(services.url)
        browser.enter("Дина")
        with page.expect_response("**/terminal_view.js"):
            page.keyboard.press("Control+Backquote")
        expect(page.locator("#toast")).to_contain_text("не загрузился")
        expect(page.locator("#terminal")).to_be_hidden()
        expect(page.locator("#transcript")).to_be_visible()
