"""Finding a text in what the client has shown."""

from functools import partial
from typing import cast

import pytest
from msgspec.structs import replace

from chat_client.chat import Chat
from chat_client.events import ConnectionLost, Entered, NewMessage
from chat_protocol.message import redacted
from chat_protocol.messages import Message, Notice, Quote
from cli_client.finding import Finder
from cli_client.folding import fold, mark, spans
from cli_client.ignored import Ignored
from cli_client.render import Renderer
from cli_client.translations import Translations
from tests.chat_client.fake_room import message
from tests.cli_client.test_render import renderer, text_of


class FakeChat:
    """A chat that has these messages."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def newest(self, limit: int) -> list[Message]:
        return self.messages[-limit:]


class Found:
    """A finder, and what it looks through."""

    def __init__(self, width: int = 80) -> None:
        self.chat = FakeChat()
        self.ignored = Ignored()
        self.renderer: Renderer = renderer(width, "en", ignored=self.ignored)
        self.finder = Finder(cast("Chat", self.chat), self.ignored, self.renderer, Translations("en"))

    def say(self, *messages: Message) -> None:
        for said in messages:
            self.chat.messages.append(said)
            self.renderer.render(NewMessage(said, own=False))

    def __call__(self, typed: str) -> list[str]:
        return [f"{match.head}{match.text}" for match in self.finder.find(fold(typed))]

    def lines(self, typed: str) -> str:
        """What `/find` prints; what is marked has brackets."""
        lines = self.finder.lines(typed, self.finder.find(fold(typed)))
        return "".join(f"[{text}]" if "class:found" in style else text for style, text in lines)


@pytest.fixture
def found() -> Found:
    return Found()


@pytest.mark.parametrize(
    ("text", "typed", "there"),
    [
        ("Чай готов", "чАЙ", ["Чай"]),
        ("ёлка и Ёж", "е", ["ё", "Ё"]),
        ("елка", "ёлка", ["елка"]),
        ("cafe\u0301 и caf\u00e9", "CAFE\u0301", ["cafe\u0301", "caf\u00e9"]),
        ("cafe\u0301", "cafe", []),  # another letter, as й is not и
        ("Straße", "STRASSE", ["Straße"]),
        ("одна\n   строка", "на строка", ["на\n   строка"]),
        ("ааа", "аа", ["аа"]),
        ("👩\u200d🚀!", "👩\u200d🚀", ["👩\u200d🚀"]),
        ("чай", "кофе", []),
    ],
)
def test_what_is_alike(text: str, typed: str, there: list[str]) -> None:
    assert [text[start:end] for start, end in spans(text, fold(typed))] == there
    assert (fold(typed) in fold(text)) == bool(there)


def test_a_match_is_marked_over_the_end_of_a_line() -> None:
    lines = [
        ("class:dim", "05:43 "),
        ("bold", "Bob"),
        ("class:dim", ":"),
        ("", " green tea\n      is here"),
        ("", "\n"),
    ]
    marked = mark(lines, fold("bob: green TEA is"))
    assert text_of(marked) == text_of(lines)
    assert [text for style, text in marked if "class:found" in style] == ["Bob", " green tea", "is"]


def test_messages_are_found_as_they_are_read_now(found: Found) -> None:
    found.say(message(1, text="**Чай** в пять"), message(2, "Вера", "чай?"), message(3, text="стёрто: чай"))
    assert found("чай в") == ["Боря: Чай в пять"]
    assert found("ВЕРА: чай") == ["Вера: чай?"]
    assert found("чай") == ["Боря: Чай в пять", "Вера: чай?", "Боря: стёрто: чай"]
    found.chat.messages[1:] = [
        replace(found.chat.messages[1], text="кофе?"),
        redacted(found.chat.messages[2]),
    ]
    assert found("чай") == ["Боря: Чай в пять"]
    assert found("кофе") == ["Вера: кофе?"]
    assert found("") == found("05:43") == found("#1") == found("удалено") == []


def test_other_kinds_of_messages(found: Found) -> None:
    answer = replace(message(1, text="да"), reply=Quote(9, "Вера", "будет чай?"))
    action = replace(message(2, text="пьёт чай"), kind="action")
    notice = replace(message(3, "Сервер", "…"), notice=Notice("topic", by="Вера", text="Чай"))
    found.say(answer, action, notice, message(4, text="```sh\nmake tea\n```"))
    assert found("чай") == ["* Боря пьёт чай", "Вера sets the topic: Чай"]
    assert found("make  tea") == ["Боря: ┌── sh make tea └──"]


def test_ignored_people_are_not_found(found: Found) -> None:
    found.say(message(1, text="чай"), message(2, "Вера", "чай"))
    found.ignored.add("боря")
    assert found("чай") == ["Вера: чай"]
    found.ignored.remove("Боря")
    assert len(found("чай")) == 2


def test_answers_and_errors_stand_between_the_messages(found: Found) -> None:
    found.say(message(1, text="чай"))
    found.renderer.printed(lambda: [*found.renderer.typed("/topic"), *found.renderer.answer("Topic: чай")])
    found.say(message(2, text="ещё чай"))
    found.renderer.render(ConnectionLost("shutdown"))
    assert found("чай") == ["Боря: чай", "» Topic: чай", "Боря: ещё чай"]
    assert found("room has closed") == [
        "✗ The room has closed. Trying again; what you write is sent once the room is back."
    ]
    found.chat.messages = [message(1, text="новый чай")]
    found.renderer.render(
        Entered("Анна", rejoined=True, new_log=True, messages=found.chat.messages, missed=0, members=["Анна"])
    )
    assert found("чай") == ["» Topic: чай", "Боря: новый чай"]


def test_answers_are_bounded_and_what_was_found_is_not_found_again(found: Found) -> None:
    for number in range(250):
        found.renderer.printed(partial(found.renderer.answer, f"answer {number:03}"))
    assert len(found("answer")) == 200
    assert found("answer 049") == []
    found.renderer.printed(lambda: found.finder.lines("answer 1", found.finder.find("answer 1")))
    assert len(found("answer")) == 200


def test_the_lines_of_what_was_found() -> None:
    found = Found(width=30)
    found.say(message(1, text="кому зелёный чай, кому чёрный?"), message(2, text="кофе"))
    found.renderer.printed(lambda: found.renderer.answer("Topic: зеленый чай"))
    assert found.lines("Зелёный чай").splitlines() == [
        "── Зелёный чай: 2 in what was",
        "   shown here ──",
        "05:43 Боря: кому [зелёный чай],",
        "  кому чёрный?  #1",
        "» Topic: [зеленый чай]",
        "── now ──",
    ]


def test_only_the_newest_are_printed(found: Found) -> None:
    found.say(*(message(number, text=f"чай {number}") for number in range(1, 31)))
    lines = found.lines("чай").splitlines()
    assert lines[0] == "── чай: 30 in what was shown here ──"
    assert lines[1] == "05:43 Боря: [чай] 11  #11"
    assert lines[-1] == "── there are older ones too · now ──"
