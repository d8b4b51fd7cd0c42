"""One person on several devices: by which codes, and for how long."""

import time
from pathlib import Path

import msgspec
import pytest

from chat_protocol import messages as m
from tcp_server.room import persons as persons_module
from tcp_server.room.codes import code_digest, new_code
from tcp_server.room.commands import Greeting, TextJoin
from tcp_server.room.passwords import session_digest
from tcp_server.room.persons import Persons
from tests.tcp_server.room_harness import OTHER, SECRET, RoomHarness, spoken
from tests.tcp_server.sqlite_log import open_history


def link(room: RoomHarness, connection: str = "a", read: int = 0) -> str:
    room.handle(connection, m.Link(read=read, ref="link"))
    (answer,) = room.received(connection)
    assert isinstance(answer, m.Link)
    assert (answer.ref, answer.seconds) == ("link", 120)
    return answer.code


def test_a_code_makes_one_more_device_the_same_person() -> None:
    room = RoomHarness()
    room.join("a", "Анна")
    room.handle("a", m.Say("hello", "1"))
    room.received("a")
    code = link(room, read=1)
    welcome = room.join("b", "", code=code)
    assert (welcome.name, welcome.read, welcome.members) == ("Анна", 1, ["Анна"])
    assert [message.mine for message in welcome.messages] == [True]
    assert room.received("a") == []
    room.handle("b", m.Delete(id=1, ref="2"))
    assert [event.act for event in room.received("a") if isinstance(event, m.Changed)] == ["delete"]
    room.leave("a", hold_name=False)
    room.leave("b", hold_name=False)
    assert room.join("c", "Other", session=welcome.session).messages[0].mine is True


def test_a_code_holds_once_and_for_two_minutes() -> None:
    room = RoomHarness()
    room.join("a", "Анна")
    code = link(room)
    room.join("b", "", code=code)
    assert room.try_join("c", m.Join("", code=code)) == ["error bad_code"]
    code = link(room)
    room.advance(121)
    assert room.try_join("c", m.Join("", code=code)) == ["error bad_code"]
    assert room.try_join("c", m.Join("", code="0000-0000")) == ["error bad_code"]
    old, new = link(room), link(room)
    assert room.try_join("c", m.Join("", code=old)) == ["error bad_code"]
    room.join("c", "", code=new)


def test_whose_welcome_is_lost_comes_back_with_the_used_code_and_the_same_secret() -> None:
    room = RoomHarness(password="open")
    room.join("a", "Анна", password="open")
    code = link(room, read=7)
    join = m.Join("", SECRET, code=code)
    room.deliver(room.room.join("b", join))
    room.leave("b")
    welcome = room.join("c", "", session=SECRET, code=code)
    assert (welcome.name, welcome.read, welcome.resumed) == ("Анна", 7, True)
    assert room.received("a") == []
    for other in (None, OTHER, welcome.session[:-1]):
        assert room.try_join("d", m.Join("", other, code=code)) == ["error bad_code"]
    assert room.try_join("d", m.Join("", SECRET, code="0000-0000")) == ["error bad_code"]
    room.leave("a")
    room.leave("c")
    room.advance(121)
    assert room.try_join("d", join) == ["error password_required"]  # as without the code
    assert room.join("d", "", session=SECRET, code=code, password="open").name == "Анна"
    link(room, "d")
    assert room.try_join("e", join) == ["error bad_code"]


def test_a_used_code_is_nothing_to_a_secret_that_is_another_persons_by_now() -> None:
    room = RoomHarness()
    room.join("a", "Анна")
    room.join("b", "Боб")
    room.received("a")
    code = link(room)
    for used in (code, link(room, "b")):
        room.join("c", "", session=SECRET, code=used)
        room.leave("c")
    assert room.try_join("c", m.Join("", SECRET, code=code)) == ["error bad_code"]


