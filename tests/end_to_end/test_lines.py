"""What a message looks like: its day and time, its directions of writing, and its edges."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, open_page
from tests.end_to_end.services import Services, say, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

HEBREW = "שלום לכולם"
LONG_HEBREW = " ".join([HEBREW] * 30)
# Of each element: the least rectangle around what is painted of it.
RECTANGLES = """row => {
    const box = element => element.getBoundingClientRect().toJSON();
    const range = document.createRange();
    range.selectNodeContents(row.querySelector(".message-text"));
    return {
        id: box(row.querySelector(".message-id")),
        time: box(row.querySelector("time")),
        text: box(row.querySelector(".message-text")),
        lines: [...range.getClientRects()].map(line => line.toJSON()),
    };
}"""

WHOLE_LINES = """() => {
    const view = document.querySelector("#transcript").getBoundingClientRect();
    const end = document.querySelector(".chat-foot").getBoundingClientRect().top;
    const places = [...document.querySelectorAll(".message-text")].map(text => text.getBoundingClientRect());
    return places.filter(({ top, bottom }) => top >= view.top && bottom <= end).length;
}"""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve() as services:
        yield services


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    return (
        one["left"] < other["right"] - 0.5
        and other["left"] < one["right"] - 0.5
        and one["top"] < other["bottom"] - 0.5
        and other["top"] < one["bottom"] - 0.5
    )


def test_days_and_times_follow_the_clock(services: Services, chromium: Browser) -> None:
    with JsonClient(services.room) as client, open_page(chromium, services.url, lang="en-GB") as browser:
        client.join("Eve", history=0)
        page = browser.page
        device = page.context.new_cdp_session(page)
        device.send("Emulation.setTimezoneOverride", {"timezoneId": "UTC"})
        now = datetime.now(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        page.clock.install(time=midnight - timedelta(seconds=10))
        page.reload()
        browser.enter("Anna")
        say(client, "before midnight")
        day = page.locator(".day").last
        expect(day).to_have_text("Today")
        page.clock.fast_forward(11_000)
        expect(day).to_have_text("Yesterday")
        # A machine that has slept: no timer has run.
        page.clock.set_system_time(midnight + timedelta(hours=30))
        page.evaluate("dispatchEvent(new Event('focus'))")
        expect(day).to_have_text(f"{now:%A} {now.day} {now:%B}")
        time = browser.messages("before midnight").locator("time")
        said = datetime.fromisoformat(time.get_attribute("datetime") or "")
        expect(time).to_have_text(f"{said:%H:%M}")
        device.send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kathmandu"})
        page.evaluate("dispatchEvent(new Event('focus'))")
        expect(time).to_have_text(f"{said + timedelta(hours=5, minutes=45):%H:%M}")


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 800, True), (390, 844, False)][: 1 + IS_LONG])
def test_each_line_has_its_direction_and_the_time_covers_none(
    services: Services, chromium: Browser, width: int, height: int, dark: bool
) -> None:
    with (
        JsonClient(services.room) as client,
        open_page(chromium, services.url, width=width, height=height, dark=dark) as browser,
    ):
        client.join(f"דוד {width}", history=0)
        browser.enter(f"Анна {width}")
        texts = [HEBREW, f"hello\n{HEBREW}!", f"{HEBREW}\nhello", LONG_HEBREW, "hello", f"12:30 {HEBREW}"]
        say(client, *texts)
        browser.say(f"{HEBREW}, да?")
        own = browser.page.locator(".message.own[data-state=sent]")
        expect(own).to_have_count(1)
        for row in browser.page.locator(".message").all():
            row.click(position={"x": 1, "y": 1})
            seen = row.evaluate(RECTANGLES)
            time, number = seen["time"], seen["id"]
            assert not overlap(number, time)
            assert not any(overlap(line, box) for line in seen["lines"] for box in (time, number))
            assert min(time["left"], number["left"]) >= 0
            assert max(time["right"], number["right"]) <= width
        browser.shoot(f"directions-{width}")
        seen = browser.messages(f"hello\n{HEBREW}!").last.evaluate(RECTANGLES)
        lines, text = seen["lines"], seen["text"]
        assert min(line["left"] for line in lines) - text["left"] < 2
        assert text["right"] - max(line["right"] for line in lines) < 2


def test_a_screen_has_room_for_a_conversation(chromium: Browser) -> None:
    """Short lines by three people in turn, some in a row: so many are whole in the view."""
    with serve() as services, open_page(chromium, services.url, width=1280, height=800) as browser:
        clients = [JsonClient(services.room) for _ in range(3)]
        for number, client in enumerate(clients):
            client.join(f"Гость {number}", history=0)
        browser.enter("Анна")
        for number in range(60):
            say(clients[number // 4 % 3], f"строка {number}")
        for client in clients:
            client.close()
        for density, least in (("comfortable", 22), ("compact", 28)):
            page = browser.page
            page.click("#settings-button")
            page.locator(".segments label", has=page.locator(f"[value={density}]")).click()
            page.keyboard.press("Escape")
            expect(browser.messages("строка 59")).to_be_in_viewport(ratio=1)
            assert page.evaluate(WHOLE_LINES) >= least
            browser.shoot(f"density-{density}")
            page.reload()  # it is kept
            expect(page.locator(f"[data-density={density}]")).to_have_count(1)


def test_no_ink_leaves_its_message(chromium: Browser) -> None:
    with (
        serve() as services,
        JsonClient(services.room) as client,
        open_page(chromium, services.url, width=390, height=844) as browser,
    ):
        client.join("Zoe", history=0)
        browser.enter("Mia")
        say(client, "above")
        above = browser.messages("above")
        expect(above).to_be_visible()
        before = above.screenshot(animations="disabled")
        endless = ["x" + "\u115f" * 500, "ᄀ" * 500]  # one letter each, as browsers see it
        say(client, "а" + "\u0301\u0316" * 200, *endless, "below")
        expect(browser.messages("below")).to_be_visible()
        browser.shoot("ink-390")
        assert above.screenshot(animations="disabled") == before
        for text in endless:
            clip = browser.messages(text).locator(".message-text")
            assert clip.evaluate("each => getComputedStyle(each).overflow") == "clip"
            assert clip.evaluate("each => each.scrollWidth > each.clientWidth || each.clientHeight > 40")


def test_links_tell_where_they_lead(services: Services, chromium: Browser) -> None:
    with JsonClient(services.room) as client, open_page(chromium, services.url) as browser:
        client.join("Mallory", history=0)
        browser.enter("Lea")
        say(client, "https://\u0430\u0440\u0440\u04cf\u0435.com", "https://bank.example@evil.example", "end")
        expect(browser.messages("end")).to_be_visible()
        links = browser.page.locator(".message-link")
        expect(links).to_have_count(1)
        shown = links.evaluate("link => getComputedStyle(link, '::after').content")
        assert "xn--80ak6aa92e.com" in shown
        assert links.evaluate("link => getComputedStyle(link, '::after').display") == "inline-block"
