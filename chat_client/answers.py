"""Futures of what the room will answer. Not thread-safe: the owner's lock guards them."""

from typing import TYPE_CHECKING, Any

from chat_client.errors import ChatError, ConversationEnded, Disconnected, Refused
from chat_protocol import messages as m

if TYPE_CHECKING:  # with the logging module, which it loads, a twelfth of the start of the filter
    from concurrent.futures import Future


class Answers:
    """One future for each command in the outbox, and for each question on the present connection."""

    def __init__(self) -> None:
        self._outgoing: dict[str, Future[Any]] = {}  # by ref; of messages and of acks
        self._questions: dict[str, Future[m.Event]] = {}  # by ref
        self._end: ConversationEnded | None = None

    def to_outgoing(self, ref: str) -> "Future[Any]":
        """Return a future for the command with this `ref` in the outbox."""
        future = self._outgoing[ref] = _future()
        if self._end:
            _fail(self._outgoing, self._end)
        return future

    def refused(self, error: ChatError) -> "Future[Any]":
        """Return a future of what is not even sent."""
        future = _future()
        future.set_exception(self._end or error)
        return future

    def to_question(self, ref: str, *, sent: bool) -> "Future[m.Event]":
        """Return a future for the command with this `ref`, which fails at once if that was not sent."""
        future = self._questions[ref] = _future()
        if not sent:
            _fail(self._questions, self._end or Disconnected())
        return future

    def stored(self, ref: str, result: m.Message | m.Ack) -> None:
        """The room has stored a message or an act."""
        if future := self._outgoing.pop(ref, None):
            future.set_result(result)

    def refuse(self, ref: str | None, error: Refused) -> None:
        """A command of the outbox is not sent any more."""
        if ref and (future := self._outgoing.pop(ref, None)):
            future.set_exception(error)

    def take(self, event: m.Event) -> bool:
        """Give an event to who waits for it; return whether it was the answer to a question."""
        ref = getattr(event, "ref", None)
        question = self._questions.pop(ref, None) if ref else None
        if not isinstance(event, m.Error):
            if question:
                question.set_result(event)
        elif ref and (future := question or self._outgoing.pop(ref, None)):
            future.set_exception(Refused(event.code, event.text, event.retry_after))
        return question is not None

    def disconnected(self) -> None:
        """No question is answered any more; messages will be sent again."""
        _fail(self._questions, Disconnected())

    def end(self, reason: str, seconds: float) -> None:
        """Nothing is answered any more."""
        self._end = ConversationEnded(reason, seconds)
        _fail(self._outgoing, self._end)
        _fail(self._questions, self._end)


def _future() -> "Future[Any]":
    """Return a future that cannot be cancelled: the room takes nothing back."""
    from concurrent.futures import Future  # noqa: PLC0415 - see above

    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


def _fail(futures: "dict[str, Future[Any]]", error: ChatError) -> None:
    for future in futures.values():
        future.set_exception(error)
    futures.clear()
