"""The fixtures of a fake room and of a chat with it."""

from collections.abc import Iterator

import pytest

from tests.chat_client.fake_room import FakeRoom
from tests.chat_client.recorded_chat import RecordedChat, start_chat


@pytest.fixture
def room() -> Iterator[FakeRoom]:
    with FakeRoom() as room:
        yield room


@pytest.fixture
def chat(room: FakeRoom) -> Iterator[RecordedChat]:
    with start_chat(room) as chat:
        yield chat
