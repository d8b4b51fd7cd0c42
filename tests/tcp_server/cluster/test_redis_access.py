"""Who may use Redis, as docs/security.md has it: a user of its own; TLS; sentinels."""

import re
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from queue import Queue
from time import monotonic, sleep

import pytest

from tcp_server.cluster.redis_stream import RedisStream
from tcp_server.cluster.stream import Away, Unfit
from tests.support.certificates import self_signed
from tests.support.processes import ROOT
from tests.support.redis_server import RedisServer, free_port, opened, redis_server, texts
from tests.support.requirements import needs_openssl, needs_redis
from tests.support.timing import TIMEOUT

pytestmark = needs_redis

RULE = re.search(r"^user oneroom .*$", (ROOT / "docs" / "security.md").read_text(), re.MULTILINE)
COMMANDS = re.findall(r"\+(\S+)", RULE.group()) if RULE else []


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis with the access list of the documentation."""
    folder = tmp_path_factory.mktemp("guarded")
    assert RULE is not None
    acl = folder / "users.acl"
    acl.write_text(f"user default on nopass ~* &* +@all\n{RULE.group().replace('PASSWORD', 's3cret')}\n")
    with redis_server(folder, "--aclfile", str(acl)) as server:
        yield server


def use_all(stream: RedisStream) -> None:
    """Call every method."""
    heard: Queue[bytes] = Queue()
    stream.start()
    stream.found(b"founded")
    stream.read(0, 0)
    stream.append([b"one", b"two"], stream.run_id())
    (one, _, first), (two, _, _) = stream.read(0, 0)
    assert stream.refill([(one, first)])
    assert stream.newest() == two
    stream.save_checkpoint(one, b"state")
    stream.save_checkpoint(two, b"state")
    assert stream.load_checkpoint() == (two, b"state")
    stream.trim(two)
    stream.put("answer:1", b"x", 60)
    assert stream.take("answer:1", 1) == b"x"
    stream.listen(lambda _, data: heard.put(data))
    deadline = monotonic() + TIMEOUT
    while heard.empty():
        assert monotonic() < deadline
        stream.publish("ask", b"x")
        sleep(0.01)


def test_the_user_of_the_documentation_may_do_all_that_is_done(guarded: RedisServer) -> None:
    with closing(opened(f"unix://oneroom:s3cret@{guarded.socket}?wait=0&db=1")) as stream:
        use_all(stream)
    assert guarded.do("ACL", "LOG") == []
    assert guarded.do("ACL", "DRYRUN", "oneroom", "GET", "another") != b"OK"
    assert guarded.do("ACL", "DRYRUN", "oneroom", "DEL", "oneroom:{main}") != b"OK"
    assert guarded.do("ACL", "DRYRUN", "oneroom", "CONFIG", "GET", "dir") != b"OK"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_permission_is_needed_and_its_lack_is_told(guarded: RedisServer, command: str) -> None:
    guarded.do("ACL", "SETUSER", "oneroom", f"-{command}")
    lacks = "access list lacks something.*" + command.replace("|", ".")
    try:
        with (
            closing(opened(f"unix://oneroom:s3cret@{guarded.socket}?db=1")) as stream,
            pytest.raises(Unfit, match=lacks),
        ):
            stream.start()
    finally:
        guarded.do("ACL", "SETUSER", "oneroom", f"+{command}")
        guarded.do("ACL", "LOG", "RESET")


@pytest.mark.parametrize("user", ["oneroom:wr0ng", "nobody:wr0ng"])
def test_a_wrong_password_is_told(guarded: RedisServer, user: str) -> None:
    url = f"unix://{user}@{guarded.socket}"
    with closing(opened(url)) as stream, pytest.raises(Unfit, match="password is wrong") as caught:
        stream.start()
    assert "wr0ng" not in str(caught.value)


@needs_openssl
def test_tls(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "localhost")
    (tmp_path / "other").mkdir()
    other = self_signed(tmp_path / "other", "localhost")
    port = free_port()
    settings = (
        *("--tls-port", str(port), "--tls-cert-file", str(certificate.public)),
        *("--tls-key-file", str(certificate.key), "--tls-ca-cert-file", str(certificate.public)),
    )
    with redis_server(tmp_path, *settings) as _:
        files = f"ssl_certfile={certificate.public}&ssl_keyfile={certificate.key}"
        url = f"rediss://127.0.0.1:{port}?{files}"
        with closing(opened(f"{url}&ssl_ca_certs={certificate.public}")) as stream:
            use_all(stream)
        for wrong in (f"{url}&ssl_ca_certs={other.public}", url):
            with closing(opened(wrong)) as stream, pytest.raises(Unfit, match="certificate is not trusted"):
                stream.start()


def test_sentinels_say_where_it_is(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("master", "replica", "sentinel")]
    for folder in folders:
        folder.mkdir()
    ports = [free_port() for _ in folders]
    watching = folders[2] / "sentinel.conf"
    watching.write_text(f"sentinel monitor room 127.0.0.1 {ports[0]} 1\n")
    with (
        redis_server(folders[0], "--repl-diskless-sync-delay", "0", port=ports[0]) as master,
        redis_server(folders[1], port=ports[1]) as replica,
        redis_server(folders[2], str(watching), "--sentinel", port=ports[2], ready="+monitor") as sentinel,
        closing(opened(f"redis+sentinel://127.0.0.1:1,127.0.0.1:{ports[2]}/room")) as stream,
    ):
        replica.do("REPLICAOF", "127.0.0.1", ports[0])
        stream.start()
        stream.read(0, 0)
        stream.append([b"one"], before := stream.run_id())
        while replica.do("XLEN", "oneroom:{main}") != 1:
            sleep(0.01)
        master.stop(signal.SIGKILL)
        replica.do("REPLICAOF", "NO", "ONE")
        sentinel.do("SENTINEL", "REMOVE", "room")
        with pytest.raises(Away, match="connection"):
            stream.read(0, 0)
        with pytest.raises(Away, match=r"No master found for 'room' : [^<>]*ConnectionError[^<>]*$"):
            stream.read(0, 0)
        sentinel.do("SENTINEL", "MONITOR", "room", "127.0.0.1", ports[1], 1)
        assert texts(stream.read(0, 0)) == [b"one"]
        assert stream.run_id() != before
