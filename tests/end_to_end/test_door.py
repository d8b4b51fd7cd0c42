"""The door: which room this is, who is inside, and how others are invited."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.end_to_end.conftest import PATIENCE, assert_accessible, open_page
from tests.end_to_end.services import gateway_to, guarded
from tests.support.processes import Program, running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

TITLE, WELCOME = "Класс 9Б · сети", "Здесь спрашивают обо всём."
INSIDE = re.compile(r"АБВВнутри: Анна, Борис, Вера и ещё\s\d")
WIDTHS = pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    """A room with a title, in which four people are."""
    flags = ("--host=127.0.0.1", "--port=0", f"--title={TITLE}", f"--welcome={WELCOME}")
    with running("tcp_server", *flags) as program, ExitStack() as stack:
        for name in ("Анна", "Борис", "Вера", "Глеб"):
            stack.enter_context(JsonClient(program.address)).join(name)
        yield program


@pytest.fixture(scope="module")
def url(server: Program) -> Iterator[str]:
    """The page of a gateway that knows nothing of how it is reached."""
    with gateway_to(server.address) as gateway:
        yield f"http://{gateway.address}/"


@pytest.fixture(scope="module")
def public(server: Program) -> Iterator[str]:
    """The page of one that was told its public addresses."""
    flags = ("--public-url=https://chat.example/room", "--public-room=chat.example:9000")
    with gateway_to(server.address, *flags) as gateway:
        yield f"http://{gateway.address}/"


def copy(sheet: Locator, source: str) -> str:
    """Press a button that copies; return what it says then."""
    button = sheet.locator(f"[data-copies={source}]")
    button.click()
    expect(button).not_to_have_text("Скопировать")
    return button.text_content() or ""


def pasted(page: Page) -> str:
    """Return what was copied. Not asked of the clipboard, which other tests use too."""
    return str(page.evaluate("navigator.clipboard.readText()"))


@WIDTHS
def test_the_door_says_which_room_this_is_and_who_is_inside(
    chromium: Browser, url: str, width: int, dark: bool
) -> None:
    with open_page(chromium, url, width=width, dark=dark, touch=width < 800) as user:
        page = user.page
        expect(page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()
        expect(page.locator("#login-welcome")).to_have_text(WELCOME)
        expect(page.locator("#login-inside")).to_have_text(INSIDE)
        expect(page).to_have_title(TITLE)
        expect(page.locator("#join-name")).to_be_focused()
        assert_accessible(page)
        user.shoot(f"door-{width}")
        user.enter(f"Дина {width}")
        expect(page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()
        expect(page).to_have_title(TITLE)
        user.leave()
        expect(page.locator("#login-inside")).to_have_text(INSIDE)


def test_who_comes_back_and_is_not_let_in_sees_the_door_too(chromium: Browser, url: str) -> None:
    with open_page(chromium, url) as user:
        identity = '{"id": "1", "name": "Анна", "secret": "unknown to the room by now"}'
        user.page.evaluate("text => localStorage.setItem('oneroom.identity', text)", identity)
        user.page.reload()
        expect(user.page.locator("#join-error")).to_contain_text("занято")
        expect(user.page.locator("#login-inside")).to_have_text(INSIDE)


@WIDTHS
def test_the_invitation_has_the_public_addresses(
    chromium: Browser, public: str, width: int, dark: bool
) -> None:
    with open_page(chromium, public, width=width, dark=dark, touch=width < 800) as user:
        page, sheet = user.page, user.page.locator("#invite")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.click("#login-invite")
        expect(page.locator("#invite-address")).to_have_value("https://chat.example/room/")
        expect(page.locator("#invite-picture svg")).to_be_visible()
        expect(page.locator("#invite-local")).to_be_hidden()
        assert_accessible(page)
        user.shoot(f"invite-{width}")
        assert (copy(sheet, "invite-command"), pasted(page)) == ("Скопировано", "oneroom chat.example:9000")
        page.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
        user.enter(f"Дина {width}")
        if width < 800:
            page.click("#people-button")
        card = page.get_by_role("button", name="Позвать ещё")
        expect(card).to_contain_text("oneroom chat.example:9000")
        assert_accessible(page)
        card.click()
        expect(sheet).to_be_visible()
        assert (copy(sheet, "invite-address"), pasted(page)) == ("Скопировано", "https://chat.example/room/")
        page.go_back()
        expect(sheet).to_be_hidden()
        page.click("#settings-button")
        page.click("#link-button")
        expect(page.locator("#link-command")).to_contain_text("oneroom chat.example:9000 --code ")


def test_without_a_public_address_one_invites_to_where_the_page_is_open(chromium: Browser, url: str) -> None:
    with open_page(chromium, f"{url}#1043", lang="en-GB") as user:
        page = user.page
        page.click("#login-invite")
        expect(page.locator("#invite-address")).to_have_value(url)
        expect(page.locator("#invite-local")).to_have_text("This address works only on this computer.")
        expect(page.locator("#invite-terminal")).to_be_hidden()
        page.click("#invite-close")
        user.enter("Dina")
        expect(page.locator("#people-invite")).to_have_text("Invite others A link or a QR code")


def test_without_https_it_is_copied_by_a_command_or_by_hand(chromium: Browser, public: str) -> None:
    with open_page(chromium, public) as user:
        page, sheet = user.page, user.page.locator("#invite")
        page.context.grant_permissions(["clipboard-read"])
        page.evaluate(
            """() => {
                globalThis.clipboard = navigator.clipboard;
                Object.defineProperty(navigator, "clipboard", { value: undefined });
            }"""
        )
        page.click("#login-invite")
        assert copy(sheet, "invite-address") == "Скопировано"
        assert page.evaluate("clipboard.readText()") == "https://chat.example/room/"
        page.keyboard.press("Escape")
        page.evaluate("getSelection().removeAllRanges(); document.execCommand = () => false")
        page.click("#login-invite")
        expect(sheet.locator("[data-copies=invite-address]")).to_have_text("Скопировать")
        assert copy(sheet, "invite-address") == "Ctrl+C"
        assert page.evaluate("getSelection().toString()") == "https://chat.example/room/"


def test_a_room_with_a_password_asks_for_it_at_once_and_names_nobody(chromium: Browser) -> None:
    with (
        guarded(password="тайна") as services,
        JsonClient(services.room) as anna,
    ):
        anna.join("Анна", password="тайна")
        with open_page(chromium, services.url) as user:
            page = user.page
            expect(page.locator("#login-inside")).to_have_text("Внутри 1 человек")
            page.fill("#join-password", "тайна")
            user.enter("Борис")


def test_the_door_opens_without_a_server_and_learns_later_which_room_it_is(
    chromium: Browser, server: Program
) -> None:
    with running("tcp_server", "--host=127.0.0.1", "--port=0") as other:
        closed = other.address
    with gateway_to(closed) as away, open_page(chromium, f"http://{away.address}/") as user:
        expect(user.page.get_by_role("heading", level=1, name="Oneroom")).to_be_visible()
        expect(user.page.locator("#login-inside")).to_be_empty()
        assert_accessible(user.page)
    with gateway_to(server.address) as gateway, open_page(chromium, "about:blank") as user:
        page = user.page
        page.route("**/about", lambda route: route.fulfill(json={}), times=1)
        page.clock.install()
        page.goto(f"http://{gateway.address}/")
        expect(page.get_by_role("heading", level=1, name="Oneroom")).to_be_visible()
        page.clock.fast_forward(20_000)
        expect(page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()
