from collections.abc import Sequence

import msgspec
import pytest

from chat_protocol import messages as m
from chat_protocol.commands import ChangeOutput
from tcp_server.dialects.output import JSON, LINES, PLAIN, Output
from tcp_server.room.commands import Greeting, HelpText, LocalEvent, MemberList

AT = "2026-11-22T05:43:03.120Z"
OUTPUTS: list[Output] = [PLAIN, LINES, JSON]
MESSAGE = m.Message(7, AT, "Анна", "привет")
TWO_ROWS = m.Message(8, AT, "Анна", "раз\n\nдва")
WELCOME = m.Welcome("Анна", "s", "e", 7, ["Анна"], [MESSAGE], 0, False, m.Limits(32, 4000, 65536, 500))
PROMPT = "Введите ваше имя: "


@pytest.mark.usefixtures("in_utc")
@pytest.mark.parametrize(
    ("event", "plain", "lines", "json"),
    [
        (
            MESSAGE,
            "Анна: привет",
            "Анна: привет\n",
            f'{{"type":"message","id":7,"at":"{AT}","name":"Анна","text":"привет"}}\n',
        ),
        (
            TWO_ROWS,
            "Анна: раз\n\nдва",
            "Анна: раз\nАнна: \nАнна: два\n",
            f'{{"type":"message","id":8,"at":"{AT}","name":"Анна","text":"раз\\n\\nдва"}}\n',
        ),
        (
            m.Joined("Анна", AT),
            "Анна присоединился к чату!",
            "Анна присоединился к чату!\n",
            f'{{"type":"joined","name":"Анна","at":"{AT}"}}\n',
        ),
        (
            m.Left("Анна", AT),
            "Анна покинул чат.",
            "Анна покинул чат.\n",
            f'{{"type":"left","name":"Анна","at":"{AT}"}}\n',
        ),
        (
            m.Left("Анна", AT, "slow"),
            "Анна покинул чат.",
            "Анна покинул чат.\n",
            f'{{"type":"left","name":"Анна","at":"{AT}","reason":"slow"}}\n',
        ),
        (m.Typing("Анна"), "", "", '{"type":"typing","name":"Анна"}\n'),
        (m.Ack("r", 7, AT), "", "", f'{{"type":"ack","ref":"r","id":7,"at":"{AT}"}}\n'),
        (m.Pong(), "", "", '{"type":"pong"}\n'),
        (
            m.Error("name_taken", "taken"),
            f"Это имя уже занято.\n{PROMPT}",
            f"Это имя уже занято.\n{PROMPT}",
            '{"type":"error","code":"name_taken","text":"taken"}\n',
        ),
        (
            m.Error("unknown_command", "/чего"),
            "",
            "Нет команды /чего. Список команд: /help\n",
            '{"type":"error","code":"unknown_command","text":"/чего"}\n',
        ),
        (
            m.Error("of_tomorrow", "news", "r", 1.5),
            "",
            "Не получилось: news\n",
            '{"type":"error","code":"of_tomorrow","text":"news","ref":"r","retry_after":1.5}\n',
        ),
        (m.Bye("shutdown"), "", "Сервер остановлен. До встречи!\n", '{"type":"bye","reason":"shutdown"}\n'),
        (m.Bye("of_tomorrow"), "", "Вы отключены: of_tomorrow\n", '{"type":"bye","reason":"of_tomorrow"}\n'),
        (
            m.HistoryPage([MESSAGE, TWO_ROWS], True),
            "",
            "#7 22.11 05:43 Анна: привет\n#8 22.11 05:43 Анна: раз\n    \n    два\n",
            (
                '{"type":"history","messages":['
                f'{{"type":"message","id":7,"at":"{AT}","name":"Анна","text":"привет"}},'
                f'{{"type":"message","id":8,"at":"{AT}","name":"Анна","text":"раз\\n\\nдва"}}'
                '],"more":true}\n'
            ),
        ),
        (
            m.HistoryPage([], False),
            "",
            "Сообщений пока нет.\n",
            '{"type":"history","messages":[],"more":false}\n',
        ),
        (
            m.Found([MESSAGE], False),
            "",
            "#7 22.11 05:43 Анна: привет\n",
            (
                '{"type":"found","messages":['
                f'{{"type":"message","id":7,"at":"{AT}","name":"Анна","text":"привет"}}],"more":false}}\n'
            ),
        ),
        (
            m.Found([], False),
            "",
            "Ничего не найдено.\n",
            '{"type":"found","messages":[],"more":false}\n',
        ),
        (
            WELCOME,
            "",
            "",
            (
                '{"type":"welcome","name":"Анна","session":"s","epoch":"e","last":7,"members":["Анна"],'
                f'"messages":[{{"type":"message","id":7,"at":"{AT}","name":"Анна","text":"привет"}}],'
                '"missed":0,"more":false,"limits":{"name":32,"text":4000,"line":65536,"history":500}}\n'
            ),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, msgspec.Struct) else "",
)
def test_each_event_in_each_dialect(event: m.Event, plain: str, lines: str, json: str) -> None:
    written = [output.concat([output.encode([event])]).decode() for output in OUTPUTS]
    assert written == [plain, lines, json]


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (MemberList(["Анна", "Борис"], 2), "Сейчас в чате (2): Анна, Борис\n"),
        (MemberList([], 0), "Ничего не найдено.\n"),
        (MemberList(["Анна"], 3), "Сейчас в чате (3): Анна и ещё 2\n"),
        (Greeting([], 0), "Кроме вас здесь пока никого · команды: /help · English: /lang en\n"),
        (Greeting(["Анна"], 1), "Здесь сейчас: Анна · команды: /help · English: /lang en\n"),
        (
            Greeting(["Анна", "Борис"], 14),
            "Здесь сейчас: Анна, Борис и ещё 12 · команды: /help · English: /lang en\n",
        ),
        (
            HelpText(),
            (
                "/who [имя] — кто в чате; с началом имени — кого так зовут\n"
                "/history [число] — более ранние сообщения, с номерами\n"
                "/show #номер — показать сообщение\n/search слова — найти сообщения\n"
                "/reply [#номер] текст — ответить на сообщение; без номера — на последнее чужое\n"
                "/edit [#номер] текст — исправить своё сообщение; без номера — последнее\n"
                "/delete #номер[: причина] — удалить своё сообщение; модератор может любое\n"
                "/react [#номер] 👍 — поставить реакцию; без номера — последнему чужому сообщению\n"
                "/unreact [#номер] 👍 — убрать свою реакцию\n"
                "/me текст — сказать, что вы делаете: «/me машет рукой»\n"
                "/link — код, с которым другое устройство — тоже вы\n"
                "/code КОД — вместо имени: войти с кодом, который дал /link на другом устройстве\n"
                "/topic [текст] — тема; модератор может задать её, «-» убирает\n"
                "/away [текст] — вас нет на месте, и почему\n"
                "/back — вы снова здесь\n"
                "/quit — выйти\n"
                "/lang en — in English\n"
                "/encoding cp1251 — кодировка вашего терминала: utf-8, cp1251, cp866\n"
                "//текст — сообщение, которое начинается с косой черты\n"
            ),
        ),
    ],
)
def test_events_of_lines_only(event: LocalEvent, lines: str) -> None:
    assert LINES.encode([event]).decode() == lines


