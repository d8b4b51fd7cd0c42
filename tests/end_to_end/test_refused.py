"""A page whose WebSocket is refused says why, and gets in as soon as it may."""

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import open_page
from tests.support.processes import running
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium


@pytest.mark.parametrize(("lang", "words"), [("en-US", "The room is full."), ("ru-RU", "нет свободных мест")])
def test_a_full_gateway_is_told_from_one_that_is_gone(chromium: Browser, lang: str, words: str) -> None:
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0") as server,
        running(
            "web_gateway", "--port", "0", "--server", str(server.address), "--max-sessions", "1"
        ) as gateway,
        open_page(chromium, f"http://{gateway.address}/", lang=lang) as first,
        open_page(chromium, f"http://{gateway.address}/", lang=lang) as second,
    ):
        first.enter("Анна")
        second.page.clock.install()
        second.page.fill("#join-name", "Борис")
        second.page.click("#join-button")
        expect(second.page.locator("#join-error")).to_contain_text(words)
        first.leave()
        second.page.clock.fast_forward(5_000)
        expect(second.page.locator("#connection")).to_have_attribute("data-state", "online")
