"""A running server and a gateway to it, as the tests of the page need them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

from chat_protocol.address import Address
from tests.support.processes import Program, running
from tests.support.raw import JsonClient

STAYS: Final = ("--grace", "300")
"""Flags of a server that keeps who closes without leaving: else a later test would see them leave."""


class Services(NamedTuple):
    """A running server, and the address of the page that a gateway to it serves."""

    server: Program
    url: str

    @property
    def room(self) -> Address:
        """Where the server listens."""
        return self.server.address


@contextmanager
def serve(*flags: str, env: Mapping[str, str] | None = None) -> Iterator[Services]:
    """Run both until the block ends; `flags` and `env` are the server's."""
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", *STAYS, *flags, env=env) as server,
        gateway_to(server.address) as gateway,
    ):
        yield Services(server, f"http://{gateway.address}/")


@contextmanager
def gateway_to(room: Address, *flags: str, port: int = 0) -> Iterator[Program]:
    """Run a gateway to a room, which a test may kill and start again on its port.

    It serves the page in few files, as from a wheel: to open it so is half the work (not in
    `make long`, nor without esbuild).
    """
    with running(
        "web_gateway", "--port", str(port), "--server", str(room), *flags, env={"ONEROOM_BUNDLED_PAGE": "1"}
    ) as gateway:
        yield gateway


@contextmanager
def guarded(*flags: str, password: str = "") -> Iterator[Services]:
    """Run both; the room has moderators, and a password if it is given."""
    env = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "ключ", "ONEROOM_SERVER_PASSWORD": password}
    with serve(*flags, env=env) as services:
        yield services


def say(client: JsonClient, *texts: str) -> None:
    """Say these texts, and return when the room has all of them."""
    for text in texts:
        client.say_json(type="say", ref=f"{id(client)}-{hash(text)}", text=text)
    client.fence()


def say_long_ago(services: Services) -> None:
    """Fill the room with 60 messages of somebody who leaves."""
    with JsonClient(services.room) as client:
        client.join("Летописец")
        say(client, *(f"давно {number}" for number in range(1, 61)))


def said(room: Address) -> list[tuple[str, str]]:
    """Who said what, of all that the room keeps."""
    with JsonClient(room) as reader:
        messages = reader.join("Читатель", history=500)["messages"]
        reader.leave()
    return [(message["name"], message["text"]) for message in messages]
