"""A page whose WebSocket is refused says why, and gets in as soon as it may."""

import re
from contextlib import ExitStack

from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import assert_accessible, open_page
from tests.end_to_end.services import gateway_to
from tests.support.processes import running
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium


LANGUAGES = {
    "en-US": (r"The room is full\..* In \d+ s", "Try now"),
    "ru-RU": (r"нет свободных мест.* Через \d+ с", "Попробовать сейчас"),
}


def test_a_full_gateway_is_told_from_one_that_is_gone(chromium: Browser) -> None:
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0") as server,
        gateway_to(server.address, "--max-sessions", "1") as gateway,
        ExitStack() as stack,
    ):
        url = f"http://{gateway.address}/"
        inside = stack.enter_context(open_page(chromium, url))
        inside.enter("Анна")
        for lang, (words, now) in LANGUAGES.items():
            other = stack.enter_context(open_page(chromium, url, width=390, height=844, lang=lang))
            page = other.page
            error, button = page.locator("#join-error"), page.locator("#join-button")
            page.clock.install()
            page.fill("#join-name", f"Борис {lang}")
            button.click()
            expect(error).to_contain_text(re.compile(words))
            expect(button).to_have_text(now)
            assert_accessible(page)
            other.shoot(f"refused-{lang}")
            with page.expect_websocket():
                button.click()
            expect(button).to_have_text(now)  # refused again
            inside.leave()
            page.clock.fast_forward(60_000)
            expect(page.locator("#connection")).to_have_attribute("data-state", "online")
            inside = other
