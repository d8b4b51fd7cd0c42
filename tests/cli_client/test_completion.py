"""What Tab completes."""

from concurrent.futures import Future
from typing import cast

import pytest
from msgspec.structs import replace

from chat_client.chat import Chat
from chat_client.conversation import Conversation
from chat_client.events import Status
from chat_protocol.messages import Command, Event, Message, Notice, People
from cli_client.completion import Completion
from cli_client.ignored import Ignored
from tests.chat_client.fake_room import CAN, message

NAMES = ("Анна", "Антон", "Борис", "Иван Петров", "Я")


class FakeChat:
    """A chat in which Антон has spoken last, before him Борис and ourselves."""

    def __init__(self) -> None:
        self._status = replace(Conversation(0, "").status(), name="Я", members=NAMES, can=frozenset(CAN))
        self.moderator = False

    def status(self) -> Status:
        return replace(self._status, moderator=self.moderator)

    def newest(self, limit: int) -> list[Message]:
        return [
            replace(message(1041, "Я"), mine=True),
            message(1043, "Борис"),
            message(1044, "Антон"),
            replace(message(1045, "Антон"), deleted=True, text=""),
            replace(message(1046, "Сервер"), notice=Notice("kick", by="Вера")),
        ][-limit:]


@pytest.fixture
def chat() -> FakeChat:
    return FakeChat()


@pytest.fixture
def completion(chat: FakeChat) -> Completion:
    return Completion(cast("Chat", chat), Ignored(), lambda: None)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("@а", ["@Антон ", "@Анна "]),
        ("да, @Бор", ["да, @Борис "]),
        ("(@иван п", ["(@Иван Петров "]),
        ("@", ["@Антон ", "@Борис ", "@Анна ", "@Иван Петров "]),
        ("почта@а", []),
        ("#", ["#1044 ", "#1043 ", "#1041 "]),
        ("/reply #1043", ["/reply #1043 "]),
        ("/edit #", ["/edit #1041 "]),
        ("/se", ["/search "]),
        ("/w", ["/who "]),
        ("/REP", ["/reply "]),
        ("/kick а", ["/kick Антон", "/kick Анна"]),
        ("+:tada", ["+🎉"]),
        ("ура :золотая_м", ["ура 🥇"]),
        ("9:30", []),
        ("слово", []),
        ("", []),
    ],
)
def test_what_is_offered(typed: str, offered: list[str | None], completion: Completion) -> None:
    expected = offered or [None]
    first = completion.complete(typed)
    assert first == expected[0]
    seen = [first]
    while first and len(seen) < len(offered):
        seen.append(completion.complete(seen[-1] or ""))
    assert seen == expected
    if first:
        assert completion.complete(seen[-1] or "") == first
        assert completion.complete(first, -1) == seen[-1]


def test_in_a_crowd_the_room_is_asked_for_names(chat: FakeChat) -> None:
    answers: list[Future[Event]] = []
    answered: list[bool] = []

    def ask(command: Command) -> Future[Event]:
        assert command == People("а", limit=50)
        answers.append(Future())
        return answers[-1]

    chat._status = replace(chat._status, crowd=True)
    chat.ask = ask  # type: ignore[attr-defined]
    completion = Completion(cast("Chat", chat), Ignored(), lambda: answered.append(True))
    assert completion.complete("@а") == "@Антон "
    assert not answered
    answers[0].set_result(People(members=["Авель", "Анна"], count=20_000))
    assert answered
    assert completion.complete_again("@что-то другое") is None
    assert completion.complete_again("@Антон ") == "@Антон "
    assert completion.candidates == ["@Антон ", "@Авель ", "@Анна "]
    assert completion.complete("@Антон ") == "@Авель "
    assert len(answers) == 1


def test_a_name_that_only_the_room_knows_is_completed_when_it_has_answered(chat: FakeChat) -> None:
    answer: Future[Event] = Future()
    chat._status = replace(chat._status, crowd=True)
    chat.ask = lambda _: answer  # type: ignore[attr-defined]
    completion = Completion(cast("Chat", chat), Ignored(), lambda: None)
    assert completion.complete("/kick ящ") is None
    assert completion.complete_again("/kick ящ") is None
    answer.set_result(People(members=["Ящик"], count=20_000))
    assert completion.complete_again("/kick ящ") == "/kick Ящик"


def test_only_what_can_be_used_is_offered(chat: FakeChat, completion: Completion) -> None:
    assert completion.complete("/ki") is None
    chat.moderator = True
    assert completion.complete("/ki") == "/kick "
    chat._status = replace(chat._status, can=frozenset())
    assert completion.complete("/rep") is None


def test_backwards_the_last_one_is_first(completion: Completion) -> None:
    assert completion.complete("@а", -1) == "@Анна "


def test_what_is_typed_further_is_completed_anew(completion: Completion) -> None:
    assert completion.complete("@") == "@Антон "
    assert completion.complete("@Антон и @б") == "@Антон и @Борис "
