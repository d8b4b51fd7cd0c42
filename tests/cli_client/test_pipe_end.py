"""How the filter ends when it may not come in, with its threads in the worst order."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat_protocol.messages import Bye, Error, Event, Join
from cli_client.chat import Chat
from cli_client.news import Ended, NameRefused, News, PasswordWanted
from cli_client.pipe import Pipe
from cli_client.words import Words
from tests.cli_client.fake_room import PATIENCE, FakeRoom


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Error("password_required", "?"), 2),
        (Error("password_wrong", "no"), 2),
        (Error("name_taken", "taken"), 2),
        (Error("name_reserved", "reserved"), 2),
        (Bye("kicked"), 1),
    ],
    ids=lambda value: getattr(value, "code", ""),
)
def test_it_ends_at_once_though_all_is_read_before_the_refusal_is_told(
    room: FakeRoom, monkeypatch: pytest.MonkeyPatch, answer: Event, code: int
) -> None:
    """Whoever waits for acks that will never come, waits until the news is told, which waits for him."""
    leaving, hear, leave = threading.Event(), Pipe._hear, Chat.leave
    in_time: list[bool] = []

    def hear_late(pipe: Pipe, news: News) -> None:
        if isinstance(news, Ended | NameRefused | PasswordWanted) and not in_time:
            in_time.append(leaving.wait(PATIENCE))
        hear(pipe, news)

    def leave_at_last(chat: Chat) -> None:
        leaving.set()
        leave(chat)

    def refuse() -> None:
        seat = room.accept()
        seat.receive(Join)
        seat.send(answer)

    chunks = [b"", "раз\n".encode()]
    monkeypatch.setattr("cli_client.pipe._read_some", chunks.pop)
    monkeypatch.setattr("cli_client.pipe.ACK_DEADLINE", 2 * PATIENCE)
    monkeypatch.setattr(Pipe, "_hear", hear_late)
    monkeypatch.setattr(Chat, "leave", leave_at_last)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(refuse)
        assert Pipe(room.address, "Анна", Words("en")).run() == code
        refused.result(PATIENCE)
    assert in_time == [True]
