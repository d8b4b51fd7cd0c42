"""Nothing acknowledged is lost, whatever happens: rounds of each fault, at random moments.

ONEROOM_FAULT_ROUNDS says how many rounds of each (`make faults`: 20), ONEROOM_FAULT_SEED
repeats the random choices of a run; moments differ all the same.
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

from tests.faults.proxy import Weather
from tests.faults.stage import Stage
from tests.support.requirements import needs_prlimit

ROUNDS = int(os.environ.get("ONEROOM_FAULT_ROUNDS") or 1)
SEED = int(os.environ.get("ONEROOM_FAULT_SEED") or random.SystemRandom().randrange(10**6))

pytestmark = pytest.mark.timeout(160 + 20 * ROUNDS)


def suffer(stage: Stage, fault: Callable[[Stage], None]) -> None:
    """Let a fault happen while everybody talks, again and again, and judge after each time."""
    print(f"seed {SEED}")
    for number in range(ROUNDS):
        stage.talk()
        fault(stage)
        took = stage.come_back()
        verdict = stage.verdict()
        said = sum([len(writer.sent.said) for writer in stage.writers])
        acked = sum([len(writer.sent.acked) for writer in stage.writers])
        print(f"round {number + 1}: everybody back after {took:.2f} s, {acked} of {said} acknowledged")
        assert verdict.valid, f"seed {SEED}: {verdict}"
        assert not stage.troubles(), f"seed {SEED}"


def stage(folder: Path, *flags: str, server: str = "tcp_server", terminals: bool = True) -> Stage:
    return Stage(folder, random.Random(SEED), *flags, server=server, terminals=terminals)


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_the_server_is_killed(tmp_path: Path, durability: str) -> None:
    def kill(stage: Stage) -> None:
        stage.server.kill()
        sleep(stage.rng.uniform(0, 1))
        stage.server.restart()

    # With a short replay every break leaves a hole that has to be paged.
    with stage(tmp_path, "--durability", durability, "--max-replay", "40") as here:
        suffer(here, kill)


def test_the_gateway_is_killed(tmp_path: Path) -> None:
    def kill(stage: Stage) -> None:
        if stage.rng.random() < 0.5:
            stage.gateway.kill()
            sleep(stage.rng.uniform(0, 1))
            stage.gateway.restart()
        else:  # only the process that serves; the other one replaces it
            for worker in psutil.Process(stage.gateway.program.process.pid).children(recursive=True):
                worker.kill()

    with stage(tmp_path) as here:
        suffer(here, kill)


def test_connections_are_reset(tmp_path: Path) -> None:
    def reset(stage: Stage) -> None:
        for _ in range(stage.rng.randrange(1, 5)):
            stage.rng.choice((stage.to_server, stage.to_gateway)).reset(stage.rng.uniform(0.2, 1))
            stage.talk()

    with stage(tmp_path) as here:
        for proxy in (here.to_server, here.to_gateway):
            proxy.weather = Weather(delay=0.005, rate=2_000_000, pieces=6)
        suffer(here, reset)


def test_peers_fall_silent(tmp_path: Path) -> None:
    def swallow(stage: Stage) -> None:
        for proxy in (stage.to_server, stage.to_gateway):
            proxy.swallow(stage.rng.uniform(0.2, 0.8))
        stage.talk()

    with stage(tmp_path, "--idle-timeout", "2", "--write-timeout", "1", terminals=False) as here:
        suffer(here, swallow)
        for proxy in (here.to_server, here.to_gateway):
            proxy.bury()


def refused(stage: Stage) -> int:
    return sum([len(writer.sent.refused) for writer in stage.writers])


@needs_prlimit
def test_the_disk_is_full(tmp_path: Path) -> None:
    def fill(stage: Stage) -> None:
        # A write may fail at once, or half of it, wherever the log's journal happens to stand.
        full = stage.rng.choice((0, stage.rng.randrange(300_000)))
        pid = stage.server.program.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        before = refused(stage)
        stage.wait_for(lambda: refused(stage) > before + 50, "the disk is not full")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    with stage(tmp_path) as here:
        suffer(here, fill)


def test_the_clock_is_set_back(tmp_path: Path) -> None:
    def set_back(stage: Stage) -> None:
        stage.server.program.process.send_signal(signal.SIGUSR2)
        stage.talk()

    with stage(tmp_path, "--keep-days", "100", server="tests.faults.moved_clock") as here:
        suffer(here, set_back)
    with closing(sqlite3.connect(tmp_path / "room.db")) as log:
        times = [at for (at,) in log.execute("SELECT at FROM messages ORDER BY id")]
    assert times[-1] < times[0], "the clock was not set back"
