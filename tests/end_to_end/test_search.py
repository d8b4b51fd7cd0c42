"""Search in the page: old messages are found and shown among their neighbours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, assert_accessible, open_page
from tests.end_to_end.services import Services, gateway_to, serve
from tests.support.processes import running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

SAID = 700
"""Messages in the log: far more than a page loads when it opens."""

SPELLINGS = ("Ёлку привезут в субботу", "Где наши ёлки?", "ЕЛКА УЖЕ ЗДЕСЬ")


def said(number: int) -> str:
    """Return what message `number` of the log says: of a fir tree every 14th, each time spelt otherwise."""
    spelling = SPELLINGS[number // 14 % 3] if number % 14 == 0 else "Подёлка, не она"
    return f"{spelling} ({number})"


@contextmanager
def long_log(log: Path) -> Iterator[Services]:
    with serve("--history", str(log)) as services:
        with JsonClient(services.room) as vera:
            vera.join("Вера", history=0)
            for number in range(1, SAID + 1):
                vera.say_json(type="say", ref=str(number), text=said(number))
            assert vera.fence()[-1]["id"] == SAID
            vera.say_json(type="leave")
            vera.expect_json(type="bye")
        yield services


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with long_log(tmp_path_factory.mktemp("log") / "history.db") as services:
        yield services


def search(browser: PageUser, query: str) -> Locator:
    """Type a query into the open panel; return the hits."""
    browser.page.keyboard.type(query)
    browser.page.wait_for_selector(".hit")
    return browser.page.locator(".hit")


def assert_in_its_place(browser: PageUser, number: int) -> None:
    """The message is in view and has focus, between the messages before and after it."""
    expect(browser.page.locator(".message.highlighted .message-text")).to_have_text(said(number))
    expect(browser.page.locator(f"#m{number}")).to_be_in_viewport()
    expect(browser.page.locator(f"#m{number}")).to_be_focused()
    texts = browser.texts()
    at = texts.index(said(number))
    assert texts[at - 5 : at + 6] == [said(each) for each in range(number - 5, number + 6)]
    assert browser.page.url.endswith(f"#{number}")


def test_an_old_message_is_found_and_shown_among_its_neighbours(
    services: Services, chromium: Browser
) -> None:
    with open_page(chromium, services.url) as browser:
        browser.enter("Анна")
        browser.sees("Вера", said(SAID))
        browser.page.wait_for_selector("#search-button")
        browser.page.keyboard.press("Control+KeyK")
        hits = search(browser, "еЛк")
        expect(hits).to_have_count(20)
        expect(hits.first).to_contain_text(said(700))
        assert set(browser.page.locator(".hit mark").all_text_contents()) == {"Ёлк", "ёлк", "ЕЛК"}

        for known in (20, 40):
            browser.page.click("#search-more")
            hits.nth(known).wait_for()
        expect(hits).to_have_count(50)
        expect(browser.page.locator("#search-status")).to_have_text("Нашлось 50 сообщений")
        expect(browser.page.locator("#search-more")).to_be_hidden()
        assert browser.page.locator("#m28").count() == 0
        hits.nth(48).click()
        assert_in_its_place(browser, 28)
        browser.shoot("search-1280")

        # The panel stays: the next one is a click away, and the newest too.
        hits.nth(30).click()
        assert_in_its_place(browser, 280)
        browser.page.click("#newest-button")
        expect(browser.page.locator(f"#m{SAID}")).to_be_in_viewport()
        # So is the first message of a day, if there is any.
        browser.page.fill("#search-date", "2100-01-01")
        expect(browser.page.locator("#toast.shown")).to_have_text("С этого дня здесь ничего не писали.")
        browser.page.fill("#search-date", "2020-01-01")
        expect(browser.page.locator("#m1.highlighted")).to_be_in_viewport()


def test_search_with_the_keyboard_alone(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url, dark=True, lang="en-GB") as browser:
        browser.enter("Ann")
        browser.page.wait_for_selector("#search-button")
        keyboard = browser.page.keyboard
        keyboard.type("/")  # which in the composer is just a sign
        expect(browser.page.locator("#search")).to_be_hidden()
        expect(browser.page.locator("#composer-text")).to_have_value("/")
        browser.page.focus("#transcript")
        keyboard.type("/")
        expect(browser.page.locator("#search-query")).to_be_focused()
        hits = search(browser, "ёлки наши")
        expect(hits.first).to_contain_text(said(686))
        assert browser.page.locator(".hit mark").all_text_contents()[:2] == ["наши", "ёлки"]
        for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
            keyboard.press(key)
        assert_in_its_place(browser, 644)
        assert_accessible(browser.page)

        keyboard.press("Control+KeyK")
        keyboard.type("nowhere")
        expect(browser.page.locator("#search-status")).to_contain_text("Nothing found")
        expect(hits).to_have_count(0)
        keyboard.press("Escape")
        expect(browser.page.locator("#search")).to_be_hidden()
        expect(browser.page.locator("#m644")).to_be_focused()


def test_on_a_phone_choosing_a_hit_closes_the_panel(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url, width=390, height=844) as browser:
        browser.enter("Ольга")
        browser.page.click("#search-button")
        hits = search(browser, "суб прив")
        box = browser.page.locator("#search").bounding_box()
        assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
        browser.shoot("search-390")
        hits.nth(15).click()
        expect(browser.page.locator("#search")).to_be_hidden()
        assert_in_its_place(browser, 42)
        number = browser.page.locator("#m42 .message-id").bounding_box()
        assert number is not None
        assert number["x"] + number["width"] <= 390
        browser.shoot("search-390-found")
        # The hits are still there for another look.
        browser.page.click("#search-button")
        expect(hits).to_have_count(16)
        # A day closes it too, once it is typed, and Back leads to it again.
        browser.page.focus("#search-date")
        browser.page.keyboard.type("01012020")
        expect(browser.page.locator("#search-date")).to_have_value("2020-01-01")
        expect(browser.page.locator("#search-date")).to_be_focused()
        browser.page.keyboard.press("Enter")
        expect(browser.page.locator("#m1.highlighted")).to_be_in_viewport()
        expect(browser.page.locator("#search")).to_be_hidden()
        browser.page.go_back()
        expect(browser.page.locator("#search")).to_be_visible()


def test_a_search_waits_for_the_connection(tmp_path: Path, chromium: Browser) -> None:
    log = tmp_path / "history.db"
    with long_log(log) as services, open_page(chromium, services.url) as browser:
        browser.enter("Анна")
        browser.page.click("#search-button")
        status = browser.page.locator("#search-status")
        expect(status).to_contain_text("Достаточно и начала слова")
        port = services.server.port
        services.server.stop()
        browser.page.wait_for_selector("#connection[data-state=offline]")
        browser.page.keyboard.type("елка здесь")
        expect(status).to_have_text("Нет связи. Поищем, как только она вернётся.")
        expect(browser.page.locator(".hit")).to_have_count(0)
        with running("tcp_server", "--host", "127.0.0.1", "--port", str(port), "--history", str(log)):
            expect(browser.page.locator(".hit").first).to_contain_text(said(700))
            browser.leave()


def test_a_room_of_the_plain_dialect_offers_no_search(services: Services, chromium: Browser) -> None:
    with (
        gateway_to(services.server.address, "--dialect", "plain") as gateway,
        open_page(chromium, f"http://{gateway.address}/") as browser,
    ):
        browser.enter("Нина")
        expect(browser.page.locator("#search-button")).to_be_hidden()
        browser.page.keyboard.press("Control+KeyK")
        expect(browser.page.locator("#search")).to_be_hidden()
