"""What waits for its ack."""

from cli_client.outbox import Outbox


def test_messages_keep_their_order_and_have_unique_refs() -> None:
    outbox = Outbox()
    says = [outbox.add("та же строка") for _ in range(100)]
    assert list(outbox.pending()) == says
    keys = {say.ref for say in says}
    assert len(keys) == 100
    assert all(key is not None and 0 < len(key) <= 64 for key in keys)


def test_each_message_is_removed_once() -> None:
    outbox = Outbox()
    first, second = outbox.add("раз"), outbox.add("два")
    assert first.ref is not None
    assert outbox.remove(first.ref) == "раз"
    assert outbox.remove(first.ref) is None
    assert outbox.remove("чужой") is None
    assert outbox.pending() == (second,)
    assert len(outbox) == 1
