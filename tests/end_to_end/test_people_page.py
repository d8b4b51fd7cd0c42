"""The people on the page: who is away, who is a moderator, and the menu of a person."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.conftest import (
    PATIENCE,
    PageUser,
    Regular,
    assert_accessible,
    keep_typing,
    open_page,
    regular_at_both_widths,
    wait_until,
)
from tests.end_to_end.services import Services, guarded
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with guarded() as services:
        yield services


def hide(page: Page, hidden: bool) -> None:
    """Let the page seem hidden, or visible again."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def say(client: JsonClient, **command: object) -> None:
    client.say_json(**command)
    client.fence()


def open_list(browser: PageUser) -> None:
    button = browser.page.locator("#people-button")
    if button.is_visible():
        button.click()


regular = regular_at_both_widths("Анна", dark_phone=False)


def test_a_person_in_the_list(services: Services, regular: Regular) -> None:
    with JsonClient(services.room) as boris, regular.here() as anna:
        page = anna.page
        width = page.evaluate("innerWidth")
        boris.join("Борис")
        say(boris, type="say", ref="1", text="слышно?")
        say(boris, type="authenticate", password="ключ")
        say(boris, type="away", why="обед")
        open_list(anna)
        person = page.locator(".person", has_text="Борис")
        expect(person.locator(".person-note")).to_have_text("модератор · нет на месте")
        anna.shoot(f"people-{width}")
        person.hover()
        person.locator(".person-more").focus()
        page.keyboard.press("Enter")
        note = page.locator(".menu-note")
        expect(note).to_contain_text("здесь с ")
        expect(note).to_contain_text(" · модератор · нет на месте: обед")
        items = ["Обратиться", "Ответить на последнее", "Скрыть сообщения у себя"]
        assert page.locator("#menu .menu-item").all_text_contents() == items
        anna.shoot(f"person-{width}")
        assert_accessible(page)
        page.keyboard.press("Escape")
        expect(person.locator(".person-more")).to_be_focused()
        keep_typing(page)
        boris.say_json(type="typing")
        expect(person.locator(".person-note")).to_have_text("модератор · печатает")
        say(boris, type="say", ref="2", text="я снова здесь")
        expect(person.locator(".person-note")).to_have_text("модератор")
        person.locator(".person-more").focus()
        page.keyboard.press("Enter")
        page.locator(".menu-item", has_text="Ответить").click()
        expect(page.locator("#composer-task-text")).to_contain_text("я снова здесь")
        page.fill("#composer-text", "и вас")
        page.click("#send-button")
        expect(page.locator(".message.own").last).to_contain_text("я снова здесь")
        boris.leave()


def test_back_closes_the_menu_of_a_person_and_then_the_list(services: Services, regular: Regular) -> None:
    with JsonClient(services.room) as boris, regular.here() as anna:
        page = anna.page
        page.set_viewport_size({"width": 390, "height": 844})
        boris.join("Борис")
        people, menu = page.locator("#people"), page.locator("#menu")
        page.click("#people-button")
        page.locator(".person", has_text="Борис").locator(".person-more").click()
        expect(menu).to_be_visible()
        wait_until(page, "history.state?.panel === 'people'")
        page.go_back()
        expect(menu).to_be_hidden()
        expect(people).to_be_visible()
        wait_until(page, "history.state?.panel === 'people'")
        page.go_back()
        expect(people).to_be_hidden()
        expect(page.locator("#composer-text")).to_be_visible()
        boris.leave()


def test_who_leaves_the_page_hidden_is_away_until_it_is_seen(services: Services, chromium: Browser) -> None:
    with JsonClient(services.room) as boris, open_page(chromium, services.url) as anna:
        page = anna.page
        boris.join("Борис")
        anna.enter("Анна")
        boris.expect_json(type="joined")
        page.clock.install()
        hide(page, True)
        page.clock.fast_forward(599_000)
        page.clock.fast_forward(1_000)
        assert boris.read_json() == {"type": "person", "name": "Анна", "away": True}
        hide(page, False)
        assert boris.read_json() == {"type": "person", "name": "Анна"}
        page.fill("#composer-text", "/away обед")
        page.click("#send-button")
        boris.expect_json(type="person", away=True, why="обед")
        expect(page.locator(".person", has_text="вы").locator(".person-note")).to_have_text(
            "вы · нет на месте"
        )
        page.keyboard.press("Shift")
        assert boris.read_json() == {"type": "person", "name": "Анна"}
