"""Measures the page under a flood of output: `python -m benchmarks.page.flood`, part of `make bench-page`.

Five `oneroom run -- yes` run in the room, which have what the page leaves of the processors. Somebody types,
says something and scrolls meanwhile; at first without a flood, then while the page follows none of the five,
one, or all. Prints a table.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any, Final, NamedTuple

from playwright.sync_api import Browser, CDPSession, Page

from benchmarks.native import ROOT
from benchmarks.page import frames
from chat_protocol.address import Address
from chat_protocol.connection import Connection
from chat_protocol.messages import Ack, Join, Say
from tests.support.browser import running_chromium
from tests.support.processes import running

_RUNNERS: Final = 5
_SAID: Final = 300
_MAX_FRAME: Final = 16.0
"""Milliseconds of a frame, the 99th percentile: the target."""

_MAX_GROWTH: Final = 8.0
"""MiB by which the memory may grow in the second half of a measurement: the target."""

_TIMEOUT: Final = 60_000  # milliseconds for anything in the browser
_SETTLE: Final = 5.0  # seconds in which each of the five sends its first lines
_LONG_TASKS: Final = """() => {
    globalThis.longTasks = [];
    new PerformanceObserver(list => longTasks.push(...list.getEntries().map(each => each.duration)))
        .observe({ type: "longtask" });
}"""
# When a text that one says is in the conversation, and when the room has it.
_ECHO: Final = """() => {
    globalThis.echoes = {};
    const list = document.querySelector("#messages");
    new MutationObserver(() => {
        const row = [...list.querySelectorAll(".message")].at(-1);
        const text = row?.querySelector(".message-text")?.textContent;
        if (text?.startsWith("echo ")) echoes[text] ??= performance.timeOrigin + performance.now();
    }).observe(list, { childList: true, subtree: true });
}"""


class Figures(NamedTuple):
    """What one run measured."""

    frame: float
    """Milliseconds of a frame, the 99th percentile."""
    worst: float
    echo: float
    """Milliseconds from Enter to one's own message on the page, the median."""
    longest_echo: float
    long_tasks: float
    """Tasks of more than 50 ms."""
    longest_task: float
    memory: float
    """MiB of the heap at the end, without garbage."""
    growth: float
    """MiB of it that came in the second half."""
    nodes: float
    """Nodes of the document at the end."""


_TITLES: Final = (
    *("frame, p99, ms", "worst frame, ms", "echo of one's own message, p50, ms", "longest echo, ms"),
    *(
        "tasks over 50 ms",
        "longest task, ms",
        "heap at the end, MiB",
        "of it in the second half, MiB",
        "nodes",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Return 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page.flood", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of each (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="10 seconds of each")
    parser.add_argument(
        "--follow", type=int, nargs="*", default=[-1, 0, 1, _RUNNERS], help="how many; -1: there is no flood"
    )
    options = parser.parse_args(arguments)
    seconds = 10 if options.quick else options.seconds
    with running_chromium() as browser:
        measured = {followed: _measure(browser, followed, seconds) for followed in options.follow}
    names = ["no flood" if one < 0 else f"{_RUNNERS} `yes`, {one} followed" for one in measured]
    print(f"| | {' | '.join(names)} |\n|---|" + "--:|" * len(names))
    for title, row in zip(_TITLES, zip(*measured.values(), strict=True), strict=True):
        print(f"| {title} | {' | '.join(f'{value:.1f}' for value in row)} |")
    is_missed = any(one.frame > _MAX_FRAME or one.growth > _MAX_GROWTH for one in measured.values())
    return int(is_missed)


def _measure(browser: Browser, followed: int, seconds: float) -> Figures:
    room = ("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--rate", "0")
    with (
        running("tcp_server", *room) as server,
        running("web_gateway", "--port", "0", "--server", str(server.address)) as gateway,
        ExitStack() as stack,
    ):
        _say(server.address)
        if followed >= 0:
            for number in range(_RUNNERS):
                stack.enter_context(_yes(server.address, number))
        page = stack.enter_context(_page(browser, f"http://{gateway.address}/"))
        for _ in range(followed):
            page.locator(".live:not(.open) .live-show").last.click()
        time.sleep(_SETTLE)
        return _use(page, seconds)


def _use(page: Page, seconds: float) -> Figures:
    """Type, say and scroll for so long."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("Performance.enable")
    for script in (frames.RECORD, _LONG_TASKS, _ECHO):
        page.evaluate(script)
    sent: dict[str, float] = {}
    page.mouse.move(640, 300)
    began = time.monotonic()
    half = 0.0
    while (now := time.monotonic()) < began + seconds:
        if not half and now > began + seconds / 2:
            half = _heap(protocol)
            page.evaluate("frames.length = 0")  # to collect garbage took long
        text = f"echo {len(sent)}"
        page.focus("#composer-text")
        page.keyboard.type(text, delay=30)
        sent[text] = 1000 * time.time()
        page.keyboard.press("Enter")
        for turn in range(8):
            page.mouse.wheel(0, -400 if turn < 4 else 600)
            time.sleep(0.05)
    times = page.evaluate("frames")
    tasks = page.evaluate("longTasks")
    echoes = [at - sent[text] for text, at in page.evaluate("echoes").items()]
    end = _heap(protocol)
    return Figures(
        frame=frames.p99(times),
        worst=max(times),
        echo=median(echoes),
        longest_echo=max(echoes),
        long_tasks=len(tasks),
        longest_task=max(tasks, default=0),
        memory=end,
        growth=end - half,
        nodes=_metric(protocol, "Nodes"),
    )


def _heap(protocol: CDPSession) -> float:
    protocol.send("HeapProfiler.collectGarbage")
    return _metric(protocol, "JSHeapUsedSize") / 1024 / 1024


def _metric(protocol: CDPSession, name: str) -> float:
    metrics: list[dict[str, Any]] = protocol.send("Performance.getMetrics")["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == name)


@contextmanager
def _page(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="ru-RU")
    context.set_default_timeout(_TIMEOUT)
    try:
        page = context.new_page()
        page.goto(url)
        page.fill("#join-name", "Анна")
        page.click("#join-button")
        page.wait_for_selector(".message")
        yield page
    finally:
        context.close()


@contextmanager
def _yes(room: Address, number: int) -> Iterator[None]:
    """Run `yes` in the room, with the lowest priority: the page is measured, and not the machine."""
    command = [
        *("nice", "-n", "19", sys.executable, "-m", "cli_client", "run", str(room)),
        *(f"--name=ci {number}", "--", "yes"),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.kill()


def _say(room: Address) -> None:
    """Fill the room with messages."""
    with Connection.open(room) as talker:
        talker.send(Join("Борис"))
        for number in range(_SAID):
            talker.send(Say(f"Сообщение в одну строку, как их пишут, {number}.", ref=str(number)))
        acks = (event for event in talker.events() if isinstance(event, Ack))
        for _ in range(_SAID):
            next(acks)


if __name__ == "__main__":
    raise SystemExit(main())
