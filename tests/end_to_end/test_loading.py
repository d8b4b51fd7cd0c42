"""The page comes up, or says why not; and it comes up soon."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, WebSocket, expect

from tests.end_to_end.conftest import PATIENCE, PageUser, assert_accessible, open_page, wait_until
from tests.end_to_end.services import Services
from tests.support.processes import PROGRAMS, ROOT, running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium, needs_esbuild

pytestmark = needs_chromium

TIMEOUT = 15_000  # milliseconds after which loading has failed, as in boot.js
MODULE = "js/lib/shape.js" if PROGRAMS == ROOT else "js/app.js"
PAGE_CSS = "css/page.css"
NOT_LOADED = "Страница не загрузилась."
# What Firefox 115, Safari 16.4 or Chromium 110 lack, as far as scripts see it.
OLD_BROWSER = """
    const newer = [
        [URL, "canParse"],
        [Intl, "Segmenter"],
        [Element.prototype, "checkVisibility", "getHTML", "moveBefore"],
        [HTMLDialogElement.prototype, "requestClose"],
        [Object, "groupBy"],
        [Map, "groupBy"],
        [Set.prototype, "difference", "intersection", "isDisjointFrom", "isSubsetOf", "union"],
        [Iterator.prototype, "every", "filter", "find", "flatMap", "forEach", "map", "some", "toArray"],
        [Array, "fromAsync"],
        [Promise, "withResolvers", "try"],
        [AbortSignal, "any"],
        [String.prototype, "isWellFormed", "toWellFormed"],
        [RegExp, "escape"],
        [CSS, "highlights"],
        [globalThis, "requestIdleCallback", "scheduler", "navigation", "Iterator"],
        [Document.prototype, "startViewTransition"],
        [Navigator.prototype, "userActivation", "wakeLock"],
    ];
    for (const [owner, ...names] of newer) for (const name of names) delete owner[name];
    delete Element.prototype.role;
    for (const name in Element.prototype) if (name.startsWith("aria")) delete Element.prototype[name];
    for (const name in HTMLElement.prototype) if (/popover/i.test(name)) delete HTMLElement.prototype[name];
    Object.defineProperty(navigator, "languages", { value: undefined });
    Object.defineProperty(navigator, "language", { value: "ru-RU@posix" });
"""
# boot.js, the first to call this, fails there.
BAD_BOOT = """
    const { addEventListener } = globalThis;
    globalThis.addEventListener = () => {
        Object.assign(globalThis, { addEventListener });
        throw new Error("boot");
    };
"""
# A row with this text cannot be made.
BAD_ROW = """
    const { exec } = RegExp.prototype;
    RegExp.prototype.exec = function (text) {
        if (this.source.includes("number") && String(text).includes("взрыв")) throw new Error("взрыв");
        return exec.call(this, text);
    };
