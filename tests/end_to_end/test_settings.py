"""What the reader chooses: settings, whose messages are hidden, what is folded; and the list of keys."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.conftest import (
    PATIENCE,
    PageUser,
    Regular,
    assert_accessible,
    open_page,
    regular,
    wait_until,
)
from tests.end_to_end.services import Services, say, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

CONTROLS = "button, input:not([type=radio]), .segments label, a.message-number"
SMALL = """selector => {
    const small = [];
    for (const each of document.querySelectorAll(selector)) {
        const { left, right, top, bottom, height } = each.getBoundingClientRect();
        const [x, y] = [(left + right) / 2, (top + bottom) / 2];
        if (!each.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || !height) continue;
        const hits = at => {
            const found = document.elementFromPoint(x, at);
            return found && (each.contains(found) || found.contains(each));
        };
        const view = (each.closest("#transcript") ?? document.documentElement).getBoundingClientRect();
        if (!hits(y) || y < view.top + 22 || y > view.bottom - 22) continue;
        if (!hits(y - 20.5) || !hits(y + 20.5)) small.push(each.id || each.className);
    }
    return small;
}"""
"""Controls in view that are less than 44 px high under a finger, but for rounding."""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve() as services:
        yield services


bella = regular("Белла")


def choose(page: Page, name: str, value: str) -> None:
    page.locator(".segments label", has=page.locator(f"[name={name}][value={value}]")).click()


def assert_large(page: Page, controls: str = CONTROLS) -> None:
    assert page.evaluate(SMALL, controls) == []


def test_the_settings_are_kept(services: Services, chromium: Browser) -> None:
    with JsonClient(services.room) as vera, open_page(chromium, services.url, lang="en-GB") as browser:
        page, field = browser.page, browser.page.locator("#composer-text")
        browser.enter("Ада")
        vera.join("Вера", history=0)
        expect(page.locator(".presence", has_text="Вера")).to_be_visible()
        page.click("#settings-button")
        assert_accessible(page)
        choose(page, "enter", "line")
        choose(page, "joins", "hidden")
        expect(page.locator(".presence")).to_have_count(0)
        choose(page, "language", "ru")
        expect(page.locator("html[lang^=ru]")).to_have_count(1)
        page.wait_for_selector("#connection[data-state=online]", state="attached")
        field.focus()
        page.keyboard.type("раз")
        page.keyboard.press("Enter")
        page.keyboard.type("два")
        expect(field).to_have_value("раз\nдва")
        page.keyboard.press("Control+Enter")
        expect(browser.messages("раз\nдва")).to_have_attribute("data-state", "sent")
        page.click("#settings-button")
        expect(page.locator("#settings [value=ru]")).to_be_checked()
        choose(page, "language", "auto")
        expect(page.locator("html[lang^=en]")).to_have_count(1)


def test_the_keys_are_listed_and_back_closes_the_list(bella: Regular) -> None:
    with bella.here() as browser:
        page, keys = browser.page, browser.page.locator("#shortcuts")
        page.focus("#composer-text")
        page.keyboard.type("?")
        expect(page.locator("#composer-text")).to_have_value("?")
        page.focus("#transcript")
        page.keyboard.type("?")
        expect(keys).to_be_visible()
        assert_accessible(page)
        wait_until(page, "history.state?.panel === 'shortcuts'")
        page.go_back()
        expect(keys).to_be_hidden()
        page.click("#settings-button")
        page.locator("#settings").click(position={"x": 4, "y": 100})  # its margin
        expect(page.locator("#settings")).to_be_visible()
        page.mouse.click(5, 400)
        expect(page.locator("#settings")).to_be_hidden()


def test_the_messages_of_somebody_are_hidden(services: Services, bella: Regular) -> None:
    with JsonClient(services.room) as rude, bella.here() as browser:
        page = browser.page
        rude.join("Грубиян", history=0)
        say(rude, "раз", "два")
        browser.sees("Грубиян", "два")
        for item in ("Скрыть", "Обратиться"):
            person = page.locator(".person", has_text="Грубиян")
            person.hover()
            person.locator(".person-more").click()
            page.locator(".menu-item", has_text=item).click()
        expect(page.locator("#composer-text")).to_have_value("@Грубиян ")
        expect(page.locator(".message[data-name=Грубиян]")).to_have_count(0)
        say(rude, "три")
        line = page.locator(".fold")
        expect(line).to_have_text("Грубиян: 3 скрытых сообщения · Показать")
        assert_accessible(page)
        line.locator("button").click()
        expect(page.locator(".message[data-name=Грубиян]")).to_have_count(3)
        page.click("#settings-button")
        page.click("#settings-ignored button")
        page.keyboard.press("Escape")
        expect(line).to_have_count(0)


def test_a_long_text_is_folded(services: Services, bella: Regular) -> None:
    with JsonClient(services.room) as client, bella.here() as browser:
        page = browser.page
        client.join("Летописец", history=0)
        say(client, "\n".join(f"строка {number}" for number in range(40)))
        row = page.locator(".message.long")
        button = row.locator(".message-fold")
        expect(button).to_have_text("Показать всё · 40 строк")
        heights = []
        for text in ("Свернуть", "Показать всё · 40 строк"):
            button.click()
            expect(button).to_have_text(text)
            heights.append(row.evaluate("row => row.offsetHeight"))
        assert heights[0] > 40 * 20
        assert heights[1] < 20 * 20
        # What is read stays where it is, though another message comes.
        button.click()
        page.locator("#transcript").evaluate("each => (each.scrollTop = 0)")
        say(client, "ещё")
        expect(page.locator("#newest-button.news")).to_be_visible()
        assert page.locator("#transcript").evaluate("each => each.scrollTop") == 0
        # What takes the focus behind the fold is shown.
        say(client, "\n".join(["https://a.example", *"я" * 40, "```", "код", "```"]))
        row = page.locator(".message.long").last
        row.locator("a.message-link").focus()
        expect(row).not_to_have_class(re.compile("open"))
        page.keyboard.press("ArrowRight")
        expect(row.locator(".code-copy")).to_be_focused()
        expect(row.locator(".code-copy")).to_be_in_viewport()
        expect(row.locator(".message-fold")).to_have_attribute("aria-expanded", "true")


def test_a_finger_hits_everything_on_a_phone(chromium: Browser) -> None:
    with (
        serve() as services,
        JsonClient(services.room) as client,
        JsonClient(services.room) as short,
        open_page(chromium, services.url, width=390, height=844, touch=True) as phone,
    ):
        page = phone.page
        assert_large(page)
        client.join("Писарь", history=0)
        short.join("Ю", history=0)
        phone.enter("Жора")
        long = "\n".join(f"строка {number}" for number in range(40))
        say(client, f"начало\n{long}", long)
        say(short, "да", "нет")
        say(client, "вот", "ну")
        expect(phone.messages("ну")).to_be_visible()
        # The row below one that shows its number has its own beside a short name.
        for text, number in (("нет", "#4"), ("строка 0", "#2")):
            row = page.locator(".message", has_text=text).last
            row.tap(position={"x": 100, "y": 8})
            expect(row.locator(".message-id")).to_have_text(number)
            expect(row.locator(".message-number")).to_be_visible()
            if text == "нет":  # the reader is at the end of the conversation, and stays there
                expect(page.locator("#newest-button")).to_be_hidden()
            assert_large(page)
        say(client, *"абв")
        row = phone.messages("в")
        row.tap()
        expect(row.locator(".message-id")).to_be_in_viewport(ratio=1)
        assert_large(page)
        phone.shoot("phone-chosen")
        page.click("#people-button")
        expect(page.locator("#people")).to_be_visible()
        assert_large(page, f"#people :is({CONTROLS})")  # what is behind its edge is half covered
        page.tap(".person-more")
        expect(page.locator("#menu")).to_be_visible()
        assert_large(page, ".menu-item")
        page.keyboard.press("Escape")
        pull(phone, ".people-head")
        expect(page.locator("#people")).to_be_hidden()
        wait_until(page, "!history.state?.panel")
        page.click("#settings-button")  # a tap may only end the movement of the pull
        expect(page.locator("#settings")).to_be_visible()
        assert_large(page, f"#settings :is({CONTROLS})")
        phone.shoot("phone-settings")
        pull(phone, "#settings .dialog-head")
        expect(page.locator("#settings")).to_be_hidden()


def pull(phone: PageUser, head: str) -> None:
    """Pull a sheet down by its head."""
    touch = phone.page.context.new_cdp_session(phone.page)
    phone.page.locator(head).hover(trial=True)  # it has come up, and stands still
    box = phone.page.locator(head).bounding_box()
    assert box is not None
    for kind, y in (("touchStart", 0), ("touchMove", 60), ("touchMove", 120), ("touchEnd", None)):
        points = [] if y is None else [{"x": box["x"] + 90, "y": box["y"] + 10 + y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
