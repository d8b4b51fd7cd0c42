"""Loads of the page in Chromium, over a slow network, as a returning visitor has them."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext

from benchmarks.native import ROOT
from benchmarks.page.network import UNLIMITED, Network, SlowNetwork, Traffic
from chat_protocol.address import Address
from chat_protocol.connection import Connection
from chat_protocol.messages import Ack, Join, Say
from tests.support.processes import running

_TIMEOUT = 120_000  # milliseconds for anything in the browser
_MESSAGES = 60  # in the room: more than the page gets at first
_TEXT = "Сообщение примерно той длины, с какой люди пишут в комнате"

# When the first message has been painted.
_OBSERVE = """
    globalThis.firstMessage = new Promise(resolve => {
        new MutationObserver((_, observer) => {
            if (!document.querySelector(".message")) return;
            observer.disconnect();
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
        }).observe(document, { childList: true, subtree: true });
    });
"""
_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@dataclass(frozen=True)
class Conditions:
    """What a visitor has: a network, and a processor so many times slower than this one."""

    name: str
    network: Network
    slowdown: int = 1


class Load(NamedTuple):
    """What one load of the page took."""

    requests: int
    size: int
    """Bytes received, with headers and the messages."""
    first_paint: float
    """Seconds from the start of the navigation."""
    first_message: float


class Loads(NamedTuple):
    """A visitor's two loads: of the first the browser's cache knows nothing, of the second all."""

    cold: Load
    warm: Load


class Visitor:
    """Somebody who has been in the room before, with the browser's storage, but an empty cache."""

    def __init__(self, chromium: Browser, network: SlowNetwork) -> None:
        self._chromium = chromium
        self._network = network
        self._url = f"http://{network.address}/"
        with self._context() as context:
            page = context.new_page()
            page.goto(self._url)
            page.fill("#join-name", "Анна")
            page.click("#join-button")
            page.wait_for_selector(".message")
            self._storage = context.storage_state()

    def load(self, conditions: Conditions) -> tuple[Loads, list[Traffic]]:
        """Load the page twice. Return what that took, and what was sent."""
        with self._context(storage_state=self._storage) as context:
            loads, traffics = zip(*(self._load(context, conditions) for _ in Loads._fields), strict=True)
        return Loads(*loads), list(traffics)

    def _load(self, context: BrowserContext, conditions: Conditions) -> tuple[Load, Traffic]:
        page = context.new_page()
        page.add_init_script(_OBSERVE)
        if conditions.slowdown > 1:
            protocol = context.new_cdp_session(page)
            protocol.send("Emulation.setCPUThrottlingRate", {"rate": conditions.slowdown})
        traffic = self._network.restart(conditions.network)
        page.goto(self._url, wait_until="commit")
        first_message = page.evaluate("firstMessage")
        page.wait_for_load_state()
        first_paint = page.evaluate(_FIRST_PAINT)
        self._network.restart(UNLIMITED)
        page.close()
        return Load(
            len(traffic.requests), traffic.received, first_paint / 1000, first_message / 1000
        ), traffic

    @contextmanager
    def _context(self, **options: Any) -> Iterator[BrowserContext]:
        context = self._chromium.new_context(locale="ru-RU", **options)
        context.set_default_timeout(_TIMEOUT)
        try:
            yield context
        finally:
            context.close()


@contextmanager
def visitor(browser: Browser, programs: Path) -> Iterator[Visitor]:
    """Run the server and the gateway of a folder, with a few messages in the room."""
    room = ("--host", "127.0.0.1", "--port", "0", "--history", "memory")
    with (
        running("tcp_server", *room, cwd=programs) as server,
        running("web_gateway", "--port", "0", "--server", str(server.address), cwd=programs) as gateway,
    ):
        _talk(server.address)
        with SlowNetwork(gateway.address) as network:
            yield Visitor(browser, network)


def _talk(room: Address) -> None:
    with Connection.open(room) as connection:
        connection.send(Join("Борис"))
        connection.receive()
        for number in range(_MESSAGES):
            connection.send(Say(f"{_TEXT}, {number}.", ref=str(number)))
        acks = (event for event in connection.events() if isinstance(event, Ack))
        for _ in range(_MESSAGES):
            next(acks)


@contextmanager
def wheel() -> Iterator[Path]:
    """Build a wheel of this checkout. Yield the folder in which it is unpacked."""
    with tempfile.TemporaryDirectory() as folder:
        build = ["hatchling", "build", "--target", "wheel", "--directory", folder]
        subprocess.run([sys.executable, "-m", *build], cwd=ROOT, check=True, capture_output=True, timeout=60)
        shutil.unpack_archive(next(Path(folder).glob("*.whl")), folder, "zip")
        yield Path(folder)
