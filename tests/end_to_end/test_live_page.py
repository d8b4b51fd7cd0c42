"""Live messages on the page: the output of a command grows while it runs, folded or whole."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.conftest import (
    PATIENCE,
    Regular,
    assert_accessible,
    open_page,
    regular_at_both_widths,
    wait_until,
)
from tests.end_to_end.services import Services, gateway_to, say, serve
from tests.support.processes import Program
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

RED, PLAIN = "\x1b[31m", "\x1b[0m"
HEAR = """() => {
    globalThis.heard = [];
    new MutationObserver(all => all.forEach(({ addedNodes }) =>
        addedNodes.forEach(each => heard.push(each.textContent))
    )).observe(document.querySelector("#announcer"), { childList: true });
}"""


class Runner:
    """A command whose output is a live message."""

    def __init__(self, client: JsonClient, title: str) -> None:
        self.client = client
        self.sent = 0
        client.say_json(type="start", ref=title, title=title)
        self.id = int(self.until(type="ack", ref=title)["id"])

    def until(self, **fields: Any) -> dict[str, Any]:
        """Read up to an event with these fields."""
        while True:
            event = self.client.read_json()
            if fields.items() <= event.items():
                return event

    def write(self, text: str, **more: Any) -> None:
        """Send final lines."""
        lines = text.splitlines(keepends=True)
        for start in range(0, len(lines) or 1, 200):
            part = "".join(lines[start : start + 200])
            self.client.say_json(type="output", id=self.id, offset=self.sent, text=part, **more)
            self.sent += len(part.encode())
            self.until(type="received", id=self.id)

    def end(self, **code: int) -> None:
        """End it."""
        self.client.say_json(type="end", ref=f"end {self.id}", id=self.id, **code)
        self.until(type="ack", ref=f"end {self.id}")


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve("--history", "memory") as services:
        yield services


anna = regular_at_both_widths("Анна", dark_phone=True)


@pytest.fixture(scope="module")
def quick() -> Iterator[Services]:
    """A room that takes a message for lost at once, and any number of texts."""
    with serve("--history", "memory", "--grace", "0.2", "--rate", "0") as services:
        yield services


def _stop(gateway: Program, page: Page) -> None:
    """Stop the gateway, and wait until the page has seen it."""
    gateway.stop()
    page.wait_for_selector("#connection[data-state=waiting], #connection[data-state=offline]")


def test_it_grows_and_ends(services: Services, anna: Regular) -> None:
    with JsonClient(services.room) as client, anna.here() as user:
        client.join("ci")
        page = user.page
        page.evaluate(HEAR)
        width = page.evaluate("innerWidth")
        run = Runner(client, f"make test {width}")
        block = page.locator(f"#m{run.id} .live")
        expect(block.locator(".live-state")).to_contain_text("идёт 0:0")
        run.write("collected 1200 items\n", tail="tests/tcp_server ..... [ 61%]")
        expect(block.locator(".live-lines")).to_contain_text("[ 61%]")
        expect(block.locator(".live-show")).to_be_hidden()
        run.write("".join(f"tests/{name} {'.' * 40}\n" for name in "abcdefgh"))
        run.write(f"{RED}FAILED{PLAIN} test_relay.py::test_a_reader <b>\n", tail="")
        expect(block.locator(".sgr-f1")).to_have_text("FAILED")
        expect(block.locator(".live-lines")).not_to_contain_text("collected")
        expect(block.locator(".live-show")).to_have_text("Показать всё · 10 строк")
        user.shoot(f"live-open-{width}")
        run.end(code=2)
        expect(block).to_have_attribute("data-state", "failed")
        expect(block.locator(".live-state")).to_contain_text("✘ код 2, 0:0")
        client.say_json(type="react", ref="r", id=run.id, emoji="👍")
        run.until(type="ack", ref="r")
        expect(page.locator(f"#m{run.id} .reaction")).to_have_count(1)
        done = Runner(client, "make lint")
        done.write("ok\n")
        done.end(code=0)
        expect(page.locator(f"#m{done.id} .live-state")).to_contain_text("✔ готово за 0:0")
        user.shoot(f"live-ended-{width}")
        assert_accessible(page)
        below = "(() => { const {scrollHeight, scrollTop, clientHeight} = transcript;"
        wait_until(page, f"{below} return scrollHeight - scrollTop - clientHeight < 2 }})()")
        of_commands = "heard.filter(each => each.startsWith('ci: '))"
        wait_until(page, f"{of_commands}.length >= 4")
        heard = page.evaluate(of_commands)
        assert [each.split(",")[0] for each in heard] == [
            f"ci: ▸ make test {width}",
            f"ci: make test {width}",
            "ci: ▸ make lint",
            "ci: make lint",
        ]
        page.reload()
        expect(block.locator(".live-state")).to_contain_text("✘ код 2, 0:0")
        expect(block.locator(".sgr-f1")).to_have_text("FAILED")
        client.say_json(type="delete", ref="d", id=run.id)
        expect(page.locator(f"#m{run.id} .live")).to_have_count(0)
        client.leave()


def test_all_of_it_is_followed(services: Services, anna: Regular, tmp_path: Path) -> None:
    with JsonClient(services.room) as client, anna.here() as user:
        client.join("ci")
        page = user.page
        width = page.evaluate("innerWidth")
        run = Runner(client, "make: ../all и всё")
        lines = [f"{RED}{number}{PLAIN} шаг {number}\n" for number in range(3000)]
        run.write("".join(lines[:2000]))
        row = page.locator(f"#m{run.id}")
        text = row.locator(".live-lines")
        row.locator(".live-show").click()
        expect(text).to_contain_text("1999 шаг 1999")
        expect(row.locator(".live-show")).to_have_text("Свернуть")
        wait_until(page, "document.querySelector('.live.open .live-part')")
        assert row.locator(".live-part").first.text_content() == "".join(
            f"{number} шаг {number}\n" for number in range(200)
        ).rstrip("\n")
        run.write("".join(lines[2000:2500]), tail="50%")
        expect(text).to_contain_text("2499 шаг 2499")
        expect(text).to_contain_text("50%")
        wait_until(
            page,
            "(each => each.scrollHeight - each.scrollTop - each.clientHeight < 30)"
            "(document.querySelector('.live.open .live-lines'))",
        )
        user.shoot(f"live-whole-{width}")
        assert_accessible(page)
        text.evaluate("each => { each.scrollTop = 5000 }")
        wait_until(page, "document.querySelector('.live.open .live-lines').scrollTop === 5000")
        run.write("".join(lines[2500:]), tail="")
        run.end(code=0)
        expect(text).to_contain_text("2999 шаг 2999")
        expect(text).not_to_contain_text("50%")
        assert abs(text.evaluate("each => each.scrollTop") - 5000) < 2
        whole = "".join(f"{number} шаг {number}\n" for number in range(3000))
        with page.expect_download() as download:
            row.locator(".live-download").click()
        assert download.value.suggested_filename == "make-..-all-и-всё.log"
        download.value.save_as(tmp_path / "all.log")
        assert (tmp_path / "all.log").read_text(encoding="utf-8") == whole
        page.evaluate("document.addEventListener('copy', event => { globalThis.copied = event })")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        row.locator(".live-copy").click()
        expect(row.locator(".live-copy")).to_have_text("Скопировано")
        assert page.evaluate("navigator.clipboard.readText()") == whole
        row.locator(".live-show").click()
        expect(row.locator(".live-part")).to_have_count(0)
        expect(text).to_contain_text("2999 шаг 2999")
        client.leave()


def test_one_that_is_deleted_while_it_is_followed_is_gone(services: Services, anna: Regular) -> None:
    with JsonClient(services.room) as client, anna.here() as user:
        client.join("ci")
        page = user.page
        run, other = Runner(client, "secret"), Runner(client, "make")
        for each in (run, other):
            each.write("line\n" * 10)
            page.locator(f"#m{each.id} .live-show").click()
            expect(page.locator(f"#m{each.id} .live-part")).to_have_count(1)
        client.say_json(type="delete", ref="d", id=run.id)
        expect(page.locator(f"#m{run.id} .live")).to_have_count(0)
        expect(page.locator(f"#m{run.id}")).not_to_contain_text("line")
        other.write("goes on\n")
        other.end(code=0)
        expect(page.locator(f"#m{other.id} .live-part")).to_contain_text("goes on")
        client.leave()


def test_it_goes_on_after_a_break_and_says_what_was_left_out(services: Services, chromium: Browser) -> None:
    with (
        ExitStack() as stack,
        JsonClient(services.room) as client,
        gateway_to(services.room) as gateway,
        open_page(chromium, f"http://{gateway.address}/") as anna,
    ):
        client.join("ci")
        page = anna.page
        anna.enter("Анна")
        run = Runner(client, "yes")
        run.write("first\n" * 10)
        row = page.locator(f"#m{run.id}")
        row.locator(".live-show").click()
        expect(row.locator(".live-part")).to_have_count(1)
        _stop(gateway, page)
        run.write("second\n")
        run.sent += 100 * 1024
        run.write("third\n")
        stack.enter_context(gateway_to(services.room, port=gateway.address.port))
        page.wait_for_selector("#connection[data-state=online]", state="attached")
        expect(row.locator(".live-gap")).to_have_text("… пропущено 100 КиБ …")
        expect(row.locator(".live-part").last).to_have_text("third")
        expect(row.locator(".live-part").first).to_contain_text("second")
        client.say_json(type="output", id=run.id, offset=run.sent, text="fourth\n")
        expect(row.locator(".live-part").last).to_contain_text("fourth")
        anna.leave()
        client.leave()


def test_one_that_nobody_ends_is_told_at_once_and_later(quick: Services, chromium: Browser) -> None:
    with (
        ExitStack() as stack,
        JsonClient(quick.room) as first,
        JsonClient(quick.room) as second,
        JsonClient(quick.room) as watcher,
        gateway_to(quick.room) as gateway,
        open_page(chromium, f"http://{gateway.address}/") as anna,
    ):
        for name, client in (("ci 1", first), ("ci 2", second), ("Вера", watcher)):
            client.join(name)
        page = anna.page
        anna.enter("Анна")
        runs = Runner(first, "seen"), Runner(second, "missed")
        blocks = [page.locator(f"#m{run.id} .live") for run in runs]
        for run, block in zip(runs, blocks, strict=True):
            run.write("one\n", tail="50 %")
            expect(block.locator(".live-lines")).to_contain_text("50 %")
        first.reset()
        expect(blocks[0].locator(".live-state")).to_contain_text("◌ прервалось, 0:")
        _stop(gateway, page)
        second.reset()
        while (event := watcher.read_json()).get("act") != "end" or event["message"]["id"] != runs[1].id:
            pass
        stack.enter_context(gateway_to(quick.room, port=gateway.address.port))
        for _ in ("replayed", "after reload"):
            for block in blocks:
                expect(block).to_have_attribute("data-state", "lost")
                expect(block.locator(".live-state")).to_contain_text("◌ прервалось, 0:")
                expect(block.locator(".live-lines")).to_have_text("one")
            anna.shoot("live-lost")
            page.reload()
        page.wait_for_selector("#connection[data-state=online]", state="attached")
        anna.leave()
        watcher.leave()


def test_one_far_up_is_opened_and_goes_on(quick: Services, chromium: Browser) -> None:
    with JsonClient(quick.room) as client, open_page(chromium, quick.url) as anna:
        client.join("ci")
        run = Runner(client, "long ago")
        run.write("".join(f"old {number} {'.' * 64}\n" for number in range(1000)))  # is in the log at once
        say(client, *(f"сказано {number}" for number in range(150)))
        page = anna.page
        anna.enter("Анна")
        anna.sees("ci", "сказано 149")
        row = page.locator(f"#m{run.id}")
        assert row.count() == 0
        page.evaluate(f"location.hash = '{run.id}'")
        row.locator(".live-show").click()
        expect(row.locator(".live-part").first).to_contain_text("old 0")
        run.write("new\n")
        run.end(code=0)
        expect(row.locator(".live-part").last).to_contain_text("new")
        expect(row.locator(".live")).to_have_attribute("data-state", "done")
        anna.leave()
        client.leave()
