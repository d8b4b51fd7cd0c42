"""The page of a room that has a password and moderators."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, expect

from tests.end_to_end.conftest import (
    PATIENCE,
    PageUser,
    Regular,
    assert_accessible,
    open_page,
    point_at,
    regular,
)
from tests.end_to_end.services import Services, gateway_to, guarded
from tests.support.processes import running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with guarded() as services:
        yield services


lada = regular("Лада")
liya = regular("Лия", width=390)


def become_moderator(browser: PageUser) -> None:
    """Give the moderators' password, first a wrong one, unless the user is a moderator already."""
    page = browser.page
    if page.locator("#people-acts:not([hidden])").count():
        return
    page.click("#settings-button")
    page.click("#moderator-button")
    for password in ("дверь", "ключ"):
        page.fill("#action [name=password]", password)
        page.click("#action-confirm")
        if password == "дверь":
            expect(page.locator("#action-error")).to_have_text("Пароль не подошёл.")
    expect(page.locator("#action")).to_be_hidden()


def open_menu(browser: PageUser, name: str) -> None:
    """Open a person's menu, on a phone in the list of people."""
    people = browser.page.locator("#people-button")
    if people.is_visible() and not browser.page.locator("#people").is_visible():
        people.click()
    person = browser.page.locator(".person", has_text=name)
    person.hover()
    person.locator(".person-more").click()


def choose(browser: PageUser, name: str, item: str) -> None:
    """Choose an item of a person's menu."""
    open_menu(browser, name)
    browser.page.locator(".menu-item", has_text=item).click()


def offered(browser: PageUser, name: str) -> list[str]:
    """Return the items of a person's menu."""
    open_menu(browser, name)
    items = browser.page.locator(".menu-item").all_text_contents()
    browser.page.keyboard.press("Escape")
    return items


def ask_to_delete(browser: PageUser, text: str) -> None:
    """Choose to delete a message, in its menu."""
    point_at(browser.page.locator(".message", has_text=text))
    browser.page.click("#more-button")
    assert_accessible(browser.page)
    browser.page.locator("#message-menu .menu-item", has_text="Удалить").click()


def announce(browser: PageUser, *lines: str) -> None:
    """Announce these lines, after an empty text; the dialog joins them to one line."""
    page = browser.page
    page.click("#announce-button")
    page.keyboard.press("Enter")
    expect(page.locator("#action-error")).to_have_text("Напишите текст объявления.")
    page.keyboard.insert_text("\n".join(lines))
    expect(page.locator("#action textarea")).to_have_value(" ".join(lines))
    page.keyboard.press("Enter")


def box(browser: PageUser, selector: str) -> FloatRect:
    found = browser.page.locator(selector).last.bounding_box()
    assert found is not None
    return found


def assert_apart(one: FloatRect, other: FloatRect) -> None:
    beside = one["x"] >= other["x"] + other["width"] or other["x"] >= one["x"] + one["width"]
    assert beside or one["y"] >= other["y"] + other["height"] or other["y"] >= one["y"] + one["height"]


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True)][: 1 + IS_LONG])
def test_a_moderator_mutes_deletes_announces_and_kicks(
    services: Services, chromium: Browser, width: int, dark: bool
) -> None:
    troll = f"Тролль{width}"
    with (
        open_page(chromium, services.url, width=width, dark=dark) as vera,
        open_page(chromium, services.url) as other,
    ):
        page = vera.page
        vera.enter(f"Вера{width}")
        other.enter(troll)
        other.say(f"ерунда {width}")
        vera.sees(troll, f"ерунда {width}")
        assert offered(other, f"Вера{width}") == ["Обратиться", "Скрыть сообщения у себя"]
        assert offered(vera, troll) == ["Обратиться", "Ответить на последнее", "Скрыть сообщения у себя"]
        become_moderator(vera)
        assert len(offered(other, f"Вера{width}")) == 2

        choose(vera, troll, "Запретить писать")
        expect(other.page.locator(".notice").last).to_contain_text("запрещает писать на 10 минут")
        other.say("но почему")
        reason = other.page.locator(".message-reason")
        expect(reason).to_contain_text("вы не можете писать до")
        expect(other.page.locator(".person", has_text="вы ·")).to_contain_text("молчит до")
        choose(vera, troll, "Разрешить писать")
        expect(other.page.locator(".notice").last).to_contain_text("снова разрешает писать")
        expect(reason).to_contain_text("Теперь снова можно.")
        other.page.click("[data-action=retry]")
        vera.sees(troll, "но почему")
        vera.shoot(f"moderator-{width}")

        page.keyboard.press("Escape")
        ask_to_delete(vera, f"ерунда {width}")
        assert_accessible(vera.page)
        page.click("#action-confirm")
        for browser in (vera, other):
            gone = browser.page.locator(f".message.deleted[data-name={troll}]")
            expect(gone).to_contain_text("Сообщение удалено")
            expect(browser.page.get_by_text(f"ерунда {width}")).to_have_count(0)
        expect(page.locator("#message-tools")).to_be_hidden()

        if width < 800:
            page.click("#people-button")
        announce(vera, "В субботу закрыто.", f"https://example.org/{width}")
        expect(other.page.locator(".notice.announced").last).to_contain_text("В субботу закрыто.")
        assert_accessible(other.page)
        other.shoot(f"notices-{width}")

        choose(vera, troll, "Показать адрес")
        expect(page.locator("#whois-list li")).to_have_count(1)
        assert_accessible(vera.page)
        page.click("#whois-close")
        choose(vera, troll, "Удалить из чата")
        page.fill("#action [name=reason]", "мешает")
        page.click("#action-confirm")
        expect(other.page.locator("#join-error")).to_have_text("Вас удалили из чата. Причина: мешает")
        expect(page.locator(".notice").last).to_contain_text(f"удаляет из чата: {troll}. Причина: мешает")
        expect(page.locator(".person", has_text=troll)).to_have_count(0)
        expect(page.locator(".presence", has_text=f"{troll} больше не")).to_have_count(0)
        other.page.click("#join-button")
        other.page.wait_for_selector("#composer-text")


