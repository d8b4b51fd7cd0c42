"""A server records what happens; `oneroom-server replay` ends in the same state as its log."""

import itertools
import resource
import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from tcp_server.log.log_file import BadHistory
from tcp_server.log.recording import Begin, Recording, Step, _parts, _write
from tcp_server.room.proposals import FORMAT
from tests.support.processes import Program, running
from tests.support.raw import JsonClient, RawClient
from tests.support.requirements import needs_prlimit
from tests.tcp_server.maintenance.commands import digest_of, run
from tests.tcp_server.sqlite_log import open_history, say

PASSWORD = {"ONEROOM_SERVER_MODERATOR_PASSWORD": "страж"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "room.db"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return tmp_path / "recording"


def serve(log: Path, recording: Path, *flags: str) -> AbstractContextManager[Program]:
    files = (f"--history={log}", f"--record={recording}")
    return running("tcp_server", "--host=127.0.0.1", "--port=0", *files, *flags, env=PASSWORD)


def until(client: JsonClient, **fields: Any) -> dict[str, Any]:
    """Read messages until one has these fields, and return it."""
    while not fields.items() <= (message := client.read_json()).items():
        pass
    return message


def act_on_messages(anna: JsonClient, boris: JsonClient) -> None:
    """Reply, edit, delete and react, and take a reaction back; ask for a one-time code."""
    one = until(boris, type="ack", ref="1")["id"]
    anna.say_json(type="say", ref="reply", text="на Борис", reply=one, kind="action")
    answer = until(anna, type="ack", ref="reply")["id"]
    for ref, client, fields in (
        ("r1", anna, {"type": "react", "id": one, "emoji": "👍"}),
        ("r2", boris, {"type": "react", "id": answer, "emoji": "🎉"}),
        ("r3", anna, {"type": "react", "id": one, "emoji": "👍", "on": False}),
        ("e", boris, {"type": "edit", "id": one, "text": "раз-два"}),
        ("d", anna, {"type": "delete", "id": answer}),
    ):
        client.say_json(ref=ref, **fields)
        until(client, type="ack", ref=ref)
    boris.say_json(type="link", ref="link", read=one)
    code = until(boris, type="link", ref="link")["code"]
    with JsonClient(boris.socket.getpeername()) as phone:
        phone.join("", code=code)


def use(server: Program) -> None:
    """Join, talk, leave, lose the connection, and do what moderators do."""
    with JsonClient(server.address) as anna, JsonClient(server.address) as boris:
        anna.join("Анна")
        anna.say_json(type="authenticate", password="страж")
        until(anna, type="role")
        secret = boris.join("Борис")["session"]
        boris.say_json(type="say", ref="1", text="раз")
        act_on_messages(anna, boris)
        boris.say_json(type="say", ref="2", text="два")
        deleted = until(boris, type="ack", ref="2")["id"]
        with RawClient(server.address) as vera:
            vera.join_lines("Вера")
            vera.send("три\n" + "четыре " * 1000 + "\n")
            until(anna, type="message", text="три")
            anna.say_json(type="moderate", act="mute", target="Вера", ref="m")
            until(anna, type="ack", ref="m")
        boris.reset()
        with JsonClient(server.address) as again:
            again.join("Борис", session=secret)
            again.say_json(type="say", ref="2", text="два")
            assert until(again, type="ack", ref="2")["id"] == deleted
            for act, fields in (("delete", {"id": deleted}), ("ban", {"target": "Борис"})):
                anna.say_json(type="moderate", act=act, ref=act, **fields)
                until(anna, type="ack", ref=act)
            until(again, type="bye", reason="banned")


def assert_same(log: Path, recording: Path) -> None:
    output = run("replay", recording, "--history", log).stdout
    assert output.endswith(f"\n{digest_of(log)}\nthe same as the log\n")


def test_a_recording_ends_in_the_state_of_the_log(log: Path, recording: Path) -> None:
    with open_history(log) as history:
        say(history, "from before")
    with serve(log, recording) as server:
        use(server)
        assert_same(log, recording)  # beside the server
    assert_same(log, recording)
    assert recording.stat().st_mode & 0o777 == 0o600


def test_a_second_run_goes_on_with_the_recording(log: Path, recording: Path) -> None:
    for names in ("ab", "cd"):
        with serve(log, recording) as server:
            for name in names:
                with JsonClient(server.address) as client:
                    client.join(name)
                    client.say_json(type="say", ref="1", text=name)
                    until(client, type="ack")
    assert_same(log, recording)


def test_a_server_that_is_killed_under_load(log: Path, recording: Path) -> None:
    for turn in range(3):
        with serve(log, recording, "--rate=0") as server:
            clients = [JsonClient(server.address) for _ in range(3)]
            for number, client in enumerate(clients):
                client.join(f"{turn} {number}")
            acks = threading.Semaphore(0)

            def talk(client: JsonClient, acks: threading.Semaphore = acks) -> None:
                try:
                    for ref in itertools.count():
                        client.say_json(type="say", ref=str(ref), text="слово " * 20)
                        until(client, type="ack")
                        acks.release()
                except (OSError, AssertionError, ValueError):
                    pass  # it was killed

            threads = [threading.Thread(target=talk, args=(client,)) for client in clients]
            for thread in threads:
                thread.start()
            for _ in range(150):
                acks.acquire()
            server.kill()
            for thread in threads:
                thread.join()
            for client in clients:
                client.close()
        assert_same(log, recording)


@needs_prlimit
def test_what_could_not_be_stored_is_taken_back_in_the_recording_too(log: Path, recording: Path) -> None:
    with serve(log, recording) as server, JsonClient(server.address) as anna:
        anna.join("Анна")
        for number in range(1, 21):  # each grows the log by pages, and the recording by bytes
            anna.say_json(type="say", ref=f"{number}", text="раз")
            until(anna, type="ack", id=number)
        full = log.with_name("room.db-wal").stat().st_size
        recorded = recording.stat().st_size
        assert recorded < full, "the recording would be full as well"
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        with JsonClient(server.address) as boris:
            boris.join("Борис")
            for ref in "ab":
                boris.say_json(type="say", ref=ref, text="два")
                until(boris, type="error", ref=ref, code="unavailable")
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            boris.say_json(type="typing")  # a batch that proposes nothing stores what could not be stored
            boris.fence()
            assert_same(log, recording)
            boris.say_json(type="leave")
            until(boris, type="bye")
        anna.say_json(type="say", ref="c", text="три")
        until(anna, type="ack", ref="c", id=21)
    assert_same(log, recording)


def test_what_is_forgotten_is_recorded(log: Path, recording: Path) -> None:
    with serve(log, recording, "--rate=0", "--keep=10") as server, JsonClient(server.address) as anna:
        anna.join("Анна")
        for ref in range(30):
            anna.say_json(type="say", ref=str(ref), text="раз")
        until(anna, type="ack", ref="29")
        first = 1
        while first < 21:
            anna.say_json(type="history", limit=100)
            first = until(anna, type="history")["messages"][0]["id"]
    assert_same(log, recording)


def test_a_difference_is_found(log: Path, recording: Path) -> None:
    with serve(log, recording) as server:
        use(server)
    with open_history(log) as history:
        change = "UPDATE messages SET text = 'другое' WHERE text = 'три' RETURNING id"
        ((number,),) = history._db.execute(change).fetchall()
    output = run("replay", recording, "--history", log, code=1).stdout
    assert f"different from the log, first in #{number}\n" in output
    with open_history(log) as history:
        history._db.execute("UPDATE messages SET text = 'три' WHERE text = 'другое'")
        history._db.execute("DELETE FROM members")
    assert "members" in run("replay", recording, "--history", log, code=1).stdout


def test_a_recording_of_another_log_or_with_a_gap_is_refused(log: Path, recording: Path) -> None:
    with serve(log, recording) as server:
        use(server)
    other = log.with_name("other.db")
    with open_history(other):
        pass
    assert "it is of another log" in run("replay", recording, "--history", other, code=1).stderr
    for history, reason in ((other, "it is of another log"), (log, "name a new file")):
        with running("tcp_server", "--host=127.0.0.1", "--port=0", f"--history={history}") as server:
            server.address  # noqa: B018 - it is ready
        refused = run("--host=127.0.0.1", "--port=0", f"--history={history}", f"--record={recording}", code=1)
        assert reason in refused.stderr
    assert "ends at position" in run("replay", recording, "--history", log, code=1).stderr


def test_a_recording_is_refused_if_the_log_has_another_end(log: Path, recording: Path) -> None:
    """The log has lost its end, as after a loss of power, and has got another one without the recording."""
    with serve(log, recording) as server:
        server.address  # noqa: B018 - it is ready
    lost = log.read_bytes()
    with serve(log, recording) as server:
        use(server)
    log.write_bytes(lost)
    flags = ("--host=127.0.0.1", "--port=0", f"--history={log}")
    with running("tcp_server", *flags) as server:
        server.address  # noqa: B018
    refused = run(*flags, f"--record={recording}", code=1).stderr
    assert f"cannot go on with the recording {recording}: the server has run without it" in refused


def test_a_damaged_recording_is_refused(log: Path, recording: Path) -> None:
    with serve(log, recording) as server:
        use(server)
    data = recording.read_bytes()
    for damaged, reason in (
        (data[:-100] + b"\0" + data[-99:], "it is damaged before byte"),
        (b"no recording at all", "it is no recording"),
        (b"", "it is no recording"),
    ):
        recording.write_bytes(damaged)
        assert reason in run("replay", recording, "--history", log, code=1).stderr


def test_a_recording_whose_beginning_could_not_be_written_is_begun_anew(
    log: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_history(log) as history:
        say(history, "from before")
        with monkeypatch.context() as patch:
            patch.setattr("tcp_server.log.recording.copy_whole", Mock(side_effect=OSError("full")))
            with pytest.raises(BadHistory, match="full"):
                Recording(recording, log, Begin(history.epoch, 0, b""))
        assert [file.name for file in recording.parent.glob("recording*")] == []
        Recording(recording, log, Begin(history.epoch, 0, b"")).close()
    with serve(log, recording) as server:
        use(server)
    assert_same(log, recording)


@pytest.mark.parametrize("history", ["memory", "off"])
def test_only_a_log_on_disk_is_recorded(tmp_path: Path, history: str) -> None:
    refused = run("--history", history, "--record", tmp_path / "recording", code=2)
    assert "only messages on disk are recorded" in refused.stderr


def test_an_entry_of_a_newer_version_is_not_skipped(log: Path, recording: Path) -> None:
    with serve(log, recording) as server:
        use(server)
    *parts, last = [part for part, _ in _parts(recording)]
    assert isinstance(last, Step)
    newer = msgspec.msgpack.encode([FORMAT, b"incarnation", 1, [["wink", 1]]])
    parts.append(Step(last.position, last.at, newer))
    with recording.open("wb") as file:
        for part in parts:
            _write(file.fileno(), part)
    refused = run("replay", recording, "--history", log, code=1).stderr
    assert "this version cannot read an entry of the journal: Invalid value 'wink'" in refused
    assert refused.count("\n") == 1