def test_each_of_two_requests_in_one_batch_has_its_own_code() -> None:
    room = RoomHarness()
    room.join("a", "Анна")
    room.handle("a", m.Link(ref="1"), m.Link(ref="2"))
    first, second = room.received("a")
    assert isinstance(first, m.Link)
    assert isinstance(second, m.Link)
    assert (first.ref, second.ref) == ("1", "2")
    assert room.try_join("b", m.Join("", code=first.code)) == ["error bad_code"]
    room.join("b", "", code=second.code)


def test_who_has_left_comes_back_with_a_code_under_their_name_or_another_one() -> None:
    room = RoomHarness()
    room.join("a", "Анна")
    code = link(room)
    room.leave("a", hold_name=False)
    assert room.join("b", "", code=code).name == "Анна"
    code = link(room, "b")
    room.leave("b", hold_name=False)
    room.join("c", "Анна")
    assert room.try_join("d", m.Join("", code=code))[0].startswith("error name_taken")
    assert room.join("d", "Боб", code=code).name == "Боб"


def test_a_code_is_instead_of_the_password() -> None:
    room = RoomHarness(password="open")
    room.join("a", "Анна", password="open")
    room.join("b", "", code=link(room))


def test_a_secret_is_that_of_the_person_whose_code_came_last() -> None:
    room = RoomHarness()
    room.join("a", "Анна")
    room.join("b", "Боб")
    room.received("a")
    for owner, name in [("a", "Анна"), ("a", "Анна"), ("b", "Боб"), ("b", "Боб"), ("a", "Анна")]:
        assert room.join("c", "", code=link(room, owner), session=SECRET).name == name
        room.leave("c", hold_name=False)
    room.handle("b", m.Leave(forget=True))
    room.received("a")
    room.join("d", "", code=link(room))
    assert room.join("c", "Другая", session=SECRET).name == "Анна"


def test_leaving_for_good_voids_further_secrets_and_codes() -> None:
    room = RoomHarness()
    room.join("a", "Анна")
    secret = room.join("b", "", code=link(room)).session
    room.handle("b", m.Say("hello", "1"))
    room.leave("b", hold_name=False)
    room.received("a")
    code = link(room)
    room.handle("a", m.Leave(forget=True))
    assert room.try_join("c", m.Join("", code=code)) == ["error bad_code"]
    assert room.join("c", "Анна", session=secret).messages[0].mine is False


@pytest.mark.parametrize("is_quiet", [False, True])
def test_leaving_for_good_ends_the_other_devices(is_quiet: bool) -> None:
    room = RoomHarness(hold_names=2.0)
    room.join("z", "Зоя")
    secret = room.join("a", "Анна").session
    room.join("b", "", code=link(room))
    room.join("q", "", session=secret, quiet=True)
    for connection in "abqz":
        room.received(connection)
    room.handle("q" if is_quiet else "a", m.Leave(forget=True))
    own, others = ("q", "ab") if is_quiet else ("a", "bq")
    assert room.summary(own) == ["bye left"]
    assert [room.summary(other) for other in others] == [["bye left_elsewhere"]] * 2
    assert room.summary("z") == ["left Анна"]
    assert room.room.handle("b", [m.Say("hello", "1")]) == []
    room.join("c", "Анна")
    room.advance(60)
    assert room.summary("z") == ["joined Анна"]


def come_in(room: RoomHarness, connection: str, code: str, name: str = "") -> list[str]:
    return room.try_join(connection, TextJoin(name, code=code))


def text_link(room: RoomHarness, connection: str) -> str:
    room.handle(connection, m.Link())
    (answer,) = room.received(connection)
    assert isinstance(answer, m.Link)
    return answer.code


def is_mine(room: RoomHarness, secret: str) -> list[bool]:
    """Return which messages are those of the person who has a secret."""
    messages = room.join("look", "Новая", session=secret).messages
    room.leave("look", hold_name=False)
    return [message.mine for message in messages]


