"""The recording that README.md shows: its file is an asciicast, its pictures are animated and not large."""

import json
import re
from itertools import pairwise
from pathlib import Path

from chat_client.output_screen import OutputScreen
from tests.support.processes import ROOT
from tools.asciicast import Cast, decoded

RECORDING = ROOT / "docs" / "recording.cast"
LARGEST = 1_500_000


def test_a_cast_is_written_as_its_players_read_it(tmp_path: Path) -> None:
    output = decoded([(0.0, b"\x1b[32m\xe2\x9c"), (0.12345, b"\x93"), (1.5, b"\xe2"), (2.0, b"\x80\xa6\r\n")])
    path = tmp_path / "some.cast"
    Cast(80, 24, 1504467315, "Demo", output).write(path)
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        {
            "version": 2,
            "width": 80,
            "height": 24,
            "timestamp": 1504467315,
            "title": "Demo",
            "env": {"TERM": "xterm-256color"},
        },
        [0.0, "o", "\x1b[32m"],
        [0.123, "o", "✓"],
        [2.0, "o", "…\r\n"],
    ]


def test_the_recording_is_an_asciicast_of_a_command_that_the_room_follows() -> None:
    header, *events = map(json.loads, RECORDING.read_text(encoding="utf-8").splitlines())
    assert header["version"] == 2
    assert all(isinstance(header[key], int) and header[key] > 0 for key in ("width", "height", "timestamp"))
    assert {kind for _, kind, _ in events} == {"o"}
    times = [at for at, *_ in events]
    assert times[0] >= 0
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert 10 <= times[-1] <= 15
    screen = OutputScreen(header["width"], header["height"])
    for *_, text in events:
        screen.feed(text)
    shown = "\n".join(screen.display)
    for seen in ("❯ oneroom run -- make test", "296 passed", "Boris ▸ make test", "Boris ✔ make test, 0:06"):
        assert seen in shown


def test_the_readme_has_its_animated_pictures() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    paths = re.findall(r'src(?:set)?="([^"]+)"', readme)
    assert len(paths) == 2
    for path in paths:
        picture = (ROOT / path).read_bytes()
        assert len(picture) <= LARGEST
        # https://developers.google.com/speed/webp/docs/riff_container: 0 is "without end"
        assert picture[:4] + picture[8:16] == b"RIFFWEBPVP8X"
        assert (found := re.search(rb"ANIM\x06\x00\x00\x00....(..)", picture[:64], re.DOTALL))
        assert found[1] == b"\x00\x00"
    assert "alt=" in readme
