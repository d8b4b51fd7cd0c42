"""Measures how smoothly the page moves: `python -m benchmarks.page.scrolling`, part of `make bench-page`.

Reading back 1,000 rows with the wheel, a room where 100 messages a second are said, a message's way to the
screen, and entering a room of 1,000 members; in this checkout and, in the same run, in another one. Nothing
is slowed down but the processor for the last. Prints a table of medians.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

from benchmarks.native import ROOT
from benchmarks.page import frames as frame_times
from chat_protocol.address import Address
from chat_protocol.connection import Connection
from chat_protocol.messages import Ack, Join, Say, Welcome
from tests.support.browser import running_chromium
from tests.support.processes import running

_TEXT = "Сообщение в одну строку, как их пишут"
_STORED = 2000
_BACK = 1000  # rows that are read back
_STEP = 800  # pixels of a turn of the wheel
_STEP_TIME = 0.08  # seconds
_MOST_STEPS = 300
_RATE = 100  # messages a second
_MEMBERS = 1000
_TIMEOUT = 60_000  # milliseconds for anything in the browser

# The same rows, and nothing that is called when they are scrolled.
_BARE = """() => {
    const bare = transcript.cloneNode(true);
    transcript.replaceWith(bare);
    bare.scrollTop = bare.scrollHeight;
    frames.length = 0;
}"""
# How far the topmost row in view is from the last that was said.
_ROWS_BACK = """() => {
    const { left, top, width } = document.querySelector("#messages").getBoundingClientRect();
    const view = document.querySelector("#transcript").getBoundingClientRect();
    for (let y = view.top + 5; y < view.bottom; y += 20) {
        const row = document.elementFromPoint(left + 60, y)?.closest("[data-id]");
        if (row) return row.dataset.id;
    }
    return null;
}"""
_SEEN = """() => {
    globalThis.seen = {};
    new MutationObserver(records => {
        const now = performance.timeOrigin + performance.now();
        for (const { addedNodes } of records)
            for (const row of addedNodes) seen[row.querySelector(".message-text")?.textContent] ??= now;
    }).observe(document.querySelector("#messages"), { childList: true });
}"""
# When the room is there and painted, after a click.
_ENTER = """() => new Promise(resolve => {
    const begin = performance.now();
    new MutationObserver((_, observer) => {
        if (!document.querySelector(".person") || !document.querySelector(".message")) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begin)));
    }).observe(document, { childList: true, subtree: true });
    document.querySelector("#join-button").click();
})"""


class Figures(NamedTuple):
    """What one run measured."""

    frame: float
    """Milliseconds of a frame while reading back, the 99th percentile."""
    worst_frame: float
    bare_frame: float
    """The same as `frame`, of the rows alone: what scrolling costs when none is added."""
    steps: float
    """Turns of the wheel for 1,000 rows."""
    back: float
    """Seconds for that."""
    busy: float
    """Seconds of processor time of the main thread in 10 s, with 100 messages in each second."""
    to_screen: float
    """Milliseconds from a client's write to the element in the page, the median."""
    enter: float
    """Milliseconds from the click to the painted room of 1,000 members, processor 4 times slower."""


_TITLES = (
    "frame while reading back, p99, ms",
    "worst, ms",
    "control: p99 of the same rows, none added, ms",
    "turns of the wheel for 1,000 rows",
    "seconds for that",
    "main thread, s in 10 s, at 100 messages/s",
    "client to element, p50, ms",
    "1,000 members entered, CPU/4, ms",
)
_TARGETS = Figures(16, float("inf"), float("inf"), 60, 5, 2.5, 8, 500)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page.scrolling", description=__doc__)
    parser.add_argument("--base", type=Path, metavar="CHECKOUT", help="another checkout, measured too")
    parser.add_argument("--times", type=int, default=3, help="runs of each (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one run of each")
    options = parser.parse_args(arguments)
    builds = {"checkout": ROOT} | ({options.base.name: options.base.resolve()} if options.base else {})
    runs: dict[str, list[Figures]] = {build: [] for build in builds}
    with running_chromium() as browser:
        for turn in range(1 if options.quick else options.times):
            for build, programs in builds.items():
                figures = _measure(browser, programs)
                runs[build].append(figures)
                print(f"{build}, {turn + 1}: {figures}", file=sys.stderr)
    medians = {build: Figures(*map(median, zip(*each, strict=True))) for build, each in runs.items()}
    print("\n".join(_table(medians)))
    return int(any(is_ > limit for is_, limit in zip(medians["checkout"], _TARGETS, strict=True)))


def _table(medians: dict[str, Figures]) -> Iterator[str]:
    yield f"| | at most | {' | '.join(medians)} |"
    yield "|---|--:|" + "--:|" * len(medians)
    for title, limit, *row in zip(_TITLES, _TARGETS, *medians.values(), strict=True):
        target = "" if limit == float("inf") else f"{limit:g}"
        yield f"| {title} | {target} | {' | '.join(f'{value:.1f}' for value in row)} |"