def test_who_is_in_a_text_dialect_becomes_a_person_with_several_devices() -> None:
    room = RoomHarness()
    room.join("z", "Зоя")
    room.join_as_text("t", "Тимур")
    room.handle("t", m.Say("from nc"))
    room.received("z")
    welcome = room.join("b", "", code=text_link(room, "t"))
    assert (welcome.name, [one.mine for one in welcome.messages]) == ("Тимур", [True])
    room.handle("t", m.Say("раз"), m.Say("два"), m.Say("три", reply=1), m.Say("три", reply=1))
    said = ["#2 Тимур: раз", "#3 Тимур: два", "#4 Тимур: три", "#5 Тимур: три"]
    assert room.summary("b") == room.summary("z") == said
    room.handle("b", m.Say("four", "1"), m.Edit(id=2, text="раз!", ref="2"))
    assert room.summary("t")[-2:] == ["#6 Тимур: four", "#7 edit #2"]
    room.handle("b", m.React(id=1, emoji="👍", ref="3"))
    assert room.summary("t") == ["#8 react #1"]
    room.handle("t", m.Delete(id=6))
    room.leave("t", hold_name=True)
    room.leave("b", hold_name=True)
    assert room.summary("z")[-1] == "#9 delete #6"
    room.advance(21)
    assert room.summary("z") == ["left Тимур"]
    assert all(is_mine(room, welcome.session))


def test_who_has_left_a_text_dialect_is_who_comes_with_their_code() -> None:
    room = RoomHarness(hold_names=2.0)
    room.join_as_text("t", "Тимур")
    room.handle("t", m.Say("from nc"))
    code = text_link(room, "t")
    room.leave("t", hold_name=True)  # at once, as nobody has a secret
    welcome = room.join("b", "", code=code)
    assert (welcome.name, [one.mine for one in welcome.messages]) == ("Тимур", [True])


def test_a_code_given_on_another_device_is_used_in_a_text_dialect() -> None:
    room = RoomHarness(password="open")
    room.join("a", "Анна", password="open")
    code = link(room)
    assert come_in(room, "t", "0000-0000") == ["error bad_code"]
    assert come_in(room, "t", code.lower()) == ["greeting"]
    assert come_in(room, "u", code) == ["error bad_code"]
    assert room.received("a") == []
    room.handle("t", m.Say("from nc"))
    assert room.summary("a") == ["#1 Анна: from nc"]
    room.handle("a", m.Edit(id=1, text="at home", ref="1"))
    assert room.summary("t")[-1] == "#2 edit #1"
    room.handle("a", m.Leave(forget=True))
    assert room.summary("t") == ["bye left_elsewhere"]


def test_no_name_is_kept_for_connections_that_cannot_return() -> None:
    room = RoomHarness(hold_names=2.0)
    room.join("z", "Зоя")
    room.join_as_text("t", "Тимур")
    assert come_in(room, "u", text_link(room, "t")) == ["greeting"]
    room.handle("t", m.Say("раз"))
    room.leave("t", hold_name=True)
    room.handle("u", m.Say("два"), m.Delete(id=1))
    assert room.summary("z")[-3:] == ["#1 Тимур: раз", "#2 Тимур: два", "#3 delete #1"]
    room.leave("u", hold_name=True)
    assert room.summary("z") == ["left Тимур"]
    room.join("b", "Тимур")


def test_a_greeting_has_ones_name_after_a_code_and_the_names_of_others() -> None:
    room = RoomHarness()
    room.join("a", "Анна")
    room.join("b", "Боб")
    room.received("a")
    room.deliver(room.room.join("t", TextJoin("", code=link(room))))
    assert room.received("t") == [Greeting(["Боб"], 1, "Анна")]


def test_codes_are_read_as_people_copy_them() -> None:
    code = new_code()
    assert code_digest(code) == code_digest(code.lower().replace("-", " "))
    assert code_digest("O0Il-1111") == code_digest("0011 1111")
    assert len({new_code() for _ in range(100)}) == 100


# --- for how long a person is known --------------------------------------------------------

DAY = 86_400


