"""Reading in the page: what is seen, heard and copied of a conversation."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, assert_accessible, open_page, wait_until
from tests.end_to_end.services import Services, say, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

SIZES = pytest.mark.parametrize(
    ("width", "height", "dark"), [(1280, 800, False), (390, 844, True)], ids=["desktop", "phone"]
)


NOTE_ANNOUNCED = """() => {
    window.announced = [];
    new MutationObserver(records => {
        for (const { addedNodes } of records)
            announced.push(...[...addedNodes].map(each => each.textContent));
    }).observe(document.querySelector("#announcer"), { childList: true });
}"""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve() as services:
        yield services


def copied(browser: PageUser, select: str) -> str:
    """Select what this JavaScript selects, in the rows `row(text)`; return what Ctrl+C copies."""
    page = browser.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """select => {
            const row = text => [...document.querySelectorAll("#messages > li")]
                .findLast(each => each.textContent.includes(text));
            const part = (text, name) => row(text).querySelector(name);
            new Function("row", "part", "selection", select)(row, part, getSelection());
        }""",
        select,
    )
    page.keyboard.press("Control+KeyC")
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_copying_keeps_time_and_author(services: Services, chromium: Browser) -> None:
    anna, boris = "Анна", "Борис"
    with JsonClient(services.room) as client, open_page(chromium, services.url) as browser:
        client.join(boris, history=0)
        browser.enter(anna)
        say(client, "раз, как https://a.example", "два\nстроки")
        browser.sees(boris, "строки")
        browser.say("моё")
        expect(browser.messages("моё")).to_have_attribute("data-state", "sent")
        say(client, "три")
        browser.sees(boris, "три")
        time = browser.messages("три").locator("time").text_content()

        everything = copied(browser, "selection.selectAllChildren(document.querySelector('#room'))")
        assert everything.splitlines()[-5:] == [
            f"[{time}] {boris}: раз, как https://a.example",
            f"[{time}] {boris}: два",
            "строки",
            f"[{time}] {anna}: моё",
            f"[{time}] {boris}: три",
        ]
        text = "part('{}', '.message-text').firstChild"
        some = copied(
            browser,
            f"selection.setBaseAndExtent({text.format('строки')}, 4, {text.format('три')}, 2)",
        )
        assert some == f"[{time}] {boris}: строки\n[{time}] {anna}: моё\n[{time}] {boris}: тр"
        backwards = copied(
            browser, f"selection.setBaseAndExtent({text.format('моё')}, 1, {text.format('раз')}, 3)"
        )
        assert backwards.endswith(
            f", как https://a.example\n[{time}] {boris}: два\nстроки\n[{time}] {anna}: м"
        )
        browser.shoot("copying-1280")
        # A part of one message is copied alone.
        browser.messages("моё").locator(".message-text").click(click_count=3)
        assert copied(browser, "") == "моё"
        browser.page.fill("#composer-text", "черновик")
        browser.page.press("#composer-text", "Control+KeyA")
        assert copied(browser, "") == "черновик"


def test_every_message_is_heard_with_its_author_and_once(services: Services, chromium: Browser) -> None:
    vera, gleb = "Вера", "Глеб"
    with JsonClient(services.room) as client, open_page(chromium, services.url, width=390) as browser:
        client.join(gleb, history=0)
        browser.enter(vera)
        browser.page.evaluate(NOTE_ANNOUNCED)
        say(client, "слышно", "и это")
        browser.sees(gleb, "и это")
        browser.say("ответ")
        expect(browser.messages("ответ")).to_have_attribute("data-state", "sent")
        log = browser.page.get_by_role("log")
        for name, text in ((gleb, "слышно"), (gleb, "и это"), (vera, "ответ")):
            expect(log.get_by_role("listitem", name=f"{name} {text}")).to_have_count(1)
        number = log.get_by_role("listitem", name=f"{vera} ответ").get_by_role("link")
        assert "#" in (number.get_attribute("aria-label") or "")
        assert "2026" not in (number.get_attribute("aria-label") or "")
        client.leave()
        wait_until(browser.page, "announced.at(-1)?.includes('больше не в чате')")
        announced = browser.page.evaluate("announced")
        assert announced[-3:] == [f"{gleb}: слышно", f"{gleb}: и это", f"{gleb} больше не в чате"]
        expect(log).to_have_attribute("aria-live", "off")
        assert_accessible(browser.page)
        # What was said before is not announced.
        browser.page.reload()
        browser.page.wait_for_selector("#connection[data-state=online]", state="attached")
        browser.sees(gleb, "и это")
        expect(browser.page.locator("#announcer")).to_be_empty()
