"""Moderation and limits in the terminal, with a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat_protocol.address import Address
from tests.cli_client.terminal_session import CTRL_D, ENTER, TerminalSession, client_at
from tests.support.certificates import self_signed
from tests.support.processes import running
from tests.support.raw import PROMPT, JsonClient, RawClient
from tests.support.requirements import needs_openssl
from tests.support.tls_front import tls_front

MODERATORS = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "admin-word"}


@contextmanager
def guarded(*arguments: str, **variables: str) -> Iterator[Address]:
    with running(
        "tcp_server",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--grace",
        "0",
        *arguments,
        env=MODERATORS | variables,
    ) as server:
        yield server.address


def become_moderator(terminal: TerminalSession) -> None:
    terminal.wait_for("Вы вошли как Анна.")
    terminal.type("/moderator", ENTER)
    terminal.wait_for("Пароль модератора:")
    terminal.type("admin-word", ENTER)
    terminal.wait_for("Вы теперь модератор.")


def test_kick_ban_delete_and_mute_as_everybody_sees_them() -> None:
    with (
        guarded() as room,
        client_at(room, "--name", "Анна", lang="ru") as anna,
        RawClient(room) as vera,
        client_at(room, "--name", "Боря", lang="en") as boris,
    ):
        become_moderator(anna)
        boris.wait_for("You have joined as Боря.")
        vera.expect(PROMPT)
        vera.send("Вера\n")
        anna.wait_for_newcomer("Вера")

        boris.type("купите слона", ENTER)
        anna.wait_for("Боря: купите слона  #1")
        anna.type("/delete #1: реклама", ENTER)
        anna.wait_for("Анна удаляет сообщение #1. Причина: реклама  #2")
        boris.wait_for("Анна deletes message #1. Reason: реклама  #2")
        boris.type("/show 1", ENTER)
        boris.wait_for("Боря: message deleted  #1")

        anna.type("/mute Боря 10m", ENTER)
        boris.wait_for("Анна mutes Боря for 10 min  #4")
        boris.type("а слон?", ENTER)
        boris.wait_for("✗ Not sent. You cannot write for another 10 min.")

        anna.type("/ban Боря 2h: слоны", ENTER)
        anna.wait_for("Анна закрывает вход на 2 ч: Боря. Причина: слоны  #5")
        boris.wait_for("You are banned for another 2 h.")
        assert boris.end() == 1
        anna.type("/bans", ENTER)
        anna.wait_for("Боря · до ")
        assert not any("Боря больше не в чате" in line for line in anna.lines)

        lines = vera.read_until("Боря покинул чат.\n").decode()
        assert "Боря: купите слона\n" in lines
        assert "а слон?" not in lines
        assert lines.count("Сервер: ") == 3

        with client_at(room, "--name", "Боря", lang="en") as again:
            again.wait_for("You are banned for another 2 h.")
            assert again.end() == 1

        anna.type("/kick Вера", ENTER)
        anna.wait_for("Анна удаляет из чата: Вера  #6")
        anna.type("/kick Вера", ENTER)
        anna.wait_for("Не нашлось: Вера")
        anna.type("/ban Анна", ENTER)
        anna.wait_for("/ban Анна — Это модератор: так нельзя.")
        assert "Сервер: " in vera.read_to_end().decode()
        anna.type(CTRL_D)
        assert anna.end() == 0
        for terminal in (anna, boris):
            assert b"admin-word" not in terminal.received


def test_only_moderators_may_moderate() -> None:
    with (
        guarded() as room,
        client_at(room, "--name", "Боря", lang="ru") as terminal,
        JsonClient(room) as anna,
    ):
        terminal.wait_for("Вы вошли как Боря.")
        anna.join("Анна")
        terminal.type("/kick Анна", ENTER)
        terminal.wait_for("/kick Анна — Это может только модератор.")
        terminal.type("/moderator", ENTER)
        terminal.wait_for("Пароль модератора:")
        terminal.enter_secret("угадаю")
        terminal.wait_for("Пароль не подошёл. Ещё раз (пустой ввод — отмена):")
        terminal.type("admin-wrod", ENTER)
        terminal.wait_for(lambda _: terminal.cursor[1].endswith("отмена):"))
        terminal.type(ENTER)
        terminal.wait_for("Отменено.")
        assert anna.fence() == []


def test_fast_typing_in_the_terminal_is_delayed_and_arrives() -> None:
    with (
        guarded("--rate", "1", "--burst", "2") as room,
        client_at(room, "--name", "Анна", lang="ru") as terminal,
        JsonClient(room) as boris,
    ):
        terminal.wait_for("Вы вошли как Анна.")
        boris.join("Боря")
        for number in range(6):
            terminal.enter_line(f"раз {number}")
        terminal.wait_for("слишком часто: отправлю через")
        texts: list[str] = []
        while len(texts) < 6:
            message = boris.read_json()
            if message["type"] == "message":
                texts.append(message["text"])
        assert texts == [f"раз {number}" for number in range(6)]


@needs_openssl
def test_joining_through_tls_with_a_password(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "localhost")
    with (
        guarded(ONEROOM_SERVER_PASSWORD="listener-word") as room,
        tls_front(certificate, room) as front,
        client_at(
            front.address, "--name", "Анна", "--tls-ca", str(certificate.public), lang="ru"
        ) as terminal,
    ):
        terminal.wait_for("Пароль чата:")
        terminal.type("не то", ENTER)
        terminal.wait_for("Пароль не подошёл.")
        terminal.type("listener-word", ENTER)
        terminal.wait_for("Вы вошли как Анна.")
        with JsonClient(room) as boris:
            boris.join("Боря", password="listener-word")
            terminal.wait_for_newcomer("Боря")
            terminal.type("шёпотом", ENTER)
            while boris.read_json().get("text") != "шёпотом":
                pass
        terminal.wait_for("шёпотом  #")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
        assert b"listener-word" not in terminal.received
    with (
        guarded() as room,
        tls_front(certificate, room) as front,
        client_at(front.address, "--name", "Анна", "--tls", lang="ru") as terminal,
    ):
        assert terminal.end() == 1
        assert "нет доверия: укажите --tls-ca или --tls-pin." in " ".join(terminal.lines)
