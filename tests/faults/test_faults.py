"""Rounds of each fault, at random moments: no acknowledged message is lost.

ONEROOM_FAULT_ROUNDS says how many rounds of each (`make faults`: 20), ONEROOM_FAULT_SEED
repeats the random choices of a run, though not its timing.
"""

import os
import random
import resource
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import sleep

import psutil
import pytest

from tests.faults.environment import Environment
from tests.faults.proxy import Conditions
from tests.support.requirements import needs_prlimit
from tests.support.timing import TIMEOUT

ROUNDS = int(os.environ.get("ONEROOM_FAULT_ROUNDS") or 1)
SEED = int(os.environ.get("ONEROOM_FAULT_SEED") or random.SystemRandom().randrange(10**6))

pytestmark = pytest.mark.timeout(160 + 20 * ROUNDS)


def inject_repeatedly(environment: Environment, fault: Callable[[Environment], None]) -> None:
    """Inject a fault while the writers talk, `ROUNDS` times; check after each."""
    print(f"seed {SEED}")
    for number in range(ROUNDS):
        environment.talk()
        fault(environment)
        took = environment.wait_until_recovered()
        environment.wait_until_members_agree()
        acts = environment.wait_until_messages_agree()
        verdict = environment.verdict()
        said = sum([len(writer.sent.said) for writer in environment.writers])
        acked = sum([len(writer.sent.acked) for writer in environment.writers])
        print(
            f"round {number + 1}: recovered after {took:.2f} s, {acked} of {said} acknowledged, {acts} acts"
        )
        assert verdict.valid, f"seed {SEED}: {verdict}"
        assert not environment.errors(), f"seed {SEED}"


def running_environment(
    folder: Path, *flags: str, server: str = "tcp_server", terminals: bool = True
) -> Environment:
    return Environment(folder, random.Random(SEED), *flags, server=server, terminals=terminals)


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_killing_the_server(tmp_path: Path, durability: str) -> None:
    def kill(environment: Environment) -> None:
        environment.server.kill()
        sleep(environment.rng.uniform(0, 1))
        environment.server.restart()

    # With a short replay every break leaves a gap that has to be paged.
    with running_environment(tmp_path, "--durability", durability, "--max-replay", "40") as environment:
        inject_repeatedly(environment, kill)


def test_killing_the_gateway(tmp_path: Path) -> None:
    def kill(environment: Environment) -> None:
        if environment.rng.random() < 0.5:
            environment.gateway.kill()
            sleep(environment.rng.uniform(0, 1))
            environment.gateway.restart()
        else:  # only the worker; gunicorn's main process replaces it
            for worker in psutil.Process(environment.gateway.program.process.pid).children(recursive=True):
                worker.kill()

    with running_environment(tmp_path) as environment:
        inject_repeatedly(environment, kill)


@pytest.mark.parametrize("paused", ["server", "gateway"])
def test_pausing_a_program(tmp_path: Path, paused: str) -> None:
    """A suspended virtual machine, or Ctrl-Z."""

    def pause(environment: Environment) -> None:
        service = environment.server if paused == "server" else environment.gateway
        with service.paused():
            sleep(environment.rng.choice((0.3, 1.5, 3.0)))
        environment.talk()

    with running_environment(tmp_path, "--write-timeout", "1") as environment:
        inject_repeatedly(environment, pause)


def test_resetting_connections(tmp_path: Path) -> None:
    def reset(environment: Environment) -> None:
        for _ in range(environment.rng.randrange(1, 5)):
            environment.rng.choice((environment.to_server, environment.to_gateway)).reset(
                environment.rng.uniform(0.2, 1)
            )
            environment.talk()

    with running_environment(tmp_path) as environment:
        for proxy in (environment.to_server, environment.to_gateway):
            proxy.conditions = Conditions(delay=0.005, rate=2_000_000, pieces=6)
        inject_repeatedly(environment, reset)


def test_silent_connections(tmp_path: Path) -> None:
    def swallow(environment: Environment) -> None:
        for proxy in (environment.to_server, environment.to_gateway):
            proxy.swallow(environment.rng.uniform(0.2, 0.8))
        environment.talk()

    with running_environment(
        tmp_path, "--idle-timeout", "2", "--write-timeout", "1", terminals=False
    ) as environment:
        inject_repeatedly(environment, swallow)
        for proxy in (environment.to_server, environment.to_gateway):
            proxy.reset_swallowed()


def refused(environment: Environment) -> int:
    return sum([len(writer.sent.refused) for writer in environment.writers])


@needs_prlimit
def test_a_full_disk(tmp_path: Path) -> None:
    def fill(environment: Environment) -> None:
        # A write may fail at once or in the middle, depending on the size of the log's journal.
        full = environment.rng.choice((0, environment.rng.randrange(300_000)))
        pid = environment.server.program.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        before = refused(environment)
        environment.wait_for(lambda: refused(environment) > before + 50, "the disk is not full")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    with running_environment(tmp_path) as environment:
        inject_repeatedly(environment, fill)


def test_a_clock_that_is_set_back(tmp_path: Path) -> None:
    def set_back(environment: Environment) -> None:
        environment.server.program.process.send_signal(signal.SIGRTMIN)
        environment.talk()

    with running_environment(
        tmp_path, "--keep-days", "100", server="tests.faults.moved_clock"
    ) as environment:
        inject_repeatedly(environment, set_back)
        environment.server.program.stderr.wait_for("clock set back", TIMEOUT)
    with closing(sqlite3.connect(tmp_path / "room.db")) as log:
        times = [at for (at,) in log.execute("SELECT at FROM messages ORDER BY id")]
    assert times == sorted(times)
