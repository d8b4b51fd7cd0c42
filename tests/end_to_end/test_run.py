"""`make run` after its set-up: both programs together, and nothing left of them afterwards."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import psutil
import pytest

from chat_protocol.address import Address
from tests.support.processes import ROOT, Output, Program, find_address, start
from tests.support.raw import PROMPT, RawClient
from tools.lan import Network, NoNetwork


@contextmanager
def both(server_port: object = 0, gateway_port: object = 0, *lan: str) -> Iterator[Program]:
    program = start(sys.executable, "tools/run.py", str(server_port), str(gateway_port), *lan, cwd=ROOT)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.stop()


def addresses(lines: list[str]) -> tuple[Address, Address]:
    """Return where the server and where the gateway serve, from what is printed at the start."""
    server, gateway = map(find_address, lines[:2])
    assert lines[2:] == [f"Open http://localhost:{gateway.port}"]
    return server, gateway


def started(program: Program) -> tuple[Address, Address]:
    """Wait until both programs serve; return their addresses."""
    return addresses(program.stdout.wait_for(lambda text: text.count("\n") == 3, 20).splitlines())


def test_in_a_network_the_page_invites_by_the_address_there() -> None:
    with both(0, 0, "127.0.0.1") as program:
        lines = program.stdout.wait_for(lambda text: "Everybody there can come in" in text, 20).splitlines()
        server, gateway = addresses(lines[:3])
        url, room = f"http://127.0.0.1:{gateway.port}/", f"127.0.0.1:{server.port}"
        assert lines[3] == f"In your network: {url} (in a terminal: oneroom {room})"
        assert {len(line) for line in lines[4:-1]} == {29}  # a QR code
        with urlopen(f"{url}about", timeout=10) as about:
            assert json.load(about).items() >= {"url": url, "room": room, "count": 0}.items()
        assert program.stop(signal.SIGINT) == 0


def test_an_address_that_this_machine_does_not_have_is_refused() -> None:
    with both(0, 0, "198.51.100.9") as program:
        assert program.wait(20) == 2
        assert program.stderr.text == "make run LAN=198.51.100.9: this machine has no such IPv4 address\n"


def test_the_address_in_the_network_is_found() -> None:
    try:
        said = Network("1", "5000").invitation(8080)
    except NoNetwork as error:  # a machine without a network
        said = f"In your network: http://0:5000/ ({error})"
    assert re.match(r"In your network: http://[\d.]+:5000/ \(.+\)", said)


def is_free(address: Address) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) != 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_both_programs(how: signal.Signals) -> None:
    with both() as program:
        server, gateway = started(program)
        with RawClient(server) as client:
            client.expect(PROMPT)
        with urlopen(f"http://localhost:{gateway.port}/", timeout=10) as page:
            assert page.status == 200
        assert program.stop(how) == 0
        program.assert_no_crash()
        assert is_free(server)
        assert is_free(gateway)


def test_closing_the_terminal_ends_both_programs() -> None:
    outside, inside = os.openpty()
    # The shell begins a session: the terminal that it opens becomes the session's own.
    script = 'exec <"$0" >"$0"; "$@"'
    command = ["sh", "-c", script, os.ttyname(inside), sys.executable, "tools/run.py", "0", "0"]
    shell = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True)
    assert shell.stderr is not None
    errors = Output(shell.stderr)
    with os.fdopen(outside, "rb", 0) as terminal:
        server, gateway = addresses([terminal.readline().decode().strip() for _ in range(3)])
        os.close(inside)
    shell.wait(10)
    errors.join(20)  # until the last of the programs has ended
    assert is_free(server)
    assert is_free(gateway)
    assert "Traceback" not in errors.text


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has ended")
def test_killing_make_run_ends_both_programs() -> None:
    with both() as program:
        server, gateway = started(program)
        program.process.kill()
        program.wait()  # until its output is closed by all that hold it: until both have ended
        assert is_free(server)
        assert is_free(gateway)


def test_killing_one_program_ends_the_other() -> None:
    with both() as program:
        server, gateway = started(program)
        (pid,) = (
            child.pid
            for child in psutil.Process(program.process.pid).children()
            if "tcp_server" in child.cmdline()
        )
        os.kill(pid, signal.SIGKILL)
        assert program.wait() == 1
        assert program.stderr.text.endswith("The TCP server has ended with exit code -9; stopping.\n")
        assert is_free(server)
        assert is_free(gateway)


def test_a_taken_server_port_is_explained() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        both(port := taken.getsockname()[1], 5000) as program,
    ):
        assert program.wait(20) == 1
        assert program.stdout.text == ""
        why, ended, advice = program.stderr.text.splitlines()
        assert why.startswith(f"oneroom-server: cannot listen on 0.0.0.0:{port}: ")
        assert ended == "The TCP server has ended with exit code 1; stopping."
        assert (found := re.fullmatch(r"With another port: make run PORT=(\d+)", advice))
        assert int(found[1]) > port
        assert is_free(Address("127.0.0.1", int(found[1])))


def test_a_taken_gateway_port_is_explained_and_ends_the_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, both(0, port := taken.getsockname()[1]) as program:
        assert program.wait(20) == 1
        assert is_free(program.address)
        *_, why, ended, advice = program.stderr.text.splitlines()
        assert why.startswith(f"oneroom-web: cannot listen on 127.0.0.1:{port}: ")
        assert ended == "The gateway has ended with exit code 1; stopping."
        assert re.fullmatch(r"With another port: make run PORT=0 WEB_PORT=\d+", advice)
        program.assert_no_crash()


@pytest.mark.parametrize("port", ["http", "65536", "-1"])
def test_an_invalid_port_is_explained(port: str) -> None:
    with both(port) as program:
        assert program.wait(20) == 1
        why, ended = program.stderr.text.splitlines()
        assert why.startswith(f"oneroom-server: --port: '{port}' ")
        assert ended == "The TCP server has ended with exit code 2; stopping."