"""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    """The page as the checkout has it, in many modules."""
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0", "--grace", "0") as server,
        running("web_gateway", "--port", "0", "--server", str(server.address)) as gateway,
    ):
        yield Services(server, f"http://{gateway.address}/")


@contextmanager
def new_page(chromium: Browser, script: str = "") -> Iterator[Page]:
    """Yield a page that may log what it likes, before it is opened."""
    context = chromium.new_context(locale="ru-RU", viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE)
    try:
        page = context.new_page()
        if script:
            page.add_init_script(script)
        yield page
    finally:
        context.close()


def fail(route: Route) -> None:
    route.fulfill(status=503, body="no")


def abort(route: Route) -> None:
    route.abort()


def remove_boot(route: Route) -> None:
    """Answer with the HTML without its script, as a filter on the way or in the browser may do."""
    response = route.fetch()
    body, count = re.subn("<script>.*?</script>", "", response.text(), flags=re.DOTALL)
    assert count == 1
    route.fulfill(response=response, body=body)


def never_answer(_route: Route) -> None:
    pass


def test_a_file_that_fails_is_reported_and_can_be_loaded_again(services: Services, chromium: Browser) -> None:
    failures = [("js/app.js", abort), (MODULE, fail), (PAGE_CSS, fail)]
    with new_page(chromium) as page:
        again = page.get_by_text("Загрузить ещё раз")
        for number, (file, how) in enumerate(failures):
            page.route(f"**/{file}", how)
            with page.expect_response(services.url):
                page.goto(f"{services.url}#1043") if not number else again.click()
            expect(page.get_by_text(NOT_LOADED), file).to_be_visible()
            expect(page.locator("#loading-text"), file).to_be_hidden()
            if file != PAGE_CSS:  # without it both the splash and the login are there
                assert_accessible(page)
            page.unroute(f"**/{file}")
        again.click()
        PageUser(page).enter("Анна")
        assert page.url == f"{services.url}#1043"
        assert page.locator("#loading").count() == 0


def test_without_search_and_moderation_one_talks_and_can_load_them_again(
    services: Services, chromium: Browser
) -> None:
    with new_page(chromium) as page:
        anna = PageUser(page)
        note = page.locator("#incomplete")
        page.route("**/js/tools.js*", fail)
        page.goto(services.url)
        anna.enter("Анна")
        expect(note).to_have_text(re.compile("Поиск и модерация не загрузились."))
        assert_accessible(page)
        anna.shoot("incomplete-390")
        anna.say("всё равно")
        page.wait_for_selector(".message[data-state=sent] >> text=всё равно")
        page.route("**/js/tools.js*", abort)
        anna.say("/search равно")
        expect(page.locator("#command-problem")).to_have_text("Поиск и модерация не загрузились.")
        page.unroute("**/js/tools.js*")
        note.get_by_role("button").click()
        expect(note).to_be_hidden()
        page.press("#composer-text", "Enter")  # the command is still there
        expect(page.locator("#search-query")).to_have_value("равно")


def test_a_file_that_never_comes_is_reported(services: Services, chromium: Browser) -> None:
    with new_page(chromium) as page:
        page.clock.install()
        for files in ([MODULE], [PAGE_CSS], [PAGE_CSS, "js/app.js"]):
            for file in files:
                page.route(f"**/{file}", never_answer)
            page.goto(services.url, wait_until="commit")
            expect(page.get_by_text("Загружается…"), " and ".join(files)).to_be_visible()
            wait_until(page, "'earlySocket' in globalThis")
            page.clock.fast_forward(TIMEOUT)
            expect(page.get_by_text(NOT_LOADED), " and ".join(files)).to_be_visible()
            page.unroute_all()


def test_even_without_any_script_the_page_says_that_it_does_not_load(
    services: Services, chromium: Browser
) -> None:
    with new_page(chromium) as page:
        page.route(services.url, remove_boot)
        page.route("**/*.js", never_answer)
        page.goto(services.url, wait_until="commit")
        expect(page.get_by_text("Загружается…")).to_be_visible()
        wait_until(page, "document.getAnimations().length >= 2")
        page.evaluate("document.getAnimations().forEach(each => (each.currentTime = 20_000))")
        expect(page.get_by_text(NOT_LOADED)).to_be_visible()
        expect(page.locator("#loading-text")).to_be_hidden()


def test_a_page_whose_boot_js_fails_comes_up(services: Services, chromium: Browser) -> None:
    with new_page(chromium, BAD_BOOT) as page:
        page.goto(services.url)
        assert page.evaluate("!('earlySocket' in globalThis)")
        PageUser(page).enter("Анна")


def test_a_bad_row_stops_no_other(services: Services, chromium: Browser) -> None:
    errors: list[str] = []
    with JsonClient(services.room) as boris, new_page(chromium, BAD_ROW) as page:
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(services.url)
        anna = PageUser(page)
        anna.enter("Анна")
        boris.join("Борис")
        for text in ("раньше", "взрыв #1", "позже"):  # a text without a number is not searched for one
            boris.say_json(type="say", ref=text, text=text)
        anna.sees("Борис", "позже")
        anna.sees("Борис", "раньше")
        expect(page.get_by_text("Это сообщение не удалось показать.")).to_be_visible()
        assert errors
        assert {error.partition(": ")[2] for error in errors} <= {"взрыв", ""}


def test_the_oldest_supported_browsers_can_do_everything(services: Services, chromium: Browser) -> None:
    errors: list[str] = []
    with JsonClient(services.room) as boris, new_page(chromium, OLD_BROWSER) as page:
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(services.url)
        anna = PageUser(page)
        page.click("#join-button")
        expect(page.locator("#join-name")).to_have_attribute("aria-invalid", "true")
        anna.enter("Анна")
        boris.join("Борис")
        boris.say_json(type="say", ref="1", text="https://example.org/ и e\u0301")
        anna.sees("Борис", "example.org")
        assert page.locator(".message-link").get_attribute("href") == "https://example.org/"
        expect(page.locator(".message-avatar", has_text="Б").first).to_be_visible()
        anna.say("вижу")
        page.wait_for_selector(".message[data-state=sent] >> text=вижу")
        people = page.locator("#people")
        expect(people).to_be_hidden()
        page.click("#people-button")
        expect(people).to_be_visible()
        page.keyboard.press("Escape")
        expect(people).to_be_hidden()
        page.click("#people-button")
        expect(people.get_by_text("Борис")).to_be_visible()
        page.mouse.click(100, 100)
        expect(people).to_be_hidden()
        page.click("#search-button")
        expect(page.locator("#search-query")).to_be_focused()
        assert not errors


def test_the_websocket_is_opened_first_and_only_once(services: Services, chromium: Browser) -> None:
    with open_page(chromium, services.url) as anna:
        anna.enter("Анна")
        page = anna.page
        sockets: list[WebSocket] = []
        held: list[Route] = []
        page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks it
        page.route("**/js/app.js", lambda route: held.append(route))  # noqa: PLW0108 - likewise
        with page.expect_websocket():
            page.reload(wait_until="commit")
        while not held:
            page.evaluate("0")  # the handlers run meanwhile
        held[0].continue_()
        page.wait_for_selector("#connection[data-state=online]", state="attached")
        assert len(sockets) == 1


def test_a_new_version_is_offered_after_a_reconnect_and_keeps_the_draft(
    services: Services, chromium: Browser, tmp_path: Path
) -> None:
    for name in ("chat_protocol", "web_gateway", "static", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "static" / "css" / "base.css").open("a") as sheet:
        sheet.write("/* new */\n")
    with new_page(chromium) as page, ExitStack() as old:
        server = ("--server", str(services.room), "--old-static", str(tmp_path / "old"))
        gateway = old.enter_context(running("web_gateway", "--port", "0", *server))
        page.goto(f"http://{gateway.address}/")
        before = page.locator("html").get_attribute("data-version")
        anna = PageUser(page)
        anna.enter("Вера")
        page.fill("#composer-text", "черновик")
        expect(page.locator("#update")).to_be_hidden()
        port = str(gateway.port)
        old.close()
        page.wait_for_selector("#connection:not([data-state=online])")
        with running("web_gateway", "--port", port, *server, cwd=tmp_path):
            page.get_by_text("Есть новая версия.").wait_for()
            anna.say("старая страница и новый сервер")
            page.wait_for_selector(".message[data-state=sent] >> text=старая страница")
            anna.say("```python\nreturn\n```")  # coloured by a module that is loaded only now
            page.wait_for_selector(".code-keyword >> text=return")
            page.fill("#composer-text", "черновик")
            page.get_by_role("button", name="Обновить").click()
            expect(page.locator("html")).not_to_have_attribute("data-version", before or "")
            expect(page.locator("#composer-text")).to_have_value("черновик")
            expect(page.locator("#update")).to_be_hidden()
            page.wait_for_selector("#connection[data-state=online]", state="attached")


@needs_esbuild
def test_the_bundle_loads_with_few_requests_and_joins(chromium: Browser, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    shutil.unpack_archive(next(tmp_path.glob("*.whl")), tmp_path, "zip")
    with (
        running("tcp_server", "--host", "127.0.0.1", "--port", "0") as server,
        running("web_gateway", "--port", "0", "--server", str(server.address), cwd=tmp_path) as gateway,
        open_page(chromium, "about:blank") as anna,
    ):
        page = anna.page
        sockets: list[WebSocket] = []
        sizes: dict[str, int] = {}
        page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - Playwright marks it
        page.on(
            "requestfinished",
            lambda request: sizes.update(
                {f"{len(sizes)} {request.url}": request.sizes()["responseBodySize"]}
            ),
        )
        page.goto(f"http://{gateway.address}/")
        anna.enter("Глеб")
        anna.say("привет")
        page.wait_for_selector(".message[data-state=sent] >> text=привет")
        assert len(sizes) + len(sockets) <= 8, sizes
        assert sum(sizes.values()) <= 100_000
        page.wait_for_selector("#search-button")  # of a file that came later
        sockets.clear()
        page.reload()
        page.wait_for_selector("#connection[data-state=online]", state="attached")
        assert len(sockets) == 1
        page.route("**/js/app.js", never_answer)
        page.clock.install()
        page.reload(wait_until="commit")
        wait_until(page, "'earlySocket' in globalThis")
        page.clock.fast_forward(TIMEOUT)
        expect(page.get_by_text(NOT_LOADED)).to_be_visible()


def test_it_is_painted_before_anything_but_the_html_is_there(services: Services, chromium: Browser) -> None:
    with new_page(chromium) as page:
        page.route("**/static/**", never_answer)
        page.goto(services.url, wait_until="commit")
        wait_until(page, "performance.getEntriesByName('first-contentful-paint').length > 0")
        expect(page.get_by_text("Загружается…")).to_be_visible()
