"""Commands on the page: done, or refused in words, and never said to the room."""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, Regular, assert_accessible, open_page
from tests.end_to_end.services import Services, guarded, say_long_ago
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

PASTE = """text => {
    const field = document.querySelector("#composer-text");
    const data = { data: text, inputType: "insertFromPaste", bubbles: true, cancelable: true };
    field.dispatchEvent(new InputEvent("beforeinput", data));
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new InputEvent("input", data));
}"""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with guarded() as services:
        say_long_ago(services)
        yield services


@pytest.fixture(
    scope="module",
    params=[(390, 844, False), (1280, 800, True)][: 1 + IS_LONG],
    ids=["phone", "desktop"][: 1 + IS_LONG],
)
def dina(services: Services, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Regular]:
    width, height, dark = request.param
    name = f"Дина{width}"
    with closing(Regular(chromium, services.url, name, width=width, height=height, dark=dark)) as dina:
        yield dina


def typed(browser: PageUser, line: str) -> None:
    """Type a line over the draft, and press Enter."""
    browser.page.focus("#composer-text")
    browser.page.keyboard.press("Control+KeyA")
    browser.page.keyboard.type(line)
    browser.page.keyboard.press("Enter")


def draft(browser: PageUser) -> str:
    return browser.page.input_value("#composer-text")


def test_a_command_is_neither_said_nor_stored(services: Services, chromium: Browser) -> None:
    secret = "секрет"
    with JsonClient(services.room) as boris, open_page(chromium, services.url) as browser:
        page = browser.page
        sent: list[str] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
        page.reload()
        boris.join("Борис", history=0)
        browser.enter("Анна")
        problem = page.locator("#command-problem")
        for line in (f"/модератор {secret}", f"/mod {secret}", f"/moderater {secret}", f"/kick {secret}"):
            typed(browser, line)
            expect(problem).to_be_visible()
            assert draft(browser) == line
            stored = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
            assert secret not in stored
            assert "draft" not in stored
        assert not any(secret in frame or "typing" in frame for frame in sent)
        page.fill("#composer-text", "пишу")
        assert "пишу" in page.evaluate("JSON.stringify({...localStorage})")
        assert "typing" in sent[-1]
        page.fill("#composer-text", f"/moderator {secret}")
        assert "пишу" not in page.evaluate("JSON.stringify({...localStorage})")
        # A reload has nothing to show, and neither has another tab.
        page.reload()
        expect(page.locator("#composer-text")).to_have_value("")
        tab = page.context.new_page()
        tab.goto(services.url)
        expect(tab.locator("#composer-text")).to_have_value("")
        expect(tab.locator(".message.own")).to_have_count(0)
        browser.say("//кто")
        browser.sees("Анна", "/кто")
        boris.read_until('"text":"/кто"')
        assert not any(secret in frame for frame in sent)


def test_mistakes_are_explained(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url, lang="en-GB") as browser:
        page = browser.page
        problem = page.locator("#command-problem")
        browser.enter("Ann")
        for line, words in {
            "/frob": "There is no command /frob.",
            "/show": "Write it like this: /show #number",
            "/mute Bob 10z": "“10z” is not a time",
            "/encoding cp1251": "/encoding is for nc and telnet",
            "/kick Bob": "Only a moderator may do that.",
        }.items():
            typed(browser, line)
            expect(problem).to_contain_text(words)
            assert draft(browser) == line
        typed(browser, "/hsitory 3")
        page.get_by_role("button", name="Perhaps /history?").click()
        assert draft(browser) == "/history 3"
        expect(page.locator("#composer-text")).to_be_focused()
        expect(problem).to_be_hidden()
        typed(browser, "/qiut")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Perhaps /quit?")).to_be_focused()
        typed(browser, "/wave to all")
        page.get_by_role("button", name="Send as a message").click()
        expect(page.locator(".message.own .message-text")).to_have_text(["/wave to all"])
        assert draft(browser) == ""


def test_commands_are_completed(dina: Regular) -> None:
    with dina.here() as browser:
        page, field = browser.page, browser.page.locator("#composer-text")
        field.focus()
        page.keyboard.type("/")
        options = page.get_by_role("option")
        expect(options).to_have_count(17)
        browser.shoot(f"commands-{page.evaluate('innerWidth')}")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(field).to_have_attribute("aria-activedescendant", "command-history")
        expect(options.nth(1)).to_have_attribute("aria-selected", "true")
        assert_accessible(page)
        page.keyboard.press("Enter")
        expect(field).to_have_value("/history ")
        expect(field).not_to_have_attribute("aria-activedescendant", "command-history")
        expect(page.locator("#command-usage")).to_contain_text("/history [число]")
        page.keyboard.press("Escape")
        expect(page.locator("#commands")).to_be_hidden()
        page.keyboard.press("Control+KeyA")
        page.keyboard.type("как /w")
        expect(page.locator("#commands")).to_be_hidden()
        page.keyboard.press("Control+KeyA")
        page.keyboard.type("/SE")
        expect(options).to_have_count(1)
        page.keyboard.press("Tab")
        expect(field).to_have_value("/search ")
        page.keyboard.press("Control+KeyA")
        page.keyboard.type("/w")
        options.click()
        expect(field).to_have_value("/who ")
        expect(field).to_be_focused()
        typed(browser, "/frob")
        assert_accessible(page)
        expect(page.locator(".message.own")).to_have_count(0)