def _measure(browser: Browser, programs: Path) -> Figures:
    room = ("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--rate", "0")
    with (
        running("tcp_server", *room, cwd=programs) as server,
        running("web_gateway", "--port", "0", "--server", str(server.address), cwd=programs) as gateway,
        Connection.open(server.address) as talker,
    ):
        talker.send(Join("Борис"))
        _say(talker, range(_STORED))
        url = f"http://{gateway.address}/"
        with _page(browser, url, "Анна") as page:
            _join(page)
            frames, steps, back = _read_back(page)
            bare = _scroll_bare(page)
        with _page(browser, url, "Вера") as page:
            _join(page)
            to_screen = _time_to_screen(page, talker)
            busy = _listen(page, talker)
        with _page(browser, url, "Глеб") as page:
            enter = _enter_crowd(page, server.address)
    return Figures(
        frame_times.p99(frames), max(frames), frame_times.p99(bare), steps, back, busy, to_screen, enter
    )


@contextmanager
def _page(browser: Browser, url: str, name: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="ru-RU")
    context.set_default_timeout(_TIMEOUT)
    try:
        page = context.new_page()
        page.goto(url)
        page.fill("#join-name", name)
        yield page
    finally:
        context.close()


def _join(page: Page) -> None:
    page.click("#join-button")
    page.wait_for_selector(".message")
    page.wait_for_timeout(500)  # milliseconds, in which the first rows are laid out


def _say(talker: Connection, numbers: range) -> None:
    """Say numbered texts, and return when all are acknowledged."""
    for number in numbers:
        talker.send(Say(f"{_TEXT}, {number}.", ref=f"{numbers.start} {number}"))
    acks = (event for event in talker.events() if isinstance(event, Ack))
    for _ in numbers:
        next(acks)


def _read_back(page: Page) -> tuple[list[float], float, float]:
    """Turn the wheel until 1,000 rows are passed. Return the frames in ms, the turns, and the seconds."""
    page.mouse.move(640, 400)
    first = int(page.evaluate(_ROWS_BACK))
    page.evaluate(frame_times.RECORD)
    began = due = time.monotonic()
    steps = 0
    while steps < _MOST_STEPS:
        page.mouse.wheel(0, -_STEP)
        steps += 1
        due += _STEP_TIME
        time.sleep(max(0, due - time.monotonic()))
        top = page.evaluate(_ROWS_BACK)
        if top and int(top) <= first - _BACK:
            break
    return page.evaluate("frames"), steps, time.monotonic() - began


def _scroll_bare(page: Page, turns: int = 50) -> list[float]:
    """Turn the wheel over the rows alone, to and fro. Return the frames in ms."""
    page.wait_for_timeout(500)  # milliseconds, until the wheel has come to rest
    page.evaluate(_BARE)
    for turn in range(turns):
        page.mouse.wheel(0, _STEP if turn % 6 > 2 else -_STEP)
        time.sleep(_STEP_TIME)
        page.evaluate(_ROWS_BACK)
    return list(page.evaluate("frames"))


def _time_to_screen(page: Page, talker: Connection) -> float:
    """Return the median of milliseconds from a client's write to the element."""
    page.evaluate(_SEEN)
    sent = {}
    for number in range(100):
        text = f"{number} в пути"
        sent[text] = 1000 * time.time()
        talker.send(Say(text, ref=text))
        time.sleep(0.053)  # seconds; no multiple of a frame
    page.wait_for_selector("text=99 в пути")
    seen = page.evaluate("seen")
    return median(float(seen[text]) - at for text, at in sent.items())


def _listen(page: Page, talker: Connection, seconds: float = 10) -> float:
    """Return the seconds of the main thread while 100 messages a second come, for 10 seconds."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _task_duration(protocol.send("Performance.getMetrics"))
    due = time.monotonic()
    count = int(seconds * _RATE)
    for number in range(count):
        talker.send(Say(f"{_TEXT}, {number}.", ref=f"flood {number}"))
        due += 1 / _RATE
        time.sleep(max(0, due - time.monotonic()))
    busy = _task_duration(protocol.send("Performance.getMetrics")) - before
    page.wait_for_selector(f"text={_TEXT}, {count - 1}.")
    return busy * 10 / seconds


def _task_duration(answer: dict[str, Any]) -> float:
    return next(float(each["value"]) for each in answer["metrics"] if each["name"] == "TaskDuration")


def _enter_crowd(page: Page, room: Address) -> float:
    """Fill the room with members, and enter it. Return the milliseconds that takes."""
    with ExitStack() as stack:
        for number in range(_MEMBERS - 2):
            member = stack.enter_context(Connection.open(room))
            member.send(Join(f"Участник {number}", history=0))
            next(event for event in member.events() if isinstance(event, Welcome))
        protocol = page.context.new_cdp_session(page)
        protocol.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        return float(page.evaluate(_ENTER))


if __name__ == "__main__":
    raise SystemExit(main())
