"""Acts on messages that are made while the room cannot be reached."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, assert_accessible, new_tab, open_page, point_at
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
            act_on_what_has_no_number(anna)
            anna.page.reload()  # the gateway is there, the room is not
            anna.page.wait_for_selector("#composer-text")
            expect(anna.page.locator("#transcript-empty.above")).to_have_text(re.compile("^Разговор покажем"))
            expect(anna.page.locator("#people-list")).to_have_text(re.compile("^Кто здесь, покажем"))
            with running(*SERVER, "--port", str(room.port), *log) as again:
                for tab in (anna, second):
                    expect(tab.messages("раз").locator(".reaction[aria-pressed=true]")).to_have_text("👍1")
                    expect(tab.page.locator(OWN)).to_have_text([EDITED, re.compile("^ещё раз")])
                    expect(tab.page.locator(".own .reaction")).to_have_text("❤️1")
                    expect(tab.page.locator("[data-state=pending]")).to_have_count(0)
                again.kill()
            expect(anna.page.locator("#transcript-empty")).to_be_hidden()
            assert_fails_in_another_log(anna, str(room.port))


def act_on_what_has_no_number(anna: PageUser) -> None:
    page, menu = anna.page, anna.page.locator("#message-menu")
    anna.say("ещё")
    point_at(anna.messages("ещё"))
    page.click("#more-button")
    expect(menu.locator("> .menu-item")).to_have_text(["Изменить", "Скопировать текст", "Удалить…"])
    menu.get_by_role("menuitem", name="❤️").click()
    expect(anna.messages("ещё").locator(".reaction[aria-pressed=true]")).to_have_text("❤️1")
    assert_accessible(page)
    anna.messages("ещё").locator(".message-number").focus()
    page.keyboard.press("Enter")
    menu.get_by_role("menuitem", name="Изменить").click()
    expect(anna.messages("ещё")).to_have_class(re.compile("editing"))
    page.keyboard.type(" раз")
    page.keyboard.press("Enter")


def assert_fails_in_another_log(anna: PageUser, port: str) -> None:
    anna.page.wait_for_selector("#connection[data-state=offline]")
    anna.say("/react 🎉")
    expect(anna.messages("раз").locator(".reaction")).to_have_text(["👍1", "🎉1"])
    anna.say("/edit жаль потерять")
    anna.page.fill("#composer-text", "пишу другое")
    with running(*SERVER, "--port", port, "--history", "memory"):
        reason = anna.messages("раз").locator(".message-reason")
        expect(reason).to_have_text("Реакция не прошла. Комната с тех пор начала новую запись.")
        expect(anna.messages("раз").locator(".reaction")).to_have_text("👍1")
        anna.shoot("act-failed")
        anna.messages("раз").get_by_role("button", name="Оставить как было").click()
        expect(reason).to_have_count(0)
        anna.page.get_by_role("button", name="Взять текст").click()
        expect(anna.page.locator("#composer-text")).to_have_value("пишу другое\nжаль потерять")
        expect(anna.page.locator(".message-state")).to_have_count(0)
