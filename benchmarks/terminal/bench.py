"""Measures CPU time and the delay of a key's echo: `oneroom`, WeeChat and irssi, one after the other.

Each client stands in a terminal of 80 by 24 that draws nothing, and is in a room whose messages come at a
steady rate, or 10,000 at once. A key is typed ten times a second, during the burst forty times.
"""

import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.terminal.feeds import Feed, Irc, Room
from benchmarks.terminal.screen import Watched

_KEYS = "ЖЩЫЭЮЯФЦЧШ"  # in no message; none is in the input line when it is typed
_CLEAR_LINE = "\x15"
_BURST = 10_000
_SECONDS = 4.0  # of each row


class Row(NamedTuple):
    """What a client needs in one row: share of a core, and echoes in milliseconds."""

    name: str
    cpu: str
    echo_median: float
    echo_p95: float


class _Typist:
    def __init__(self, client: Watched) -> None:
        self._client = client
        self._keys = itertools.cycle(_KEYS)
        self.echoes: list[float] = []

    def press(self) -> None:
        key = next(self._keys)
        if key == _KEYS[0]:
            self._client.type(_CLEAR_LINE)
            time.sleep(0.05)
        self.echoes.append(1000 * self._client.echo(key))

    def row(self, name: str, cpu: str) -> Row:
        echoes, self.echoes = sorted(self.echoes), []
        return Row(name, cpu, median(echoes), echoes[int(len(echoes) * 0.95)])


def _steady(client: Watched, feed: Feed, typist: _Typist, rate: int) -> Row:
    began, cpu = time.monotonic(), client.cpu()
    next_key = began
    said = 0
    while (now := time.monotonic()) < began + _SECONDS:
        due = int((now - began) * rate) - said
        if due > 0:
            feed.say(due)
            said += due
        if now >= next_key:
            next_key += 0.1
            typist.press()
        time.sleep(0.001)
    share = 100 * (client.cpu() - cpu) / (time.monotonic() - began)
    return typist.row(f"{rate:,} message{'s' * (rate > 1)}/s", f"{share:.0f} %")


def _burst(client: Watched, feed: Feed, typist: _Typist) -> Row:
    """Say all at once, and type until the client is idle again."""
    before = client.cpu()
    feed.say(_BURST)
    quiet = 0
    while quiet < 3:
        began, cpu, written = time.monotonic(), client.cpu(), client.written
        while time.monotonic() < began + 0.15:
            typist.press()
            time.sleep(0.02)
        is_busy = client.cpu() - cpu > 0.15 * (time.monotonic() - began) or client.written - written > 5000
        quiet = 0 if is_busy else quiet + 1
    return typist.row(f"{_BURST:,} at once", f"{client.cpu() - before:.2f} s")


def _measure(client: Watched, feed: Feed) -> tuple[int, list[Row]]:
    time.sleep(2)
    written = client.written
    time.sleep(3)
    idle = client.written - written
    typist = _Typist(client)
    rows = [_steady(client, feed, typist, rate) for rate in (1, 200, 2000)]
    time.sleep(1)
    return idle, [*rows, _burst(client, feed, typist)]


@contextmanager
def _client(command: list[str], feed: Feed, home: Path) -> Iterator[Watched]:
    client = Watched(command, home)
    try:
        feed.enter()
        if isinstance(feed, Irc):
            time.sleep(1)
            client.type("/join -server b #r\r" if "weechat" in command else "/join #r\r")
            feed.join()
        yield client
    finally:
        client.close()
        feed.close()


def _commands() -> dict[str, tuple[type[Feed], Callable[[int, Path], list[str]]]]:
    return {
        "oneroom": (
            Room,
            lambda port, _: [sys.executable, "-m", "cli_client", f"127.0.0.1:{port}", "--name", "bench"],
        ),
        "weechat": (
            Irc,
            lambda port, home: [
                *("weechat", "-a", "-d", str(home / "weechat"), "-r"),
                f"/server add b 127.0.0.1/{port} -notls;/set irc.server.b.nicks bench;/connect b",
            ],
        ),
        "irssi": (
            Irc,
            lambda port, home: [
                "irssi",
                f"--home={home / 'irssi'}",
                "-n",
                "bench",
                "-c",
                "127.0.0.1",
                "-p",
                str(port),
            ],
        ),
    }


def main() -> int:
    """Measure the clients that are installed; print a table in Markdown."""
    print("| client | | CPU | echo, median | echo, p95 |\n|---|---|---:|---:|---:|")
    for name, (feed_type, command) in _commands().items():
        if name != "oneroom" and not shutil.which(name):
            print(f"{name} is not installed: apt-get install weechat-curses irssi", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as home:
            feed = feed_type()
            with _client(command(feed.port, Path(home)), feed, Path(home)) as client:
                idle, rows = _measure(client, feed)
        print(f"| {name} | idle for 3 s: {idle:,} bytes | | | |")
        for row in rows:
            print(f"| {name} | {row.name} | {row.cpu} | {row.echo_median:.1f} ms | {row.echo_p95:.1f} ms |")
    return 0
