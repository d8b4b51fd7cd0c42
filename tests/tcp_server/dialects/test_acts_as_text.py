"""Acts on messages as plain and lines see them, byte for byte."""

from typing import Any

import pytest

from chat_protocol import messages as m
from chat_protocol.commands import ChangeOutput
from tcp_server.dialects.output import LINES, PLAIN

AT = "2026-11-22T05:43:03.120Z"
SAID = m.Message(40, AT, "Борис", "где и когда?")
QUOTE = m.Quote(40, "Борис", "где и когда?")
REPLY = m.Message(43, AT, "Анна", "у входа", reply=QUOTE)
TWO_ROWS = m.Message(44, AT, "Анна", "у входа\nв 18:00", reply=QUOTE)
TO_THE_ROOM = m.Message(48, AT, "Анна", "ясно", reply=m.Quote(41, "Сервер", "в полдень"))
REACTIONS = [m.Reaction("👍", 12, ["Анна", "Борис", "Вера"]), m.Reaction("❤️", 1, ["Глеб"])]


def changed(act: str, message: m.Message, **fields: Any) -> m.Changed:
    return m.Changed(60, AT, "Анна", act, message, **fields)


def said(text: str, kind: str | None = None, edited: str | None = None) -> m.Message:
    return m.Message(45, AT, "Анна", text, kind=kind, edited=edited)


TRANSCRIPT: list[tuple[m.Event, str, str]] = [
    (SAID, "Борис: где и когда?\n", "Борис: где и когда?\n"),
    (REPLY, "Анна: ↪ Борис «где и когда?» у входа\n", "Анна: ↪ #40 Борис «где и когда?» у входа\n"),
    (
        TWO_ROWS,
        "Анна: ↪ Борис «где и когда?» у входа\nв 18:00\n",
        "Анна: ↪ #40 Борис «где и когда?» у входа\nАнна: в 18:00\n",
    ),
    (
        m.Message(46, AT, "Анна", "ясно", reply=m.Quote(40, "Борис")),
        "Анна: ↪ Борис ясно\n",
        "Анна: ↪ #40 Борис ясно\n",
    ),
    (m.Message(46, AT, "Анна", "ясно", reply=m.Quote(40)), "Анна: ↪ ясно\n", "Анна: ↪ #40 ясно\n"),
    (said("машет рукой", "action"), "Анна: * машет рукой\n", "Анна: * машет рукой\n"),
    (
        m.Message(47, AT, "Анна", "кивает", kind="action", reply=QUOTE),
        "Анна: ↪ Борис «где и когда?» * кивает\n",
        "Анна: ↪ #40 Борис «где и когда?» * кивает\n",
    ),
    (said("привет", "of_tomorrow"), "Анна: привет\n", "Анна: привет\n"),
    (changed("edit", said("в 19:00", edited=AT)), "Анна: ✎ в 19:00\n", "Анна: ✎ #45 в 19:00\n"),
    (changed("edit", said("раз\nдва")), "Анна: ✎ раз\nдва\n", "Анна: ✎ #45 раз\nАнна: два\n"),
    (changed("edit", said("ждёт", "action")), "Анна: ✎ * ждёт\n", "Анна: ✎ #45 * ждёт\n"),
    (changed("edit", REPLY), "Анна: ✎ у входа\n", "Анна: ✎ #43 у входа\n"),
    (
        changed("react", m.Message(40, AT, "Борис", "…", reactions=REACTIONS), emoji="👍"),
        "",
        "#40 Анна: +👍 (12)\n",
    ),
    (changed("react", SAID, emoji="👍", on=False), "", "#40 Анна: -👍 (0)\n"),
    (changed("delete", m.Message(45, AT, "Анна", "", deleted=True)), "", "#45 Анна: (сообщение удалено)\n"),
    (changed("delete", m.Message(40, AT, "Борис", "", deleted=True)), "", "#40 Борис: (сообщение удалено)\n"),
    (changed("delete", m.Message(40, AT, "Борис", "", deleted=True), notice=59), "", ""),
    (changed("of_tomorrow", SAID), "", ""),
    (m.Ack("r", 60, AT), "", ""),
]
"""Events of a room, and each as plain and as lines."""


