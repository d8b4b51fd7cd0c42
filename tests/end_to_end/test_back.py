"""The browser's Back button closes what is open, and no more."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PageUser, Regular, open_page, regular, wait_until
from tests.end_to_end.services import Services, serve
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with serve("--history", str(tmp_path_factory.mktemp("back") / "history.db"), "--grace", "0") as services:
        yield services


anna = regular("Анна", width=390, height=844)


@pytest.fixture
def phone(anna: Regular) -> Iterator[PageUser]:
    with anna.here() as user:
        yield user


def test_back_closes_the_list_of_people(phone: PageUser) -> None:
    page, people = phone.page, phone.page.locator("#people")
    page.click("#people-button")
    expect(people).to_be_visible()
    wait_until(page, "history.state?.panel === 'people'")
    page.go_back()
    expect(people).to_be_hidden()
    expect(page.locator("#composer-text")).to_be_visible()
    page.go_forward()
    expect(people).to_be_visible()
    page.keyboard.press("Escape")
    expect(people).to_be_hidden()


def test_back_closes_what_a_message_has_opened(phone: PageUser) -> None:
    phone.say("нажми")
    page = phone.page
    number = page.locator("[data-state=sent] a.message-number[href]").last
    for key, panel in (("Enter", "#message-menu"), ("+", "#emoji"), ("Delete", "#action")):
        number.focus()
        page.keyboard.press(key)
        expect(page.locator(panel)).to_be_visible()
        wait_until(page, "!!history.state?.panel")
        page.go_back()
        expect(page.locator(panel)).to_be_hidden()
        page.go_forward()  # to what may be about a message that is gone
        wait_until(page, "!history.state?.panel")
    expect(page.locator("#composer-text")).to_be_visible()


def test_what_is_closed_otherwise_leaves_nothing_to_go_back_to(phone: PageUser) -> None:
    page = phone.page
    page.click("#people-button")
    wait_until(page, "history.state?.panel === 'people'")
    page.keyboard.press("Escape")
    wait_until(page, "!history.state?.panel")
    page.click("#search-button")
    wait_until(page, "history.state?.panel === 'search'")
    page.click("#search-close")
    wait_until(page, "!history.state?.panel")
    page.go_back()
    assert page.url == "about:blank"
    page.go_forward()
    page.wait_for_selector("#composer-text")


def test_one_panel_after_the_other_is_one_step(phone: PageUser) -> None:
    page = phone.page
    before = page.evaluate("navigation.currentEntry.index")
    page.click("#people-button")
    wait_until(page, "history.state?.panel === 'people'")
    page.keyboard.press("Control+k")
    wait_until(page, "history.state?.panel === 'search'")
    expect(page.locator("#people")).to_be_hidden()
    assert page.evaluate("navigation.currentEntry.index") == before + 1
    page.go_back()
    expect(page.locator("#search")).to_be_hidden()


def test_what_is_opened_while_the_page_goes_back_stays_open(phone: PageUser) -> None:
    page = phone.page
    before = page.evaluate("navigation.currentEntry.index")
    page.click("#settings-button")
    wait_until(page, "history.state?.panel === 'settings'")
    page.evaluate("""() => {
        history.back = () => {
            delete history.back;
            history.back();
            document.querySelector("#people-button").click();
        };
    }""")
    page.click("#settings-close")
    wait_until(page, "history.state?.panel === 'people'")
    expect(page.locator("#people")).to_be_visible()
    assert page.evaluate("navigation.currentEntry.index") == before + 1
    page.go_back()
    expect(page.locator("#people")).to_be_hidden()


def test_back_leads_from_a_found_message_to_the_search_and_then_closes_it(phone: PageUser) -> None:
    phone.say("иголка в стоге сена")
    page, search = phone.page, phone.page.locator("#search")
    page.click("#search-button")
    page.fill("#search-query", "иголка")
    page.click("#search-hits a")
    expect(search).to_be_hidden()
    page.go_back()
    expect(search).to_be_visible()
    expect(page.locator("#search-hits a")).to_have_count(1)
    page.go_back()
    expect(search).to_be_hidden()
    expect(page.locator("#composer-text")).to_be_visible()


def test_a_reload_with_an_open_panel_leaves_nothing_to_go_back_to(phone: PageUser) -> None:
    page = phone.page
    page.click("#people-button")
    wait_until(page, "history.state?.panel === 'people'")
    page.reload()
    wait_until(page, "!history.state?.panel")
    page.wait_for_selector("#composer-text")


def test_on_a_wide_screen_back_closes_the_search(chromium: Browser, services: Services) -> None:
    with open_page(chromium, services.url) as user:
        user.enter("Борис")
        user.page.click("#search-button")
        wait_until(user.page, "history.state?.panel === 'search'")
        user.page.go_back()
        expect(user.page.locator("#search")).to_be_hidden()
        expect(user.page.locator("#people")).to_be_visible()
