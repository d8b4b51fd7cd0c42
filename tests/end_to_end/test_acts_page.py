"""Acts on messages with the page: by menu, keyboard and finger, beside somebody who speaks JSON."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, Regular, assert_accessible, point_at, regular
from tests.end_to_end.services import Services, guarded
from tests.support.raw import JsonClient, member
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

# The page sends nothing before `giveSends` is called.
HOLD_SENDS = """() => {
    const { send } = WebSocket.prototype;
    const held = [];
    WebSocket.prototype.send = function (text) {
        held.push([this, text]);
    };
    globalThis.giveSends = () => {
        WebSocket.prototype.send = send;
        for (const [socket, text] of held) socket.send(text);
    };
}"""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with guarded("--grace", "0") as services:
        yield services


@pytest.fixture
def boris(services: Services) -> Iterator[JsonClient]:
    with member(services.room, "Борис Годунов") as client:
        yield client


desk = regular("Анна")
phone = regular("Вера", width=390, height=844, touch=True)


def wait_for_tools(browser: PageUser) -> None:
    """Wait for what is loaded behind the conversation."""
    expect(browser.page.locator("#search-button")).to_be_visible()


def hears(client: JsonClient, kind: str) -> dict[str, Any]:
    """Read on to an event of this type."""
    while (event := client.read_json())["type"] != kind:
        pass
    return event


def says(client: JsonClient, text: str, **more: Any) -> int:
    """Say it, and return its number."""
    client.say_json(type="say", ref=f"{id(client)} {text}", text=text, **more)
    number = hears(client, "ack")["id"]
    assert isinstance(number, int)
    return number


def row(browser: PageUser, text: str) -> Locator:
    """The message with this text."""
    return browser.page.locator(".message", has=browser.page.locator(".message-text", has_text=text)).last


def test_reactions_by_menu_and_chip(desk: Regular, boris: JsonClient) -> None:
    with desk.here() as anna:
        wait_for_tools(anna)
        number = says(boris, "кто за?")
        message, chip = row(anna, "кто за?"), row(anna, "кто за?").locator(".reaction")
        point_at(message)
        height = message.evaluate("row => row.offsetHeight")
        anna.page.click("#more-button")
        anna.page.wait_for_selector(".menu-item:focus")
        assert_accessible(anna.page)
        assert message.evaluate("row => row.offsetHeight") == height
        anna.page.keyboard.press("ArrowRight")
        anna.page.keyboard.press("Enter")
        changed = hears(boris, "changed")
        assert (changed["message"]["id"], changed["by"]) == (number, "Анна")
        assert changed["message"]["reactions"] == [{"emoji": "❤️", "count": 1, "names": ["Анна"]}]
        expect(chip).to_have_attribute("aria-pressed", "true")
        boris.say_json(type="react", ref="heart", id=number, emoji="❤")
        expect(chip).to_have_attribute("aria-label", "❤️ 2: Анна и Борис Годунов")
        chip.focus()
        anna.page.keyboard.press("Enter")
        expect(chip).to_have_attribute("aria-pressed", "false")
        expect(chip).to_be_focused()
        # Any emoji by its name, with the keyboard.
        message.locator(".message-number").focus()
        anna.page.keyboard.press("+")
        anna.page.keyboard.type(":tada:")
        expect(anna.page.locator("#emoji-list [aria-selected=true]")).to_have_text("🎉")
        assert_accessible(anna.page)
        anna.page.keyboard.press("Enter")
        expect(chip).to_have_text(["❤️1", "🎉1"])
        assert_accessible(anna.page)


def test_an_answer_calls_somebody_and_its_quote_leads_there(desk: Regular, boris: JsonClient) -> None:
    with desk.here(dark=True) as anna:
        page, field = anna.page, anna.page.locator("#composer-text")
        wait_for_tools(anna)
        number = says(boris, "вопрос **дня**")
        page.fill("#composer-text", "да, @го")
        row(anna, "вопрос").locator(".message-number").focus()
        page.keyboard.press("r")
        expect(page.locator("#composer-task")).to_contain_text("Борис Годунов вопрос дня")
        page.keyboard.press("End")
        expect(page.locator("#mention-list [aria-selected=true]")).to_have_text("ББорис Годунов")
        assert_accessible(page)
        page.keyboard.press("Tab")
        expect(field).to_have_value("да, @Борис Годунов ")
        page.keyboard.press("Enter")
        answer = hears(boris, "message")
        assert (answer["text"], answer["mentions"]) == ("да, @Борис Годунов", ["Борис Годунов"])
        assert answer["reply"] == {"id": number, "name": "Борис Годунов", "excerpt": "вопрос **дня**"}
        expect(page.locator("#composer-task")).to_be_hidden()
        expect(row(anna, "да, @").locator(".mention")).to_have_text("@Борис Годунов")
        row(anna, "да, @").locator(".message-quote").click()
        expect(page.locator(f"#m{number}.highlighted")).to_be_focused()
        # Who is called sees it; what is quoted changes with its message, and may go.
        called = says(boris, "@Анна спасибо", reply=answer["id"])
        expect(page.locator(f"#m{called}.calling .mention.self")).to_have_text("@Анна")
        says(boris, "Анна Каренина, том второй")
        page.click("#search-button")
        page.click("#search-to-reader")
        expect(page.locator(".hit-text")).to_have_text(["@Анна спасибо"])
        assert_accessible(page)
        page.keyboard.press("Escape")
        boris.say_json(type="delete", ref="gone", id=number)
        expect(row(anna, "да, @").locator(".message-quote")).to_have_text(
            "В ответ на: Борис Годунов Сообщение удалено"
        )
        # What is being answered may go too: it is no longer shown, and the answer is said without it.
        row(anna, "@Анна спасибо").locator(".message-number").focus()
        page.keyboard.press("r")
        boris.say_json(type="delete", ref="gone too", id=called)
        expect(page.locator("#composer-task-text")).to_have_text("Ответ: Борис Годунов Сообщение удалено")
        page.keyboard.type("не за что")
        page.keyboard.press("Enter")
        while (said := hears(boris, "message"))["text"] != "не за что":
            pass
        assert "reply" not in said


def test_what_one_has_said_is_edited_and_deleted(desk: Regular, boris: JsonClient) -> None:
    with desk.here() as anna:
        page, field = anna.page, anna.page.locator("#composer-text")
        wait_for_tools(anna)
        anna.say("ачепятка")
        number = hears(boris, "message")["id"]
        page.keyboard.press("ArrowUp")
        expect(field).to_have_value("ачепятка")
        page.keyboard.press("Escape")
        expect(field).to_have_value("")
        page.fill("#composer-text", "черновик")
        page.focus(f"#m{number} .message-number")  # which it has once it is acknowledged
        page.keyboard.press("e")
        expect(page.locator("#composer-task")).to_have_text(f"Правка сообщения #{number}")
        page.fill("#composer-text", "опечатка")
        assert_accessible(page)
        page.keyboard.press("Enter")
        assert hears(boris, "changed")["message"]["text"] == "опечатка"
        expect(field).to_have_value("черновик")
        expect(page.locator(f"#m{number} .message-text")).to_contain_text("опечаткаизменено")
        page.fill("#composer-text", "s/печатка/пятка/")
        page.keyboard.press("Enter")
        assert hears(boris, "changed")["message"]["text"] == "опятка"
        anna.say("/me машет")
        expect(page.locator(".message.action.own")).to_contain_text("машет")
        assert hears(boris, "message")["kind"] == "action"
        page.locator(f"#m{number} .message-number").focus()
        page.keyboard.press("Delete")
        page.click("#action-confirm")
        expect(page.locator(f"#m{number}.deleted .message-text")).to_have_text("Сообщение удалено")
        assert hears(boris, "changed")["message"]["deleted"]
        # Nothing of others is offered for editing.
        says(boris, "чужое")
        row(anna, "чужое").locator(".message-number").focus()
        page.keyboard.press("ContextMenu")
        items = page.locator("#message-menu > .menu-item")
        expect(items).to_have_text(
            [
                *("Ответить", "Обратиться к автору", "Скопировать текст", "Скопировать ссылку"),
                "Не прочитано отсюда",
            ]
        )
        page.keyboard.press("Escape")


def test_a_reload_goes_on_with_what_was_done_to_a_message(desk: Regular, boris: JsonClient) -> None:
    with desk.here() as anna:
        page, field, task = (
            anna.page,
            anna.page.locator("#composer-text"),
            anna.page.locator("#composer-task"),
        )
        wait_for_tools(anna)
        number = says(boris, "вопрос")
        anna.say("моё")
        own = hears(boris, "message")["id"]
        expect(row(anna, "моё")).to_have_attribute("data-state", "sent")
        page.fill("#composer-text", "черновик")
        row(anna, "моё").locator(".message-number").focus()
        page.keyboard.press("e")
        page.fill("#composer-text", "моё, но")
        page.reload()
        expect(task).to_have_text(f"Правка сообщения #{own}")
        expect(field).to_have_value("моё, но")
        expect(page.locator(".editing .message-text")).to_have_text("моё")
        page.keyboard.type("вое")
        page.keyboard.press("Escape")
        expect(field).to_have_value("черновик")
        row(anna, "вопрос").locator(".message-number").focus()
        page.keyboard.press("r")
        page.reload()
        expect(task).to_contain_text("Борис Годунов вопрос")
        page.keyboard.press("Enter")
        assert (hears(boris, "message"))["reply"]["id"] == number
        # What is edited may be deleted meanwhile: its text stays.
        row(anna, "моё").locator(".message-number").focus()
        page.keyboard.press("e")
        page.fill("#composer-text", "моё, и всё")
        boris.say_json(type="authenticate", password="ключ")
        boris.say_json(type="moderate", act="delete", id=own)
        expect(task).to_be_hidden()
        expect(field).to_have_value("моё, и всё")
        expect(page.locator(".editing")).to_have_count(0)
        # It comes back if the room learns of the edit only after that.
        page.keyboard.press("Enter")
        expect(row(anna, "моё, и всё")).to_have_attribute("data-state", "sent")
        own = int(row(anna, "моё, и всё").get_attribute("data-id") or "")
        page.keyboard.press("ArrowUp")
        page.keyboard.type("!")
        page.evaluate(HOLD_SENDS)
        page.keyboard.press("Enter")
        expect(field).to_have_value("")
        boris.say_json(type="moderate", act="delete", id=own)
        page.wait_for_selector(f"#m{own}.deleted")
        page.evaluate("giveSends()")
        expect(field).to_have_value("моё, и всё!")
        expect(page.locator("#toast")).to_have_text("Правка не прошла. Это сообщение удалено.")
        expect(page.locator(".message-state")).to_have_count(0)


def test_an_act_that_fails_says_why_and_can_be_tried_again(desk: Regular, boris: JsonClient) -> None:
    with desk.here() as anna:
        wait_for_tools(anna)
        says(boris, "тихо")
        boris.say_json(type="authenticate", password="ключ")
        boris.say_json(type="moderate", act="mute", target="Анна")
        anna.page.wait_for_selector(".notice[data-act=mute]")
        point_at(row(anna, "тихо"))
        anna.page.click("#more-button")
        anna.page.click(".menu-head .menu-item >> nth=0")
        state = row(anna, "тихо").locator(".message-state")
        reason = re.compile("^Реакция не прошла. Вы не можете писать до")
        expect(state.locator(".message-reason")).to_have_text(reason)
        expect(row(anna, "тихо").locator(".reaction")).to_have_count(0)
        assert_accessible(anna.page)
        boris.say_json(type="moderate", act="unmute", target="Анна")
        anna.page.wait_for_selector(".notice[data-act=unmute]")
        state.get_by_role("button", name="Повторить").click()
        expect(row(anna, "тихо").locator(".reaction")).to_have_text("👍1")
        expect(state).to_have_count(0)


def test_a_finger_that_pulls_a_message_answers_it(phone: Regular, boris: JsonClient) -> None:
    with phone.here() as anna:
        page, task = anna.page, anna.page.locator("#composer-task")
        wait_for_tools(anna)
        says(boris, "потяни меня")
        place = row(anna, "потяни").locator(".message-text").bounding_box()
        assert place
        touch = page.context.new_cdp_session(page)

        def pull(across: int, down: int = 0, x: int = 200) -> None:
            y = place["y"] + 9
            touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
            for step in range(1, 9):
                point = {"x": x - across * step / 8, "y": y + down * step / 8}
                touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})

        def lift() -> None:
            touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
            expect(page.locator(".pulled")).to_have_count(0)

        for across, down, x in ((50, 0, 200), (100, 90, 200), (-100, 0, 200), (100, 0, 380)):
            pull(across, down, x)  # not far enough, scrolling, the other way, from the edge
            lift()
            expect(task).to_be_hidden()
        pull(110)
        expect(row(anna, "потяни")).to_have_class(re.compile("pulled-far"))
        anna.shoot("pulled-390")
        lift()
        expect(task).to_contain_text("Борис Годунов потяни меня")
        assert row(anna, "потяни").evaluate("row => row.style.transform") == ""


def test_a_finger_that_rests_opens_the_menu(phone: Regular, boris: JsonClient) -> None:
    with phone.here(dark=True) as anna:
        page, menu = anna.page, anna.page.locator("#message-menu")
        wait_for_tools(anna)
        says(boris, "нажми и держи")
        place = row(anna, "нажми").locator(".message-text").bounding_box()
        assert place
        touch = page.context.new_cdp_session(page)
        point = {"x": place["x"] + 9, "y": place["y"] + 9}
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
        expect(menu).to_be_visible()
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        expect(menu).to_be_visible()
        assert page.evaluate("String(getSelection())") == ""
        assert_accessible(page)
        anna.shoot("menu-390")
        for box in (each.bounding_box() for each in menu.get_by_role("menuitem").all()):
            assert box
            assert box["height"] >= 44
        page.keyboard.press("Escape")
        # One that only touches the row finds the tools below it.
        row(anna, "нажми").tap(position={"x": 5, "y": 5})
        page.tap("#reply-button")
        expect(page.locator("#composer-task")).to_contain_text("Борис Годунов нажми и держи")
        assert_accessible(page)
        page.locator(".message").first.dispatch_event("pointerover")  # a mouse that is nowhere
        page.tap("#more-button")
        menu.get_by_text("Выделить текст").tap()
        assert page.evaluate("String(getSelection())") == "нажми и держи"
