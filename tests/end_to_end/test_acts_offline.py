"""Acts on messages that are made while the room cannot be reached."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, new_tab, open_page
from tests.end_to_end.services import gateway_to, say
from tests.support.processes import running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

OWN = ".message.own .message-text"
EDITED = re.compile("^не моё")
SERVER = ("tcp_server", "--host", "127.0.0.1")


def test_acts_are_done_after_a_reload_in_all_tabs_and_fail_in_another_log(
    chromium: Browser, tmp_path: Path
) -> None:
    log = ("--history", str(tmp_path / "history.db"))
    with running(*SERVER, "--port", "0", *log) as first:
        room = first.address
        with gateway_to(room) as gateway, open_page(chromium, f"http://{gateway.address}/") as anna:
            with JsonClient(room) as boris:
                boris.join("Борис")
                say(boris, "раз")
            anna.enter("Анна")
            anna.say("моё")
            expect(anna.messages("моё")).to_have_attribute("data-state", "sent")
            second = new_tab(anna)
            expect(second.messages("моё")).to_be_visible()
            first.kill()
            anna.page.wait_for_selector("#connection[data-state=offline]")

            anna.say("/react 👍")
            expect(anna.messages("раз").locator(".reaction")).to_have_text("👍1")
            anna.say("/edit не моё")
            expect(anna.page.locator(OWN)).to_have_text(EDITED)
            anna.page.reload()  # the gateway is there, the room is not
            anna.page.wait_for_selector("#composer-text")
            with running(*SERVER, "--port", str(room.port), *log) as again:
                for tab in (anna, second):
                    expect(tab.messages("раз").locator(".reaction[aria-pressed=true]")).to_have_text("👍1")
                    expect(tab.page.locator(OWN)).to_have_text(EDITED)
                    expect(tab.page.locator("[data-state=pending]")).to_have_count(0)
                again.kill()
            assert_fails_in_another_log(anna, str(room.port))


def assert_fails_in_another_log(anna: PageUser, port: str) -> None:
    anna.page.wait_for_selector("#connection[data-state=offline]")
    anna.say("/react 🎉")
    expect(anna.messages("раз").locator(".reaction")).to_have_text(["👍1", "🎉1"])
    with running(*SERVER, "--port", port, "--history", "memory"):
        reason = anna.messages("раз").locator(".message-reason")
        expect(reason).to_have_text("Реакция не прошла. Комната с тех пор начала новую запись.")
        expect(anna.messages("раз").locator(".reaction")).to_have_text("👍1")
        anna.shoot("act-failed")
        anna.messages("раз").get_by_role("button", name="Оставить как было").click()
        expect(reason).to_have_count(0)
