"""`oneroom run` while faults happen: who watches has what the runner's filter returned, head and tail.

ONEROOM_FAULT_ROUNDS and ONEROOM_FAULT_SEED are as in `test_faults`; with one round all faults are in it.
"""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import sleep

import pytest
from playwright.sync_api import Browser, Page, expect

from chat_protocol.address import Address
from tests.end_to_end.conftest import PATIENCE, PageUser
from tests.faults import live_watchers as w
from tests.faults.environment import Service
from tests.faults.noisy_command import output
from tests.faults.proxy import Proxy
from tests.faults.test_faults import ROUNDS, SEED
from tests.support.processes import start
from tests.support.redis_server import free_port, redis_server
from tests.support.requirements import needs_chromium, needs_redis
from tests.support.timing import TIMEOUT

pytestmark = pytest.mark.timeout(160 + 30 * ROUNDS)

expect.set_options(timeout=PATIENCE)

_LINES = 12_000  # 1.2 MiB: some lines in the middle are left out
_SECONDS = 1.5  # of the command
_MAX_ENTRY = 256 * 1024  # bytes of an entry of the stream


class LiveEnvironment:
    """A server with a log on disk, a gateway, and proxies before both."""

    def __init__(self, folder: Path, resources: ExitStack, *flags: str) -> None:
        self.rng = random.Random(SEED)
        self.server = Service("tcp_server", "--host=127.0.0.1", f"--history={folder / 'room.db'}", *flags)
        resources.callback(self.server.close)
        self.to_server = resources.enter_context(Proxy(self.server.address, self.rng))
        self.gateway = Service("web_gateway", "--server", str(self.to_server.address))
        resources.callback(self.gateway.close)
        self.to_gateway = resources.enter_context(Proxy(self.gateway.address, self.rng))

    def pause(self, most: float) -> None:
        """Wait for a random moment."""
        sleep(self.rng.uniform(0, most))


class Runner:
    """A noisy command in the room at `address`."""

    def __init__(self, address: Address, folder: Path, number: int, seconds: float) -> None:
        self._file = folder / f"{number}.txt"
        self._number = number
        self.code = number % 3
        command = ("-m", "tests.faults.noisy_command", str(SEED + number), str(_LINES), str(seconds))
        self.program = start(
            *(sys.executable, "-m", "tests.faults.recorded_runner", str(self._file)),
            *("run", str(address), "--name=ci", "--", sys.executable, *command, str(self.code)),
        )

    def emitted(self) -> bytes:
        """Return what its filter has returned."""
        return self._file.read_bytes()

    def check(self) -> None:
        """Fail unless it ends as the command, and has written what that writes."""
        assert self.program.wait(3 * TIMEOUT) == self.code, self.program.stderr.text
        assert self.program.stdout.text == b"".join(output(SEED + self._number, _LINES)).decode()


Fault = Callable[[LiveEnvironment], None]


def kill_server(environment: LiveEnvironment) -> None:
    environment.server.kill()
    environment.pause(0.7)
    environment.server.restart()


def kill_gateway(environment: LiveEnvironment) -> None:
    environment.gateway.kill()
    environment.pause(0.7)
    environment.gateway.restart()


def cut(environment: LiveEnvironment) -> None:
    for proxy in (environment.to_server, environment.to_gateway):
        proxy.reset(environment.rng.uniform(0.3, 1))


def silence(environment: LiveEnvironment) -> None:
    proxies = (environment.to_server, environment.to_gateway)
    for proxy in proxies:
        proxy.swallow(environment.rng.uniform(0.3, 1))
    environment.pause(1)
    for proxy in proxies:
        proxy.reset_swallowed()


_FAULTS: list[Fault] = [kill_server, kill_gateway, cut, silence]


