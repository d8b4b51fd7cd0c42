"""The composer: it grows, takes long pastes, and leaves the conversation where it is."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FloatRect, expect

from tests.end_to_end.conftest import (
    PATIENCE,
    PageUser,
    Regular,
    assert_accessible,
    open_page,
    regular,
    wait_until,
)
from tests.end_to_end.services import Services, say_long_ago, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

LIMIT = 4000


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve() as services:
        say_long_ago(services)
        yield services


maria = regular("Мария", width=390, height=844)


def box(browser: PageUser, selector: str) -> FloatRect:
    found = browser.page.locator(selector).last.bounding_box()
    assert found is not None
    return found


def paste(browser: PageUser, text: str) -> None:
    browser.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    browser.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    browser.page.locator("#composer-text").press("Control+KeyV")


@pytest.mark.parametrize(
    ("width", "height", "dark"),
    [(390, 844, False), (1280, 800, True)][: 1 + IS_LONG],
    ids=["phone", "desktop"][: 1 + IS_LONG],
)
def test_a_growing_text_does_not_move_the_conversation(
    services: Services, chromium: Browser, width: int, height: int, dark: bool
) -> None:
    with (
        JsonClient(services.room) as client,
        open_page(chromium, services.url, width=width, height=height, dark=dark) as browser,
    ):
        page = browser.page
        client.join(f"Борис{width}", history=0)
        browser.enter(f"Анна{width}")
        page.focus("#composer-text")
        heights = []
        for _ in range(9):
            heights.append(box(browser, "#composer-text")["height"])
            page.keyboard.insert_text("ещё строка")
            page.keyboard.press("Shift+Enter")
            expect(page.locator(".message").last).to_be_in_viewport(ratio=1)
        assert heights == sorted(heights)
        assert 4 < len(set(heights)) < 9, "it grows, up to a limit"
        expect(page.locator("#newest-button")).to_be_hidden()
        client.say_json(type="say", ref="1", text=f"новое {width}")
        browser.sees(f"Борис{width}", f"новое {width}")
        expect(page.locator(".message").last).to_be_in_viewport(ratio=1)
        expect(page.locator("#newest-button")).to_be_hidden()
        assert page.title() == "Oneroom"
        browser.shoot(f"composer-{width}")

        # What one has scrolled back to stays where it is, too.
        page.locator("#transcript").evaluate("each => (each.scrollTop -= 700)")
        expect(page.locator("#newest-button")).to_be_visible()
        row = page.locator(".message", has_text="давно 40")
        # Both before the next frame.
        before = row.evaluate("""row => {
            row.scrollIntoView({ block: "center" });
            const { top } = row.getBoundingClientRect();
            const field = document.querySelector("#composer-text");
            field.value = "";
            field.dispatchEvent(new Event("input", { bubbles: true }));
            return top;
        }""")
        assert box(browser, "#composer-text")["height"] == min(heights)
        assert abs(box(browser, ".message:has-text('давно 40')")["y"] - before) <= 1


def test_what_is_pasted_beyond_the_limit_is_kept(maria: Regular) -> None:
    with maria.here() as browser:
        page = browser.page
        page.focus("#composer-text")
        page.keyboard.type("вот: ")
        text = "".join(f"строка {number} 🙂\n" for number in range(10_000))
        paste(browser, text)
        kept = page.input_value("#composer-text")
        assert len(kept) == LIMIT
        assert kept == f"вот: {text}"[:LIMIT]
        expect(page.locator("#send-button")).to_be_enabled()
        expect(page.locator("#rest")).to_contain_text(
            "в сообщении не больше 4 000 знаков".replace(" 000", "\xa0000")
        )
        expect(page.locator(".message").last).to_be_in_viewport(ratio=1)
        browser.shoot("paste-390")
        assert_accessible(page)

        # Once it is sent, the rest can be copied and pasted, also where there is no TLS.
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        page.press("#composer-text", "Enter")
        page.click("#rest-copy")
        expect(page.locator("#rest")).to_be_hidden()
        expect(page.locator("#toast")).to_have_text("Остальное скопировано")
        expect(page.locator("#composer-text")).to_be_focused()
        page.keyboard.press("Control+KeyV")
        assert page.input_value("#composer-text") == f"вот: {text}"[LIMIT : 2 * LIMIT]
        page.click("#rest-close")
        expect(page.locator("#rest")).to_be_hidden()


def test_a_text_that_is_dropped_is_limited_too(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url, lang="en-GB") as browser:
        page = browser.page
        browser.enter("Mary")
        page.evaluate(
            """() => {
                const source = document.createElement("p");
                source.textContent = "x".repeat(9000);
                source.draggable = true;
                source.id = "source";
                source.style.cssText = "position: fixed; inset: 0 auto auto 0; height: 40px; width: 99px";
                source.addEventListener("dragstart", ({ dataTransfer }) =>
                    dataTransfer.setData("text/plain", source.textContent));
                document.body.append(source);
            }"""
        )
        page.drag_and_drop("#source", "#composer-text")
        expect(page.locator("#rest")).to_contain_text(
            "Not all was pasted: a message has at most 4,000 characters."
        )
        assert page.input_value("#composer-text") == "x" * LIMIT
        # What is typed may be longer, but of a very long draft only the beginning is stored.
        page.fill("#composer-text", "x" * 100_000)
        drafts = (
            "Object.keys(localStorage).filter(key => key.includes('draft')).map(key => localStorage[key])"
        )
        assert [len(draft) for draft in page.evaluate(drafts)] == [4 * LIMIT]


def test_enter_begins_a_line_on_a_phone(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url, width=390, height=844, touch=True) as browser:
        page = browser.page
        browser.enter("Оля")
        expect(page.locator("#composer-text")).to_have_attribute("enterkeyhint", "enter")
        page.locator("#composer-text").tap()
        page.keyboard.type("первая")
        page.keyboard.press("Enter")
        page.keyboard.type("вторая")
        expect(page.locator("#composer-text")).to_have_value("первая\nвторая")
        page.locator("#send-button").tap()
        expect(page.locator(".message.own .message-text").last).to_have_text("первая\nвторая")
        page.keyboard.type("с клавиатурой")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".message.own .message-text").last).to_have_text("с клавиатурой")


def test_the_keyboard_of_a_phone_held_across_leaves_room(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url, width=844, height=390, touch=True, dark=True) as browser:
        page = browser.page
        browser.enter("Ира")
        expect(page.locator("#bar")).to_be_visible()
        page.locator("#composer-text").tap()
        page.set_viewport_size({"width": 844, "height": 150})  # as the keyboard does
        expect(page.locator(".message").last).to_be_in_viewport(ratio=1)
        wait_until(page, "document.querySelector('#transcript').clientHeight >= 90")
        page.keyboard.type("одна\nдве\nтри")
        wait_until(page, "document.querySelector('#transcript').clientHeight >= 70")
        browser.shoot("keyboard-844")
        expect(page.locator(".message").last).to_be_in_viewport(ratio=1)
        page.set_viewport_size({"width": 844, "height": 390})
        expect(page.locator("#bar")).to_be_visible()
        expect(page.locator(".message").last).to_be_in_viewport(ratio=1)


def test_a_dropped_or_pasted_file_is_refused_in_words(maria: Regular) -> None:
    with maria.here() as browser:
        page = browser.page
        url = page.url
        said = page.locator("#toast.shown")
        devtools = page.context.new_cdp_session(page)
        data = {"items": [], "files": [__file__], "dragOperationsMask": 1}
        for y in (300, 810):  # over the conversation, and over the composer
            for step in ("dragEnter", "dragOver", "drop"):
                devtools.send("Input.dispatchDragEvent", {"type": step, "x": 100, "y": y, "data": data})
            expect(said).to_have_text("Файлы здесь не передать, только текст.")
            page.evaluate("document.querySelector('#toast').className = ''")
        assert page.url == url
        assert len(page.context.pages) == 1
        page.evaluate(
            """() => {
                const clipboardData = new DataTransfer();
                clipboardData.items.add(new File(["x"], "x.png", { type: "image/png" }));
                const event = new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData });
                document.querySelector("#composer-text").dispatchEvent(event);
            }"""
        )
        expect(said).to_be_visible()
        browser.shoot("file-390")
        expect(page.locator("#composer-text")).to_have_value("")


def test_page_up_in_the_composer_scrolls_the_conversation(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url, dark=True) as browser:
        page = browser.page
        browser.enter("Юля")
        browser.say("\n".join(["строка"] * 80))
        browser.say("короткое")
        last = page.locator(".message").last
        expect(last).to_be_in_viewport()
        page.keyboard.type("пишу")
        wait_until(page, "document.querySelector('#transcript').scrollTop > 100")  # there is something above
        page.keyboard.press("PageUp")
        expect(last).not_to_be_in_viewport()
        expect(page.locator("#newest-button")).to_be_visible()
        page.keyboard.press("PageDown")
        expect(last).to_be_in_viewport()
        expect(page.locator("#composer-text")).to_be_focused()
