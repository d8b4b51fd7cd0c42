"""Faults of the Redis of a shared room, and of the ways to it: `cluster_rounds`.

In a file of its own, so that `make test` runs both at once.
"""

import signal
from pathlib import Path
from time import sleep

import pytest

from tests.faults.cluster_environment import declared_down, newest_entry
from tests.faults.cluster_rounds import inject
from tests.faults.moderated_cluster import ModeratedCluster
from tests.faults.test_faults import ROUNDS
from tests.support.requirements import needs_haproxy

pytestmark = [needs_haproxy, pytest.mark.timeout(160 + 90 * ROUNDS)]


def test_killing_redis(tmp_path: Path) -> None:
    def kill(environment: ModeratedCluster) -> None:
        environment.redis.stop(signal.SIGKILL)
        sleep(environment.rng.uniform(0, 1))
        environment.redis.start()

    inject(tmp_path, kill)


def test_pausing_redis(tmp_path: Path) -> None:
    def pause(environment: ModeratedCluster) -> None:
        before = newest_entry(environment.redis)
        environment.redis.pause()
        sleep(environment.rng.uniform(3, 30 if ROUNDS > 1 else 4))
        environment.redis.resume()
        assert not declared_down(environment.redis, before)

    inject(tmp_path, pause)


def test_promoting_a_replica_that_lags(tmp_path: Path) -> None:
    def promote(environment: ModeratedCluster) -> None:
        lacks = environment.promote_lagging_replica()
        print(f"the replica lacked {lacks} entries")
        assert lacks

    inject(tmp_path, promote)


def test_deleting_the_stream(tmp_path: Path) -> None:
    def delete(environment: ModeratedCluster) -> None:
        environment.redis.do("DEL", "oneroom:{main}")

    inject(tmp_path, delete)


def test_cutting_a_server_off_redis(tmp_path: Path) -> None:
    def cut(environment: ModeratedCluster) -> None:
        proxy = environment.rng.choice(environment.to_redis)
        proxy.swallow()
        sleep(environment.rng.choice((1, 15)) if ROUNDS > 1 else 1)
        proxy.reset_swallowed()

    inject(tmp_path, cut)


def test_resetting_the_connections_to_redis(tmp_path: Path) -> None:
    def reset(environment: ModeratedCluster) -> None:
        for _ in range(10):
            for proxy in environment.to_redis:
                proxy.reset()
            sleep(environment.rng.uniform(0, 0.3))

    inject(tmp_path, reset)


def test_cutting_two_servers_off_redis_together(tmp_path: Path) -> None:
    """The third tells them that Redis is there: both are not ready, and neither takes the other for dead."""

    def cut(environment: ModeratedCluster) -> None:
        before = newest_entry(environment.redis)
        *cut_off, left = environment.rng.sample(range(len(environment.servers)), 3)
        for number in cut_off:
            environment.to_redis[number].swallow()
        environment.wait_for(
            lambda: all("no Redis" in environment.readiness()[number] for number in cut_off),
            f"they are ready without Redis: {environment.readiness()}",
        )
        assert environment.readiness()[left] == "ok"
        sleep(environment.rng.choice((0, 15)) if ROUNDS > 1 else 0)
        for number in cut_off:
            environment.to_redis[number].reset_swallowed()
        assert len({one.incarnation for one in declared_down(environment.redis, before)}) in (0, 2)

    inject(tmp_path, cut)
