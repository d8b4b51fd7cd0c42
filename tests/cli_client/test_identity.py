"""Who we are is kept between runs, for one room only."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_protocol.address import Address
from chat_protocol.messages import Bye, Join, Leave, Position
from cli_client.identity import Identity, IdentityStore
from tests.cli_client.fake_room import FakeRoom, message
from tests.cli_client.terminal_session import ENTER, client_at, enter, leave
from tests.cli_client.test_pipe import answer_leave, run_pipe
from tests.support.processes import ROOT, Program, running
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT

ROOM = Address("chat.example", 8080)
ANNA = Identity("Анна", "secret of Анна", Position("e1", 7))
BORIS = Identity("Борис", "secret of Борис", Position("e1", 1))
SCRIPT = Identity("cron", "secret of cron")


@pytest.fixture
def folder() -> Path:
    """Return the folder of this test's identities, which is not there yet."""
    return Path(os.environ["XDG_STATE_HOME"]) / "oneroom"


def store(host: str = "chat.example", port: int = 8080, *, tls: bool = False) -> IdentityStore:
    return IdentityStore(Address(host, port), tls=tls)


# --- the files -----------------------------------------------------------------------


def test_an_identity_is_kept_by_its_name_as_people_write_it() -> None:
    assert store().load("Анна") is None
    assert store().last_name() == ""
    store().save(ANNA)
    assert store().load(" анна ") == ANNA
    assert store().load("Анна 2") is None
    assert store().take_problem() is None


def test_no_other_room_is_shown_it() -> None:
    store().save(ANNA)
    others = [store("other.example"), store(port=8081), store(tls=True), store("chat.example.org")]
    assert [other.load("Анна") for other in others] == [None] * 4
    assert [other.last_name() for other in others] == [""] * 4
    assert store("Chat.Example").load("Анна") == ANNA


def test_only_the_user_can_read_it(folder: Path) -> None:
    store().save(ANNA)
    (room,) = folder.iterdir()
    (file,) = room.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(room.stat().st_mode) == 0o700


def test_the_last_name_is_that_of_the_newest_file_of_a_person(folder: Path) -> None:
    for age, identity in enumerate((SCRIPT, BORIS, ANNA)):
        store().save(identity)
        newest = max(folder.glob("*/*.json"), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (1000 - age, 1000 - age))
    assert store().last_name() == "Борис"


def test_without_a_position_the_kept_one_stays() -> None:
    store().save(ANNA)
    store().save(Identity("анна", "another secret"))
    assert store().load("Анна") == Identity("анна", "another secret", ANNA.read)


def test_what_is_forgotten_is_not_kept_again() -> None:
    store().save(BORIS)
    forgetful = store()
    forgetful.save(ANNA)
    forgetful.forget("Анна")
    forgetful.save(ANNA)
    assert store().load("Анна") is None
    assert store().load("Борис") == BORIS


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"name":1,"session":"s"}', b"\xff", b'{"name":"x"}'])
def test_a_damaged_file_is_told_once_and_replaced(folder: Path, damage: bytes) -> None:
    store().save(ANNA)
    (file,) = folder.glob("*/*")
    file.write_bytes(damage)
    damaged = store()
    assert damaged.load("Анна") is None
    assert damaged.last_name() == ""
    assert damaged.take_problem() == (str(file), "")
    assert damaged.take_problem() is None
    damaged.save(ANNA)
    assert store().load("Анна") == ANNA


