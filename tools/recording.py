"""Records docs/recording.cast, and makes the animated pictures of README.md from it: `make recording`.

Three people meet in a room that runs: Boris in a terminal, Anna in a browser, and Vera. Boris lets the room
follow his tests. His terminal is recorded as it is drawn, and Anna's page is photographed meanwhile.
"""

import time
from io import BytesIO
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from tests.end_to_end.services import serve
from tests.support.browser import running_chromium
from tests.support.requirements import CHROMIUM
from tools.asciicast import Cast, decoded
from tools.recording_frames import Shot, drawn
from tools.recording_session import COLUMNS, ROWS, SECONDS, Session, session

ROOT: Final = Path(__file__).parents[1]
CAST: Final = ROOT / "docs" / "recording.cast"
PICTURES: Final = tuple(ROOT / "docs" / "images" / f"recording-{theme}.webp" for theme in ("light", "dark"))

_FRAMES: Final = 6  # a second


def main() -> None:
    """Record, draw and write."""
    assert CHROMIUM, "Chromium is not installed"
    with (
        TemporaryDirectory() as home,
        serve("--history", "memory", "--title", "The shop") as services,
        running_chromium() as chromium,
    ):
        with session(services, chromium, Path(home)) as people:
            began = round(time.time())
            shots = _play(people)
        output = [each for each in decoded(people.terminal.output) if each[0] < SECONDS]
        cast = Cast(COLUMNS, ROWS, began, "oneroom run -- make test", output)
        cast.write(CAST)
        frames = list(drawn(chromium, cast, shots))
    moments = [shot.at for shot in shots]
    for path, pngs in zip(PICTURES, zip(*frames, strict=True), strict=True):
        _animate(path, moments, pngs)


def _play(people: Session) -> list[Shot]:
    """Let everybody do what they do when it is time, and photograph the page meanwhile."""
    acts, shots = people.acts(), []
    while (now := people.terminal.now) < SECONDS:
        while acts and acts[0][0] <= now:
            acts.pop(0)[1]()
        shots.append(people.shoot())
        time.sleep(max(0.0, (len(shots) / _FRAMES) - people.terminal.now))
    return shots


def _animate(path: Path, moments: list[float], pngs: tuple[bytes, ...]) -> None:
    """Write an animated WebP that begins again at its end; what does not change is one frame."""
    frames = [
        (png, next(same)[0]) for png, same in groupby(zip(moments, pngs, strict=True), lambda each: each[1])
    ]
    ends = [*(at for _, at in frames[1:]), SECONDS]
    first, *others = [Image.open(BytesIO(png)).convert("RGB") for png, _ in frames]
    first.save(
        path,
        save_all=True,
        append_images=others,
        duration=[round(1000 * (end - at)) for (_, at), end in zip(frames, ends, strict=True)],
        loop=0,
        quality=80,
        method=4,
        allow_mixed=True,
    )
    print(f"{path.relative_to(ROOT)}: {len(frames)} frames, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