def test_what_everybody_can_do(dina: Regular) -> None:
    with dina.here() as browser:
        page = browser.page
        typed(browser, "/who")
        expect(page.locator("#people")).to_be_visible()
        expect(page.locator("#people")).to_be_focused()
        page.keyboard.press("Escape")
        typed(browser, "/show #7")
        expect(page.locator(".message.highlighted .message-text")).to_have_text("давно 7")
        expect(page.locator(".message.highlighted")).to_be_in_viewport()
        assert page.url.endswith("#7")
        typed(browser, "/history 20")
        expect(page.locator(".message.highlighted .message-text")).to_have_text(re.compile("давно 4|/"))
        typed(browser, "/history 99999")
        expect(page.locator(".message.highlighted .message-text")).to_have_text("давно 1")
        typed(browser, "/search давно 33")
        expect(page.locator(".hit")).to_have_count(1)
        expect(page.locator("#search-query")).to_be_focused()
        page.keyboard.press("Escape")
        typed(browser, "/link")
        expect(page.locator("#link-command")).to_contain_text("--code")
        page.keyboard.press("Escape")
        typed(browser, "/help")
        expect(page.get_by_role("option")).to_have_count(17)
        assert draft(browser) == ""
        page.keyboard.type("привет")
        expect(page.locator("#commands")).to_be_hidden()
        typed(browser, "/quit")
        expect(page.locator("#action-title")).to_have_text("Выйти из чата?")
        expect(page.locator("#action-text")).not_to_contain_text("Черновик")
        page.click("#action-confirm")
        expect(page.locator("#join-name")).to_be_visible()


def test_what_is_pasted_is_a_text_unless_it_looks_like_a_command(dina: Regular) -> None:
    with dina.here() as browser:
        page = browser.page
        said = page.locator(".message.own .message-text")
        page.focus("#composer-text")
        for text in ("/etc/hosts: два адреса", "// примечание"):
            page.evaluate(PASTE, text)
            page.press("#composer-text", "Enter")
            expect(said.last).to_have_text(text)
        # Also with the white space that was copied with it.
        page.evaluate(PASTE, "\n  /moderator ключ")
        kept = page.evaluate("JSON.stringify([localStorage, sessionStorage])")
        assert "ключ" not in kept
        page.press("#composer-text", "Enter")
        expect(page.locator("#command-problem")).to_contain_text("Это вставлено и похоже на команду.")
        browser.shoot("command-pasted-390")
        page.get_by_role("button", name="Выполнить").click()
        expect(page.locator("#toast")).to_have_text("Вы теперь модератор.")
        expect(said).to_have_count(2)
        # What is edited is typed.
        page.evaluate(PASTE, "/etc")
        page.keyboard.type("/")
        page.press("#composer-text", "Enter")
        expect(page.locator("#command-problem")).to_contain_text("Команды /etc/ нет.")


def test_what_moderators_do(services: Services, chromium: Browser) -> None:
    nina = "Нина"
    with (
        JsonClient(services.room) as client,
        open_page(chromium, services.url, width=390, height=844, dark=True) as browser,
    ):
        page = browser.page
        notice = page.locator(".notice").last
        client.join(nina, history=0)
        browser.enter("Ева")
        typed(browser, "/moderator дверь")
        expect(page.locator("#action-error")).to_have_text("Пароль не подошёл.")
        page.click("#action-cancel")
        typed(browser, "/moderator ключ")
        expect(page.locator("#action")).to_be_hidden()
        expect(page.locator("#toast")).to_have_text("Вы теперь модератор.")
        expect(page.locator("#composer-text")).to_be_focused()
        typed(browser, "/moderator ключ")
        expect(page.locator("#command-problem")).to_have_text("Вы уже модератор.")

        typed(browser, f"/mute {nina} 5м: тише")
        expect(notice).to_contain_text(f"запрещает писать на 5 минут: {nina}. Причина: тише")
        assert draft(browser) == ""
        typed(browser, f"/unmute {nina}")
        expect(notice).to_contain_text("снова разрешает писать")
        typed(browser, "/mute Никто")
        expect(page.locator("#command-problem")).to_have_text("Не нашлось: Никто")
        assert draft(browser) == "/mute Никто"
        typed(browser, "/announce Обед в 12:  приходите")
        expect(page.locator(".announced").last).to_contain_text("Обед в 12: приходите")
        typed(browser, "/delete #3: опечатка")
        expect(
            page.get_by_role("dialog", name="Удалить сообщение #3?").locator("[name=reason]")
        ).to_have_value("опечатка")
        page.click("#action-cancel")
        typed(browser, f"/whois {nina}")
        expect(page.locator("#whois-list li")).to_have_count(1)
        page.keyboard.press("Escape")
        typed(browser, f"/kick {nina}: мешает")
        expect(page.locator("#action [name=reason]")).to_have_value("мешает")
        page.click("#action-cancel")
        typed(browser, "/ban 203.0.113.7")
        expect(page.locator("#action-title")).to_have_text("Закрыть вход: 203.0.113.7?")
        expect(page.locator("#action [name=seconds]:checked")).to_have_value("")
        expect(page.locator("#action [name=seconds]:checked")).to_be_focused()
        page.click("#action-cancel")
        typed(browser, f"/ban {nina} 2h: реклама")
        expect(page.locator("#action-title")).to_have_text(f"Закрыть вход на 2 часа: {nina}?")
        browser.shoot("command-ban-390")
        page.click("#action-confirm")
        expect(notice).to_contain_text(f"закрывает вход на 2 часа: {nina}. Причина: реклама")
        typed(browser, "/bans")
        expect(page.locator("#bans-list")).to_contain_text("реклама")
        page.keyboard.press("Escape")
        typed(browser, f"/unban {nina}")
        expect(notice).to_contain_text("снова открывает вход")
        expect(page.locator(".message.own")).to_have_count(0)
