"""A scripted room for every test that needs one."""

from collections.abc import Iterator

import pytest

from tests.cli_client.fake_room import FakeRoom


@pytest.fixture
def room() -> Iterator[FakeRoom]:
    with FakeRoom() as room:
        yield room
