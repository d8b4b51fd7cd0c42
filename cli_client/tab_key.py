"""The Tab key: completes what stands before the cursor, and shows what else it could be."""

import asyncio
from contextlib import suppress
from typing import Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from chat_client.chat import Chat
from cli_client.completion import Completion
from cli_client.ignored import Ignored
from cli_client.toolbar import Toolbar

_SHOWN: Final = 10  # of what it could be


class TabKey:
    """Completes the text in `buffer`. Owned by the main thread and its event loop."""

    def __init__(self, chat: Chat, ignored: Ignored, buffer: Buffer, toolbar: Toolbar) -> None:
        self._buffer = buffer
        self._toolbar = toolbar
        self._completion = Completion(chat, ignored, self._on_names)
        self._loop: asyncio.AbstractEventLoop | None = None  # set before the room is asked for names

    def press(self) -> None:
        """Complete; pressed again, take the next that it could be."""
        self._complete(1)

    def press_with_shift(self) -> None:
        """Take the one before."""
        self._complete(-1)

    def _complete(self, step: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._show(self._completion.complete(self._buffer.document.text_before_cursor, step))

    def _on_names(self) -> None:
        """Complete again with the names that the room has told. Any thread."""
        if self._loop:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._complete_again)

    def _complete_again(self) -> None:
        self._show(self._completion.complete_again(self._buffer.document.text_before_cursor))

    def _show(self, completed: str | None) -> None:
        if completed is None:
            return
        text = completed + self._buffer.document.text_after_cursor
        self._buffer.document = Document(text, len(completed))
        candidates = self._completion.candidates
        if len(candidates) > 1:
            self._toolbar.notice = "  ".join(candidate.strip() for candidate in candidates[:_SHOWN])
