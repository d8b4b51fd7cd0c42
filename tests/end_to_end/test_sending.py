"""Messages that are written faster than they can be sent: none is lost, doubled or out of order."""

from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, assert_accessible, open_page
from tests.end_to_end.services import serve
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)


def test_many_messages_at_once_are_each_shown_once(chromium: Browser) -> None:
    with serve() as services, open_page(chromium, services.url) as browser:
        browser.enter("Спешка")
        shown = browser.page.evaluate(
            """() => {
                const rows = document.querySelector("#messages").children;
                const before = rows.length;
                for (let number = 0; number < 50; number++) {
                    document.querySelector("#composer-text").value = `сразу ${number}`;
                    document.querySelector("#composer").requestSubmit();
                }
                return rows.length - before;
            }"""
        )
        assert shown == 0
        expect(browser.page.locator(".message[data-state=sent]", has_text="сразу")).to_have_count(50)
        assert browser.texts()[-50:] == [f"сразу {number}" for number in range(50)]


SAY_ALL = """texts => {
  const field = document.querySelector("#composer-text");
  for (const text of texts) {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    document.querySelector("#send-button").click();
  }
}"""


def test_who_writes_too_fast_sees_a_notice_and_loses_nothing(chromium: Browser) -> None:
    with (
        serve("--rate", "1", "--burst", "2") as services,
        open_page(chromium, services.url, width=390) as browser,
    ):
        browser.enter("Анна")
        texts = [f"раз {number}" for number in range(1, 8)]
        browser.page.evaluate(SAY_ALL, texts)  # one by one would be too slow to be too fast
        note = browser.page.locator("#throttle")
        expect(note).to_contain_text("Вы пишете слишком часто — отправим чуть позже")
        expect(note).to_contain_text("Вы пишете слишком часто — отправим через")
        assert_accessible(browser.page)
        browser.shoot("throttle-390")
        expect(browser.page.locator(".message[data-state=sent]")).to_have_count(len(texts))
        expect(note).to_be_hidden()
        assert browser.texts() == texts
