"""What the page calls unread: in several tabs, in a window without focus, and after a long absence."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, keep_typing, open_page, set_focus, wait_until
from tests.end_to_end.services import Services, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

BORIS = "Борис"

# The page gets no frame before `giveFrames` is called.
HOLD_FRAMES = """() => {
    const held = [];
    const { requestAnimationFrame } = globalThis;
    globalThis.requestAnimationFrame = callback => held.push(callback);
    globalThis.giveFrames = () => {
        globalThis.requestAnimationFrame = requestAnimationFrame;
        held.forEach(callback => requestAnimationFrame(callback));
    };
}"""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve("--rate", "0") as services:
        yield services


def say(client: JsonClient, first: int, last: int) -> None:
    """Say these numbers, each in a message."""
    for number in range(first, last + 1):
        client.say_json(type="say", ref=f"{number}", text=f"№ {number}")
    client.fence()


def test_tabs_agree_and_only_a_focused_window_reads(services: Services, chromium: Browser) -> None:
    with JsonClient(services.room) as client, open_page(chromium, services.url) as browser:
        client.join(BORIS, history=0)
        browser.enter("Анна")
        one, two = browser.page, browser.page.context.new_page()
        two.goto(services.url)
        two.wait_for_selector("#connection[data-state=online]", state="attached")
        say(client, 1, 40)
        tabs = (one, two)
        for page in tabs:
            page.wait_for_selector("text=№ 40")
            expect(page).to_have_title("Oneroom")
            set_focus(page, False)
        say(client, 41, 43)
        for page in tabs:
            page.wait_for_selector("text=№ 43")
            expect(page).to_have_title("(3) Oneroom")
            expect(page.locator(".unread + .message .message-text")).to_have_text("№ 41")
        # Scrolling without focus changes nothing, and counts nothing twice.
        two.mouse.move(600, 400)
        for number, distance in ((44, -600), (45, 3000)):
            two.mouse.wheel(0, distance)
            say(client, number, number)
        two.mouse.wheel(0, 3000)
        wait_until(two, "transcript.scrollHeight - transcript.scrollTop - transcript.clientHeight < 30")
        for page in tabs:
            expect(page).to_have_title("(5) Oneroom")
        set_focus(one, True)
        for page in tabs:
            expect(page).to_have_title("Oneroom")
        # What is to be unread again stays so until one comes back.
        one.locator(".message-number").last.focus()
        one.keyboard.press("ArrowUp")
        one.keyboard.press("u")
        for page in tabs:
            expect(page).to_have_title("(2) Oneroom")
            expect(page.locator(".unread + .message .message-text")).to_have_text("№ 44")
        set_focus(one, False)
        set_focus(one, True)
        for page in tabs:
            expect(page).to_have_title("Oneroom")


def test_what_comes_between_the_join_and_its_first_frame_is_followed(
    services: Services, chromium: Browser
) -> None:
    with JsonClient(services.room) as client, open_page(chromium, services.url) as browser:
        page = browser.page
        page.evaluate(HOLD_FRAMES)
        client.join("Глеб", history=0)
        browser.enter("Вера")
        say(client, 1, 100)
        keep_typing(page)
        client.say_json(type="typing")
        # Shown without a frame, so the page has all that came before.
        expect(page.locator("#typing")).to_contain_text("Глеб")
        assert browser.texts() == []
        page.evaluate("giveFrames()")
        expect(browser.messages("№ 100")).to_be_in_viewport()
        expect(page.locator("#newest-button")).to_be_hidden()
        assert page.locator(".unread").count() == 0
        say(client, 101, 101)
        expect(browser.messages("№ 101")).to_be_in_viewport()


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 800, False), (390, 844, True)][: 1 + IS_LONG])
def test_after_600_unread_one_stands_at_the_divider(
    chromium: Browser, width: int, height: int, dark: bool
) -> None:
    with (
        serve("--rate", "0") as services,
        JsonClient(services.room) as client,
        open_page(chromium, services.url, width=width, height=height, dark=dark) as browser,
    ):
        client.join(BORIS, history=0)
        browser.enter("Анна")
        say(client, 1, 100)
        browser.sees(BORIS, "№ 100")
        wait_until(browser.page, "JSON.parse(localStorage['oneroom.read']).id === 100")
        browser.page.goto("about:blank")
        say(client, 101, 700)
        browser.page.goto(services.url)
        assert_at_divider(browser)
        expect(browser.page).to_have_title("(600) Oneroom")
        browser.shoot(f"unread-{width}")
        # The newest are as near as ever.
        browser.page.click("#newest-button")
        expect(browser.messages("№ 700")).to_be_in_viewport()
        expect(browser.page).to_have_title("Oneroom")
        # And so is the first of them.
        browser.page.click("#first-unread-button")
        expect(browser.messages("№ 101")).to_be_in_viewport()
        expect(browser.page.locator("#first-unread-button")).to_be_hidden()


def assert_at_divider(browser: PageUser) -> None:
    """Wait until the divider is near the top of the view, and below it the first unread message."""
    wait_until(
        browser.page,
        """(() => {
            const divider = document.querySelector(".unread");
            const place = divider?.getBoundingClientRect().top - transcript.getBoundingClientRect().top;
            const below = divider?.nextElementSibling?.querySelector(".message-text");
            return below?.textContent === "№ 101" && place > 0 && place < 60;
        })()""",
    )
