from tcp_server.room.members import Member, Members


def member(name: str, session: bytes | None = None, *keys: str) -> Member[str]:
    return Member(name, (name.lower(), *keys), session)


def test_a_member_is_found_by_name_session_and_connection() -> None:
    members: Members[str] = Members()
    anna, boris = member("Анна", b"a", "anna"), member("Борис")
    for each in (anna, boris):
        members.add(each)
    members.attach("1", anna)
    assert members.by_connection("1") is anna
    assert members.by_connection("2") is None
    assert members.by_name(["x", "anna"]) is anna
    assert members.by_name(["борис"]) is boris
    assert members.by_name(["x"]) is members.by_name([]) is None
    assert members.by_session(b"a") is anna
    assert members.by_session(b"b") is members.by_session(None) is None
    assert members.names() == ["Анна", "Борис"]
    assert list(members) == [anna, boris]
    assert [key in members.keys for key in ("анна", "anna", "борис", "x")] == [True, True, True, False]


def test_a_removed_member_is_not_found() -> None:
    members: Members[str] = Members()
    anna = member("Анна", b"a", "anna")
    members.add(anna)
    members.attach("1", anna)
    assert members.detach("1") is anna
    assert members.detach("1") is None
    members.remove(anna)
    assert members.by_connection("1") is members.by_name(["анна", "anna"]) is members.by_session(b"a") is None
    assert members.names() == []


def test_a_new_connection_ends_the_grace_period() -> None:
    members: Members[str] = Members()
    anna, boris = member("Анна", b"a"), member("Борис", b"b")
    for each, until in ((anna, 10.0), (boris, 20.0)):
        members.add(each)
        assert members.hold_name(each, until, "slow") == []
    assert members.overdue(9.9) == []
    assert members.overdue(10.0) == [(anna, "slow")]
    members.attach("1", anna)
    assert members.overdue(100.0) == [(boris, "slow")]
    members.remove(boris)
    assert members.overdue(100.0) == []


def test_the_number_of_held_names_is_limited() -> None:
    members: Members[str] = Members()
    first, last, here = member("first"), member("last"), member("here")
    members.add(first)
    crowd = [member(f"a{number}") for number in range(1000)]
    for lost in crowd:
        members.add(lost)
        assert members.hold_name(lost, 1.0, "slow") == []
    members.add(here)
    members.add(last)
    assert members.hold_name(last, 1.0, None) == [(last, None)]
    members.remove(last)
    assert members.hold_name(first, 1.0, None) == [(crowd[-1], "slow")]  # and none of the earlier ones


def test_clear_removes_all_members() -> None:
    members: Members[str] = Members()
    anna = member("Анна", b"a")
    members.add(anna)
    members.attach("1", anna)
    members.clear()
    assert members.by_connection("1") is members.by_session(b"a") is members.by_name(["анна"]) is None
    assert list(members) == []


def test_a_crowd_at_one_address_loses_its_own_names_first() -> None:
    members: Members[str] = Members()
    crowd = [member(f"a{number}") for number in range(999)]
    for lost in crowd:
        members.add(lost)
        assert members.hold_name(lost, 1.0, "slow", "203.0.113.7") == []
    others = [member(f"b{number}") for number in range(3)]
    for other in others:
        members.add(other)
    assert members.hold_name(others[0], 1.0, None, "192.0.2.1") == []
    for other, evicted in ((others[1], crowd[998]), (others[2], crowd[997])):
        assert members.hold_name(other, 1.0, None, "192.0.2.2") == [(evicted, "slow")]
        members.remove(evicted)
    members.attach("1", crowd[0])  # somebody is back, and is not counted
    back = member("back")
    members.add(back)
    assert members.hold_name(back, 1.0, None, "192.0.2.3") == []
