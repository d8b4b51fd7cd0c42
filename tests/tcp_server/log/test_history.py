import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.messages import Ack, Message
from tcp_server.log.memory_history import MemoryHistory
from tests.tcp_server.sqlite_log import delete


def message_with_id(number: int) -> Message:
    return Message(number, "at", "Анна", str(number))


def filled(keep: int, count: int) -> MemoryHistory:
    history = MemoryHistory(keep)
    for number in range(1, count + 1):
        history.append(message_with_id(number))
    return history


def ids(messages: list[Message]) -> list[int]:
    return [message.id for message in messages]


def test_an_empty_log() -> None:
    history = MemoryHistory(10)
    assert (history.first, history.last) == (1, 0)
    assert history.before(1, 10) == []
    assert history.say(b"anna", "Анна", "at", [], []) == []
    assert history.last == 0


def test_each_log_has_its_own_epoch() -> None:
    assert MemoryHistory(1).epoch != MemoryHistory(1).epoch


@given(
    keep=st.integers(0, 7),
    runs=st.lists(st.integers(1, 5), max_size=12),
    before=st.integers(0, 70),
    limit=st.integers(0, 12),
)
def test_only_the_newest_are_kept(keep: int, runs: list[int], before: int, limit: int) -> None:
    history = MemoryHistory(keep)
    count = 0
    for run in runs:
        texts = [str(number) for number in range(count + 1, count + run + 1)]
        assert history.say(b"anna", "Анна", "at", texts, ()) == [message_with_id(int(text)) for text in texts]
        count += run
    kept = list(range(max(1, count - keep + 1), count + 1))
    assert history.last == count
    assert history.first == count - len(kept) + 1
    older = [number for number in kept if number < before]
    assert ids(history.before(before, limit)) == older[max(0, len(older) - limit) :]


def test_memory_is_bounded() -> None:
    assert len(filled(5, 1000)._messages) < 10


def test_a_repeated_say_is_recognised_by_session_and_ref() -> None:
    history = MemoryHistory(10)
    history.append(Message(1, "at", "Анна", "раз"), b"anna", "1")
    history.append(Message(2, "at", "Анна", "два"))
    assert history.find_acks(b"anna", ["1", "2", "1"]) == {"1": Ack("1", 1, "at")}
    assert history.find_acks(b"boris", ["1"]) == {}
    assert history.find_acks(b"anna", []) == {}


@pytest.mark.parametrize("keep", [0, 10_000, 30_000])
def test_as_many_keys_are_kept_as_messages_and_at_least_ten_thousand(keep: int) -> None:
    history = MemoryHistory(keep)
    promised = max(keep, 10_000)
    for number in range(1, 3 * promised + 1):
        history.append(message_with_id(number), b"anna", str(number))
    kept = [str(number) for number in range(2 * promised + 1, 3 * promised + 1)]
    assert history.find_acks(b"anna", kept) == {ref: Ack(ref, int(ref), "at") for ref in kept}
    assert history.find_acks(b"anna", ["1"]) == {}
    assert history.find_acks(b"anna", [str(number) for number in range(promised)]) == {}


def test_a_deleted_message_keeps_id_time_and_name() -> None:
    history = filled(3, 5)
    for number in (1, 2, 4, 6):  # 1 and 2 are not kept any more, 6 does not exist yet
        delete(history, number)
    tombstone = Message(4, "at", "Анна", "", deleted=True)
    assert history.before(100, 100) == [message_with_id(3), tombstone, message_with_id(5)]


def test_the_ack_of_a_deleted_message_is_kept() -> None:
    history = MemoryHistory(10)
    history.append(message_with_id(1), b"anna", "r")
    delete(history, 1)
    assert history.find_acks(b"anna", ["r"]) == {"r": Ack("r", 1, "at")}


@given(kept=st.integers(0, 6), count=st.integers(0, 12), last=st.integers(0, 12))
def test_a_rollback_leaves_no_trace(kept: int, count: int, last: int) -> None:
    last = min(last, count)
    history, other = MemoryHistory(kept), MemoryHistory(kept)
    for number in range(1, count + 1):
        history.append(message_with_id(number), b"anna", str(number))
        if number <= last:
            other.append(message_with_id(number), b"anna", str(number))
    oldest = history.first
    history.rollback_to(last)
    assert history.last == last
    refs = [str(number) for number in range(1, count + 1)]
    assert history.find_acks(b"anna", refs) == other.find_acks(b"anna", refs)
    remaining = ids(history.before(100, 100))
    assert remaining == list(range(history.first, last + 1))
    assert set(range(oldest, last + 1)) <= set(remaining)
    history.append(message_with_id(last + 1))
    assert ids(history.before(100, 1)) == ([last + 1] if kept else [])
