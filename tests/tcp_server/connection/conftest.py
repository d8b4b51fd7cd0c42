"""A server for the tests of the text dialects with real programs, and a member who hears what they say."""

from collections.abc import Iterator

import pytest

from tests.support.processes import Program, running
from tests.support.raw import JsonClient
from tests.tcp_server.connection.programs import FLAGS


@pytest.fixture
def server() -> Iterator[Program]:
    with running("tcp_server", *FLAGS) as program:
        yield program


@pytest.fixture
def vera(server: Program) -> Iterator[JsonClient]:
    """A member who hears what the programs say."""
    with JsonClient(server.address) as client:
        client.join("Вера")
        yield client
