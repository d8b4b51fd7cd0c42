"""What is long comes in small parts: it delays nothing in view, and what is read stays where it is."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, open_page, wait_until
from tests.end_to_end.services import Services, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

COUNT = 400
MOST_AT_ONCE = 20  # rows added at once
PEOPLE = 150
MOST_PEOPLE_AT_ONCE = 60

# Notes how many rows are added at a time, and the row that the reader looks at, with its lower edge.
WATCH = """() => {
    window.most = 0;
    window.moved = 0;
    const view = document.querySelector("#transcript");
    const inView = () => [...document.querySelectorAll(".message")]
        .find(row => row.getBoundingClientRect().top > view.getBoundingClientRect().top + 50);
    let known = { row: null };
    const note = () => {
        const row = inView();
        known = { row, place: row.getBoundingClientRect().bottom, scrolled: view.scrollTop };
    };
    view.addEventListener("scroll", note);
    new MutationObserver(records => {
        most = Math.max(most, records.flatMap(({ addedNodes }) => [...addedNodes]).length);
        const { row, place } = known;
        if (row?.isConnected) moved = Math.max(moved, Math.abs(row.getBoundingClientRect().bottom - place));
        note();
    }).observe(document.querySelector("#messages"), { childList: true });
    note();
}"""

# Notes how many lines of the list of people are added at a time.
WATCH_PEOPLE = """() => {
    window.most = 0;
    new MutationObserver(records => {
        most = Math.max(most, records.flatMap(({ addedNodes }) => [...addedNodes]).length);
    }).observe(document.querySelector("#people-list"), { childList: true });
}"""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve("--rate", "0") as services:
        yield services


def test_older_rows_come_in_small_parts_and_nothing_moves(services: Services, chromium: Browser) -> None:
    with JsonClient(services.room) as client, open_page(chromium, services.url) as browser:
        client.join("Борис", history=0)
        for number in range(1, COUNT + 1):
            client.say_json(type="say", ref=str(number), text=f"№ {number}")
        client.fence()
        browser.enter("Анна")
        page = browser.page
        expect(browser.messages(f"№ {COUNT}")).to_be_in_viewport()
        page.evaluate(WATCH)
        page.mouse.move(600, 400)
        for _ in range(COUNT):
            page.mouse.wheel(0, -240)
            page.wait_for_timeout(16)
            if page.evaluate("transcript.scrollTop") == 0:
                break
        shown = browser.texts()
        assert 50 < len(shown) < 150
        assert shown == [f"№ {number}" for number in range(1, len(shown) + 1)]
        assert 0 < page.evaluate("most") <= MOST_AT_ONCE
        assert page.evaluate("moved") < 2
        page.click("#newest-button")
        expect(browser.messages(f"№ {COUNT}")).to_be_in_viewport()
        # An update comes after one has scrolled and before the event, which comes with the next frame.
        client.say_json(type="react", ref="react", id=COUNT, emoji="👍")
        chip = page.locator("[data-action=react]")
        expect(chip).to_have_attribute("aria-pressed", "false")
        before = page.evaluate("transcript.scrollTop")
        page.wait_for_timeout(100)  # then the next update is made at once
        chip.evaluate("button => { transcript.scrollTop -= 300; button.click(); }")
        expect(chip).to_have_attribute("aria-pressed", "true")
        assert page.evaluate("transcript.scrollTop") == before - 300


def test_a_message_waits_for_no_frame(services: Services, chromium: Browser) -> None:
    with JsonClient(services.room) as client, open_page(chromium, services.url) as browser:
        client.join("Глеб", history=0)
        browser.enter("Вера")
        client.say_json(type="say", ref="first", text="первое")
        browser.sees("Глеб", "первое")
        browser.page.evaluate("window.requestAnimationFrame = () => 0")
        client.say_json(type="say", ref="second", text="второе")
        wait_until(browser.page, "document.querySelector('#messages').textContent.includes('второе')")


def test_a_long_list_of_people_is_made_in_parts(services: Services, chromium: Browser) -> None:
    with ExitStack() as stack, open_page(chromium, services.url) as browser:
        names = [f"Гость {number}" for number in range(PEOPLE)]
        for name in names:
            stack.enter_context(JsonClient(services.room)).join(name, history=0)
        browser.page.evaluate(WATCH_PEOPLE)
        browser.enter("Я")
        expect(browser.page.locator(".person-name", has_text="Гость")).to_have_text(names)
        assert browser.page.evaluate("most") == MOST_PEOPLE_AT_ONCE
