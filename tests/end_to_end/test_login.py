"""The login: a room with a password, and a name that is taken."""

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, assert_accessible, open_page
from tests.end_to_end.services import guarded, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)][: 1 + IS_LONG])
def test_a_room_with_a_password(chromium: Browser, width: int, dark: bool) -> None:
    with (
        guarded(password="тайна") as services,
        open_page(chromium, services.url, width=width, dark=dark) as browser,
    ):
        page = browser.page
        expect(page.locator("#join-password")).to_be_visible()
        expect(page.locator("#join-name")).to_be_focused()
        page.fill("#join-name", "Анна")
        page.click("#join-button")
        expect(page.locator("#join-error")).to_have_text("Сюда входят с паролем.")
        expect(page.locator("#join-password")).to_be_focused()
        assert_accessible(browser.page)
        page.keyboard.type("неверный")
        page.keyboard.press("Enter")
        expect(page.locator("#join-error")).to_have_text("Пароль не подошёл.")
        expect(page.locator("#join-password")).to_have_attribute("aria-invalid", "true")
        assert_accessible(browser.page)
        for _ in range(2):
            page.fill("#join-password", "опять неверный")
            page.keyboard.press("Enter")
            expect(page.locator("#join-error")).to_have_text("Пароль не подошёл.")
        browser.shoot(f"password-{width}")
        expect(page.locator("#join-button")).to_have_text("Войти")
        page.fill("#join-password", "тайна")
        page.keyboard.press("Enter")
        page.wait_for_selector("#connection[data-state=online]", state="attached")
        assert "тайна" not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
        # A reload has forgotten the password, but not the name.
        page.reload()
        page.wait_for_selector("#composer-text:visible, #join-password:visible")
        if page.locator("#join-password").is_visible():
            expect(page.locator("#join-name")).to_have_value("Анна")
            page.fill("#join-password", "тайна")
            page.keyboard.press("Enter")
        browser.say("это снова я")
        expect(page.locator(".message.own[data-state=sent]")).to_have_count(1)


def test_a_taken_name_is_answered_with_a_free_one(chromium: Browser) -> None:
    with (
        serve() as services,
        JsonClient(services.room) as anna,
        open_page(chromium, services.url) as browser,
    ):
        anna.join("Яна")
        page = browser.page
        page.fill("#join-name", "Яна")
        page.click("#join-button")
        suggestion = page.locator("#join-suggestion")
        expect(suggestion).to_contain_text("Свободно: Яна")
        assert_accessible(browser.page)
        name = suggestion.locator("bdi").text_content() or ""
        suggestion.click()
        expect(page.locator("#join-name")).to_have_value(name)
        page.keyboard.press("Enter")
        expect(page.locator(".person", has_text="вы")).to_contain_text(name)
