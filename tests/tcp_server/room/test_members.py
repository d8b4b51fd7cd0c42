from tcp_server.room.members import Member, Registry
from tcp_server.room.rates import Budget


def member(shown: str, session: bytes | None = None, *keys: str) -> Member[str]:
    return Member(shown, (shown.lower(), *keys), Budget(0, 0), session)


def test_somebody_is_found_by_name_session_and_connection() -> None:
    registry: Registry[str] = Registry()
    anna, boris = member("Анна", b"a", "anna"), member("Борис")
    for each in (anna, boris):
        registry.add(each)
    registry.attach("1", anna)
    assert registry.of("1") is anna
    assert registry.of("2") is None
    assert registry.named(["x", "anna"]) is anna
    assert registry.named(["борис"]) is boris
    assert registry.named(["x"]) is registry.named([]) is None
    assert registry.known(b"a") is anna
    assert registry.known(b"b") is registry.known(None) is None
    assert registry.names() == ["Анна", "Борис"]
    assert list(registry) == [anna, boris]
    assert [key in registry.keys for key in ("анна", "anna", "борис", "x")] == [True, True, True, False]


def test_whoever_is_removed_is_found_by_nothing() -> None:
    registry: Registry[str] = Registry()
    anna = member("Анна", b"a", "anna")
    registry.add(anna)
    registry.attach("1", anna)
    assert registry.detach("1") is anna
    assert registry.detach("1") is None
    registry.remove(anna)
    assert registry.of("1") is registry.named(["анна", "anna"]) is registry.known(b"a") is None
    assert registry.names() == []


def test_whoever_comes_back_is_awaited_no_longer() -> None:
    registry: Registry[str] = Registry()
    anna, boris = member("Анна", b"a"), member("Борис", b"b")
    for each, until in ((anna, 10.0), (boris, 20.0)):
        registry.add(each)
        assert registry.await_return(each, until, "slow") == []
    assert registry.overdue(9.9) == []
    assert registry.overdue(10.0) == [(anna, "slow")]
    registry.attach("1", anna)
    assert registry.overdue(100.0) == [(boris, "slow")]
    registry.remove(boris)
    assert registry.overdue(100.0) == []


def test_names_are_no_free_storage() -> None:
    registry: Registry[str] = Registry()
    first, last, here = member("first"), member("last"), member("here")
    registry.add(first)
    crowd = [member(f"a{number}") for number in range(1000)]
    for lost in crowd:
        registry.add(lost)
        assert registry.await_return(lost, 1.0, "slow") == []
    registry.add(here)
    registry.add(last)
    assert registry.await_return(last, 1.0, None) == [(last, None)]
    registry.remove(last)
    assert registry.await_return(first, 1.0, None) == [(crowd[-1], "slow")]  # and not who was here before


def test_a_cleared_registry_is_empty() -> None:
    registry: Registry[str] = Registry()
    anna = member("Анна", b"a")
    registry.add(anna)
    registry.attach("1", anna)
    registry.clear()
    assert registry.of("1") is registry.known(b"a") is registry.named(["анна"]) is None
    assert list(registry) == []
