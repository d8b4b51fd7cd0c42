"""Shows the output of a live message, in the person's pager if it is longer than the screen."""

import asyncio
import shlex
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from prompt_toolkit.application import in_terminal

from chat_client.events import ClientEvent, ConnectionLost, Ended, RequestFailed
from chat_protocol.messages import Body
from cli_client.event_queue import EventQueue
from cli_client.layout import Fragments
from cli_client.render import Renderer
from cli_client.screen import Screen
from cli_client.toolbar import Toolbar
from cli_client.wrapping import cell_width

_BOTTOM: Final = 2  # rows that the transcript does not have: the input line, the status


def pager_of(environment: Mapping[str, str]) -> Sequence[str]:
    """Return the command that `PAGER` names, else `less` if there is one; empty: it is to be printed."""
    try:
        given = shlex.split(environment.get("PAGER", ""))
    except ValueError:  # quotes that do not end
        given = []
    return given or (["less"] if shutil.which("less") else [])


def is_longer(text: str, columns: int, rows: int) -> bool:
    """Return whether lines need more than so many rows."""
    for line in text.split("\n"):
        rows -= max(1, -(-cell_width(line) // columns))
        if rows < 0:
            return True
    return False


class Parts:
    """Collects the parts in which the room sends an output, until they are complete. Owned by one thread."""

    def __init__(self) -> None:
        self._parts: dict[int, list[Body]] = {}

    def take(self, event: ClientEvent) -> Sequence[Body]:
        """Take an event; return the output that is complete with it, or never will be; else nothing."""
        if isinstance(event, ConnectionLost | Ended | RequestFailed):
            parts = [part for parts in self._parts.values() for part in parts]
            self._parts.clear()
            return parts
        if not isinstance(event, Body):
            return []
        parts = self._parts.setdefault(event.id, [])
        parts.append(event)
        return [] if event.more else self._parts.pop(event.id)


class Pager:
    """Runs the pager. Owned by the main thread and its event loop."""

    def __init__(
        self,
        environment: Mapping[str, str],
        screen: Screen,
        renderer: Renderer,
        room_events: EventQueue,
        toolbar: Toolbar,
    ) -> None:
        self._command = pager_of(environment)
        # -R passes colours on; with LESSSECURE the pager starts no shell and writes no file.
        self._environment = {"LESS": "-R"} | dict(environment) | {"LESSSECURE": "1"}
        self._screen = screen
        self._renderer = renderer
        self._events = room_events
        self._toolbar = toolbar
        self._parts = Parts()
        self._process: asyncio.subprocess.Process | None = None
        self._is_over = False  # whether the program ends
        self._task: asyncio.Task[None] | None = None

    def take(self, event: ClientEvent) -> Fragments:
        """Take an event; return what is to be printed of output that is complete, if the pager has it not."""
        parts = self._parts.take(event)
        if not parts:
            return []
        output = [piece for part in parts for piece in self._renderer.output(part)]
        size, text = self._screen.output.get_size(), "".join(text for _, text in output)
        is_free = self._command and (self._task is None or self._task.done())
        if is_free and is_longer(text, size.columns, size.rows - _BOTTOM):
            self._task = asyncio.get_running_loop().create_task(self._show(output))
            return []
        return [piece for part in parts for piece in self._renderer.render(part)]

    async def _show(self, output: Fragments) -> None:
        self._events.pause()
        try:
            async with in_terminal():
                await self._run(self._screen.coloured(output).encode())
        except OSError as error:
            self._screen.print(self._renderer.printed(lambda: output))
            self._toolbar.notice = f"{self._command[0]}: {error.strerror}"
        finally:
            self._events.go_on()

    async def _run(self, text: bytes) -> None:
        """Run the pager until it ends. Raises `OSError`."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, env=self._environment
        )
        if self._is_over:  # it was only being started
            self.stop()
        await self._process.communicate(text)
        self._process = None

    def stop(self) -> None:
        """End the pager if it runs, as the program ends."""
        self._is_over = True
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
