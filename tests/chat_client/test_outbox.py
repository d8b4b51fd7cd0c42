"""Messages without an ack."""

from chat_client.outbox import Outbox
from chat_protocol.messages import Say


def test_messages_keep_their_order_and_have_unique_refs() -> None:
    outbox = Outbox()
    says = [outbox.add(Say("та же строка")) for _ in range(100)]
    assert list(outbox.pending()) == says
    refs = {say.ref for say in says}
    assert len(refs) == 100
    assert all(ref is not None and 0 < len(ref) <= 64 for ref in refs)


def test_each_message_is_removed_once() -> None:
    outbox = Outbox()
    first, second = outbox.add(Say("раз")), outbox.add(Say("два"))
    assert first.ref is not None
    assert outbox.remove(first.ref) == first
    assert outbox.remove(first.ref) is None
    assert outbox.remove("чужой") is None
    assert outbox.pending() == (second,)
    assert len(outbox) == 1
