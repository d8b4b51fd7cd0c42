"""Moderation in the text dialects: commands and events."""

import pytest

from chat_protocol import messages as m
from chat_protocol.contract import PASSWORD_PROMPT, PROMPT
from chat_protocol.errors import BadMessage
from tcp_server.dialects.dialect import Lines, Plain
from tcp_server.dialects.output import LINES, PLAIN
from tcp_server.room.commands import HelpText, LocalEvent, Request

AT = "2026-11-22T05:43:03.120Z"
NOTICE = m.Notice("kick", "Анна", "Боб")

pytestmark = pytest.mark.usefixtures("in_utc")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/moderator это я", m.Authenticate("это я")),
        ("/kick Боб: спам", m.Moderate("kick", "Боб", text="спам")),
        ("/ban 203.0.113.0/24 1h", m.Moderate("ban", "203.0.113.0/24", seconds=3600)),
        ("/delete #7: спам", m.Moderate("delete", id=7, text="спам")),
        ("/announce перерыв", m.Moderate("announce", text="перерыв")),
        ("/topic разбор в 15:00", m.Moderate("topic", text="разбор в 15:00")),
        ("/topic -", m.Moderate("topic")),
        ("/whois Боб", m.Whois("Боб")),
        ("/bans", m.Bans()),
        ("//kick Боб", m.Say("/kick Боб")),
        ("/kick", BadMessage("misuse", "kick")),
        ("/delete всё", BadMessage("misuse", "delete")),
        ("/ban Боб 10z", BadMessage("bad_time", "10z")),
        ("/unban " + "x" * 1025, BadMessage("bad_target", "the target is too long")),
        ("/kicks Боб", BadMessage("unknown_command", "/kicks")),
        ("/\x1b[2J" + "я" * 40, BadMessage("unknown_command", "/" + "я" * 31)),
    ],
)
def test_moderator_commands_in_lines(line: str, command: Request) -> None:
    (read,) = Lines().decode(f"{line}\n".encode())
    if isinstance(command, BadMessage):
        assert isinstance(read, BadMessage)
        assert (read.code, read.text) == (command.code, command.text)
    else:
        assert read == command


@pytest.mark.parametrize("line", ["/moderator пароль", "/kick Боб", "/bans", "/kick"])
def test_moderator_commands_are_no_names(line: str) -> None:
    (command,) = Lines().decode(f"{line}\n".encode())
    entry = Lines().parse_join(command)
    assert isinstance(entry, BadMessage)
    assert entry.code == "join_first"


def test_plain_has_no_commands() -> None:
    assert Plain().decode("/kick Боб".encode()) == [m.Say("/kick Боб")]


@pytest.mark.parametrize(
    ("event", "plain", "lines"),
    [
        (
            m.Message(7, AT, "Сервер", "Анна удаляет из чата: Боб", NOTICE),
            "Сервер: Анна удаляет из чата: Боб",
            "Сервер: Анна удаляет из чата: Боб\n",
        ),
        (m.Left("Боб", AT, "kicked"), "Боб покинул чат.", "Боб покинул чат.\n"),
        (m.HistoryPage([m.Message(7, AT, "Боб", "", deleted=True)], False), "",
            "#7 22.11 05:43 Боб: (сообщение удалено)\n"),
        (m.Role(moderator=True), "", "Вы теперь модератор. Команды: /help\n"),
        (m.Whois("Боб", ["203.0.113.7", "::1"]), "", "Адреса участника: Боб — 203.0.113.7, ::1\n"),
        (m.Whois("Боб"), "", "Адреса участника: Боб — неизвестны\n"),
        (m.Bans(), "", "Вход никому не закрыт.\n"),
        (
            m.Bans([m.BanEntry("Боб", AT, None, "Анна", "спам"), m.BanEntry("::1", AT, AT, "Анна")]),
            "",
            (
                "Вход закрыт: Боб, навсегда; модератор Анна. Причина: спам\n"
                "Вход закрыт: ::1, до 22.11 05:43; модератор Анна\n"
            ),
        ),
        (m.Error("muted", "", None, 59.5), "", "Вы не можете писать ещё 1 мин.\n"),
        (m.Error("banned", "", None, 3600.0), "Вход закрыт ещё на 1 ч.", "Вход закрыт ещё на 1 ч.\n"),
        (m.Error("banned", ""), "Вход закрыт навсегда.", "Вход закрыт навсегда.\n"),
        (m.Error("too_fast", "", None, 0.5), "", "Слишком часто. Подождите 1 с.\n"),
        (m.Error("not_moderator", ""), "", "Это может только модератор.\n"),
        (m.Error("is_moderator", ""), "", "Это модератор: так нельзя.\n"),
        (m.Error("not_found", "{Боб}"), "", "Не нашлось: {Боб}\n"),
        (m.Error("bad_time", "10z"), "", "Не понимаю время «10z»: пишут 30s, 10m, 2h или 1d.\n"),
        (m.Error("no_message", "1043"), "", "Сообщения #1043 нет.\n"),
        (m.Error("bad_target", ""), "", "Это не имя и не адрес.\n"),
        (m.Error("too_many", ""), "", "Так вход закрылся бы слишком многим.\n"),
        (m.Error("newer", "in {words}"), "", "Не получилось: in {words}\n"),
        (m.Error("misuse", "unmute"), "", "Пишут так: /unmute имя[: причина] — снова разрешить писать\n"),
        (m.Bye("kicked"), "", "Вас удалили из чата.\n"),
        (m.Bye("banned"), "", "Вход закрыт.\n"),
    ],
)  # fmt: skip
def test_moderation_events_in_text(event: m.Event, plain: str, lines: str) -> None:
    assert PLAIN.concat([PLAIN.encode([event])]).decode() == plain
    assert LINES.encode([event]).decode() == lines


@pytest.mark.parametrize(
    ("events", "asked"),
    [
        (
            [m.Error("name_taken", "", suggestion="Анна 2")],
            f"Это имя уже занято. Свободно, например: Анна 2\n{PROMPT.decode()}",
        ),
        (
            [m.Error("name_reserved", "")],
            f"Это имя занято самим чатом или программой.\n{PROMPT.decode()}",
        ),
        ([m.Error("password_required", "")], PASSWORD_PROMPT.decode()),
        (
            [m.Error("password_wrong", ""), m.Error("password_required", "")],
            f"Пароль не подошёл.\n{PASSWORD_PROMPT.decode()}",
        ),
    ],
)
def test_a_question_is_the_last_thing_written(events: list[m.Event], asked: str) -> None:
    assert PLAIN.concat([PLAIN.encode(events)]).decode() == asked
    assert LINES.encode(events).decode() == asked


def test_a_wrong_moderator_password_is_not_asked_for_again() -> None:
    assert LINES.encode([m.Error("password_wrong", "")]).decode() == "Пароль не подошёл.\n"


def test_help_for_moderators() -> None:
    everybody, more = (LINES.encode([HelpText(moderator)]).decode() for moderator in (False, True))
    assert more.startswith(everybody)


def test_events_of_lines_are_nothing_in_plain() -> None:
    event: LocalEvent = HelpText(moderator=True)
    assert PLAIN.encode([event]) == b""