def test_where_nothing_can_be_kept_that_is_told_once(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_bytes(b"")  # a file in place of the folder
    blocked = store()
    assert blocked.load("Анна") is None
    for _ in range(2):
        blocked.save(ANNA)
    problem = blocked.take_problem()
    assert problem
    assert problem.reason == "Not a directory"
    assert blocked.take_problem() is None
    assert blocked.last_name() == ""


@pytest.mark.parametrize("host", ["..", "x" * 300, "a\0b", "a b", "::1"])
def test_a_strange_host_leads_to_no_other_folder(folder: Path, host: str) -> None:
    strange = store(host)
    strange.save(ANNA)
    strange.take_problem()
    assert [path.parent.parent for path in folder.parent.rglob("*.json")] in ([folder], [])


# --- the client ----------------------------------------------------------------------


@pytest.fixture
def program() -> Iterator[Program]:
    with running("tcp_server", "--host=127.0.0.1", "--port=0", "--history=memory") as program:
        yield program


def test_after_a_crash_one_is_oneself_again(program: Program) -> None:
    with JsonClient(program.address) as other:
        other.join("Вера")
        with client_at(program.address, "--name", "Анна") as terminal:
            terminal.wait_for("2 here")
            terminal.child.kill(9)
        with client_at(program.address) as terminal:  # without a name: the last one
            terminal.wait_for("You have joined as Анна.")
            terminal.type("/quit", ENTER)
            assert terminal.end() == 0
        kinds = [(event["type"], event["name"]) for event in other.fence()]
        assert kinds == [("joined", "Анна"), ("left", "Анна")]


def test_two_clients_are_one_person(program: Program) -> None:
    with (
        client_at(program.address, "--name", "Анна") as desk,
        JsonClient(program.address) as other,
    ):
        desk.wait_for("You have joined as Анна.")
        assert other.join("Вера")["members"] == ["Анна", "Вера"]
        with run_pipe(str(program.address), "--name", "анна") as script:
            script.write("со скрипта\n")
            other.expect_json(type="message", name="Анна", text="со скрипта")
            desk.wait_for("Анна: со скрипта")
            script.stdin.close()
            assert script.end() == 0
        desk.type("/quit", ENTER)
        assert desk.end() == 0
        other.expect_json(type="left", name="Анна")


def test_the_unread_line_stands_where_one_stopped(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        client.send(message(1), message(2))
        terminal.wait_for("#2")
        leave(terminal, client)
    with client_at(room.address) as terminal:
        client = room.accept()
        join = client.welcome(messages=[message(number) for number in range(1, 5)])
        assert join == Join("Анна", session="secret", history=50)
        lines = terminal.wait_for("You have joined")
        (unread,) = (at for at, line in enumerate(lines) if "unread" in line)
        assert "#2" in lines[unread - 1]
        assert "#3" in lines[unread + 1]
        leave(terminal, client)
    with client_at(room.address) as terminal:
        client = room.accept()
        client.welcome(messages=[message(4)])
        assert not any("unread" in line for line in terminal.wait_for("You have joined"))
        leave(terminal, client)
    with client_at(room.address) as terminal:
        client = room.accept()
        client.welcome(epoch="another log", messages=[message(9)])
        assert not any("unread" in line for line in terminal.wait_for("You have joined"))
        leave(terminal, client)


def test_what_a_script_was_sent_is_still_unread(room: FakeRoom) -> None:
    IdentityStore(room.address, tls=False).save(Identity("Анна", "secret", Position("e1", 2)))
    with run_pipe(str(room.address), "--name", "Анна", "--follow") as pipe:
        client = room.accept()
        assert client.welcome(last=2) == Join("Анна", session="secret", history=0)
        client.send(message(3))
        pipe.stdout.wait_for("сообщение 3")
        pipe.process.terminate()
        answer_leave(client)
        assert pipe.end() == 0
    kept = IdentityStore(room.address, tls=False).load("Анна")
    assert kept
    assert kept.read == Position("e1", 2)


def test_forget(room: FakeRoom) -> None:
    with client_at(room.address, "--name", "Анна") as terminal:
        client = enter(room, terminal)
        terminal.type("/forget", ENTER)
        terminal.wait_for("Forgotten")
        leave(terminal, client)
    with client_at(room.address) as terminal:
        terminal.wait_for("Your name:")
        terminal.type("Анна", ENTER)
        client = room.accept()
        assert client.welcome() == Join("Анна", history=50)
        terminal.wait_for("You have joined")
        leave(terminal, client)


@pytest.mark.parametrize(("state", "reason"), [("/dev/null", "Not a directory"), ("/proc", "")])
def test_where_nothing_can_be_kept_the_client_says_so_and_goes_on(
    room: FakeRoom, state: str, reason: str
) -> None:
    with run_pipe(str(room.address), "--name", "Анна", "--lang", "en", XDG_STATE_HOME=state) as pipe:
        client = room.accept()
        client.welcome()
        told = pipe.stderr.wait_for("\n")
        assert told.startswith("oneroom: Who you are and what you have read is not kept: " + state)
        assert reason in told
        client.send(Bye("kicked"))
        assert pipe.end() == 1
        assert pipe.stderr.text.count("not kept") == 1


def test_a_user_without_a_home_is_told(room: FakeRoom) -> None:
    code = "import os; os.getuid = lambda: 2**31 - 7; from cli_client.cli import main; main()"
    environment = {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        (sys.executable, "-c", code, str(room.address), "--name=Анна"),
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        client = room.accept()
        client.welcome()
        client.receive(Leave)
        client.send(Bye("left"))
        _, told = process.communicate(timeout=TIMEOUT)
        assert b"is not kept: /dev/null/oneroom" in told
        assert b"Traceback" not in told
