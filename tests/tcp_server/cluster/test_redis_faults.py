"""A Redis that ends, is paused, loses entries, is promoted, is full, or may not be used."""

import signal
from contextlib import closing
from pathlib import Path
from time import sleep

import pytest

from tcp_server.cluster.redis_stream import RedisStream
from tcp_server.cluster.stream import Away, Gap
from tests.support.redis_server import free_port, opened, redis_server, texts
from tests.support.requirements import needs_redis

pytestmark = needs_redis


def quick(stream: RedisStream) -> RedisStream:
    """Have it wait less long for answers."""
    for link in stream._links:
        link._timeout = 0.3
    return stream


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_is_noticed_and_nothing_is_lost(tmp_path: Path, by: signal.Signals) -> None:
    with redis_server(tmp_path, "--appendfsync", "always") as redis, closing(opened(redis.url)) as stream:
        stream.start()
        stream.read(0, 0)
        before = stream.run_id()
        stream.append([b"one"], before)
        ((position, _, _),) = entries = stream.read(0, 0)
        redis.stop(by)
        for call, arguments in (
            (stream.append, ([b"x"], before)),
            (stream.read, (position, 0)),
            (stream.newest, ()),
        ):
            with pytest.raises(Away):
                call(*arguments)
        redis.start()
        with pytest.raises(Away, match="another Redis"):
            stream.append([b"two"], before)
        assert stream.read(position, 0) == []
        assert stream.run_id() != before
        stream.append([b"two"], stream.run_id())
        assert texts(stream.read(0, 0)) == [*texts(entries), b"two"]


def test_a_pause_is_away_and_then_what_was_sent_may_have_been_added(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis, closing(quick(opened(redis.url))) as stream:
        stream.start()
        stream.read(0, 0)
        run_id = stream.run_id()
        stream.append([b"one"], run_id)
        redis.pause()
        with pytest.raises(Away, match="timeout"):
            stream.append([b"two"], run_id)
        with pytest.raises(Away, match="timeout"):
            stream.append([b"two"], run_id)
        with pytest.raises(Away):
            stream.read(0, 0)
        redis.resume()
        assert texts(stream.read(0, 0)) == [b"one", b"two"]
        assert stream.run_id() == run_id
        stream.append([b"three"], run_id)


def test_settings_that_become_worse_are_noticed_without_a_new_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tcp_server.cluster.link._CHECK_SECONDS", 0.0)
    with redis_server(tmp_path) as redis, closing(opened(redis.url)) as stream:
        stream.start()
        stream.read(0, 0)
        stream.append([b"one"], stream.run_id())
        redis.do("CONFIG", "SET", "appendonly", "no")
        with pytest.raises(Away, match=r"unfit: Redis has no append-only file.*CONFIG SET appendonly yes"):
            stream.read(0, 0)
        redis.do("CONFIG", "SET", "appendonly", "yes")
        assert texts(stream.read(0, 0)) == [b"one"]


def test_a_lagging_replica_that_is_promoted_is_refilled(tmp_path: Path) -> None:
    folders = [tmp_path / "master", tmp_path / "replica"]
    for folder in folders:
        folder.mkdir()
    port = free_port()
    at_once = ("--repl-diskless-sync-delay", "0")
    with redis_server(folders[0], *at_once, port=port) as master, redis_server(folders[1]) as replica:
        link = tmp_path / "redis.sock"
        link.symlink_to(master.socket)
        with closing(opened(f"unix://{link}")) as stream:
            stream.start()
            stream.read(0, 0)
            stream.append([b"one"], stream.run_id())
            replica.do("REPLICAOF", "127.0.0.1", port)
            while replica.do("XLEN", "oneroom:{main}") != 1:
                sleep(0.01)
            replica.do("REPLICAOF", "127.0.0.1", 1)  # it stays a replica, and hears no more
            stream.append([b"two", b"three"], before := stream.run_id())
            entries = stream.read(0, 0)
            last = entries[-1][0]
            master.stop(signal.SIGKILL)
            link.unlink()
            link.symlink_to(replica.socket)
            with pytest.raises(Away, match="connection"):
                stream.read(last, 0)
            with pytest.raises(Away, match="replica"):
                stream.read(last, 0)
            replica.do("REPLICAOF", "NO", "ONE")
            with pytest.raises(Away, match="another Redis"):
                stream.append([b"four"], before)
            with pytest.raises(Gap):
                stream.read(last, 0)
            assert stream.run_id() != before
            assert stream.refill([(position, data) for position, _, data in entries])
            stream.append([b"four"], stream.run_id())
            assert texts(stream.read(0, 0)) == [b"one", b"two", b"three", b"four"]


def test_while_it_reads_its_data_it_is_away(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis, closing(opened(redis.url)) as stream:
        stream.start()
        stream.read(0, 0)
        reason = ""
        while not reason:
            # More of them, if it was too quick to be seen. It answers at every 1,024th.
            stream.append([b"%d" % number for number in range(2000)], stream.run_id())
            redis.stop()
            redis.start("--key-load-delay", "100", ready="Server initialized")
            with pytest.raises(Away, match="connection"):
                stream.read(0, 0)
            try:
                stream.read(0, 0)
            except Away as away:
                reason = str(away)
        assert reason == "loading: it is reading its data"
        redis.log.wait_for("ready to accept connections")
        assert texts(stream.read(0, 0))[0] == b"0"
