"""Makes docs/gallery.md and its pictures: the page in all its states, on desktop and phone, light and dark.

`make gallery`; `python -m tools.gallery NAME…` makes only some of them again.
"""

import base64
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page

from tests.support.browser import running_chromium
from tests.support.requirements import CHROMIUM
from tools.gallery_scenes import SCENES, SIZES, Scene, Size, Stage, room

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "images" / "gallery"
DOCUMENT: Final = ROOT / "docs" / "gallery.md"

THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")

_QUALITY: Final = 0.82
"""Of a picture (WebP): all of them together have some three megabytes."""


def main(names: Sequence[str]) -> None:
    """Make the pictures of these scenes, of all without names, and the document."""
    assert CHROMIUM, "Chromium is not installed"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_chromium() as chromium:
        for scene in SCENES:
            if names and scene.name not in names:
                continue
            for size in SIZES:
                _shoot(chromium, scene, size)
            print(scene.name, flush=True)
    DOCUMENT.write_text(_document(), encoding="utf-8")


def _shoot(chromium: Browser, scene: Scene, size: Size) -> None:
    with room() as (services, people):
        context = chromium.new_context(
            viewport={"width": size.width, "height": size.height},
            is_mobile=size.is_phone,
            has_touch=size.is_phone,
            locale="ru-RU",
            reduced_motion="reduce",
        )
        context.set_default_timeout(6_000)
        page = context.new_page()
        page.goto(services.url)
        scene.play(Stage(page, people, services, size))
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_timeout(100)  # until it is painted
            (FOLDER / f"{scene.name}-{size.name}-{theme}.webp").write_bytes(_as_webp(chromium, page))
        context.close()


def _as_webp(chromium: Browser, page: Page) -> bytes:
    """Return a picture of a page, a fifth as large as a PNG: Chromium itself turns it into one."""
    png = base64.b64encode(page.screenshot(animations="disabled")).decode()
    blank = chromium.new_page()
    url: str = blank.evaluate(
        """async ([png, quality]) => {
            const image = new Image();
            image.src = `data:image/png;base64,${png}`;
            await image.decode();
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [image.width, image.height];
            canvas.getContext("2d").drawImage(image, 0, 0);
            return canvas.toDataURL("image/webp", quality);
        }""",
        [png, _QUALITY],
    )
    blank.close()
    return base64.b64decode(url.partition(",")[2])


def _document() -> str:
    lines = [
        "# Gallery",
        "",
        "The page in its states, by `make gallery` from a room that runs: desktop and phone, light and dark.",
    ]
    for scene in SCENES:
        lines += ["", f"## {scene.words}", ""]
        for theme in THEMES:
            lines += [_picture(scene, size, theme) for size in SIZES] + [""]
        lines.pop()
    return "\n".join(lines) + "\n"


def _picture(scene: Scene, size: Size, theme: str) -> str:
    path = f"images/gallery/{scene.name}-{size.name}-{theme}.webp"
    width = 28 if size.is_phone else 68
    return f'<img src="{path}" width="{width}%" alt="{scene.words}: {size.name}, {theme}">'


if __name__ == "__main__":
    main(sys.argv[1:])
