import pytest

from chat_protocol.messages import Act, Notice
from tcp_server.notices import duration, tell


@pytest.mark.parametrize(
    ("act", "fields", "place", "told"),
    [
        ("kick", {"target": "Боб"}, "", "Анна удаляет из чата: Боб"),
        ("kick", {"target": "Боб", "text": "спам"}, "", "Анна удаляет из чата: Боб. Причина: спам"),
        ("ban", {"target": "Боб"}, "", "Анна закрывает вход: Боб"),
        ("ban", {"target": "Боб", "seconds": 3600}, "", "Анна закрывает вход: Боб, на 1 ч"),
        ("ban", {"seconds": 86400}, "одному адресу", "Анна закрывает вход одному адресу, на 1 д"),
        ("unban", {"target": "Боб"}, "", "Анна снова открывает вход: Боб"),
        ("unban", {}, "одной сети", "Анна снова открывает вход одной сети"),
        ("mute", {"target": "Боб", "seconds": 600}, "", "Анна: Боб не может писать 10 мин"),
        ("unmute", {"target": "Боб"}, "", "Анна: Боб снова может писать"),
        ("delete", {"id": 1043}, "", "Анна удаляет сообщение #1043"),
        ("announce", {"text": "перерыв"}, "", "Анна объявляет: перерыв"),
    ],
)
def test_each_act_is_one_sentence(act: Act, fields: dict[str, str], place: str, told: str) -> None:
    assert tell(Notice(act, "Анна", **fields), place) == told  # type: ignore[arg-type]


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
def test_a_time_is_told_in_whole_seconds(seconds: float, words: str) -> None:
    assert duration(seconds) == words
