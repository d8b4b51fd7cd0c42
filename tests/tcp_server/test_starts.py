"""Where and how the server may be started: terminals, streams, hosts, users without a home or threads."""

import os
import pty
import signal
import subprocess
import sys

import pytest

from tcp_server.cli import _COMMANDS
from tcp_server.config import load
from tests.support.processes import ROOT, Output, find_address, running, start
from tests.support.raw import JsonClient
from tests.support.requirements import needs_ipv6
from tests.support.timing import TIMEOUT

SERVER = (sys.executable, "-m", "tcp_server")
LOCAL = ("--host=127.0.0.1", "--port=0", "--history=memory")


def run(program: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run a script of ours in Python until it ends."""
    command = (sys.executable, "-c", program, *flags)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)


# --- terminals and signals -----------------------------------------------------------


def test_the_end_of_its_terminal_ends_the_server_in_order() -> None:
    keyboard, terminal = pty.openpty()
    command = ("setsid", "--ctty", *SERVER, *LOCAL)
    with subprocess.Popen(
        command, cwd=ROOT, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal
    ) as process:
        os.close(terminal)
        assert process.stdout is not None
        stdout = Output(process.stdout)
        with JsonClient(find_address(stdout.wait_for("\n"))) as anna:
            anna.join("Анна")
            os.close(keyboard)
            anna.expect_json(type="bye", reason="shutdown")
            anna.expect_end()
        assert process.wait(TIMEOUT) == 0
        stdout.join()


def test_a_server_under_nohup_outlives_its_terminal() -> None:
    program = start("sh", "-c", 'trap "" HUP; exec "$@"', "sh", *SERVER, *LOCAL)
    try:
        program.stdout.wait_for("\n")
        program.process.send_signal(signal.SIGHUP)
        with JsonClient(program.address) as anna:
            anna.join("Анна")
            assert anna.fence() == []
    finally:
        assert program.stop() == 0


# --- standard output -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("redirection", "why"),
    [(">&-", "it is closed"), (">/dev/full", "No space left on device"), ("", "Broken pipe")],
)
def test_without_standard_output_the_address_is_logged(redirection: str, why: str) -> None:
    reading, unread = os.pipe()
    os.close(reading)
    command = ("sh", "-c", f'exec "$@" {redirection}', "sh", *SERVER, *LOCAL)
    with subprocess.Popen(command, cwd=ROOT, stdout=unread, stderr=subprocess.PIPE) as process:
        os.close(unread)
        assert process.stderr is not None
        stderr = Output(process.stderr)
        said = stderr.wait_for("\n")
        assert f"WARNING standard output cannot be written ({why}): Oneroom server: 127.0.0.1:" in said
        with JsonClient(find_address(said.partition("Oneroom")[2])) as anna:
            anna.join("Анна")
            assert anna.fence() == []
        process.terminate()
        assert process.wait(TIMEOUT) == 0
        stderr.join()
        assert stderr.text == said


# --- hosts ---------------------------------------------------------------------------


@needs_ipv6
def test_one_server_on_both_kinds_of_addresses() -> None:
    with running("tcp_server", "--host=::", *LOCAL[1:]) as program:
        open_to = "open to the whole network; --host 127.0.0.1 keeps it local"
        assert program.line == f"Oneroom server: [::]:{program.port} ({open_to})"
        for host in ("::1", "127.0.0.1"):
            with JsonClient((host, program.port)) as client:
                client.join(f"Анна из {'IPv6' if ':' in host else 'IPv4'}")


@needs_ipv6
def test_one_server_on_several_hosts() -> None:
    with running("tcp_server", *LOCAL, "--host=::1") as program:
        port = program.port
        assert program.line == f"Oneroom server: 127.0.0.1:{port} and [::1]:{port}"
        with JsonClient(("::1", port)) as anna, JsonClient(("127.0.0.1", port)) as boris:
            anna.join("Анна")
            boris.join("Борис")
            anna.expect_json(type="joined", name="Борис")


# --- users ---------------------------------------------------------------------------

_HOMELESS = """
import os
del os.environ["HOME"]
os.environ.pop("ONEROOM_SERVER_HISTORY", None)
os.getuid = lambda: 2**31 - 7
from tcp_server.cli import main
raise SystemExit(main())
"""


def test_a_user_without_a_home_is_told_what_to_give() -> None:
    done = run(_HOMELESS, "--port=0")
    assert done.returncode == 2
    assert done.stderr == (
        "oneroom-server: history: there is no file for the messages, nor a home directory to keep one in; "
        "give --history FILE, or --history memory\n"
    )
    done = run(_HOMELESS, "export")
    assert done.returncode == 2
    assert "nor a home directory to keep one in; give --history FILE" in done.stderr


_THREADLESS = """
import sys, threading
start, left = threading.Thread.start, int(sys.argv[1])
def start_if_allowed(thread):
    global left
    if left == 0:
        raise RuntimeError("can't start new thread")
    left -= 1
    start(thread)
threading.Thread.start = start_if_allowed
from tcp_server.cli import main
raise SystemExit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_without_threads_the_server_says_why_it_cannot_start(allowed: int) -> None:
    done = run(_THREADLESS, str(allowed), *LOCAL)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "oneroom-server: can't start new thread: this user may have no more processes and threads "
        "(see ulimit -u)\n"
    )


def test_a_slip_in_a_command_shows_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load(["bakcup"])
    assert ended.value.code == 2
    assert f"oneroom-server {'|'.join(_COMMANDS)} ...\n" in capsys.readouterr().err
