"""Who is called in a text."""

import pytest

from chat_protocol.messages import Message, Notice
from tcp_server.log.memory_history import MemoryHistory
from tcp_server.room.members import Members
from tcp_server.room.mentions import Mentions
from tcp_server.room.names import parse_name

LIMIT = 32


def mentions(*present: str, spoken: tuple[str, ...] = ()) -> Mentions:
    members, history = Members(), MemoryHistory(1000)
    for name in present:
        parsed = parse_name(name, LIMIT)
        members.add(parsed.shown, parsed.keys)
    texts = [Message(number, "at", name, "text") for number, name in enumerate(spoken, 1)]
    for message in texts:
        history.append(message)
    return Mentions(members, history, LIMIT)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@Анна, look", ["Анна"]),
        ("look, @анна!", ["Анна"]),
        ("@АННА", ["Анна"]),
        ("@Anna Maria, hi", ["Anna Maria"]),
        ("@Anna maria's", ["Anna Maria"]),
        ("@Anna, hi", ["Anna"]),
        ("@Anna Marianne", ["Anna"]),
        ("(@Анна) and @Боб.", ["Анна", "Боб"]),
        ("@Боб @Анна @Боб", ["Боб", "Анна"]),
        ("@👍 hi", ["👍"]),
        ("@Dr. Who?", ["Dr. Who"]),
        ("@r2-d2: hi", ["R2-D2"]),
        ("a line\n@Анна", ["Анна"]),
        ("@Anna\nMaria", ["Anna"]),
        ("mail@Анна.example", []),
        ("@ Анна", []),
        ("@Аннабель", []),
        ("@Nobody @", []),
        ("Анна", []),
        ("@all @все", []),
        ("@@Анна", ["Анна"]),
    ],
)
def test_names_are_found_in_a_text(text: str, names: list[str]) -> None:
    room = mentions("Анна", "Anna", "Anna Maria", "Боб", "👍", "Dr. Who", "R2-D2")
    assert room.find(text, calls_all=False) == names


def test_a_name_of_many_words_is_called() -> None:
    name = "a.b c.d e.f g.h i.j k.l m.n o.p"
    assert mentions(name).find(f"@{name}, hi", calls_all=False) == [name]


def test_a_name_that_only_looks_alike_is_not_called() -> None:
    assert mentions("Clara").find("@Dara", calls_all=False) == []


def test_who_has_left_is_called_if_they_have_spoken_lately() -> None:
    room = mentions("Анна", spoken=("Боб", *["Ева"] * 499))
    assert room.find("@Боб @Ева", calls_all=False) == ["Боб", "Ева"]
    room = mentions("Анна", spoken=("Боб", *["Ева"] * 500))
    assert room.find("@Боб @Ева", calls_all=False) == ["Ева"]


def test_the_room_itself_is_not_called() -> None:
    room = mentions("Анна")
    notice = Message(1, "at", "Сервер", "text", Notice("announce", "Анна"))
    room._history.append(notice)
    assert room.find("@Сервер", calls_all=False) == []


@pytest.mark.parametrize("text", ["@all", "@все", "@ВСЕ, сюда"])
def test_a_moderator_calls_everybody(text: str) -> None:
    assert mentions("Анна").find(text, calls_all=True) == ["all"]


def test_who_has_left_the_room_is_not_found_among_the_members() -> None:
    room = mentions("Анна")
    (member,) = room._members
    room._members.remove(member)
    assert room.find("@Анна", calls_all=False) == []


def test_twenty_are_looked_up() -> None:
    assert mentions("Анна").find("@x " * 19 + "@Анна", calls_all=False) == ["Анна"]
    assert mentions("Анна").find("@x " * 20 + "@Анна", calls_all=False) == []