def test_only_what_applies_is_offered(services: Services, chromium: Browser, lada: Regular) -> None:
    with (
        JsonClient(services.room) as gleb,
        lada.here() as vera,
        open_page(chromium, services.url, width=390, height=844) as zoya,
    ):
        gleb.join("Глеб", history=0)
        become_moderator(vera)
        choose(vera, "Глеб", "Запретить писать")
        muted = vera.page.locator(".person", has_text="Глеб").locator(".person-note")
        expect(muted).to_contain_text("молчит до")
        vera.shoot("muted-1280")
        # Who becomes a moderator later is told, and again after a reload.
        zoya.enter("Зоя")
        expect(zoya.page.locator(".person-note.muted")).to_have_count(0)
        become_moderator(zoya)
        expect(zoya.page.locator("#settings-button")).to_be_focused()
        for _ in range(2):
            zoya.page.click("#people-button")
            more = zoya.page.locator(".person", has_text="Глеб").locator(".person-more")
            more.click()
            expect(zoya.page.locator(".menu-item").nth(2)).to_have_text("Разрешить писать")
            expect(zoya.page.locator(".menu-item", has_text="Запретить")).to_have_count(0)
            assert_accessible(zoya.page)
            zoya.page.keyboard.press("Escape")
            zoya.page.reload()
        choose(vera, "Глеб", "Разрешить писать")
        expect(muted).to_be_empty()
        vera.page.locator(".person", has_text="Глеб").locator(".person-more").click()
        expect(vera.page.locator(".menu-item").nth(2)).to_have_text("Запретить писать на 10 минут")
        expect(vera.page.locator(".menu-item", has_text="Разрешить")).to_have_count(0)
        vera.page.keyboard.press("Escape")


def test_the_focus_stays_at_the_people(services: Services, lada: Regular) -> None:
    with JsonClient(services.room) as olga, lada.here() as browser:
        olga.join("Ольга", history=0)
        become_moderator(browser)
        choose(browser, "Ольга", "Удалить из чата")
        browser.page.keyboard.press("Enter")
        expect(browser.page.locator(".person", has_text="Ольга")).to_have_count(0)
        expect(browser.page.locator("#people")).to_be_focused()


def test_a_ban_and_its_end(services: Services, chromium: Browser, lada: Regular) -> None:
    with lada.here() as vera, open_page(chromium, services.url) as other:
        page = vera.page
        other.enter("Хам")
        become_moderator(vera)
        choose(vera, "Хам", "Закрыть вход")
        assert_accessible(vera.page)
        page.locator("#action fieldset label", has_text="1 день").click()
        page.fill("#action [name=reason]", "ругается")
        page.click("#action-confirm")
        expect(page.locator(".notice").last).to_contain_text("закрывает вход на 1 день: Хам")
        expect(other.page.locator("#join-error")).to_contain_text("Вход закрыт до")
        expect(other.page.locator("#join-error")).to_contain_text("Причина: ругается")
        other.page.click("#join-button")
        expect(other.page.locator("#join-error")).to_contain_text("Вход закрыт до")

        page.click("#bans-button")
        expect(page.locator("#bans-list li")).to_contain_text(["ругается"])
        page.fill("#bans-form [name=target]", "0.0.0.0/0")
        page.keyboard.press("Enter")
        expect(page.locator("#bans-error")).to_have_text("Так вход закрылся бы слишком многим.")
        page.fill("#bans-form [name=target]", "203.0.113.0/24")
        page.keyboard.press("Enter")
        expect(page.locator("#bans-list li")).to_have_count(2)
        assert_accessible(vera.page)
        vera.shoot("bans-1280")
        for left in (1, 0):
            page.locator("#bans-list button").first.click()
            expect(page.locator("#bans-list li")).to_have_count(left)
        page.keyboard.press("Escape")
        expect(page.locator("#bans")).to_be_hidden()
        expect(page.get_by_text("203.0.113")).to_have_count(0)

        other.page.click("#join-button")
        other.page.wait_for_selector("#composer-text")


