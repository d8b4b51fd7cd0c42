"""prompt_toolkit's application, but for how it follows the size of the window."""

import asyncio
from typing import Final

from prompt_toolkit import Application

_RESIZING: Final = 0.05  # seconds between two sizes of a window that is dragged, at most


class ResizedApplication(Application[None]):
    """Draws anew once the window has its new size, and not at each of many while it is dragged there."""

    _timer: asyncio.TimerHandle | None = None

    def _on_resize(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_RESIZING, self.invalidate)