@pytest.fixture
def resources() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@contextmanager
def _page(chromium: Browser, gateway: Address) -> Iterator[Page]:
    """Enter the room with a browser, which may log that it loses its gateway: that is printed."""
    context = chromium.new_context(locale="ru-RU", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    errors: list[str] = []
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("requestfailed", lambda request: print(f"{request.method} {request.url}: {request.failure}"))
        page.on("console", lambda said: print(f"console: {said.text} {said.location}"))
        page.goto(f"http://{gateway}/")
        PageUser(page).enter("Анна")
        yield page
    finally:
        context.close()
    assert not errors


@needs_chromium
@pytest.mark.parametrize("fault", [None] if ROUNDS == 1 else _FAULTS)
def test_all_who_watch_have_it_in_the_end(
    tmp_path: Path, resources: ExitStack, chromium: Browser, fault: Fault | None
) -> None:
    print(f"seed {SEED}")
    environment = LiveEnvironment(tmp_path, resources, "--grace=60")
    page = resources.enter_context(_page(chromium, environment.to_gateway.address))
    for number in range(ROUNDS):
        watcher = w.JsonFollower(environment.to_server.address, f"watcher {number}")
        resources.callback(watcher.close)
        runner = Runner(environment.to_server.address, tmp_path, number, _SECONDS)
        resources.callback(runner.program.kill)
        message = watcher.number()
        got = w.get(environment.to_server.address, message, "--follow", f"--name=getter {number}")
        resources.callback(got.kill)
        w.follow_on_page(page, message)
        faults = [fault] * environment.rng.randrange(1, 3) if fault else environment.rng.sample(_FAULTS, 4)
        for each in faults:
            environment.pause(0.7)
            each(environment)
        runner.check()
        state = "failed" if runner.code else "done"
        live = watcher.wait()
        assert (live.state, live.code) == (state, runner.code)
        emitted = runner.emitted()
        body = w.whole(emitted)
        assert w.parts(watcher.body) == w.parts(body)
        w.check_body(environment.server.address, message, emitted)
        again = w.get(environment.server.address, message, f"--name=again {number}")
        resources.callback(again.kill)
        for one in (got, again):
            assert one.wait(3 * TIMEOUT) == 0, one.stderr.text
            w.check_got(one.stdout.text, emitted)
        w.check_lines(environment.server.address, message, "✘" if runner.code else "✔", body)
        w.check_page(page, message, state, body)
        watcher.close()
        print(f"round {number + 1}: {len(emitted)} bytes, {', '.join(one.__name__ for one in faults)}")


def test_a_runner_that_is_killed(tmp_path: Path, resources: ExitStack) -> None:
    print(f"seed {SEED}")
    environment = LiveEnvironment(tmp_path, resources, "--grace=0.5")
    for number in range(ROUNDS):
        watcher = w.JsonFollower(environment.to_server.address, f"watcher {number}")
        resources.callback(watcher.close)
        runner = Runner(environment.to_server.address, tmp_path, number, 100)
        resources.callback(runner.program.kill)
        message = watcher.number()
        got = w.get(environment.to_server.address, message, "--follow", f"--name=getter {number}")
        resources.callback(got.kill)
        environment.pause(1.5)
        runner.program.kill()
        live = watcher.wait()
        assert (live.state, live.code) == ("lost", None)
        emitted = runner.emitted()
        assert len(emitted) >= live.bytes == watcher.body.end
        emitted = emitted[: live.bytes]
        assert w.parts(watcher.body) == w.parts(w.whole(emitted))
        w.check_body(environment.server.address, message, emitted)
        assert got.wait(3 * TIMEOUT) == 0, got.stderr.text
        w.check_got(got.stdout.text, emitted)
        w.check_lines(environment.server.address, message, "✘", w.whole(emitted))
        watcher.close()
        print(f"round {number + 1}: {live.bytes} bytes")


@needs_redis
def test_a_runner_goes_on_at_another_server(tmp_path: Path, resources: ExitStack) -> None:
    """Its own one is killed. The other one has its lines from entries of the stream."""
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    redis = resources.enter_context(redis_server(tmp_path, port=free_port()))
    servers = []
    for number in range(2):
        log = f"--history={tmp_path / str(number)}.db"
        node = ("--node", f"server {number}", "--cluster", f"redis://{redis.address}", "--grace=60")
        servers.append(Service("tcp_server", "--host=127.0.0.1", log, *node))
        resources.callback(servers[-1].close)
    to_server = resources.enter_context(Proxy(servers[0].address, rng))
    for number in range(ROUNDS):
        killed, other = servers[number % 2], servers[(number + 1) % 2]
        to_server.redirect(killed.address)
        watcher = w.JsonFollower(other.address, f"watcher {number}")
        resources.callback(watcher.close)
        runner = Runner(to_server.address, tmp_path, number, _SECONDS)
        resources.callback(runner.program.kill)
        message = watcher.number()
        sleep(rng.uniform(0, 1.5))
        to_server.redirect(other.address)
        killed.kill()
        runner.check()
        live = watcher.wait()
        assert (live.state, live.code) == ("failed" if runner.code else "done", runner.code)
        emitted = runner.emitted()
        assert w.parts(watcher.body) == w.parts(w.whole(emitted))
        w.check_body(other.address, message, emitted)
        for _, fields in redis.do("XRANGE", "oneroom:{main}", "-", "+"):
            assert len(fields[b"b"]) <= _MAX_ENTRY
        killed.restart()
        w.check_body(killed.address, message, emitted)
        watcher.close()
        print(f"round {number + 1}: {len(emitted)} bytes")
