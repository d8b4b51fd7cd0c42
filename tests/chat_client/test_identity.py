"""Who we are is kept between runs, for one room only."""

import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from chat_client.identity import Identity, IdentityStore
from chat_protocol.address import Address
from chat_protocol.messages import Position

ANNA = Identity("Анна", "secret of Анна", Position("e1", 7))
BORIS = Identity("Борис", "secret of Борис", Position("e1", 1))
SCRIPT = Identity("cron", "secret of cron")


@pytest.fixture
def folder() -> Path:
    """Return the folder of this test's identities, which is not there yet."""
    return Path(os.environ["XDG_STATE_HOME"]) / "oneroom"


def store(host: str = "chat.example", port: int = 8080, *, tls: bool = False) -> IdentityStore:
    return IdentityStore(Address(host, port), tls=tls)


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


def test_what_an_older_version_has_kept_is_found(folder: Path) -> None:
    store().save(ANNA)
    (file,) = folder.glob("*/*")
    file.rename(file.with_name(f"{sha256('анна'.encode()).hexdigest()[:32]}.json"))
    assert store().load("Анна") == ANNA
    store().save(Identity("Анна", "another secret"))
    assert store().load("Анна") == Identity("Анна", "another secret", ANNA.read)
    store().forget("Анна")
    assert store().load("Анна") is None


@pytest.mark.parametrize("name", ["ы" * 300, "..", "a/b", "%", "", "👩‍👩‍👧" * 40])
def test_any_name_can_be_kept(name: str) -> None:
    identity = Identity(name, "secret")
    store().save(identity)
    assert store().load(name) == identity
    assert store().take_problem() is None


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
