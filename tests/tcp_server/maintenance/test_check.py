"""`oneroom-server check` and `compact`, and a server whose file is damaged."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from chat_protocol.messages import Ack, Message, Quote
from tcp_server.log.integrity import examine
from tcp_server.log.log_file import BadHistory, read_only
from tcp_server.log.message_rows import UNREADABLE
from tcp_server.log.restoring import restore
from tcp_server.log.said_rows import MOST
from tests.support.processes import running
from tests.support.raw import JsonClient
from tests.tcp_server.maintenance.commands import digest_of, run
from tests.tcp_server.sqlite_log import (
    ANNA,
    AT,
    act,
    delete,
    edit,
    ids,
    open_history,
    prune,
    react,
    say,
    say_sparsely,
)

COUNT = 4000
TEXT = "слово " * 16


@pytest.fixture(params=["each", "joined"])
def stored(request: pytest.FixtureRequest) -> str:
    """Whether each message has a row in the log, or many together."""
    return str(request.param)


@pytest.fixture
def path(stored: str, tmp_path: Path) -> Path:
    path = tmp_path / "room.db"
    texts = [f"{number} {TEXT}" for number in range(1, COUNT + 1)]
    with open_history(path) as history:
        if stored == "each":
            say(history, *texts, key=(ANNA, None))
        else:
            history.say(ANNA, "Анна", AT, texts, ())
            history.commit()
    return path


def damage(path: Path, *numbers: int) -> None:
    """Overwrite the page that each of these messages is in."""
    content = bytearray(path.read_bytes())
    for id_ in numbers:
        start = content.index(f"{id_} {TEXT}".encode()) // 4096 * 4096
        content[start : start + 4096] = b"\xa5" * 4096
    path.write_bytes(content)


def test_the_digest_is_that_of_the_messages(path: Path, tmp_path: Path) -> None:
    digest = digest_of(path)
    with open_history(tmp_path / "same.db") as history:
        say(history, *[f"{number} {TEXT}" for number in range(1, COUNT + 1)], key=(ANNA, None))
    assert digest_of(tmp_path / "same.db") == digest
    with open_history(path) as history:
        delete(history, 7)
        history.commit()
    assert digest_of(path) != digest


@pytest.fixture
def acted(tmp_path: Path) -> Path:
    """A log with acts of each kind, the last of which has the greatest id."""
    path = tmp_path / "acted.db"
    with open_history(path) as history:
        said = Message(1, AT, "Анна", "раз", kind="action", reply=Quote(1), mentions=("Борис",))
        history.append(said, ANNA, "1")
        history.append(Message(2, AT, "Борис", "два"), b"boris")
        edit(history, 2, "три")
        act(history, 1, lambda message: replace(message, text="пять", edited=AT), (ANNA, "2"))
        for person in (ANNA, b"boris", b"vera"):
            react(history, 2, "👍", person)
        react(history, 2, "🎉")
        react(history, 2, "👍", on=False)
        history.commit()
    return path


def test_the_digest_is_also_that_of_acts(acted: Path, tmp_path: Path) -> None:
    for number, change in enumerate(
        (
            "UPDATE messages SET details = NULL WHERE id = 1",
            "UPDATE messages SET changed = 8 WHERE id = 1",
            "UPDATE acts SET ref = '3'",
            "DELETE FROM reactions WHERE place = 3",
        )
    ):
        copy = tmp_path / f"{number}.db"
        copy.write_bytes(acted.read_bytes())
        with closing(sqlite3.connect(copy)) as db, db:
            assert db.execute(change).rowcount == 1
        assert digest_of(copy) != digest_of(acted)


def test_copies_and_what_is_salvaged_have_the_acts(acted: Path, tmp_path: Path) -> None:
    digest, copy = digest_of(acted), tmp_path / "copy.db"
    with open_history(acted) as history:
        kept = history.before(100, 100)
    run("backup", "--history", acted, copy)
    run("restore", "--history", tmp_path / "new.db", copy)
    run("compact", "--history", tmp_path / "new.db")
    damage_root(copy, "log")
    run("restore", "--salvage", "--history", copy, copy)
    for path in (tmp_path / "new.db", copy):
        assert digest_of(path) == digest
        with open_history(path) as history:
            assert history.before(100, 100) == kept
            assert history.find_acks(ANNA, ["1", "2"]) == {"1": Ack("1", 1, AT), "2": Ack("2", 4, AT)}
            assert history.reacted([1, 2], ANNA) == {2: ["🎉"]}
            assert history.last == 9


def test_messages_are_salvaged_where_the_acts_are_destroyed(acted: Path) -> None:
    for table in ("acts", "reactions"):
        damage_root(acted, table)
    assert "acts on messages cannot be read" in run("check", "--history", acted, code=1).stdout
    run("restore", "--salvage", "--history", acted, acted)
    digest_of(acted)
    with open_history(acted) as history:
        assert [message.text for message in history.before(100, 100)] == ["пять", "три"]


def test_an_empty_log_is_whole(tmp_path: Path) -> None:
    with open_history(tmp_path / "empty.db"):
        pass
    assert "no messages\n" in run("check", "--history", tmp_path / "empty.db").stdout


def test_damage_is_found_and_the_rest_is_salvaged(path: Path, stored: str) -> None:
    damage(path, 500, 2000, 3500)
    done = run("check", "--history", path, code=1)
    assert "messages that cannot be read: #" in done.stdout
    assert "restore --salvage" in done.stdout
    for command in (["backup", path.with_name("copy.db")], ["compact"]):
        assert "restore --salvage" in run(*command, "--history", path, code=1).stderr
    run("restore", "--salvage", "--history", path, path)
    assert digest_of(path)
    with open_history(path) as history:
        messages = history.before(COUNT + 1, COUNT)
    lost = [message.id for message in messages if message.text == UNREADABLE]
    assert {500, 2000, 3500} <= set(lost)
    assert len(lost) < {"each": 100, "joined": 3 * MOST}[stored]
    assert [message.id for message in messages] == list(range(1, COUNT + 1))
    assert all(message.text.startswith(f"{message.id} ") for message in messages if message.id not in lost)


@pytest.mark.parametrize("more", [0, 1000, 2000, 3000])  # bytes of a page
def test_a_file_that_lost_its_end_is_salvaged(path: Path, stored: str, more: int) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 // 4096 * 4096 + more])
    run("check", "--history", path, code=1)
    run("export", "--history", path)
    run("restore", "--salvage", "--history", path, path)
    with open_history(path) as history:
        assert COUNT / 4 < history.last < COUNT
        texts = [message.text for message in history.before(history.last + 1, COUNT)]
    assert all(text in (f"{id_} {TEXT}", UNREADABLE) for id_, text in enumerate(texts, start=1))
    assert texts.count(UNREADABLE) < {"each": 40, "joined": MOST}[stored]  # of one page


def test_a_damaged_byte_costs_one_message(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(f"500 {TEXT}".encode()) + 20] = 0xFF  # which is never in UTF-8
    path.write_bytes(content)
    assert "messages that cannot be read: #" in run("check", "--history", path, code=1).stdout
    run("restore", "--salvage", "--history", path, path)
    with open_history(path) as history:
        messages = history.before(COUNT + 1, COUNT)
    assert len(messages) == COUNT
    assert [message.id for message in messages if message.text != f"{message.id} {TEXT}"] == [500]


def damage_root(path: Path, table: str) -> None:
    """Overwrite the page that leads to all rows of a table."""
    with read_only(path) as db:  # which leaves the write-ahead log as it is
        (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)


def test_messages_are_salvaged_where_the_root_of_their_table_is_destroyed(path: Path) -> None:
    with open_history(path) as history:
        long = ["ы" * 4000, "x" * 4096, "ё" * 2000, '"\n' * 1500, "😀" * 1000]  # in pages of their own
        for number, text in enumerate(long):
            say(history, text, key=(b"s" * 16, str(number)))
        delete(history, 7)
        history.commit()
    digest = digest_of(path)
    damage_root(path, "messages")
    assert "restore --salvage" in run("check", "--history", path, code=1).stderr
    with pytest.raises(BadHistory, match="oneroom-server check"):
        open_history(path)
    run("restore", "--salvage", "--history", path, path)
    assert digest_of(path) == digest


def test_what_is_only_in_the_write_ahead_log_is_salvaged(path: Path) -> None:
    with open_history(path) as history:
        say(history, "последнее")
        copy = path.with_name("copy.db")
        for ending in ("", "-wal"):  # as after a crash
            copy.with_name(copy.name + ending).write_bytes(path.with_name(path.name + ending).read_bytes())
        digest = digest_of(path)
    damage_root(copy, "messages")
    run("restore", "--salvage", "--history", copy, copy)
    assert digest_of(copy) == digest
    assert not list(path.parent.glob("*.damaged*"))


def test_lost_messages_are_told_from_skipped_ids_without_the_root_too(sparse: Path) -> None:
    damage(sparse, 2000)
    damage_root(sparse, "messages")
    run("restore", "--salvage", "--history", sparse, sparse)
    with open_history(sparse) as history:
        messages = history.before(COUNT * 10 + 1, COUNT)
    assert [message.id for message in messages] == list(range(10, COUNT * 10 + 1, 10))
    assert 0 < len([message for message in messages if message.text == UNREADABLE]) < 20


def test_a_file_without_its_first_page_names_the_way_out(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xa5" * 4096)
    done = run("restore", "--salvage", "--history", path, path, code=1)
    assert done.stderr.endswith(
        "file is not a database; only a backup helps: `oneroom-server restore BACKUP`\n"
    )
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.fixture
def sparse(tmp_path: Path) -> Path:
    """The same with nine skipped ids before each message."""
    path = tmp_path / "sparse.db"
    with open_history(path) as history:
        say_sparsely(history, *[f"{number} {TEXT}" for number in range(1, COUNT + 1)])
    return path


def test_only_messages_are_missed_between_skipped_ids(sparse: Path) -> None:
    assert f"{COUNT:,} messages, #10 to #{COUNT}0\n" in run("check", "--history", sparse).stdout
    damage(sparse, 500, 2000, 3500)
    assert "messages that cannot be read: #" in run("check", "--history", sparse, code=1).stdout
    exported = run("export", "--history", sparse).stdout
    assert [int(line.split()[0][1:]) for line in exported.splitlines()] == list(range(10, COUNT * 10 + 1, 10))
    lost = exported.count(UNREADABLE)
    assert 3 <= lost < 100
    run("restore", "--salvage", "--history", sparse, sparse)
    assert f"{COUNT:,} messages, #10 to #{COUNT}0\n" in run("check", "--history", sparse).stdout
    with open_history(sparse) as history:
        messages = history.before(COUNT * 10 + 1, COUNT)
    assert [message.id for message in messages] == list(range(10, COUNT * 10 + 1, 10))
    assert len([message for message in messages if message.text == UNREADABLE]) == lost


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE skipped SET total = total + 1 WHERE first = 511",
        "UPDATE skipped SET last = last + 1, total = total + 1 WHERE first = 39991",
    ],
)
def test_contradictions_are_found_and_restoring_ends_them(sparse: Path, change: str) -> None:
    with closing(sqlite3.connect(sparse)) as db, db:
        db.execute(change)
    with read_only(sparse) as db:
        assert examine(db).faults == ["the numbers that are of no messages contradict the messages"]
    restore(sparse, sparse, salvage=True)
    with read_only(sparse) as db:
        report = examine(db)
    assert (report.messages, report.faults) == (COUNT, [])


def test_messages_stay_readable_where_the_skipped_ids_are_not(sparse: Path) -> None:
    with closing(sqlite3.connect(sparse)) as db:
        (page,) = db.execute(
            "SELECT pageno FROM dbstat WHERE name = 'skipped' AND pagetype = 'leaf' LIMIT 1 OFFSET 3"
        ).fetchone()
    with sparse.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    assert UNREADABLE not in run("export", "--history", sparse).stdout
    with open_history(sparse) as history:
        read = ids(history.before(2**53, 300))
        while older := history.before(read[0], 300):
            read = ids(older) + read
    assert read == list(range(10, COUNT * 10 + 1, 10))


def test_a_sparse_log_that_lost_its_end_is_salvaged(sparse: Path) -> None:
    with closing(sqlite3.connect(sparse)) as db:
        db.execute("VACUUM")  # puts what was skipped behind the messages: it is lost
    sparse.write_bytes(sparse.read_bytes()[: sparse.stat().st_size // 2 // 4096 * 4096])
    run("check", "--history", sparse, code=1)
    run("restore", "--salvage", "--history", sparse, sparse)
    with open_history(sparse) as history:
        messages = history.before(history.last + 1, COUNT)
    assert COUNT / 4 < len(messages) < COUNT
    assert all(message.text in (f"{message.id // 10} {TEXT}", UNREADABLE) for message in messages)


def test_a_log_without_its_epoch_is_salvaged(path: Path) -> None:
    digest = digest_of(path)
    damage_root(path, "log")
    with pytest.raises(BadHistory, match="oneroom-server check"):
        open_history(path)
    assert "epoch unreadable" in run("check", "--history", path, code=1).stdout
    run("restore", "--salvage", "--history", path, path)
    assert digest_of(path) == digest


def test_what_is_salvaged_has_the_bans(path: Path) -> None:
    with open_history(path) as history:
        history.sanctions = b"those in force"
        history.commit()
    damage(path, 500)
    run("restore", "--salvage", "--history", path, path)
    with open_history(path) as history:
        assert history.sanctions == b"those in force"


def test_a_server_serves_what_is_whole_and_says_what_is_not(path: Path, stored: str) -> None:
    damage(path, 500, 2000, 3900)
    with (
        running("tcp_server", "--host=127.0.0.1", "--port=0", f"--history={path}") as program,
        JsonClient(program.address) as anna,
    ):
        anna.join("Анна")
        read: list[dict[str, object]] = []
        before, more = COUNT + 1, True
        while more:
            anna.say_json(type="history", before=before, limit=500)
            page = anna.expect_json(type="history")
            read = page["messages"] + read
            before, more = page["messages"][0]["id"], page["more"]
        assert [message["id"] for message in read] == list(range(1, COUNT + 1))
        texts = {message["id"]: message["text"] for message in read}
        assert [texts[id_] for id_ in (500, 2000, 3900)] == [UNREADABLE] * 3
        assert list(texts.values()).count(UNREADABLE) < {"each": 100, "joined": 5 * MOST}[stored]
        anna.say_json(type="search", query="слово")
        assert anna.expect_json(type="found")["messages"]
        anna.say_json(type="say", ref="1", text="дальше")
        anna.expect_json(type="ack", id=COUNT + 1)
        said = program.stderr.wait_for("oneroom-server check")
        assert "ERROR" in said
        assert said.count("is damaged") == 1


def test_compact_makes_a_file_small_and_lets_it_shrink_by_itself(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:  # as older versions made it
        db.executescript("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM;")
        assert db.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    with open_history(path, keep=100) as history:
        while prune(history):
            pass
    before = path.stat().st_size
    done = run("compact", "--history", path)
    assert f"before {before / 1e6:,.1f} MB" in done.stdout
    assert path.stat().st_size < before / 5
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    digest_of(path)
