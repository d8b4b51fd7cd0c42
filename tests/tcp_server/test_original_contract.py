"""The original chat and ours, side by side: plain clients cannot tell them apart."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.original_like import SCRIPTS, Chat, serving
from tests.support.original_like.conversations import TRANSCRIPTS, conversation, screens, transcripts
from tests.support.processes import running
from tests.support.raw import JsonClient


@contextmanager
def our_server() -> Iterator[Chat]:
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", "--history", "memory") as program,
        JsonClient(program.address) as doorkeeper,
    ):
        doorkeeper.join("doorkeeper")  # before all others, so that none of them is sent `joined`
        yield Chat(program.address, lambda _, name: doorkeeper.read_until(f'"joined","name":"{name}"'))


def test_plain_clients_are_sent_the_same_bytes() -> None:
    with our_server() as chat:
        assert conversation(chat) == TRANSCRIPTS["conversation"]


@pytest.mark.parametrize("client", SCRIPTS)
def test_original_clients_show_the_same(client: str) -> None:
    with our_server() as chat:
        assert screens(client, chat) == TRANSCRIPTS["screens"]


@pytest.mark.parametrize("which", SCRIPTS)
def test_the_stand_in_behaves_as_the_original_does(which: str) -> None:
    # The original may still be sending the last message when somebody joins, who then gets it too.
    attempts = 5 if which == "original" else 1
    assert any(transcripts(which) == TRANSCRIPTS for _ in range(attempts))


def test_each_client_understands_each_server() -> None:
    for client in SCRIPTS:
        for server in SCRIPTS:
            with serving(server) as chat:
                assert screens(client, chat) == TRANSCRIPTS["screens"], (client, server)
