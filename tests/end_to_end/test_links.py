"""One person on the page, on a phone, and in a program: by a code."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, assert_accessible, open_page
from tests.end_to_end.services import Services, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve() as services:
        yield services


def address_for_another_device(user: PageUser) -> str:
    user.page.click("#settings-button")
    user.page.click("#link-button")
    expect(user.page.locator("#link-picture path")).to_be_attached()
    return user.page.locator("#link-address").input_value()


def test_a_phone_becomes_the_same_person(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url) as desk:
        desk.enter("Ада")
        desk.say("с компьютера")
        address = address_for_another_device(desk)
        assert_accessible(desk.page)
        desk.shoot("link-desktop-light")
        with open_page(chromium, address, width=390, height=844, dark=True, touch=True) as phone:
            phone.page.wait_for_selector("#connection[data-state=online]", state="attached")
            expect(phone.messages("с компьютера")).to_have_count(1)
            assert phone.page.url == services.url
            expect(phone.page.locator(".person")).to_have_count(1)
            phone.page.fill("#composer-text", "с телефона")
            phone.page.click("#send-button")
            expect(desk.messages("с телефона")).to_have_count(1)
        with open_page(chromium, address) as late:
            expect(late.page.locator("#join-error")).to_contain_text("Код не подошёл")


def test_a_program_becomes_the_same_person(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url, lang="en-GB") as desk, JsonClient(services.room) as program:
        desk.enter("Боб")
        address_for_another_device(desk)
        command = desk.page.locator("#link-command").text_content() or ""
        code = command.rpartition(" ")[2]
        welcome = program.join("", code=code.lower())
        assert (welcome["name"], welcome["members"].count("Боб")) == ("Боб", 1)
        program.say_json(type="say", ref="1", text="from a program")
        program.expect_json(type="ack")
        desk.page.click("#link-close")
        desk.leave()
        program.expect_json(type="bye", reason="left_elsewhere")


def test_who_is_in_the_chat_already_stays_who_they_are(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url) as one, open_page(chromium, services.url) as other:
        one.enter("Вера")
        other.enter("Глеб")
        address = address_for_another_device(one)
        other.page.goto(address)
        other.page.reload()
        expect(other.page.locator("#toast")).to_contain_text("Вы уже в чате под именем")
        expect(other.page.locator(".person[data-name=Глеб] .person-note")).to_have_text("вы")
