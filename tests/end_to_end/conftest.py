"""A real Chromium, and the page in it as its users see it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page

from tests.end_to_end.fronts import HOST
from tests.end_to_end.services import Services
from tests.support.certificates import Certificate, self_signed
from tests.support.timing import TIMEOUT

PATIENCE = 1000 * TIMEOUT  # milliseconds
AT_REST = "!document.querySelector('dialog[open], :popover-open') && !history.state?.panel"
"""Nothing is open on the page."""
TYPING_SHOWN = 5_000  # milliseconds, as in protocol.js
SHOTS = os.environ.get("ONEROOM_SHOTS")
"""Folder for pictures of the page; without it none are taken."""


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The certificate of the documented proxies."""
    return self_signed(tmp_path_factory.mktemp("certificate"), HOST)


class PageUser:
    """A person who uses the page. Every wait has a deadline."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.logged: list[str] = []
        """What the page has logged, which fails the test."""

    def enter(self, name: str) -> None:
        """Join through the form."""
        self.page.fill("#join-name", name)
        self.page.click("#join-button")
        self.page.wait_for_selector("#connection[data-state=online]", state="attached")
        self.page.wait_for_selector("#composer-text")

    def say(self, text: str) -> None:
        """Write a message and send it with Enter."""
        self.page.fill("#composer-text", text)
        self.page.press("#composer-text", "Enter")

    def ask_to_leave(self) -> None:
        """Choose to leave; the page asks whether one means it."""
        self.page.click("#settings-button")
        self.page.click("#leave-button")

    def leave(self) -> None:
        """Leave, and confirm that."""
        self.ask_to_leave()
        self.page.click("#action-confirm")
        self.page.wait_for_selector("#join-name")
        wait_until(self.page, "!history.state?.panel")  # the browser goes back, which would end a reload

    def messages(self, text: str) -> Locator:
        """The messages on the page whose text is exactly this."""
        return self.page.locator(".message", has=self.page.get_by_text(text, exact=True))

    def sees(self, name: str, text: str) -> None:
        """Wait for a message of this person."""
        self.page.wait_for_selector(f".message[data-name={name}] >> text={text}")

    def texts(self) -> list[str]:
        """The texts of all messages on the page, from top to bottom."""
        return self.page.locator(".message-text").all_text_contents()

    def shoot(self, name: str) -> None:
        """Keep a picture of the page for people to look at, if ONEROOM_SHOTS names a folder."""
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            # Not by the path: Playwright would write it in a thread that stays.
            Path(SHOTS, f"{name}.png").write_bytes(self.page.screenshot(animations="disabled"))


def violations(page: Page, **options: list[str]) -> list[tuple[str, list[str]]]:
    """Ask Axe what is wrong with the page as it is: each broken rule, and where it is broken."""
    if not page.evaluate("'axe' in globalThis"):  # it is large
        page.evaluate(Axe().axe_script)
    ask = "options => axe.run(document, options).then(({ violations }) => violations)"
    found = page.evaluate(ask, {"resultTypes": ["violations"], **options})
    return [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]


def assert_accessible(page: Page) -> None:
    """Fail unless Axe finds nothing wrong with the page as it is."""
    assert violations(page) == []


def wait_until(page: Page, condition: str) -> None:
    """Wait for a JavaScript condition. Playwright's own wait uses `eval`, which the page's CSP forbids."""
    deadline = monotonic() + TIMEOUT
    pause = 10  # milliseconds
    while not page.evaluate(condition):
        assert monotonic() < deadline, condition
        page.wait_for_timeout(pause)
        pause = min(2 * pause, 100)


def keep_typing(page: Page) -> None:
    """From now on, show who is typing until they have sent it, not for some seconds, which may be over."""
    page.evaluate(
        """shown => {
            const { setTimeout } = globalThis;
            globalThis.setTimeout = (call, delay, ...given) =>
                delay === shown ? 0 : setTimeout(call, delay, ...given);
        }""",
        TYPING_SHOWN,
    )


def point_at(row: Locator) -> None:
    """Move the pointer onto a row until it is still there two frames later: rows may be moving."""
    stays = """row => new Promise(done =>
        requestAnimationFrame(() => requestAnimationFrame(() => done(row.matches(":hover")))))"""
    deadline = monotonic() + TIMEOUT
    row.hover()
    while not row.evaluate(stays):
        assert monotonic() < deadline, "the pointer does not stay on the row"
        row.hover()


def set_focus(page: Page, focused: bool) -> None:
    """Give the window the focus, or take it: Playwright lets all pages think that they have it."""
    page.evaluate(
        """focused => {
            document.hasFocus = () => focused;
            dispatchEvent(new Event(focused ? "focus" : "blur"));
        }""",
        focused,
    )


def _is_of_a_loss(said: ConsoleMessage) -> bool:
    """Return whether Chromium logs a lost WebSocket, or a question to a gateway that is away."""
    return "WebSocket" in said.text or said.location["url"].endswith(("/ws", "/about"))


@contextmanager
def open_page(
    chromium: Browser,
    url: str,
    *,
    width: int = 1280,
    height: int = 800,
    dark: bool = False,
    touch: bool = False,
    lang: str = "ru-RU",
) -> Iterator[PageUser]:
    """Open the page in a browser context of its own, a phone if `touch`; fail if it logs anything."""
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        has_touch=touch,
        is_mobile=touch,
        locale=lang,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    try:
        user = PageUser(context.new_page())
        user.page.on("pageerror", lambda error: user.logged.append(str(error)))
        user.page.on("console", lambda said: None if _is_of_a_loss(said) else user.logged.append(said.text))
        user.page.goto(url)
        yield user
    finally:
        context.close()
    assert not user.logged


class Regular:
    """A person who stays on one page for several tests: to open one is half the work of a short test.

    Each test finds the messages of those before it. After one that fails the next has a new page.
    """

    def __init__(self, chromium: Browser, url: str, name: str, **options: Any) -> None:
        """`options` are those of `open_page`."""
        self.name = name
        self._dark: bool = options.get("dark", False)
        self._open = partial(open_page, chromium, url, **options)
        self._stack = ExitStack()
        self._user: PageUser | None = None

    @contextmanager
    def here(self, *, dark: bool | None = None) -> Iterator[PageUser]:
        """Let a test use the page, which it leaves with nothing open; what is in the composer is deleted.

        `dark` is the theme for this test.
        """
        is_new = self._user is None
        user = self._user = self._user or self._stack.enter_context(self._open())
        try:
            user.page.emulate_media(
                color_scheme="dark" if (self._dark if dark is None else dark) else "light"
            )
            if is_new or user.page.is_visible("#join-name"):
                user.enter(self.name)
            yield user
            if not user.page.is_visible("#join-name"):
                user.page.fill("#composer-text", "")
            wait_until(user.page, AT_REST)
            assert not user.logged
        except BaseException:
            self._user = None
            with suppress(Error, AssertionError), self._stack:  # the test has failed already
                user.page.reload()
                user.leave()  # or its name would stay taken for a while
            raise

    def close(self) -> None:
        """Close the page."""
        self._stack.close()


def regular(name: str, **options: Any) -> Any:
    """Return a fixture for a test module: somebody who stays in the room of its `services`.

    `options` are those of `open_page`.
    """

    @pytest.fixture(scope="module")
    def somebody(services: Services, chromium: Browser) -> Iterator[Regular]:
        with closing(Regular(chromium, services.url, name, **options)) as somebody:
            yield somebody

    return somebody


def regular_at_both_widths(name: str, *, dark_phone: bool) -> Any:
    """Return the same at the width of a phone and of a desktop; one of them is dark."""

    @pytest.fixture(
        scope="module", params=[(390, dark_phone), (1280, not dark_phone)], ids=["phone", "desktop"]
    )
    def somebody(services: Services, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Regular]:
        width, dark = request.param
        options = {"width": width, "height": 844, "dark": dark, "touch": width < 800}
        with closing(Regular(chromium, services.url, f"{name} {width}", **options)) as somebody:
            yield somebody

    return somebody


def new_tab(user: PageUser) -> PageUser:
    """Open another tab in the same browser, and bring it to the front."""
    page = user.page.context.new_page()
    page.goto(user.page.url)
    return PageUser(page)
