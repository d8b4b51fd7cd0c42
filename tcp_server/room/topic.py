"""The topic of the room, which moderators set: part of the state that `Fold` changes."""

from chat_protocol.messages import Message, Topic, topic_of


class CurrentTopic:
    """The topic that is set. Not thread-safe: the caller holds the sequencer's room lock."""

    def __init__(self, stored: Topic | None) -> None:
        """Go on with what is `stored`."""
        self.value = stored
        """None if there is none. Only to be read from elsewhere."""
        self._before = stored  # the one before the last entry that has changed it
        self._changed_at = -1  # the position of that entry

    def follow(self, notice: Message, position: int) -> None:
        """Take over what a notice tells, which the entry at a position has led to."""
        if notice.notice is not None and notice.notice.act == "topic":
            self._set(topic_of(notice), position)

    def forget(self, notice_id: int, position: int) -> None:
        """Clear the topic if its notice is deleted, so that its text is gone too."""
        if self.value is not None and self.value.id == notice_id:
            self._set(None, position)

    def take_back(self, position: int) -> None:
        """Undo what the entry before this position has changed: it could not be stored."""
        if self._changed_at == position - 1:
            self.value = self._before

    def _set(self, topic: Topic | None, position: int) -> None:
        if self._changed_at != position:
            self._changed_at, self._before = position, self.value
        self.value = topic
