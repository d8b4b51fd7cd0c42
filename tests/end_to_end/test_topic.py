"""The topic on the page: one line under the title, which moderators change where it stands."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.end_to_end.conftest import PATIENCE, Regular, assert_accessible, regular_at_both_widths
from tests.end_to_end.services import Services, guarded
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

LONG = "Разбор в 15:00, план: https://example.org/plan и #1 — " + "приходите все, кто писал тесты, " * 5


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with guarded() as services:
        yield services


regular = regular_at_both_widths("Вера", dark_phone=True)


def test_it_is_one_line_that_unfolds(services: Services, regular: Regular) -> None:
    with JsonClient(services.room) as boris, regular.here() as vera:
        page = vera.page
        width = page.evaluate("innerWidth")
        topic, text, more = (page.locator(f"#topic{part}") for part in ("", "-text", "-more"))
        boris.join("Борис")
        expect(topic).to_be_hidden()
        boris.say_json(type="authenticate", password="ключ")
        boris.say_json(type="moderate", act="topic", text="Разбор в 15:00")
        expect(text).to_contain_text("Разбор в 15:00")
        expect(more).to_be_hidden()
        boris.say_json(type="moderate", act="topic", text=LONG)
        expect(more).to_be_visible()
        height = topic.evaluate("each => each.clientHeight")
        assert height < 50
        vera.shoot(f"topic-{width}")
        assert_accessible(page)
        more.click()
        expect(more).to_have_attribute("aria-expanded", "true")
        assert topic.evaluate("each => each.clientHeight") > height
        expect(text).to_contain_text("· Борис,")
        expect(text.locator("a").first).to_have_attribute("href", "https://example.org/plan")
        vera.shoot(f"topic-unfolded-{width}")
        assert_accessible(page)
        page.reload()
        expect(text).to_contain_text("Разбор в 15:00, план")
        expect(page.locator("#topic-edit")).to_be_hidden()
        boris.say_json(type="moderate", act="topic")
        expect(topic).to_be_hidden()
        boris.leave()


def test_moderators_change_it_where_it_stands(regular: Regular) -> None:
    with regular.here() as vera:
        page = vera.page
        width = page.evaluate("innerWidth")
        topic, text = page.locator("#topic"), page.locator("#topic-text")
        page.fill("#composer-text", "/moderator ключ")
        page.click("#send-button")
        expect(page.locator("#action")).to_be_hidden()
        page.fill("#composer-text", f"/topic {LONG}")
        page.click("#send-button")
        page.click("#topic-edit")
        expect(page.locator("#topic-field")).to_be_focused()
        vera.shoot(f"topic-edited-{width}")
        assert_accessible(page)
        page.keyboard.press("Escape")
        expect(page.locator("#topic-edit")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.insert_text("я" * 301)
        page.keyboard.press("Enter")
        too_long = "Тема слишком длинная: можно не больше 300 знаков."
        expect(page.locator("#topic-error")).to_have_text(too_long)
        page.fill("#topic-field", "Новая")
        page.keyboard.press("Enter")
        expect(text).to_contain_text("Новая")
        expect(page.locator("#topic-edit")).to_be_focused()
        page.fill("#composer-text", f"/topic {'я' * 301}")
        page.click("#send-button")
        expect(page.locator("#command-problem")).to_have_text(too_long)
        page.fill("#composer-text", "/topic -")
        page.click("#send-button")
        expect(topic).to_be_hidden()
        page.fill("#composer-text", "/topic")
        page.click("#send-button")
        expect(page.locator("#command-problem")).to_have_text("Тема беседы не задана.")
        page.fill("#composer-text", "")
        if width < 800:
            page.click("#people-button")
        page.click("#topic-button")
        page.keyboard.insert_text("Из списка")
        page.keyboard.press("Enter")
        expect(text).to_contain_text("Из списка")
        number = page.locator(".notice", has_text="Из списка").get_attribute("data-id")
        page.fill("#composer-text", f"/delete #{number}")
        page.click("#send-button")
        page.click("#action-confirm")
        expect(topic).to_be_hidden()
