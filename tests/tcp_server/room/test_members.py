from tcp_server.room.members import Members

ONE, TWO, THREE = ((b"run", number) for number in (1, 2, 3))


def stored(members: Members) -> dict[int, bytes]:
    return {number: state for number, state in members.take_changes() if state is not None}


def test_a_member_is_found_by_name_session_seat_and_number() -> None:
    members = Members()
    anna = members.add("Анна", ("анна", "anna"), b"a")
    boris = members.add("Борис", ("борис",))
    members.attach(ONE, anna)
    assert members.by_seat(ONE) is anna
    assert members.by_seat(TWO) is None
    assert members.by_name(["x", "anna"]) is anna
    assert members.by_name(["борис"]) is boris
    assert members.by_name(["x"]) is members.by_name([]) is None
    assert members.by_session(b"a") is anna
    assert members.by_session(b"b") is members.by_session(None) is None
    assert [members.by_number(number) for number in (1, 2, 3)] == [anna, boris, None]
    assert members.names() == ["Анна", "Борис"]
    assert list(members) == [anna, boris]
    assert [key in members.keys for key in ("анна", "anna", "борис", "x")] == [True, True, True, False]


def test_a_removed_member_is_not_found() -> None:
    members = Members()
    anna = members.add("Анна", ("анна", "anna"), b"a")
    members.attach(ONE, anna)
    assert members.detach(ONE) is anna
    assert members.detach(ONE) is None
    members.remove(anna)
    assert members.by_seat(ONE) is members.by_name(["анна", "anna"]) is members.by_session(b"a") is None
    assert members.by_number(1) is None
    assert members.names() == []


def test_one_with_quiet_seats_keeps_its_name_but_is_no_member() -> None:
    members = Members()
    anna = members.add("Анна", ("анна",), b"a")
    members.attach(ONE, anna, quiet=True)
    members.remove(anna)
    assert members.names() == []
    assert members.by_name(["анна"]) is anna
    boris = members.add("Борис", ("борис",))
    members.announce(anna, 0.0)
    assert members.names() == ["Борис", "Анна"]  # she is the last that joined
    assert list(members) == [boris, anna]
    assert members.by_number(anna.number) is anna


def test_members_are_the_same_after_a_restart() -> None:
    members = Members()
    anna, boris = members.add("Анна", ("анна", "anna"), b"a"), members.add("Борис", ("борис",))
    members.attach(ONE, anna)
    members.attach(TWO, anna, quiet=True)
    members.attach(THREE, boris)
    anna.moderator = True
    boris.absent_since, boris.reason = 7, "slow"
    states = stored(members)
    again = Members(states.items(), members.next_number)
    for member in again:
        again.note_change(member)
    assert stored(again) == states
    assert again.by_seat(TWO) is again.by_session(b"a") is again.by_name(["anna"]) is again.by_number(1)
    assert again.add("Вера", ("вера",)).number == 3


def test_only_what_has_changed_is_stored() -> None:
    members = Members()
    anna, boris = members.add("Анна", ("анна",), b"a"), members.add("Борис", ("борис",))
    assert set(stored(members)) == {1, 2}
    members.attach(ONE, anna)
    members.detach(ONE)
    assert set(stored(members)) == {1}
    members.remove(boris)
    assert list(members.take_changes()) == [(2, None)]
    assert list(members.take_changes()) == []
