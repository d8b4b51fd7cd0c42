"""The gateway's output when it starts, or cannot start."""

import re
import socket
import sys
from collections.abc import Iterator

import pytest

from tests.support.processes import Program, running, start


@pytest.fixture
def occupied() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def _run(*flags: str) -> tuple[int, Program]:
    program = start(sys.executable, "-m", "web_gateway", *flags)
    return program.wait(), program


def test_the_address_is_printed_in_one_line() -> None:
    with running("web_gateway", "--port", "0", "--server", "chat.example") as program:
        pass
    assert re.fullmatch(
        r"Oneroom gateway: http://127\.0\.0\.1:\d+ \(room at chat\.example:8080\)\n", program.stdout.text
    )
    assert program.stderr.text == ""


def test_a_wildcard_address_is_printed_as_loopback() -> None:
    with running("web_gateway", "--port", "0", "--host", "0.0.0.0") as program:
        assert program.line.startswith("Oneroom gateway: http://127.0.0.1:")


def test_a_taken_port_is_reported_in_one_line(occupied: int) -> None:
    code, program = _run("--port", str(occupied))
    assert code == 1
    assert program.stdout.text == ""
    said = program.stderr.text
    assert said.startswith(f"oneroom-web: cannot listen on 127.0.0.1:{occupied}: ")
    assert said.endswith(" listens there; choose another port with --port\n")
    assert said.count("\n") == 1


def test_an_unknown_host_is_reported_in_one_line() -> None:
    code, program = _run("--host", "no-such-host.invalid")
    assert code == 1
    assert program.stderr.text.startswith("oneroom-web: cannot listen on no-such-host.invalid:5000: ")
    assert program.stderr.text.count("\n") == 1


def test_a_bad_flag_is_explained() -> None:
    code, program = _run("--port", "http")
    assert code == 2
    assert program.stderr.text == "oneroom-web: --port: 'http' is not a whole number from 0 to 65535\n"


def test_a_slip_in_a_command_shows_which_there_are() -> None:
    code, program = _run("hok")
    assert code == 2
    assert "oneroom-web hook ...\n" in program.stderr.text
    assert program.stderr.text.endswith("unrecognized arguments: hok\n")


def test_a_slip_in_the_environment_is_one_clear_line() -> None:
    program = start(sys.executable, "-m", "web_gateway", env={"ONEROOM_WEB_PROT": "5"})
    assert program.wait() == 2
    assert program.stderr.text == (
        "oneroom-web: there is no setting ONEROOM_WEB_PROT; did you mean ONEROOM_WEB_PORT?\n"
    )


def test_the_settings_in_force_are_printed_instead_of_serving() -> None:
    code, program = _run("--port", "0", "--print-config")
    assert code == 0
    assert "port = 0  # flag\n" in program.stdout.text
    assert program.stderr.text == ""
