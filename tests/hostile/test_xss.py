"""Markup in everything that the page shows of others stays text in a real browser."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Page, expect

from chat_protocol.contract import PROMPT
from tests.end_to_end.conftest import PATIENCE, PageUser, open_page, wait_until
from tests.end_to_end.services import gateway_to
from tests.hostile.markup import CORPUS
from tests.hostile.unchecked_room import Line, UncheckedRoom
from tests.support.processes import running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

AT = "2026-11-22T05:43:03.120Z"
LIMITS = {"name": 32, "text": 4000, "line": 65536, "history": 500}
ACTS = ("kick", "ban", "unban", "mute", "unmute", "delete", "nonsense")
WATCH = Path(__file__).with_name("watch.js").read_text(encoding="utf-8")


@contextmanager
def watched(chromium: Browser, url: str) -> Iterator[PageUser]:
    """Open the page with `watch.js`; fail if it treated anything of the corpus as more than text."""
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    with open_page(chromium, url) as browser:
        browser.page.context.set_default_timeout(60_000)
        browser.page.add_init_script(WATCH)
        browser.page.on("dialog", dismiss)
        browser.page.goto(url)
        yield browser
        browser.page.evaluate("watch.poke()")
        assert_clean(browser.page, url)
    assert dialogs == []


def assert_clean(page: Page, url: str) -> None:
    seen = page.evaluate("({...watch, polluted: Object.keys(Object.prototype)})")
    assert seen["bad"] == []
    assert seen["violations"] == []
    assert seen["polluted"] == []
    assert seen["added"] > len(CORPUS)
    assert page.url.partition("#")[0] == url
    assert page.locator("script").count() == 4
    assert page.locator("iframe, object, embed, form:not([id])").count() == 0


def read_back(page: Page, expected: dict[str, int]) -> list[str]:
    """Scroll up, as the page has only a part at a time, until so many messages of each class were there.

    Return the texts that were seen; the page is then at its end.
    """
    seen, texts = page.evaluate(
        """async ([expected, patience]) => {
            const seen = Object.keys(expected).map(kind => [kind, new Set()]);
            const texts = new Set();
            const view = document.querySelector("#transcript");
            const deadline = performance.now() + patience;
            while (seen.some(([kind, ids]) => ids.size < expected[kind]) && performance.now() < deadline) {
                for (const line of document.querySelectorAll("[data-action=fold][aria-expanded=false]")) {
                    line.click();
                    line.ariaExpanded = "true";  // until the page says so
                    document.querySelector("#newest-button").click();  // what it shows may be below
                    await new Promise(requestAnimationFrame);
                }
                for (const [kind, ids] of seen)
                    for (const row of document.querySelectorAll(`#messages .${kind}[data-id]`))
                        ids.add(row.dataset.id);
                for (const text of document.querySelectorAll(".message-text")) texts.add(text.textContent);
                view.scrollTop = 0;
                await new Promise(requestAnimationFrame);
            }
            return [Object.fromEntries(seen.map(([kind, ids]) => [kind, ids.size])), [...texts]];
        }""",
        [expected, PATIENCE],
    )
    assert seen == expected
    page.keyboard.press("End")
    return list(texts)


def test_the_watch_detects_unsafe_elements(chromium: Browser) -> None:
    made = [
        "img src=x",
        "a href=javascript:1",
        "a href=https://x/",
        "svg",
        "p formaction=x",
        "p style=color:red",
    ]
    with (
        UncheckedRoom(CorpusRoom().answers) as room,
        gateway_to(room.address) as gateway,
        chromium.new_page() as page,
    ):
        page.add_init_script(WATCH)
        page.goto(f"http://{gateway.address}/")
        page.evaluate(
            """made => made.forEach(each => {
                const [tag, attribute = "class=x"] = each.split(" ");
                const element = document.createElement(tag);
                element.setAttribute(...attribute.split("="));
                document.body.append(element);
            })""",
            made,
        )
        wait_until(page, "watch.violations.length > 0")
        assert len(page.evaluate("watch.bad")) == len(made)


# --- an unchecked room ---------------------------------------------------------------


class CorpusRoom:
    """The answers of an unchecked room: the corpus in every field that the page might show."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._joins = 0

    def message(self, name: str, text: str, **fields: Any) -> Line:
        return {"type": "message", "id": next(self._ids), "at": AT, "name": name, "text": text, **fields}

    def notices(self) -> list[Line]:
        told = [
            self.message(
                "Сервер",
                evil,
                notice={"act": ACTS[at % 7], "by": evil, "target": evil, "id": 1, "text": evil},
            )
            for at, evil in enumerate(CORPUS)
        ]
        return told + [
            self.message("Сервер", evil, notice={"act": "announce", "by": evil, "text": evil})
            for evil in CORPUS
        ]

    def answers(self, line: Line) -> list[Line]:
        match line["type"]:
            case "join":
                self._joins += 1
                return self.refusals() if self._joins == 1 else [self.welcome(), *self.events()]
            case "ping":
                return [{"type": "pong"}]
            case "search":
                hits = [self.message(evil, evil) for evil in CORPUS]
                return [{"type": "found", "messages": hits, "more": False, "ref": line["ref"]}]
            case "whois":
                return [{"type": "whois", "name": line["name"], "addresses": CORPUS, "ref": line["ref"]}]
            case "bans":
                bans = [
                    {"target": evil, "at": AT, "until": None, "by": evil, "text": evil} for evil in CORPUS
                ]
                return [{"type": "bans", "bans": bans, "ref": line["ref"]}]
            case "say" | "moderate":
                return [{"type": "error", "code": CORPUS[0], "text": CORPUS[0], "ref": line["ref"]}]
        return []

    def refusals(self) -> list[Line]:
        return [
            {"type": "error", "code": code, "text": evil, "suggestion": evil}
            for evil in CORPUS
            for code in ("name_taken", evil)
        ]

    def welcome(self) -> Line:
        messages = [self.message(evil, evil) for evil in CORPUS] + self.notices()
        return {
            "type": "welcome",
            "name": "Анна",
            "session": "secret",
            "epoch": CORPUS[0],
            "last": messages[-1]["id"],
            "members": ["Анна", *CORPUS],
            "messages": messages,
            "missed": 0,
            "more": False,
            "limits": LIMITS,
            "moderated": True,
            "moderator": True,
        }

    def events(self) -> list[Line]:
        said: list[Line] = [{"type": evil} for evil in CORPUS]
        for evil in CORPUS:
            said += [
                {"type": "typing", "name": evil},
                {"type": "left", "name": evil, "at": AT, "reason": evil},
                {"type": "joined", "name": evil, "at": AT},
                {"type": "error", "code": evil, "text": evil},
                self.message(evil, evil),
            ]
        return [*said, {"type": "typing", "name": CORPUS[0]}, self.message("Борис", "конец")]


