"""One-time codes in the lines dialect: `/link` gives one, `/code` comes in with one."""

import re
from collections.abc import Iterator

import pytest

from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient, RawClient

FLAGS = ("--host", "127.0.0.1", "--port", "0", "--history", "memory", "--grace", "0")
BAD_CODE = "Код неверный, уже использован или устарел. Новый даст /link на другом устройстве.\n"
WAIT = "Слишком часто. Подождите 1 с.\n"
ASKED = "Введите пароль: "


@pytest.fixture(scope="module")
def room() -> Iterator[Program]:
    with running("tcp_server", *FLAGS, env={"ONEROOM_SERVER_PASSWORD": "open"}) as program:
        yield program


def come_in(nc: RawClient, name: str) -> None:
    nc.expect(PROMPT)
    nc.send(f"{name}\n")
    nc.expect(ASKED)
    nc.send("open\n")


def ask_for_code(nc: RawClient) -> str:
    """Send `/link` in lines, and return the code of the answer."""
    nc.send("/link\n")
    told = r"Одноразовый код: (.{9})\. Действует 2 мин и один раз; кто с ним войдёт, будет вами\."
    found = re.fullmatch(told, nc.read_line())
    assert found
    code = found[1]
    nc.expect(
        f"В терминале на другом устройстве: oneroom ХОСТ --code {code}\n"
        f"На странице чата: её адрес, в конце #code={code}\n"
        f"Через nc или telnet: вместо имени /code {code}\n"
    )
    return code


def test_a_code_from_lines_is_used_by_json_and_the_other_way_round(room: Program) -> None:
    with RawClient(room.address) as nc, JsonClient(room.address) as page, RawClient(room.address) as other:
        come_in(nc, "Анна")
        nc.expect_greeting()
        nc.send("из nc\n")
        page.expect(PROMPT)
        page.say_json(type="join", name="", code=ask_for_code(nc))
        welcome = page.expect_json(type="welcome", name="Анна")
        assert [message["mine"] for message in welcome["messages"]] == [True]
        page.say_json(type="link", ref="l")
        code = page.expect_json(type="link", ref="l")["code"]
        other.expect(PROMPT)
        other.send("/lang en\nКто-то\n")
        other.expect(f"The language is now English.\n{PROMPT}Enter the password: ")
        other.send(f"/code {code}\nиз второго nc\n")
        other.expect("You are here as Анна.\nNobody else is here yet - commands: /help\n")
        page.expect_json(type="message", name="Анна", text="из второго nc")
        nc.expect("Анна: из второго nc\n")
        other.send(f"/code {code}\n")
        other.expect("You are here already. A code is given instead of a name.\n")
        page.say_json(type="leave", forget=True)
        nc.expect("Вы вышли из чата на другом устройстве.\n")
        other.expect("You left the chat on another device.\n")
        other.expect_end()


def test_a_wrong_code_is_told_and_what_a_script_sends_behind_it_is_no_name(room: Program) -> None:
    with RawClient(room.address) as nc:
        nc.expect(PROMPT)
        nc.send("/code 0000-0000\nprivate\n")
        nc.expect(BAD_CODE + WAIT + PROMPT)
        nc.send("Борис\n")
        nc.expect(ASKED)


def test_with_a_code_another_name_can_be_chosen_if_ones_own_is_taken(room: Program) -> None:
    with RawClient(room.address) as nc, JsonClient(room.address) as other, RawClient(room.address) as again:
        come_in(nc, "Вера")
        nc.expect_greeting()
        code = ask_for_code(nc)
        nc.send("/quit\n")
        nc.read_to_end()
        other.join("Вера", password="open")
        again.expect(PROMPT)
        again.send(f"/code {code}\n")
        again.expect(f"Это имя уже занято. Свободно, например: Вера 2\n{PROMPT}")
        again.send("Вера дома\n")
        again.expect("Вы вошли под именем Вера дома.\n")
        other.expect_json(type="joined", name="Вера дома")
