"""The questions for a name and for passwords, which the input line asks in the place of a message."""

from collections.abc import Callable

from chat_client import events
from chat_client.chat import Chat
from chat_protocol.contract import MAX_PASSWORD
from chat_protocol.messages import Authenticate
from chat_protocol.text import clean, is_blank, one_line
from cli_client.command_runner import CommandRunner
from cli_client.input_line import InputLine, Question
from cli_client.toolbar import Toolbar
from cli_client.translations import Translations


class Questions:
    """Asks for the moderator's password, and handles all answers. Owned by the main thread.

    `on_cancel` is called when the person does not want to answer.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each is another part of the terminal
        self,
        chat: Chat,
        input_line: InputLine,
        commands: CommandRunner,
        toolbar: Toolbar,
        texts: Translations,
        on_cancel: Callable[[], object],
    ) -> None:
        self._chat = chat
        self._input = input_line
        self._commands = commands
        self._toolbar = toolbar
        self._texts = texts
        self._on_cancel = on_cancel

    def asks_again(self, event: events.ClientEvent) -> bool:
        """If the moderator's password was wrong, let the question say so; return whether it was."""
        is_wrong = isinstance(event, events.RequestFailed) and event.code == "password_wrong"
        if is_wrong and self._input.asks_moderator:
            self._input.question = Question.MODERATOR_AGAIN
            return True
        return False

    def answer(self, question: Question, answer: str) -> None:
        """Handle Enter on a question.

        A password is asked for until it is accepted: one typed too early is neither shown nor sent
        as a message.
        """
        status = self._chat.status()
        if self._input.is_answered(status):
            self._input.end_question()
            return
        if question is Question.PASSWORD and status.phase not in (
            events.Phase.PASSWORD_NEEDED,
            events.Phase.WAITING,
        ):
            return  # the last one is still being checked
        self._input.buffer.reset()
        match question:
            case Question.NAME if not is_blank(clean(answer)):
                self._input.question = None
                self._chat.set_name(one_line(answer))
            case Question.PASSWORD:
                if answer:
                    self._chat.set_password(answer)
                if status.phase is events.Phase.WAITING:
                    self._chat.retry_now()
            case Question.MODERATOR | Question.MODERATOR_AGAIN if answer:
                if not self._chat.request(Authenticate(answer[:MAX_PASSWORD])):
                    self._toolbar.notice = self._texts("not_online")
            case Question.MODERATOR | Question.MODERATOR_AGAIN:
                self.cancel()

    def ask_moderator(self, status: events.Status) -> str:
        """Ask for the moderator's password; return why not, empty if it is asked for."""
        reason = self._commands.why_no_moderator(status)
        if not reason:
            self._input.ask(Question.MODERATOR)
        return reason

    def cancel(self) -> None:
        """Ask no more."""
        self._input.end_question()
        self._on_cancel()
