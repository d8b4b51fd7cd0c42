"""The page in a crowd: how many are here, and how to find one of them."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, assert_accessible, open_page
from tests.end_to_end.services import Services, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

GUESTS = 130


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve("--history", "memory", "--crowd", "20", "--grace", "0", "--max-per-address", "0") as services:
        yield services


@pytest.fixture
def crowd(services: Services) -> Iterator[list[JsonClient]]:
    with ExitStack() as stack:
        clients = [stack.enter_context(JsonClient(services.room)) for _ in range(GUESTS)]
        for number, client in enumerate(clients, 1):
            client.join("Ящик" if number == GUESTS else f"Гость {number:03}", history=0)
        yield clients
        for client in clients:
            client.say_json(type="leave")
        for client in clients:  # the next test has the same names
            client.read_to_end()


@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
def test_people_are_counted_and_found(
    chromium: Browser, services: Services, crowd: list[JsonClient], width: int
) -> None:
    is_phone = width < 800
    height = 844 if is_phone else 800
    with open_page(chromium, services.url, width=width, height=height, dark=is_phone, touch=is_phone) as anna:
        page = anna.page
        anna.enter("Анна")
        expect(page.locator("#bar-status")).to_have_text(f"{GUESTS + 1} человек")
        page.wait_for_selector("#link-button", state="attached")
        if is_phone:
            page.click("#people-button")
        people = page.locator(".person")
        expect(people).to_have_count(100)
        expect(page.locator(".people-rest")).to_have_text(f"и ещё {GUESTS + 1 - 100}")
        anna.shoot(f"crowd-{width}")
        assert_accessible(page)
        page.locator(".people-rest").scroll_into_view_if_needed()
        expect(people).to_have_count(GUESTS + 1)
        expect(page.locator(".people-rest")).to_be_hidden()
        anna.shoot(f"crowd-{width}-end")
        page.fill("#people-filter", "ящ")
        expect(people).to_have_text(["ЯЯщик⋯"])
        anna.shoot(f"crowd-{width}-found")
        page.fill("#people-filter", "яяя")
        expect(page.locator(".people-rest")).to_have_text("Никого с таким именем в списке нет.")
        page.fill("#people-filter", "")
        expect(people).to_have_count(GUESTS + 1)
        if is_phone:
            page.click("#people-close")

        crowd[0].say_json(type="say", ref=f"{width}", text="а кто тут есть?")
        anna.sees("'Гость 001'", "а кто тут есть?")
        page.click("#composer-text")
        page.keyboard.type("привет, @ящ")
        expect(page.locator("#mention-list li")).to_have_text(["ЯЯщик"])
        anna.shoot(f"crowd-{width}-mention")
        page.keyboard.press("Enter")
        expect(page.locator("#composer-text")).to_have_value("привет, @Ящик ")
        page.click("#send-button")  # on a phone Enter begins a new line
        while (event := crowd[-1].read_json()).get("name") != "Анна":
            assert event["type"] in ("crowd", "count", "message")
        assert event["mentions"] == ["Ящик"]

        page.click("#composer-text")
        page.keyboard.type("/who ящ")
        page.click("#send-button")
        expect(page.locator("#people-filter")).to_have_value("ящ")
        expect(people).to_have_text(["ЯЯщик⋯"])
        assert page.locator(".presence").count() == 0
        anna.leave() if not is_phone else page.click("#people-close")


def test_a_room_becomes_a_crowd_and_is_none_any_more(chromium: Browser, services: Services) -> None:
    with open_page(chromium, services.url) as anna, ExitStack() as others:
        page = anna.page
        anna.enter("Вера")
        clients = [others.enter_context(JsonClient(services.room)) for _ in range(22)]
        for number, client in enumerate(clients):
            if number == 19:  # with these it has become one; the next number is told later
                expect(page.locator("#bar-status")).to_have_text("20 человек")
            client.join(f"Имя {number:02}", history=0)
        for client in clients[12:]:
            client.say_json(type="leave")
        expect(page.locator("#bar-status")).to_have_text("13 человек")
        expect(page.locator(".person")).to_have_count(13)
        anna.shoot("crowd-over")
        clients[0].say_json(type="leave")
        expect(page.locator(".person")).to_have_count(12)