def test_an_output_changes_one_thing_at_a_time_and_there_is_one_of_each_kind() -> None:
    english = LINES.changed(ChangeOutput(language="en"))
    assert english.encode([m.Bye("left")]) == b"See you!\n"
    assert english.changed(ChangeOutput("cp866")).encode([m.Bye("left"), MESSAGE]) == (
        "See you!\nАнна: привет\n".encode("cp866")
    )
    assert english.changed(ChangeOutput("cp866")) is LINES.changed(ChangeOutput("cp866")).changed(
        ChangeOutput(language="en")
    )
    assert english.changed(ChangeOutput(language="ru", doubles_iac=True)) is LINES
    telnet = english.changed(ChangeOutput("cp1251", doubles_iac=True))
    assert telnet.encode([m.Message(1, AT, "я", "я")]) == b"\xff\xff: \xff\xff\n"
    assert PLAIN.changed(ChangeOutput(language="en")) is PLAIN


@pytest.mark.usefixtures("in_utc")
def test_english_lines_but_for_those_of_the_contract() -> None:
    notice = m.Message(9, AT, "Сервер", "Анна удаляет из чата: Боб", m.Notice("kick", "Анна", "Боб"))
    unknown = m.Message(9, AT, "Сервер", "Анна повышает: Боб", m.Notice("promote", "Анна", "Боб"))
    events: list[m.Event] = [
        m.Joined("Анна", AT),
        MESSAGE,
        notice,
        unknown,
        m.Left("Анна", AT),
        m.HistoryPage([TWO_ROWS, m.Message(9, AT, "Сервер", "", deleted=True)], False),
        m.Error("muted", "", None, 90),
        m.Error("misuse", "kick"),
        m.Error("password_required", ""),
        m.Error("name_taken", "", suggestion="Анна 2"),
    ]
    assert LINES.changed(ChangeOutput(language="en")).encode(events).decode() == (
        "Анна присоединился к чату!\n"
        "Анна: привет\n"
        "Server: Анна removes Боб from the chat\n"
        "Server: Анна повышает: Боб\n"
        "Анна покинул чат.\n"
        "#8 Nov 22 05:43 Анна: раз\n    \n    два\n#9 Nov 22 05:43 Server: (message deleted)\n"
        "You cannot write for another 1 min 30 s.\n"
        "Write it like this: /kick name[: reason] - remove from the chat\n"
        "Enter the password: "
        "This name is taken already. Free, for example: Анна 2\n"
        f"{PROMPT}"
    )


@pytest.mark.parametrize(
    ("output", "together"),
    [
        (PLAIN, "Анна: привет\nБорис присоединился к чату!"),
        (LINES, "Анна: привет\nБорис присоединился к чату!\n"),
        (
            JSON,
            (
                f'{{"type":"message","id":7,"at":"{AT}","name":"Анна","text":"привет"}}\n'
                f'{{"type":"joined","name":"Борис","at":"{AT}"}}\n'
            ),
        ),
    ],
    ids=["plain", "lines", "json"],
)
def test_several_events_in_one_write(output: Output, together: str) -> None:
    batches: Sequence[Sequence[m.Event]] = [[MESSAGE], [m.Joined("Борис", AT)]]
    assert output.concat(output.encode(batch) for batch in batches).decode() == together
    assert (
        output.concat([output.encode([event for batch in batches for event in batch])]).decode() == together
    )
    assert output.concat([output.encode([])]) == b""
