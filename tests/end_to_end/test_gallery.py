"""All states of the page that docs/gallery.md shows: Axe finds nothing wrong, and zoomed nothing is cut off.

With `make long` all of them, else two.
"""

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, open_page, violations
from tests.support.requirements import needs_chromium
from tests.support.timing import IS_LONG
from tools.gallery_scenes import SCENES, SIZES, Scene, Size, Stage, room

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

SHOWN = [one for one in SCENES if IS_LONG or one.name in ("topic", "invitation")]
ZOOMED = (Size("desktop", 640, 400, False), Size("phone", 320, 256, True))
"""A desktop of 1280 x 800, zoomed to 200 and to 400 % (WCAG 2.2, 1.4.10)."""

UNMEASURED = "svg, pre, .sr-only, #topic"  # a topic unfolds
CUT_OFF = """UNMEASURED => [...document.querySelectorAll("body *")]
    .filter(element => element.checkVisibility() && element.innerText && !element.closest(UNMEASURED))
    .filter(element => {
        const inside = getComputedStyle(element.parentElement);
        return inside.textOverflow !== "ellipsis" && !["auto", "scroll"].includes(inside.overflowX);
    })
    .filter(element => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 1 && (right > innerWidth + 1 || left < -1);
    })
    .map(({ id, localName, className }) => `${localName}#${id}.${className}`)"""


@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
@pytest.mark.parametrize("scene", SHOWN, ids=lambda scene: scene.name)
def test_axe_finds_nothing_wrong(chromium: Browser, scene: Scene, size: Size) -> None:
    with (
        room() as (services, people),
        open_page(
            chromium, services.url, width=size.width, height=size.height, touch=size.is_phone
        ) as browser,
    ):
        page = browser.page
        scene.play(Stage(page, people, services, size))
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, runOnly=["color-contrast"]) == []


@pytest.mark.parametrize("size", ZOOMED, ids=lambda size: f"{size.width}px")
@pytest.mark.parametrize("scene", SHOWN, ids=lambda scene: scene.name)
def test_zoomed_nothing_is_cut_off(chromium: Browser, scene: Scene, size: Size) -> None:
    with (
        room() as (services, people),
        open_page(chromium, services.url, width=size.width, height=size.height) as browser,
    ):
        scene.play(Stage(browser.page, people, services, size._replace(is_phone=False)))
        assert browser.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert browser.page.evaluate(CUT_OFF, UNMEASURED) == []