def test_moderating_with_the_keyboard_alone(services: Services, chromium: Browser) -> None:
    with (
        JsonClient(services.server.address) as nina,
        open_page(chromium, services.url, lang="en-GB") as browser,
    ):
        nina.join("Нина")
        nina.say_json(type="say", ref="1", text="лишнее")
        nina.fence()
        page, keyboard = browser.page, browser.page.keyboard
        browser.enter("Eve")
        browser.sees("Нина", "лишнее")
        page.focus("#settings-button")
        keyboard.press("Enter")
        page.focus("#moderator-button")
        for keys in ("Enter", "ключ", "Enter"):
            (keyboard.press if keys == "Enter" else keyboard.type)(keys)
        expect(page.get_by_text("You are a moderator now.")).to_be_attached()  # closes an open menu
        more = page.locator(".person", has_text="Нина").locator(".person-more")
        more.focus()
        keyboard.press("Enter")
        expect(page.locator(".menu-item").first).to_be_focused()
        keyboard.press("ArrowUp")
        expect(page.locator(".menu-item").last).to_be_focused()
        keyboard.press("Escape")
        expect(more).to_be_focused()

        page.locator(".message", has_text="лишнее").locator(".message-number").focus()
        keyboard.press("Delete")
        expect(page.locator("#action")).to_be_visible()
        keyboard.press("Escape")
        expect(page.locator(".message", has_text="лишнее").locator(".message-number")).to_be_focused()
        for keys in ("Enter", "End", "Enter"):
            keyboard.press(keys)
        services.server.process.send_signal(signal.SIGSTOP)
        confirm = page.locator("#action-confirm")
        confirm.press("Enter")
        expect(confirm).to_be_disabled()
        expect(confirm).to_be_focused()
        services.server.process.send_signal(signal.SIGCONT)
        expect(page.locator(".message.deleted")).to_contain_text(["Message deleted"])
        expect(page.locator(".notice").last).to_contain_text("Eve deletes message #")


def test_zoomed_to_400_percent_moderators_reach_the_people(services: Services, liya: Regular) -> None:
    with JsonClient(services.server.address) as nina, liya.here() as browser:
        browser.page.set_viewport_size({"width": 320, "height": 256})
        nina.join("Нинель")
        become_moderator(browser)
        browser.page.keyboard.press("Escape")
        open_menu(browser, "Нинель")
        expect(browser.page.locator(".menu-item").first).to_be_visible()
        for _ in ("the menu", "the people"):
            browser.page.keyboard.press("Escape")


@pytest.mark.parametrize("width", [390, 1280][: 1 + IS_LONG])
def test_moderators_tools_cover_neither_text_nor_time(services: Services, liya: Regular, width: int) -> None:
    with JsonClient(services.server.address) as nina, liya.here() as browser:
        page = browser.page
        page.set_viewport_size({"width": width, "height": 800})
        nina.join(f"Нина{width}")
        become_moderator(browser)
        page.keyboard.press("Escape")
        browser.say("ок")
        nina.say_json(type="say", ref="1", text="да " * 40)
        browser.sees(f"Нина{width}", "да")
        for message in (".message.own[data-state=sent]", ".message:not(.own)"):
            point_at(page.locator(message).last)
            button = box(browser, "#message-tools")
            assert 0 <= button["x"] <= width - button["width"]
            for covered in ("time", ".message-id"):
                assert_apart(button, box(browser, f"{message} {covered}"))
        if width < 800:
            page.click("#people-button")
        page.locator(".person-more").last.click()
        menu = box(browser, "#menu")
        assert menu["x"] >= 8
        assert menu["x"] + menu["width"] <= width - 8
        mute = box(browser, ".menu-item >> nth=0")
        assert mute["height"] == box(browser, ".menu-item >> nth=1")["height"]
        for _ in ("the menu", "the people"):
            page.keyboard.press("Escape")


def test_a_role_lost_with_the_server_is_reported(tmp_path: Path, chromium: Browser) -> None:
    server = ("tcp_server", "--host", "127.0.0.1", "--history", str(tmp_path / "log.db"), "--port")
    env = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "ключ"}
    with (
        running(*server, "0", env=env) as first,
        gateway_to(first.address) as gateway,
        open_page(chromium, f"http://{gateway.address}/") as browser,
    ):
        mark = browser.page.locator(".person-note")
        browser.enter("Вера")
        expect(mark).to_have_text("вы")
        become_moderator(browser)
        expect(mark).to_have_text("вы · модератор")
        browser.shoot("role-1280")
        first.stop()
        with running(*server, str(first.address.port), env=env):
            expect(browser.page.locator("#toast")).to_have_text("Вы больше не модератор.", timeout=60_000)
            expect(mark).to_have_text("вы")
