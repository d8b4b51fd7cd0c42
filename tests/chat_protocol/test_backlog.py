from random import Random

import pytest

from chat_protocol.backlog import Backlog


def _bytes(backlog: Backlog) -> bytes:
    return b"".join(backlog.next_blocks())


def test_blocks_are_kept_in_order() -> None:
    backlog = Backlog(b"abc", sent=1)
    backlog.append(b"def")
    assert _bytes(backlog) == b"bcdef"
    assert bytes(backlog.first) == b"bc"
    assert backlog.size == 5


def test_blocks_are_shared_and_not_copied() -> None:
    block = b"abc"
    assert Backlog(block).first.obj is block


@pytest.mark.parametrize("seed", range(20))
def test_what_is_sent_in_pieces_of_any_size_arrives_whole(seed: int) -> None:
    random = Random(seed)
    blocks = [bytes([number]) * random.randint(1, 20) for number in range(100)]
    whole = b"".join(blocks)
    backlog = Backlog(blocks[0])
    for block in blocks[1:]:
        backlog.append(block)
    received = b""
    while left := backlog.size:
        data = _bytes(backlog)[: random.randint(1, 50)]
        received += data
        assert backlog.consume(len(data)) == left - len(data)
        assert backlog.has_begun == (len(received) not in _ends(blocks))
    assert received == whole


def _ends(blocks: list[bytes]) -> set[int]:
    return {sum(map(len, blocks[: count + 1])) for count in range(len(blocks))}


def test_one_system_call_is_offered_so_many_blocks_at_most() -> None:
    backlog = Backlog(b"x")
    for _ in range(1000):
        backlog.append(b"x")
    assert len(backlog.next_blocks()) == 64


def test_a_block_has_begun_when_part_of_it_is_sent() -> None:
    backlog = Backlog(b"abc", sent=1)
    backlog.append(b"def")
    states = [backlog.has_begun]
    for sent in (2, 1):
        backlog.consume(sent)
        states.append(backlog.has_begun)
    assert states == [True, False, True]
    assert not Backlog(b"abc").has_begun


def test_to_truncate_leaves_the_beginning_of_the_first_block() -> None:
    backlog = Backlog(b"abcdef", sent=1)
    backlog.append(b"ghi")
    assert backlog.truncate(3) == 3
    assert _bytes(backlog) == b"bcd"
    backlog.append(b"x")
    assert _bytes(backlog) == b"bcdx"
    assert backlog.truncate(0) == 0


def test_a_first_block_of_any_size_exceeds_no_limit() -> None:
    backlog = Backlog(bytes(1000))
    assert not backlog.exceeds(0)
    backlog.append(bytes(100))
    assert not backlog.exceeds(100)
    assert backlog.exceeds(99)


def test_each_block_behind_the_first_counts_its_overhead() -> None:
    backlog = Backlog(bytes(1000))
    backlog.append(b"x")
    backlog.append(b"x")
    assert not backlog.exceeds(202, overhead=100)
    assert backlog.exceeds(201, overhead=100)
