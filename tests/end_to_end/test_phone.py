"""What a phone has and a desktop has not: a keyboard on the screen, and fingers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.conftest import PageUser, open_page, wait_until
from tests.end_to_end.services import Services, guarded, say
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

FINGER = 44
"""Pixels that a finger hits (WCAG 2.2, 2.5.5)."""

TOO_SMALL = """smallest => [...document.querySelectorAll("button, a[href], input, textarea, [role=menuitem]")]
    .filter(element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    .filter(element => !element.closest("p, .message-text, .sr-only, .notice-text, label.segment"))
    .filter(element => element.type !== "radio")  // its label is pressed
    .map(element => [element.id || element.className || element.outerHTML, element.getBoundingClientRect()])
    .filter(([, { width, height }]) => width > 1 && height > 1)  // those for screen readers
    .filter(([, { width, height }]) => width < smallest || height < smallest)
    .map(([name, { width, height }]) => `${name}: ${Math.round(width)} x ${Math.round(height)}`)"""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with guarded("--grace", "0") as services:
        yield services


@pytest.fixture
def phone(chromium: Browser, services: Services) -> Iterator[PageUser]:
    with (
        JsonClient(services.room) as boris,
        open_page(chromium, services.url, width=390, height=844, touch=True) as user,
    ):
        boris.join("Борис")
        say(boris, *(f"{number}: раз два три" for number in range(30)))
        user.enter("Анна")
        yield user
        user.leave()


def cover(page: Page, height: int) -> None:
    """Lay a keyboard over the page, as Safari does: Chromium without a window has none."""
    page.evaluate(
        """height => {
            const value = innerHeight - height;
            Object.defineProperty(visualViewport, "height", { configurable: true, value });
            visualViewport.dispatchEvent(new Event("resize"));
        }""",
        height,
    )


def test_the_page_stays_above_a_keyboard_that_is_laid_over_it(phone: PageUser) -> None:
    page = phone.page

    def wait_for_bottom(selector: str, least: int, most: int) -> None:
        """Wait until the lower edge is above `least` pixels and at `most` at the most."""
        edge = f"document.querySelector('{selector}').getBoundingClientRect().bottom"
        wait_until(page, f"{edge} > {least} && {edge} <= {most}")

    page.focus("#composer-text")
    cover(page, 336)
    wait_for_bottom("#composer", 460, 844 - 336)
    last = "[...document.querySelectorAll('.message')].at(-1).getBoundingClientRect()"
    wait_until(page, f"{last}.top < document.querySelector('#composer').getBoundingClientRect().bottom")
    expect(page.locator(".message").last).to_be_in_viewport()
    phone.shoot("keyboard-390")
    for panel in ("settings", "people"):
        page.click(f"#{panel}-button")
        wait_until(page, f"document.querySelector('#{panel}').getAnimations().length === 0")
        wait_for_bottom(f"#{panel}", 0, 844 - 336)
        page.keyboard.press("Escape")
    cover(page, 60)  # a bar of the browser
    wait_for_bottom("#composer", 800, 844)
    cover(page, 0)


def test_a_finger_hits_everything(phone: PageUser) -> None:
    page = phone.page

    def check(state: str) -> None:
        assert page.evaluate(TOO_SMALL, FINGER) == [], state

    check("the conversation")
    page.locator(".message").last.tap(position={"x": 5, "y": 5})
    check("the tools of a message")
    page.tap("#more-button")
    check("its menu")
    page.keyboard.press("Escape")
    page.tap("#people-button")
    check("the people")
    page.locator(".person-more").first.tap()
    check("the menu of one")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.tap("#search-button")
    page.keyboard.type("раз")
    expect(page.locator(".hit").first).to_be_visible()
    check("a search")
    page.keyboard.press("Escape")
    page.tap("#settings-button")
    check("the settings")
    page.keyboard.press("Escape")
