import pytest

from chat_protocol.messages import Act, Notice
from tcp_server.room.moderation.notices import describe
from tcp_server.texts.english import ENGLISH
from tcp_server.texts.russian import RUSSIAN


@pytest.mark.parametrize(
    ("act", "fields", "russian", "english"),
    [
        ("kick", {"target": "Боб"}, "Анна удаляет из чата: Боб", "Анна removes Боб from the chat"),
        (
            "kick",
            {"target": "Боб", "text": "спам"},
            "Анна удаляет из чата: Боб. Причина: спам",
            "Анна removes Боб from the chat. Reason: спам",
        ),
        ("ban", {"target": "Боб"}, "Анна закрывает вход навсегда: Боб", "Анна bans Боб for good"),
        (
            "ban",
            {"target": "Боб", "seconds": 3600},
            "Анна закрывает вход на 1 ч: Боб",
            "Анна bans Боб for 1 h",
        ),
        ("ban", {}, "Анна закрывает вход по адресу навсегда", "Анна bans an address for good"),
        ("ban", {"seconds": 86400}, "Анна закрывает вход по адресу на 1 д", "Анна bans an address for 1 d"),
        ("unban", {"target": "Боб"}, "Анна снова открывает вход: Боб", "Анна unbans Боб"),
        ("unban", {}, "Анна снова открывает вход по адресу", "Анна unbans an address"),
        (
            "mute",
            {"target": "Боб", "seconds": 600},
            "Анна запрещает писать на 10 мин: Боб",
            "Анна mutes Боб for 10 min",
        ),
        ("unmute", {"target": "Боб"}, "Анна снова разрешает писать: Боб", "Анна unmutes Боб"),
        ("delete", {"id": 1043}, "Анна удаляет сообщение #1043", "Анна deletes message #1043"),
        ("announce", {"text": "перерыв"}, "Объявление (Анна): перерыв", "Announcement (Анна): перерыв"),
        ("topic", {"text": "разбор"}, "Анна задаёт тему: разбор", "Анна sets the topic: разбор"),
        ("topic", {}, "Анна убирает тему", "Анна clears the topic"),
    ],
)
def test_each_notice_is_one_line(act: Act, fields: dict[str, str], russian: str, english: str) -> None:
    notice = Notice(act, "Анна", **fields)  # type: ignore[arg-type]
    assert describe(notice, RUSSIAN) == russian
    assert describe(notice, ENGLISH) == english


def test_an_unknown_act_has_no_words() -> None:
    assert not describe(Notice("promote", "Анна", "Боб", text="давно пора"), ENGLISH)
