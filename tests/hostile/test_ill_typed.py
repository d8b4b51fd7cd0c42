"""The page works with events of wrong types, and with a full or damaged localStorage."""

import json
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, open_page
from tests.end_to_end.services import gateway_to
from tests.hostile.unchecked_room import Line, UncheckedRoom
from tests.support.processes import running
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

AT = "2026-11-22T05:43:03.120Z"
HUGE = 1e300
WRONG: tuple[Any, ...] = (None, 5, -1, 1.5, HUGE, "nonsense", "", [], [None], {}, {"a": 1}, True)
LIMITS = {"name": 32, "text": 4000, "line": 65536, "history": 500}
NOTICE = {"act": "mute", "by": "Анна", "target": "Борис", "id": 1, "seconds": 60, "text": "спам"}
WELCOME: Line = {
    "type": "welcome",
    "name": "Анна",
    "session": "secret",
    "epoch": "e",
    "last": 1,
    "members": ["Анна"],
    "messages": [],
    "missed": 0,
    "more": False,
    "limits": LIMITS,
}
EVENTS: list[Line] = [
    WELCOME,
    {"type": "message", "id": 1, "at": AT, "name": "Борис", "text": "да", "notice": NOTICE, "deleted": False},
    {"type": "ack", "ref": "r", "id": 1, "at": AT},
    {"type": "joined", "name": "Вера", "at": AT},
    {"type": "left", "name": "Вера", "at": AT, "reason": "kicked"},
    {"type": "crowd", "on": True, "count": 3, "members": ["Вера"]},
    {"type": "count", "count": 3},
    {"type": "people", "members": ["Вера"], "count": 3, "more": True, "ref": "r"},
    {"type": "crowd", "on": False, "count": 1, "members": ["Анна"]},
    {"type": "typing", "name": "Вера"},
    {"type": "history", "messages": [], "more": False, "ref": "r"},
    {"type": "found", "messages": [], "more": False, "ref": "r"},
    {"type": "role", "moderator": False, "ref": "r"},
    {"type": "throttled", "seconds": 1},
    {"type": "whois", "name": "Вера", "addresses": [], "ref": "r"},
    {"type": "bans", "bans": [], "ref": "r"},
    {"type": "error", "code": "muted", "text": "…", "ref": "r", "retry_after": 1},
]
STORED: dict[str, list[Any]] = {
    "oneroom.read": ["zzz", {"epoch": "e", "id": -1}, {"epoch": 5, "id": "x"}],
    "oneroom.identity": [[1], "str", {"name": {"a": 1}, "secret": [1]}, {"name": "А", "secret": "s" * 300}],
    "oneroom.outbox.x": [{"ref": "x", "text": "t"}, {"ref": "x", "text": "t", "at": 5, "state": "pending"}],
    "oneroom.draft.x.y": [[1]],
    "oneroom.theme": ["neon"],
}
FILL = """() => {
    for (let size = 1 << 20, at = 0; size > 0; ) {
        try { localStorage.setItem(`fill ${at++}`, "x".repeat(size)); } catch { size >>= 1; }
    }
}"""


def said(number: int, text: str, **fields: Any) -> Line:
    return {"type": "message", "id": number, "at": AT, "name": "Борис", "text": text, **fields}


def ill_typed() -> Iterator[Line]:
    """Yield every event with each of its fields replaced by each wrong value, and likewise notices."""
    for event in EVENTS:
        for field in event.keys() - {"type"}:
            yield from ({**event, field: wrong} for wrong in WRONG)
    for field in NOTICE:
        yield from (said(2, "", notice={**NOTICE, field: wrong}) for wrong in WRONG)


def answers(line: Line) -> list[Line]:
    members = ["Анна", *(f"Гость {at}" for at in range(20_000))]
    welcome = {**WELCOME, "members": members}
    long = said(2**53 - 1, "http://a" + ")]}" * 20_000)
    return [*ill_typed(), welcome, long, said(2**53, "конец")] if line["type"] == "join" else []


def test_the_page_ignores_invalid_events_and_shows_valid_ones(chromium: Browser) -> None:
    with (
        UncheckedRoom(answers) as room,
        gateway_to(room.address) as gateway,
        open_page(chromium, f"http://{gateway.address}/") as browser,
    ):
        browser.page.fill("#join-name", "Анна")
        browser.page.click("#join-button")
        browser.sees("Борис", "конец")
        expect(browser.page.locator(".person")).to_have_count(500)
        assert browser.page.locator(".people-rest").text_content() == "и ещё 19\N{NO-BREAK SPACE}501"
        assert browser.page.locator("#people-count").text_content() == "20\N{NO-BREAK SPACE}001"
        browser.shoot("ill_typed")


def test_the_page_works_with_a_damaged_or_full_store(chromium: Browser) -> None:
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", "--grace", "0") as server,
        gateway_to(server.address) as gateway,
        open_page(chromium, f"http://{gateway.address}/") as browser,
    ):
        page = browser.page
        for at in range(max(map(len, STORED.values()))):
            damaged = {key: json.dumps(values[at]) for key, values in STORED.items() if at < len(values)}
            page.evaluate("items => Object.assign(localStorage, items)", damaged)
            page.reload()
            join_and_leave(browser)
        page.evaluate(FILL)
        join_and_leave(browser)
        page.reload()
        join_and_leave(browser)


def join_and_leave(browser: PageUser) -> None:
    browser.enter("Анна")
    browser.say("привет")
    browser.page.wait_for_selector(".message[data-state=sent] >> text=привет")
    browser.page.click("#theme-button")
    browser.leave()
