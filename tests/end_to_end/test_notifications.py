"""Notifications of the browser, and what the tab shows of what is unread."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, new_tab, open_page, set_focus, wait_until
from tests.end_to_end.services import Services, serve
from tests.support.raw import JsonClient, member
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

# What the page shows is noted in place of the browser's own, which nobody sees here.
NOTIFICATIONS = """
    globalThis.shown = [];
    globalThis.asked = 0;
    globalThis.answer = "granted";
    globalThis.Notification = class extends EventTarget {
        static permission = location.host && (localStorage.permission ?? "default");
        static async requestPermission() {
            asked += 1;
            localStorage.permission = Notification.permission = answer;
            return answer;
        }
        constructor(title, { body }) {
            super();
            this.text = `${title}: ${body}`;
            shown.push(this);
        }
        close() {
            this.text = `closed ${this.text}`;
        }
    };
"""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve("--rate", "0", "--grace", "0") as services:
        yield services


@pytest.fixture
def anna(services: Services, chromium: Browser) -> Iterator[PageUser]:
    with open_page(chromium, "about:blank") as user:
        user.page.context.add_init_script(NOTIFICATIONS)
        user.page.goto(services.url)
        user.enter("Анна")
        expect(user.page.locator("#search-button")).to_be_visible()
        yield user


@pytest.fixture
def boris(services: Services) -> Iterator[JsonClient]:
    with member(services.room, "Борис") as client:
        yield client


def says(client: JsonClient, text: str, **more: Any) -> None:
    client.say_json(type="say", ref=f"{id(client)} {text}", text=text, **more)
    client.fence()


def choose(user: PageUser, notify: str) -> None:
    user.page.click("#settings-button")
    user.page.click(f"label:has([name=notify][value={notify}])")
    user.page.keyboard.press("Escape")


def shows(user: PageUser, *texts: str) -> None:
    """Wait until these notifications have been shown, and no others."""
    wait_until(user.page, f"shown.length >= {len(texts)}")
    assert user.page.evaluate("shown.map(({ text }) => text)") == list(texts)


def test_one_is_told_of_calls_and_answers_while_one_looks_elsewhere(
    anna: PageUser, boris: JsonClient
) -> None:
    page = anna.page
    assert page.evaluate("asked") == 0
    choose(anna, "called")
    assert page.evaluate("asked") == 1
    anna.say("кто идёт?")
    own = page.locator(".own[data-id]").last
    number = int(own.get_attribute("data-id") or "")
    says(boris, "@Анна, вижу")
    anna.sees("Борис", "@Анна, вижу")
    set_focus(page, False)
    says(boris, "просто так")
    expect(page).to_have_title("(1) Oneroom")
    expect(page.locator("link[rel=icon][href$='icons/unread.svg']")).to_have_count(1)
    says(boris, "**я** иду", reply=number)
    says(boris, "и ещё")
    shows(anna, "Борис отвечает вам: я иду")
    expect(page).to_have_title("@ (3) Oneroom")
    expect(page.locator("link[rel=icon][href$='icons/called.svg']")).to_have_count(1)
    says(boris, "@Анна?")
    shows(anna, "closed Борис отвечает вам: я иду", "Борис обращается к вам: @Анна?")
    # A click leads there, and what was read is no longer shown.
    page.evaluate("shown.at(-1).dispatchEvent(new Event('click'))")
    expect(anna.messages("@Анна?").and_(page.locator(".highlighted"))).to_have_count(1)
    set_focus(page, True)
    expect(page).to_have_title("Oneroom")
    expect(page.locator("link[rel=icon][href$='icons/oneroom.svg']")).to_have_count(1)
    # Neither is what came while the page was away.
    url = page.url
    page.goto("about:blank")
    says(boris, "@Анна, где ты?")
    page.goto(url)
    anna.sees("Борис", "@Анна, где ты?")
    expect(page.locator("#search-button")).to_be_visible()
    set_focus(page, False)
    says(boris, "@Анна!")
    shows(anna, "Борис обращается к вам: @Анна!")


def test_another_tab_that_is_looked_at_keeps_silent(anna: PageUser, boris: JsonClient) -> None:
    choose(anna, "all")
    set_focus(anna.page, False)
    other = new_tab(anna)
    other.page.wait_for_selector("#connection[data-state=online]", state="attached")
    says(boris, "@Анна, раз")
    other.sees("Борис", "@Анна, раз")
    set_focus(other.page, False)
    says(boris, "два")
    for tab in (anna, other):
        shows(tab, "Борис: два")


def test_a_browser_that_forbids_them_or_shows_none_says_so(anna: PageUser) -> None:
    page, about = anna.page, anna.page.locator("#setting-notify-about")
    page.evaluate("answer = 'denied'")
    choose(anna, "all")
    page.click("#settings-button")
    expect(about).to_contain_text("Браузер запретил уведомления")
    expect(page.locator("[name=notify][value=off]")).to_be_checked()
    page.add_init_script("Object.defineProperty(globalThis, 'isSecureContext', { value: false })")
    wait_until(page, "history.state?.panel === 'settings'")  # before it is loaded anew
    page.reload()
    page.click("#settings-button")
    expect(about).to_contain_text("по https")
    expect(page.locator("#setting-notify-choice")).to_be_hidden()
