from tcp_server.room.members import Member, Members


def member(shown: str, session: bytes | None = None, *keys: str) -> Member[str]:
    return Member(shown, (shown.lower(), *keys), session)


def test_somebody_is_found_by_name_session_and_connection() -> None:
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


def test_whoever_is_removed_is_found_by_nothing() -> None:
    members: Members[str] = Members()
    anna = member("Анна", b"a", "anna")
    members.add(anna)
    members.attach("1", anna)
    assert members.detach("1") is anna
    assert members.detach("1") is None
    members.remove(anna)
    assert members.by_connection("1") is members.by_name(["анна", "anna"]) is members.by_session(b"a") is None
    assert members.names() == []


def test_whoever_comes_back_is_awaited_no_longer() -> None:
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


def test_names_are_no_free_storage() -> None:
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
    assert members.hold_name(first, 1.0, None) == [(crowd[-1], "slow")]  # and not who was here before


def test_a_cleared_registry_is_empty() -> None:
    members: Members[str] = Members()
    anna = member("Анна", b"a")
    members.add(anna)
    members.attach("1", anna)
    members.clear()
    assert members.by_connection("1") is members.by_session(b"a") is members.by_name(["анна"]) is None
    assert list(members) == []
