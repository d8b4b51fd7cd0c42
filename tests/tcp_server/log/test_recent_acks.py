"""The newest acks are found by person and ref, whenever they are looked for."""

from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.messages import Ack
from tcp_server.log.recent_acks import RecentAcks

KEEP = 4

Step = tuple[str, bytes, int]

persons = st.sampled_from([b"anna", b"boris"])
steps = st.lists(st.tuples(st.sampled_from(["say", "act", "find", "drop"]), persons, st.integers(0, 3)))


@given(steps=steps, looks_early=st.booleans())
def test_at_least_so_many_are_found_and_nothing_else(steps: list[Step], *, looks_early: bool) -> None:
    acks = RecentAcks(KEEP)
    wanted: dict[tuple[bytes, str], Ack] = {}  # all, oldest first
    last = used = lacking = 0  # `lacking`: how many of the newest may have been dropped
    for kind, person, count in steps:
        if kind == "say":
            refs = [f"ref {used + number}" for number in range(1, count + 1)]
            acks.add_says(person, refs, last + 1, "at")
            wanted |= {(person, ref): Ack(ref, id_, "at") for id_, ref in enumerate(refs, last + 1)}
            last, used = last + count, used + count
        elif kind == "act":
            last, used = last + 1, used + 1
            ack = Ack(f"ref {used}", last, "later")
            acks.add_act(person, ack, message_id=max(1, last - count))
            wanted[person, ack.ref] = ack
        elif kind == "drop":
            last = max(0, last - count)
            acks.drop_after(last)
            lacking += count
            wanted = {key: ack for key, ack in wanted.items() if ack.id <= last}
        if looks_early or kind == "find":
            assert acks.find(person, ["unknown"], first=0, settled=0) == {}
    for person in (b"anna", b"boris"):
        own = {ref: ack for (by, ref), ack in wanted.items() if by == person}
        found = acks.find(person, [*own], first=0, settled=0)
        newest = {ref: ack for (by, ref), ack in [*wanted.items()][lacking - KEEP :] if by == person}
        newest = newest if lacking < KEEP else {}
        assert newest.items() <= found.items() <= own.items()


def test_as_many_more_are_forgotten_with_the_next_ones() -> None:
    acks = RecentAcks(KEEP)
    for number in range(1, 3 * KEEP + 1):
        acks.add_says(b"anna", [str(number)], number, "at")
    found = acks.find(b"anna", [str(number) for number in range(1, 3 * KEEP + 1)], first=0, settled=0)
    assert [*found] == [str(number) for number in range(2 * KEEP + 1, 3 * KEEP + 1)]


def test_what_is_settled_and_what_is_about_a_forgotten_message_is_not_found() -> None:
    acks = RecentAcks(KEEP)
    acks.add_says(b"anna", ["a", "b"], 1, "at")
    acks.add_act(b"anna", Ack("c", 3, "at"), message_id=1)
    assert [*acks.find(b"anna", ["a", "b", "c"], first=0, settled=2)] == ["b", "c"]
    assert [*acks.find(b"anna", ["a", "b", "c"], first=2, settled=0)] == ["b"]
