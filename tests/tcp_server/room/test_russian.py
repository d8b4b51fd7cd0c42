import pytest

from chat_protocol.messages import Act, Notice
from tcp_server.room.russian import describe, duration


@pytest.mark.parametrize(
    ("act", "fields", "told"),
    [
        ("kick", {"target": "Боб"}, "Анна удаляет из чата: Боб"),
        ("kick", {"target": "Боб", "text": "спам"}, "Анна удаляет из чата: Боб. Причина: спам"),
        ("ban", {"target": "Боб"}, "Анна закрывает вход навсегда: Боб"),
        ("ban", {"target": "Боб", "seconds": 3600}, "Анна закрывает вход на 1 ч: Боб"),
        ("ban", {}, "Анна закрывает вход по адресу навсегда"),
        ("ban", {"seconds": 86400}, "Анна закрывает вход по адресу на 1 д"),
        ("unban", {"target": "Боб"}, "Анна снова открывает вход: Боб"),
        ("unban", {}, "Анна снова открывает вход по адресу"),
        ("mute", {"target": "Боб", "seconds": 600}, "Анна запрещает писать на 10 мин: Боб"),
        ("unmute", {"target": "Боб"}, "Анна снова разрешает писать: Боб"),
        ("delete", {"id": 1043}, "Анна удаляет сообщение #1043"),
        ("announce", {"text": "перерыв"}, "Объявление (Анна): перерыв"),
    ],
)
def test_each_notice_is_one_line(act: Act, fields: dict[str, str], told: str) -> None:
    assert describe(Notice(act, "Анна", **fields)) == told  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 с"),
        (0.1, "1 с"),
        (59.2, "1 мин"),
        (60, "1 мин"),
        (5400, "1 ч 30 мин"),
        (90061, "1 д 1 ч 1 мин 1 с"),
        (864000, "10 д"),
    ],
)
def test_a_duration_is_rounded_up_to_whole_seconds(seconds: float, words: str) -> None:
    assert duration(seconds) == words
