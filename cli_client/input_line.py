"""The input line of the terminal: a message being typed, or the answer to a question."""

from enum import Enum

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from cli_client.events import Phase, Status


class Question(Enum):
    """What the input line asks for, if not for a message. The value is the key of the text."""

    NAME = "ask_name"
    PASSWORD = "ask_password"  # noqa: S105 - not a password
    MODERATOR = "ask_moderator"
    MODERATOR_AGAIN = "ask_moderator_again"


class InputLine:
    """The text of `buffer`, and the question that it answers, if any. Owned by the main thread."""

    def __init__(self, buffer: Buffer, question: Question | None) -> None:
        self.buffer = buffer
        self.question = question
        self._draft = ""  # the message that was being typed when a question came up

    @property
    def asks_moderator(self) -> bool:
        """Whether the moderator's password is asked for."""
        return self.question in (Question.MODERATOR, Question.MODERATOR_AGAIN)

    def ask(self, question: Question, default: str = "") -> None:
        """Ask a question; the message being typed is kept for later."""
        if question is self.question:  # its answer may be half typed
            return
        if self.question is None and self.buffer.text:
            self._draft = self.buffer.text
        self.question = question
        self.buffer.reset(Document(default))

    def is_answered(self, status: Status) -> bool:
        """Return whether the question needs no answer any more."""
        if self.asks_moderator:
            return status.moderator
        is_online = status.phase is Phase.ONLINE
        return self.question is None or (self.question is Question.PASSWORD and is_online)

    def end_question(self) -> None:
        """End the question; put the kept message back."""
        if self.question:
            self.buffer.reset()
        self.question = None
        if self._draft:
            self.buffer.insert_text(self._draft)
            self._draft = ""
