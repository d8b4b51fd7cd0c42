"""SIGHUP to a program that no terminal controls: it reads its settings again, and nobody is cut off."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import psutil
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.event_log import AS_JSON, wait_for_event
from tests.support.processes import Program, find_address, running, start
from tests.support.raw import PROMPT, JsonClient
from tests.support.requirements import needs_structlog
from tests.support.timing import TIMEOUT

pytestmark = needs_structlog


@contextmanager
def without_terminal(module: str, *flags: str) -> Iterator[Program]:
    """Run one of our programs in a session of its own, as a service manager does."""
    level = ("env", "-u", "ONEROOM_SERVER_LOG_LEVEL")  # it is in the file
    program = start("setsid", *level, sys.executable, "-m", module, *flags, "--port=0", env=AS_JSON)
    try:
        program.stdout.wait_for("\n")
        yield program
    finally:
        assert program.stop() == 0
    program.assert_no_crash()


def test_a_server_takes_new_limits_and_passwords(tmp_path: Path) -> None:
    file, password = tmp_path / "server.toml", tmp_path / "password"
    file.write_text("burst = 5\n")
    flags = ("--host=127.0.0.1", f"--config={file}", "--rate=20", f"--password-file={password}")
    password.write_text("before")
    password.chmod(0o600)
    with without_terminal("tcp_server", *flags) as program, ExitStack() as stack:

        def client() -> JsonClient:
            return stack.enter_context(JsonClient(program.address))

        anna, boris, vera = client(), client(), client()
        anna.join("Анна", password="before")
        password.write_text("after")
        file.write_text('title = "Класс 9Б"\nkeep = 5\nburst = 3\nrate = 1\nmoderator_password = "secret"\n')
        program.process.send_signal(signal.SIGHUP)
        said = wait_for_event(program, "settings read")
        changed = {"title": "Класс 9Б", "burst": 3, "password": "***", "moderator_password": "***"}
        assert said["changed"] == changed
        assert said["after_restart"] == ["keep"]
        anna.expect_json(type="about", title="Класс 9Б", count=1, password=True)
        anna.fence()
        boris.expect(PROMPT)
        boris.say_json(type="join", name="Борис", password="before")
        assert boris.expect_json(type="error")["code"] == "password_wrong"
        assert vera.join("Вера", password="after")["moderated"]
        vera.say_json(type="authenticate", password="secret")
        vera.expect_json(type="role", moderator=True)

        file.write_text("burst = -1\n")
        program.process.send_signal(signal.SIGHUP)
        error = wait_for_event(program, "settings kept")["error"]
        assert error == f"burst in {file}: -1 is not a whole number from 0 to 2147483647"
        client().join("Глеб", password="after")

        file.write_text('log_level = "warning"\nburst = 3\n')
        program.process.send_signal(signal.SIGHUP)
        wait_for_event(
            program, "settings read", changed={"title": "", "moderator_password": "", "log_level": "warning"}
        )
        lines = program.stderr.text.count("\n")
        client().join("Дина", password="after")
        assert program.stderr.text.count("\n") == lines


def test_the_workers_of_a_gateway_change_in_place(tmp_path: Path) -> None:
    file = tmp_path / "web.toml"
    file.write_text('trusted_proxies = ["127.0.0.1"]\n')
    with running("tcp_server", "--host=127.0.0.1", "--port=0") as server, ExitStack() as stack:
        flags = (f"--server={server.address}", "--workers=2", f"--config={file}")
        program = stack.enter_context(without_terminal("web_gateway", *flags))
        wait_for_event(program, "worker started", worker=2)
        address = find_address(program.line.replace("http://", ""))

        def browse() -> ClientConnection:
            headers = {"X-Forwarded-For": "203.0.113.7"}
            return stack.enter_context(
                connect(f"ws://{address}/ws", additional_headers=headers, open_timeout=TIMEOUT)
            )

        workers = psutil.Process(program.process.pid).children()
        browsers = [browse() for _ in range(8)]
        file.write_text('trusted_proxies = ["127.0.0.1"]\nmax_per_address = 1\nworkers = 3\n')
        program.process.send_signal(signal.SIGHUP)
        said = wait_for_event(program, "settings read")
        assert said["changed"] == {"max_per_address": 1}
        refused, deadline = 0, monotonic() + TIMEOUT
        while refused < 20:  # by both workers
            assert monotonic() < deadline
            try:
                browse().close()
                refused = 0
            except InvalidStatus:
                refused += 1
        for browser in browsers:
            browser.send('{"type":"ping"}')
            assert "join_first" in str(browser.recv(TIMEOUT))
        assert psutil.Process(program.process.pid).children() == workers