def is_still_the_same(room: RoomHarness, secret: str) -> bool:
    """Join with a further secret of who has said 1, and leave again."""
    welcome = room.join("again", "Новая", session=secret)
    room.leave("again", hold_name=False)
    return [one.mine for one in welcome.messages if one.id == 1] == [True]


def linked(room: RoomHarness, connection: str = "a", name: str = "Анна") -> tuple[str, str]:
    """Join, speak and link one more device; return the first and the further secret."""
    first = room.join(connection, name).session
    room.handle(connection, m.Say("hello", "1"))
    room.received(connection)
    further = room.join("b", "", code=link(room, connection)).session
    room.leave("b", hold_name=False)
    return first, further


def test_a_further_secret_is_void_after_90_days_without_a_seat() -> None:
    room = RoomHarness()
    _, further = linked(room)
    room.advance(100 * DAY)
    assert is_still_the_same(room, further)  # the other device was there all the time
    room.leave("a", hold_name=False)
    room.advance(89 * DAY)
    assert is_still_the_same(room, further)
    room.advance(89 * DAY)
    assert is_still_the_same(room, further)
    room.advance(90 * DAY)
    assert not is_still_the_same(room, further)


def test_a_void_secret_stays_that_of_somebody_else() -> None:
    room = RoomHarness()
    first, further = linked(room)
    room.leave("a", hold_name=False)
    room.advance(90 * DAY)
    room.join("a", "Анна", session=first)
    assert not is_still_the_same(room, further)


def test_a_restart_keeps_when_a_person_was_last_there(tmp_path: Path) -> None:
    with open_history(tmp_path / "room.db") as history:
        room = RoomHarness(history)
        _, further = linked(room)
        room.leave("a", hold_name=False)
    for days, is_known in [(89, True), (90, False)]:
        with open_history(tmp_path / "room.db") as history:
            restarted = RoomHarness(history)
            restarted.now = room.now = room.now + days * DAY
            assert is_still_the_same(restarted, further) == is_known
    with open_history(tmp_path / "room.db") as history:
        kept = Persons(history.persons.all())
        assert len([*kept]) == 1
        kept.tidy(time.time() + 200 * DAY)
        assert [*kept] == []


def test_those_of_an_older_version_are_taken_for_seen_at_the_first_start(tmp_path: Path) -> None:
    with open_history(tmp_path / "room.db") as history:
        room = RoomHarness(history)
        _, further = linked(room)
        room.leave("a", hold_name=False)
        ((id_, state),) = history.persons.all()
        history.persons.set(id_, msgspec.msgpack.encode(msgspec.msgpack.decode(state)[:8]))
        history.commit()
    with open_history(tmp_path / "room.db") as history:
        assert is_still_the_same(RoomHarness(history), further)


def test_who_was_seen_longest_ago_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persons_module, "_MAX_PERSONS", 4)
    monkeypatch.setattr(persons_module, "_MAX_DROPPED", 1)
    room = RoomHarness(hold_names=200.0)
    spoken(room, "h", "Хозяин")  # the name is held
    linked(room, "p", "Присутствует")
    secrets = []
    for number in range(2):
        room.advance(1)
        room.join("a", f"Имя {number}")
        secrets.append(room.join("b", "", code=link(room)).session)
        room.leave("a", hold_name=False)
        room.leave("b", hold_name=False)
    room.advance(121)
    room.join("a", "Анна")
    link(room)
    persons = room.room._fold.persons
    assert [persons.of(session_digest(secret), room.now) == session_digest(secret) for secret in secrets] == [
        True,
        False,
    ]
    assert len([*persons]) == 4
    assert room.try_join("c", m.Join("Хозяин"))[0].startswith("error name_taken")


def test_where_nobody_can_make_room_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persons_module, "_MAX_PERSONS", 1)
    room = RoomHarness()
    linked(room)
    room.join("c", "Боб")
    for _ in range(2):
        room.handle("c", m.Link())
        assert room.summary("c") == ["error too_many_persons"]
    room.leave("a", hold_name=False)
    room.received("c")
    room.advance(121)
    link(room, "c")
