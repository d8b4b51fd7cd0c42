"""What people at nc and telnet read: the greeting, languages, encodings, a message by its number."""

import re

from tests.support.processes import Program, running
from tests.support.raw import PROMPT, JsonClient, RawClient, without_greeting
from tests.support.requirements import needs_nc, needs_telnet
from tests.tcp_server.connection.programs import FLAGS, NC, PUTTY, in_terminal, run, run_bytes

# --- other encodings -----------------------------------------------------------------


@needs_nc
def test_a_script_in_cp866_chooses_its_encoding(server: Program, vera: JsonClient) -> None:
    said = run_bytes(server, NC, "/encoding cp866\r\nАнна\r\nЯ здесь\r\n/who\r\n/quit\r\n".encode("cp866"))
    vera.expect_json(type="joined", name="Анна")
    vera.expect_json(type="message", name="Анна", text="Я здесь")
    assert said.startswith(PROMPT.encode())
    answers = said.removeprefix(PROMPT.encode()).decode("cp866")
    assert answers.startswith(f"Кодировка теперь cp866.\n{PROMPT}")
    assert "Вера, Анна\n" in answers


@needs_nc
def test_a_script_that_does_not_say_its_encoding_is_told_how(server: Program, vera: JsonClient) -> None:
    said = run_bytes(server, NC, "Анна\r\nпривет\r\nready\r\n".encode("cp1251"))
    assert b"/encoding cp1251" in said
    assert vera.fence() == []


def test_what_others_say_comes_in_the_encoding_chosen(server: Program, vera: JsonClient) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        client.send(PUTTY + b"Anna\r\n/encoding cp1251\r\n")
        client.read_until("Кодировка теперь cp1251.\n".encode("cp1251"))
        vera.expect_json(type="joined", name="Anna")
        vera.say_json(type="say", ref="1", text="моя 👍")
        client.expect("Вера: моя ?\n".encode("cp1251").replace(b"\xff", b"\xff\xff"))
        with RawClient(server.address) as other:
            other.send("Пётр\n")
            client.expect("Пётр присоединился к чату!\n".encode("cp1251").replace(b"\xff", b"\xff\xff"))


def test_the_encoding_is_chosen_at_the_password() -> None:
    with (
        running("tcp_server", *FLAGS, env={"ONEROOM_SERVER_PASSWORD": "сезам"}) as program,
        RawClient(program.address) as client,
    ):
        asked = "Введите пароль: "
        client.send("Anna\n")
        client.expect(PROMPT + asked)
        client.send("сезам\n".encode("cp1251"))
        client.read_until(f"/encoding cp866\n{asked}")
        client.send("/encoding cp1251\n")
        client.expect(f"Кодировка теперь cp1251.\n{asked}".encode("cp1251"))
        client.send("сезам\n/who\n".encode("cp1251"))
        client.read_until(b": Anna\n")


def test_a_plain_client_in_cp1251(server: Program, vera: JsonClient) -> None:
    with RawClient(server.address) as client:
        client.expect(PROMPT)
        client.send("Настя".encode("cp1251"))
        vera.expect_json(type="joined", name="Настя")
        client.send("гуляю".encode("cp1251"))
        vera.expect_json(type="message", text="гуляю")
        client.send("ура".encode())
        vera.expect_json(type="message", text="ура")


# --- the greeting ------------------------------------------------------------------------


@needs_nc
def test_a_greeting_in_lines_and_none_in_plain(server: Program, vera: JsonClient) -> None:
    greeting = "Здесь сейчас: Вера · команды: /help · English: /lang en\n"
    assert run(server, NC, "Анна\n/quit\n") == f"{PROMPT}{greeting}До встречи!\n"
    vera.expect_json(type="joined")
    vera.expect_json(type="left")
    assert run(server, NC, "Анна") == PROMPT
    vera.expect_json(type="joined")
    vera.expect_json(type="left")
    vera.say_json(type="leave")
    vera.expect_json(type="bye")
    alone = "Кроме вас здесь пока никого · команды: /help · English: /lang en\n"
    assert run(server, NC, "Анна\n/quit\n") == f"{PROMPT}{alone}До встречи!\n"


@needs_telnet
def test_a_greeting_in_telnet(server: Program, vera: JsonClient) -> None:
    with in_terminal(server, "telnet", "{host}", "{port}") as telnet:
        telnet.send("Анна\r")
        vera.expect_json(type="joined", name="Анна")
        telnet.expect_exact("Здесь сейчас: Вера · команды: /help · English: /lang en\r\n".encode())


# --- English -----------------------------------------------------------------------------


@needs_nc
def test_english_is_chosen_before_the_name_or_later(server: Program, vera: JsonClient) -> None:
    changed = f"{PROMPT}The language is now English.\n{PROMPT}"
    assert run(server, NC, "/lang en\nAnn\n/kick Bob\n/quit\n") == (
        f"{changed}Here now: Вера - commands: /help\nOnly a moderator can do this.\nSee you!\n"
    )
    vera.expect_json(type="joined", name="Ann")
    said = run(server, NC, "Ann\n/lang\n/lang en\n/lang de\n/who\n/lang ru\n/quit\n")
    assert without_greeting(said) == (
        f"{PROMPT}Пишут так: /lang en — in English\n"
        "The language is now English.\n"
        "Write it like this: /lang ru - по-русски\n"
        "In the chat now (2): Вера, Ann\n"
        "Язык теперь русский.\nДо встречи!\n"
    )


@needs_telnet
def test_english_in_telnet_and_another_encoding(server: Program, vera: JsonClient) -> None:
    with in_terminal(server, "telnet", "{host}", "{port}") as telnet:
        telnet.send("Ann\r")
        vera.expect_json(type="joined", name="Ann")
        telnet.send("/encoding cp866\r/lang en\r")
        telnet.expect_exact(b"The language is now English.\r\n")
        vera.say_json(type="say", ref="1", text="привет")
        telnet.expect_exact("Вера: привет\r\n".encode("cp866"))
        vera.say_json(type="leave")
        telnet.expect_exact("Вера покинул чат.\r\n".encode("cp866"))


def test_the_password_is_asked_for_in_english() -> None:
    with (
        running("tcp_server", *FLAGS, env={"ONEROOM_SERVER_PASSWORD": "сезам"}) as program,
        RawClient(program.address) as client,
    ):
        asked = "Enter the password: "
        client.send("Ann\n")
        client.expect(f"{PROMPT}Введите пароль: ")
        client.send("/lang en\n")
        client.expect(f"The language is now English.\n{asked}")
        client.send("no\n")
        client.expect("This password is wrong.\nYou are too fast.")
        client.read_until(asked)


# --- a message by its number ------------------------------------------------------------


@needs_nc
def test_a_message_is_shown_by_its_number(server: Program, vera: JsonClient) -> None:
    vera.say_json(type="say", ref="1", text="раз\nдва")
    vera.expect_json(type="ack", id=1)
    said = run(server, NC, "Анна\n/show #1\n/show 1\n/show 7\n/show\n/quit\n")
    shown = r"#1 \d\d\.\d\d \d\d:\d\d Вера: раз\n    два\n"
    assert re.search(
        f"{shown}{shown}Сообщения #7 нет\\.\nПишут так: /show #номер — показать сообщение\n", said
    )