def test_what_a_room_sends_stays_text(chromium: Browser) -> None:
    with (
        UncheckedRoom(CorpusRoom().answers) as room,
        gateway_to(room.address) as gateway,
        watched(chromium, f"http://{gateway.address}/") as browser,
    ):
        page = browser.page
        page.fill("#join-name", "Анна")
        page.click("#join-button")
        page.wait_for_selector("#join-suggestion")
        wait_until(page, "watch.added > 200")
        page.evaluate(
            """new MutationObserver(() => { globalThis.someoneTyped = true; })
                .observe(document.querySelector("#typing"), { childList: true, subtree: true })"""
        )
        page.fill("#join-name", "Анна")
        page.click("#join-button")
        browser.sees("Борис", "конец")
        assert page.evaluate("someoneTyped")
        texts = read_back(page, {"message": 2 * len(CORPUS) + 1, "notice": 2 * len(CORPUS)})
        assert CORPUS[0] in texts
        expect(page.locator(".person")).to_have_count(len(CORPUS) + 1)
        browser.say("что-нибудь")
        page.wait_for_selector(".message-reason")
        page.click("#search-button")
        page.keyboard.type("что-нибудь")
        expect(page.locator(".hit")).to_have_count(len(CORPUS))
        page.click("#search-close")
        moderate(page)


