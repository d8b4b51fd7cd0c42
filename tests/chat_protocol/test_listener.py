"""A listening socket, and what is said where there can be none."""

import socket
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from chat_protocol.errors import CannotListen
from chat_protocol.listener import listen, listen_on_all
from tests.support.requirements import needs_ipv6, needs_proc
from tests.support.timing import TIMEOUT

# Listens, prints the port, and ends when its input does.
_LISTENER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


def why_not(host: str, port: int) -> str:
    with pytest.raises(CannotListen) as caught:
        listen(host, port)
    return str(caught.value)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("", "0.0.0.0")],
)
def test_it_listens_where_it_is_told_to(host: str, shown: str) -> None:
    with closing(listen(host, 0)) as listener:
        assert listener.getsockname()[0] == shown
        with socket.create_connection((host or "127.0.0.1", listener.getsockname()[1])):
            pass


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), TIMEOUT).close()
    except ConnectionRefusedError:
        return False
    return True


@needs_ipv6
@pytest.mark.parametrize(
    ("hosts", "bound"),
    [
        (["::"], ["::"]),
        (["::1", "127.0.0.1"], ["::1", "127.0.0.1"]),
        (["127.0.0.1", "localhost", "::1", "127.0.0.1"], ["127.0.0.1", "::1"]),
        (["127.0.0.1", "0.0.0.0", "::1"], ["0.0.0.0", "::1"]),
        (["127.0.0.1", "0.0.0.0", "::", "::1"], ["::"]),
    ],
)
def test_several_hosts_have_one_port(hosts: list[str], bound: list[str]) -> None:
    with ExitStack() as stack:
        listeners = [stack.enter_context(listener) for listener in listen_on_all(hosts, 0)]
        assert [listener.getsockname()[0] for listener in listeners] == bound
        port = listeners[0].getsockname()[1]
        assert all(answers(host, port) for host in ("127.0.0.1", "::1"))


@needs_ipv6
def test_if_one_of_several_cannot_be_bound_none_is() -> None:
    with closing(listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CannotListen):
            listen_on_all(["::1", "127.0.0.1"], port)
        assert not answers("::1", port)


@needs_proc
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_is_explained_by_the_process_that_has_it(host: str) -> None:
    command = [sys.executable, "-c", _LISTENER, "\x1b[31mred", "x" * 100]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        said = why_not(host, port)
        program = Path(sys.executable).name
        assert said.startswith(
            f"cannot listen on {host}:{port}: process {other.pid} ({program} -c import socket"
        )
        assert said.endswith(") listens there; choose another port with --port")
        assert said.isprintable()
        assert len(said) < 200


def test_where_the_owner_is_not_known_it_is_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_protocol.listener._owner", lambda _port: "")
    with closing(listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        said = why_not("127.0.0.1", port)
        assert said.endswith(f":{port}: another program listens there; choose another port with --port")


def test_any_other_reason_is_the_systems_own() -> None:
    assert why_not("192.0.2.1", 8080) == "cannot listen on 192.0.2.1:8080: Cannot assign requested address"
    assert why_not("a..b", 8080) == "cannot listen on a..b:8080: not a host name"
    assert why_not("no.such.host.invalid", 8080).startswith("cannot listen on no.such.host.invalid:8080: ")
