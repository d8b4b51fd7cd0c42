"""Our server, in which a client waits a tenth of what it is told.

`python -m tests.tcp_server.hasty_server FLAGS…`
"""

import sys

from tcp_server.cli import main
from tcp_server.connection import admission
from tcp_server.connection.reader import Reader

_HASTE = 10

_pause = Reader.pause
_attempts = admission._SHARED_ATTEMPTS


def pause(self: Reader, seconds: float, *, allow_half_closed: bool = True) -> None:
    _pause(self, seconds / _HASTE, allow_half_closed=allow_half_closed)


if __name__ == "__main__":
    Reader.pause = pause  # type: ignore[method-assign]
    admission._SHARED_ATTEMPTS = _attempts._replace(per_second=_HASTE * _attempts.per_second)
    sys.exit(main())