def moderate(page: Page) -> None:
    """Open every dialog of a moderator for members whose names are of the corpus."""
    items = page.locator("#menu button")
    for at in (1, 2, 3):
        page.locator(".person-more").nth(at).click()
        items.nth(at + 2).click()  # behind what everybody can do
        page.locator("dialog:modal").wait_for()
        if at == 1:
            expect(page.locator("#whois-list li")).to_have_count(len(CORPUS))
        else:
            page.click("#action-confirm")
            page.wait_for_selector("#action-error:not(:empty)")
        page.keyboard.press("Escape")
    page.click("#bans-button")
    expect(page.locator("#bans-list li")).to_have_count(len(CORPUS))
    page.locator("#bans-list button").first.click()
    page.wait_for_selector("#bans-error:not(:empty)")
    page.keyboard.press("Escape")


# --- the real room -------------------------------------------------------------------


def is_sendable(text: str) -> bool:
    """Say whether the text can be encoded as UTF-8."""
    try:
        json.dumps(text, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


SENDABLE = [evil for evil in CORPUS if is_sendable(evil)]


def say_corpus(client: JsonClient) -> int:
    """Say each string; return how many the server accepted."""
    for at, evil in enumerate(SENDABLE):
        client.say_json(type="say", ref=str(at), text=evil)
    return sum(event["type"] == "ack" for event in client.fence())


def announce_corpus(client: JsonClient) -> int:
    """Announce each string, as a moderator; return how many the server accepted."""
    for evil in SENDABLE:
        client.say_json(type="moderate", act="announce", text=evil)
    announced = (event.get("notice", {}).get("act") == "announce" for event in client.fence())
    return sum(announced)


def join_with_every_name(address: tuple[str, int]) -> list[str]:
    """Join with each string as a name, say it and disconnect; return the names that were accepted."""
    taken = []
    for evil in SENDABLE:
        with JsonClient(address) as guest:
            guest.expect(PROMPT)
            guest.say_json(type="join", name=evil, history=0)
            answer = guest.read_json()
            if answer["type"] == "welcome":
                taken.append(answer["name"])
                guest.say_json(type="say", ref="1", text=evil)
                guest.fence()
    return taken


def test_what_people_send_stays_text(tmp_path: Path, chromium: Browser) -> None:
    with (
        running(
            *("tcp_server", "--host", "127.0.0.1", "--port", "0", "--grace", "300"),
            *("--history", str(tmp_path / "log.db")),
            env={"ONEROOM_SERVER_MODERATOR_PASSWORD": "ключ"},
        ) as server,
        gateway_to(server.address) as gateway,
    ):
        url = f"http://{gateway.address}/"
        with watched(chromium, url) as live, JsonClient(server.address) as vera:
            live.enter("Анна")
            vera.join("Вера", history=0)
            said = say_corpus(vera)
            assert said > len(SENDABLE) * 0.9
            names = join_with_every_name(server.address)
            assert len(names) > 50
            vera.say_json(type="authenticate", password="ключ")
            announced = announce_corpus(vera)
            assert announced > len(SENDABLE) * 0.9
            for name in names[:40]:
                vera.say_json(type="moderate", act="mute", target=name, seconds=60, text=name)
            vera.say_json(type="say", ref="last", text="конец")
            vera.fence()
            live.sees("Вера", "конец")
            expect(live.page.locator(".person")).to_have_count(len(names) + 2)
            read_back(live.page, {"announced": announced})
        with watched(chromium, url) as late:
            late.enter("Олег")
            late.sees("Вера", "конец")
            late.page.click("#search-button")
            late.page.keyboard.type("script")
            late.page.wait_for_selector(".hit")
            late.page.click("#search-more")
            wait_until(late.page, "document.querySelectorAll('.hit').length > 20")
            late.page.keyboard.press("Escape")
            late.page.focus("#transcript")
            for _ in range(4):
                late.page.keyboard.press("Home")
                wait_until(late.page, "!document.querySelector('.gap .load-button:disabled')")
            wait_until(late.page, f"watch.added > {said}")
