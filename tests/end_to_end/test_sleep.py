"""A page that was asleep, or whose network was away, finds out at once that its connection is dead."""

import itertools
import random
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.conftest import PageUser, open_page
from tests.end_to_end.services import Services, serve
from tests.faults.proxy import Proxy
from tests.support.processes import find_address
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serve() as services:
        yield services


@pytest.fixture
def network(services: Services) -> Iterator[Proxy]:
    with Proxy(find_address(services.url), random.Random(0)) as network:
        yield network


@pytest.fixture
def anna(chromium: Browser, network: Proxy) -> Iterator[PageUser]:
    """In the room, through a network whose connections the test can swallow. The test moves the clock."""
    with open_page(chromium, "about:blank", lang="en-US") as user:
        user.page.clock.install()
        user.page.goto(f"http://{network.address}/")
        user.enter(f"Анна {next(_NUMBERS)}")  # a former one keeps her name for a while
        user.page.click("#search-button")  # is loaded late, and must not still be when the clock is moved
        user.page.click("#search-close")
        yield user


def _sleep(page: Page) -> None:
    """Close the lid for half a minute, less than the room may be silent."""
    page.clock.fast_forward(30_000)


def _thaw(page: Page) -> None:
    """As Chromium does with a page that it has frozen."""
    page.dispatch_event("html", "resume")


def _show(page: Page) -> None:
    """Go to another tab and come back."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def _restore(page: Page) -> None:
    """Leave the page and come back, where the browser has kept it."""
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")


def _wait_for_the_loss(page: Page) -> None:
    """Let the three seconds pass in which the room must answer, and half a second until the next attempt."""
    with page.expect_websocket():
        page.clock.fast_forward(3_000)
        page.clock.fast_forward(500)


_WAKES: tuple[Callable[[Page], None], ...] = (_sleep, _thaw, _show, _restore)


def test_a_connection_that_died_in_sleep_is_replaced_at_once(anna: PageUser, network: Proxy) -> None:
    for wake in _WAKES:
        assert network.swallow() > 0
        wake(anna.page)
        _wait_for_the_loss(anna.page)
        text = f"снова здесь {wake.__name__}"
        anna.say(text)
        expect(anna.messages(text)).to_have_attribute("data-state", "sent")
        expect(anna.page.locator("#connection")).to_have_attribute("data-state", "online")


def test_a_connection_that_lives_is_kept(anna: PageUser) -> None:
    opened: list[str] = []
    anna.page.on("websocket", lambda socket: opened.append(socket.url))
    for wake in _WAKES:
        wake(anna.page)
        text = f"я не спал {wake.__name__}"
        anna.say(text)
        expect(anna.messages(text)).to_have_attribute("data-state", "sent")
        anna.page.clock.fast_forward(4_000)
        assert opened == []


def test_a_device_without_a_network_is_believed_at_once(anna: PageUser, network: Proxy) -> None:
    banner = anna.page.locator("#connection")
    network.swallow()
    anna.page.context.set_offline(True)
    expect(banner).to_have_attribute("data-state", "offline")
    expect(banner).to_contain_text("No network")
    expect(anna.page.locator("#bar-status")).to_have_text("no connection")
    anna.shoot("no-network")
    anna.page.clock.fast_forward(3_000)
    anna.page.context.set_offline(False)
    expect(banner).to_have_attribute("data-state", "online")
