"""A running server and a gateway to it, as the tests of the page need them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from chat_protocol.address import Address
from tests.support.processes import Program, running


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
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", *flags, env=env) as server,
        running("web_gateway", "--port", "0", "--server", str(server.address)) as gateway,
    ):
        yield Services(server, f"http://{gateway.address}/")
