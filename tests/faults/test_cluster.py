"""Faults of the servers that share a room: `cluster_rounds`."""

import resource
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import sleep, time

import pytest

from tests.faults.cluster_environment import PASSWORD, declared_down, newest_entry
from tests.faults.cluster_rounds import inject
from tests.faults.moderated_cluster import ModeratedCluster, unread_acts
from tests.faults.test_faults import ROUNDS
from tests.faults.wrong_clocks import assert_alike
from tests.support.requirements import needs_haproxy, needs_prlimit
from tests.support.timing import IS_LONG, at_most

pytestmark = [needs_haproxy, pytest.mark.timeout(160 + 90 * ROUNDS)]


def test_killing_a_server(tmp_path: Path) -> None:
    def kill(environment: ModeratedCluster) -> None:
        server = environment.rng.choice(environment.servers)
        server.kill()
        sleep(environment.rng.uniform(0, 1))
        server.restart()

    inject(tmp_path, kill, moderated=True)


if IS_LONG:  # it is as the one above, and kills later

    def test_killing_a_server_that_cannot_answer_any_more(tmp_path: Path) -> None:
        """What it has added takes effect once, though it is repeated elsewhere; what it recorded may not."""

        def kill(environment: ModeratedCluster) -> None:
            number = environment.moderated()
            proxy = environment.to_redis[number]
            environment.rng.choice((proxy.mute, proxy.mute, proxy.swallow))()
            for moderator in environment.moderators:
                moderator.moderate()
            sleep(environment.rng.uniform(0.2, 1))  # it opens another connection later
            environment.servers[number].kill()
            unread = unread_acts(environment.redis, environment.logs[number], f"server {number}")
            print(f"killed with {unread} acts that it had added and not read")
            environment.to_redis[number].reset_swallowed()
            environment.servers[number].restart()

        inject(tmp_path, kill)


def test_stopping_the_servers_one_after_the_other(tmp_path: Path) -> None:
    def restart(environment: ModeratedCluster) -> None:
        for server in environment.servers:
            server.stop()
            server.restart()
            environment.wait_for_room()

        left = {name for one in environment.participants for name in getattr(one, "left", ())}
        assert not left & {one.name for one in environment.participants}

    inject(tmp_path, restart, "--drain", "1")


def test_pausing_a_server_until_the_others_take_it_for_dead(tmp_path: Path) -> None:
    def pause(environment: ModeratedCluster) -> None:
        with environment.rng.choice(environment.servers).paused():
            paused_at, before = time(), newest_entry(environment.redis)
            # Each look reads all that was said meanwhile.
            environment.wait_for(
                lambda: bool(declared_down(environment.redis, before)), "it is not dead", pause=0.1
            )
        declared = declared_down(environment.redis, before)
        assert len({one.incarnation for one in declared}) == 1
        took = declared[0].at - paused_at
        print(f"declared down after {took:.1f} s")
        assert 10 <= took <= at_most(13)

    inject(tmp_path, pause)


@needs_prlimit
def test_a_full_disk_of_one_server(tmp_path: Path) -> None:
    """It stops to apply what is said and says so: its clients go on elsewhere, and it catches up later."""

    def fill(environment: ModeratedCluster) -> None:
        number = environment.rng.randrange(len(environment.servers))
        full = environment.rng.choice((0, environment.rng.randrange(300_000)))
        pid = environment.servers[number].program.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        environment.wait_for(
            lambda: environment.readiness()[number] == "the log cannot be written", "the disk is not full"
        )
        environment.talk()
        sleep(environment.rng.choice((0, 15)) if ROUNDS > 1 else 0)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    inject(tmp_path, fill)


def test_clocks_of_servers_that_are_set_forward_and_back(tmp_path: Path) -> None:
    """Redis gives all times: no server's clock is in what they share, nor decides what is too old or over."""

    def set_clocks(environment: ModeratedCluster) -> None:
        ahead, *others = environment.servers  # the first decides for all
        ahead.program.process.send_signal(signal.SIGRTMIN + 1)
        environment.rng.choice(others).program.process.send_signal(signal.SIGRTMIN)
        environment.talk()

    inject(
        tmp_path,
        set_clocks,
        *("--keep-days", "1"),
        server="tests.faults.moved_clock",
        afterwards=lambda environment: assert_alike([one.address for one in environment.servers], PASSWORD),
    )
    shown = times(tmp_path)
    assert shown == sorted(shown)
    assert shown[-1] <= f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.999Z}"


def times(folder: Path) -> list[str]:
    """Return the times of all messages, in their order, as the first server has them."""
    with closing(sqlite3.connect(folder / "0.db")) as log:
        return [at for (at,) in log.execute("SELECT at FROM messages ORDER BY id")]
