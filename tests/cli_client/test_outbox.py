"""What waits for its ack."""

from cli_client.outbox import Outbox


def test_keeps_order_and_gives_every_say_its_own_key() -> None:
    outbox = Outbox()
    says = [outbox.add("та же строка") for _ in range(100)]
    assert list(outbox.waiting()) == says
    keys = {say.ref for say in says}
    assert len(keys) == 100
    assert all(key is not None and 0 < len(key) <= 64 for key in keys)


def test_settles_each_once() -> None:
    outbox = Outbox()
    first, second = outbox.add("раз"), outbox.add("два")
    assert first.ref is not None
    assert outbox.settle(first.ref) == "раз"
    assert outbox.settle(first.ref) is None
    assert outbox.settle("чужой") is None
    assert outbox.waiting() == (second,)
    assert len(outbox) == 1