@pytest.mark.parametrize(("event", "plain", "lines"), TRANSCRIPT)
def test_each_event(event: m.Event, plain: str, lines: str) -> None:
    assert PLAIN.encode([event]).decode() == plain
    assert LINES.encode([event]).decode() == lines


def test_a_whole_transcript_is_its_parts() -> None:
    events = [event for event, _, _ in TRANSCRIPT]
    assert PLAIN.encode(events).decode() == "".join(plain for _, plain, _ in TRANSCRIPT)
    assert LINES.encode(events).decode() == "".join(lines for _, _, lines in TRANSCRIPT)


def test_plain_is_told_no_number() -> None:
    assert "#" not in PLAIN.encode([event for event, _, _ in TRANSCRIPT]).decode()


@pytest.mark.parametrize(
    ("change", "encoding", "lines"),
    [
        (
            ChangeOutput(language="en"),
            "utf-8",
            (
                "Анна: ↪ #40 Борис «где и когда?» у входа\n"
                "#40 Анна: +👍 (12)\nАнна: ↪ #41 Server «в полдень» ясно\n"
            ),
        ),
        (
            ChangeOutput("cp866"),
            "cp866",
            (
                'Анна: -> #40 Борис "где и когда?" у входа\n'
                '#40 Анна: +? (12)\nАнна: -> #41 Сервер "в полдень" ясно\n'
            ),
        ),
    ],
)
def test_in_another_language_and_encoding(change: ChangeOutput, encoding: str, lines: str) -> None:
    reacted = m.Message(40, AT, "Борис", "где и когда?", reactions=REACTIONS)
    events: list[m.Event] = [REPLY, changed("react", reacted, emoji="👍"), TO_THE_ROOM]
    assert LINES.changed(change).encode(events).decode(encoding) == lines


@pytest.mark.usefixtures("in_utc")
def test_the_history_shows_messages_as_they_are_now() -> None:
    kept = [
        m.Message(40, AT, "Борис", "где и когда?", reactions=REACTIONS, edited=AT),
        TWO_ROWS,
        said("машет рукой", "action"),
        m.Message(46, AT, "Анна", "", deleted=True, reply=None),
    ]
    for page in (m.HistoryPage(kept, False), m.Found(kept, False)):
        assert PLAIN.encode([page]) == b""
        assert LINES.encode([page]).decode() == (
            "#40 22.11 05:43 Борис: где и когда? (изменено)\n"
            "    👍 12: Анна, Борис, Вера и ещё 9; ❤️ 1: Глеб\n"
            "#44 22.11 05:43 Анна: ↪ #40 Борис «где и когда?» у входа\n    в 18:00\n"
            "#45 22.11 05:43 Анна: * машет рукой\n"
            "#46 22.11 05:43 Анна: (сообщение удалено)\n"
        )


@pytest.mark.parametrize(
    ("code", "russian", "english"),
    [
        ("not_yours", "Это не ваше сообщение.", "This is not your message."),
        ("is_deleted", "Это сообщение удалено.", "This message is deleted."),
        (
            "is_notice",
            "Это сообщение сервера: с ним ничего нельзя сделать.",
            "This message is from the server: nothing can be done with it.",
        ),
        ("too_late", "Исправить это сообщение уже нельзя.", "It is too late to correct this message."),
        ("bad_emoji", "Нужно одно эмодзи, например 👍 или :+1:", "It takes one emoji, for example :+1:"),
        (
            "too_many_emojis",
            "У этого сообщения уже 20 разных реакций, больше нельзя.",
            "This message has 20 different reactions already: no more are possible.",
        ),
    ],
)
def test_what_is_refused(code: str, russian: str, english: str) -> None:
    error = m.Error(code, "for developers")
    assert PLAIN.encode([error]) == b""
    assert LINES.encode([error]).decode() == f"{russian}\n"
    assert LINES.changed(ChangeOutput(language="en")).encode([error]).decode() == f"{english}\n"
