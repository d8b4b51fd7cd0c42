"""How the client between pipes ends when the room refuses it, with its threads in the worst order."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat_client.chat import Chat
from chat_client.events import ClientEvent, Ended, NameRefused, PasswordNeeded
from chat_protocol.messages import Bye, Error, Event, Join
from cli_client.pipe import Pipe
from cli_client.translations import Translations
from tests.chat_client.fake_room import FakeRoom
from tests.support.timing import TIMEOUT


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
def test_a_refusal_after_the_end_of_input_ends_it_at_once(
    room: FakeRoom, monkeypatch: pytest.MonkeyPatch, answer: Event, code: int
) -> None:
    """The main thread must not wait for acks while the room thread waits for it to leave."""
    leaving, on_event, leave = threading.Event(), Pipe._on_event, Chat.leave
    in_time: list[bool] = []

    def on_event_late(pipe: Pipe, event: ClientEvent) -> None:
        if isinstance(event, Ended | NameRefused | PasswordNeeded) and not in_time:
            in_time.append(leaving.wait(TIMEOUT))
        on_event(pipe, event)

    def leave_and_set(chat: Chat) -> None:
        leaving.set()
        leave(chat)

    def refuse() -> None:
        client = room.accept()
        client.receive(Join)
        client.send(answer)

    chunks = [b"", "раз\n".encode()]
    monkeypatch.setattr("cli_client.stdin_lines.read", chunks.pop)
    monkeypatch.setattr("cli_client.pipe.ACK_TIMEOUT", 2 * TIMEOUT)
    monkeypatch.setattr("chat_client.joining.NAME_PATIENCE", 0.0)
    monkeypatch.setattr(Pipe, "_on_event", on_event_late)
    monkeypatch.setattr(Chat, "leave", leave_and_set)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(refuse)
        assert Pipe(room.address, "Анна", Translations("en")).run() == code
        refused.result(TIMEOUT)
    assert in_time == [True]
