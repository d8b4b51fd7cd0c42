"""A log of a million messages, and a room that talks meanwhile: `make long-log`.

`ONEROOM_LOG_MESSAGES` is another number of messages.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Self

import pytest

from chat_protocol.address import Address
from chat_protocol.messages import Message
from tcp_server.log.log_file import ends, read_only
from tests.support.processes import running
from tests.support.raw import JsonClient
from tests.support.timing import at_most
from tests.tcp_server.maintenance.commands import digest_of, run
from tests.tcp_server.sqlite_log import AT, open_history, prune

COUNT = int(os.environ.get("ONEROOM_LOG_MESSAGES", "1000000"))
PART = COUNT / 1_000_000

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log without an index, for copies. The first message has a word of its own."""
    path = tmp_path_factory.mktemp("log") / "whole.db"
    with open_history(path) as history:
        for start in range(1, COUNT + 1, 10_000):
            numbers = range(start, min(start + 10_000, COUNT + 1))
            for number in numbers:
                history.append(_message(number))
            history.commit()
    return path


def _message(number: int) -> Message:
    word = "первое" if number == 1 else f"слово{number % 1000}"
    return Message(number, AT, f"Анна {number % 50}", f"{word} в сообщении, какие люди пишут в комнате")


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "room.db"
    shutil.copyfile(whole, path)
    yield path
    for file in tmp_path.iterdir():
        file.unlink()


@contextmanager
def server(path: Path, *flags: str) -> Iterator[Address]:
    with running(
        "tcp_server", "--host=127.0.0.1", "--port=0", "--rate=0", f"--history={path}", *flags
    ) as one:
        yield one.address


class Talker:
    """Says messages evenly in a thread of its own, and measures how long the room takes to answer."""

    def __init__(self, address: Address, rate: int) -> None:
        """`rate` is in messages a second."""
        self.waits: list[
            float
        ] = []  # seconds from messages to their acks; this and the next are set by the thread
        self.said = 0
        self._at_once = max(1, rate // 250)
        self._pause = self._at_once / rate
        self._client = JsonClient(address)
        self._client.join("Борис", history=0)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._talk, name="talker")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self._client.close()

    def _talk(self) -> None:
        due = monotonic()
        while not self._ending.wait(max(0.0, due - monotonic())):
            numbers = range(self.said, self.said + self._at_once)
            says = [f'{{"type":"say","ref":"{number:012}","text":"ещё слово"}}\n' for number in numbers]
            self._client.send("".join(says))
            began = monotonic()
            missing = len(numbers)
            while missing:
                missing -= self._client.read_json()["type"] == "ack"
            self.waits.append(monotonic() - began)
            self.said += self._at_once
            due += self._pause


def test_backup_and_check_beside_a_room_that_talks_and_a_restore(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with server(path) as address, Talker(address, 50) as talker:
        began = monotonic()
        run("backup", "--history", path, copy)
        assert monotonic() - began < at_most(10 * PART + 1)
        assert run("check", "--history", path).stdout.endswith("whole\n")
        assert talker.said
    assert max(talker.waits) < at_most(0.5)
    digest = digest_of(copy)
    with read_only(copy) as db:
        assert COUNT <= ends(db)[1] <= COUNT + talker.said
    done = run("restore", "--history", path, copy)
    assert done.stdout.endswith(f"what was there before is in {path}.old\n")
    assert digest_of(path) == digest
    with read_only(path) as new, read_only(copy) as old:
        epochs = [db.execute("SELECT epoch FROM log").fetchone() for db in (new, old)]
    assert epochs[0] != epochs[1]


def test_compact_makes_a_small_file_of_one_with_few_messages_left(path: Path) -> None:
    with open_history(path, keep=COUNT // 10) as history:
        while history.first <= COUNT - COUNT // 10:
            prune(history)
    before = path.stat().st_size
    digest = digest_of(path)
    run("compact", "--history", path)
    assert path.stat().st_size < before / 5
    assert digest_of(path) == digest


def test_all_is_salvaged_without_the_root_of_the_table(path: Path) -> None:
    digest = digest_of(path)
    with read_only(path) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'messages'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(4096))
    run("restore", "--salvage", "--history", path, path)
    assert digest_of(path) == digest


def test_retention_keeps_up_with_5000_messages_a_second_without_a_pause(path: Path) -> None:
    seconds = 10
    with server(path, f"--keep={COUNT}") as address, Talker(address, 5000) as talker, read_only(path) as db:
        sleep(seconds)
        first, last = ends(db)
        assert last - first + 1 <= COUNT + 10_000  # two seconds of talk
    assert talker.said > 4500 * seconds
    # Two in 2,500 are left out, when the machine itself pauses: the room forgets messages a hundred times.
    assert sorted(talker.waits)[-3] < at_most(0.02)


def test_a_log_without_an_index_is_searched_while_it_is_built_in_a_room_that_talks(path: Path) -> None:
    with server(path, "--keep=0") as address, Talker(address, 50) as talker, JsonClient(address) as anna:
        began = monotonic()
        anna.join("Анна", history=0)
        words = (f"слово{number % 1000}" for number in count())
        while not _find(anna, "первое"):  # the oldest is indexed last
            asked = monotonic()
            found = _find(anna, next(words))
            assert monotonic() - asked < at_most(2)
            assert found == sorted(found)[-100:]
            assert found
            assert found[-1] > COUNT - 1000
            sleep(3)  # searches and indexing take turns
        assert monotonic() - began < at_most(300 * PART + 2)
    assert max(talker.waits) < at_most(0.5)


def _find(client: JsonClient, query: str) -> list[int]:
    """Return the ids that a search finds; none if it ends without."""
    client.say_json(type="search", query=query, ref="search")
    while (answer := client.read_json())["type"] not in ("found", "error"):
        pass
    return [message["id"] for message in answer.get("messages", ())]
