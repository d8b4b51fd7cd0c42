"""Formatted texts in the page."""

from playwright.sync_api import Browser, expect

from tests.end_to_end.conftest import PATIENCE, assert_accessible, open_page
from tests.end_to_end.services import say, serve
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)

CODE = "def mirror(text):\n    return text[::-1]  # " + "a long line " * 14
TEXT = (
    f"**Жирно** и `code`, см. #1 и https://a.example/b\n> цитата\n3. три\n```python\n{CODE}\n```\n"
    "[https://bank.example](https://evil.example/x) [a.example](https://a.example) [x](https://[::1]:99999)"
)


def test_a_formatted_text(chromium: Browser) -> None:
    with (
        serve() as services,
        JsonClient(services.room) as client,
        open_page(chromium, services.url, width=390, height=844) as browser,
    ):
        page = browser.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        client.join("Борис", history=0)
        browser.enter("Анна")
        say(client, "раз", TEXT)
        text = page.locator(".message-text", has_text="цитата")
        for tag, words in {
            "strong": "Жирно",
            "code >> nth=0": "code",
            "blockquote": "цитата",
            "li .item-marker": "3. ",
            "li .item-text": "три",
            "pre": CODE,
            ".code-language": "python",
        }.items():
            expect(text.locator(tag)).to_have_text(words, use_inner_text=False)
        links = text.locator("a").evaluate_all("links => links.map(a => [a.textContent, a.dataset.host])")
        assert links == [
            ["#1", None],
            ["https://a.example/b", None],
            ["https://bank.example", "evil.example"],
            ["a.example", None],
        ]
        expect(text).to_contain_text("[x](https://[::1]:99999)")
        code = text.locator("pre")
        assert code.evaluate("pre => pre.scrollWidth > pre.clientWidth && pre.offsetHeight < 90")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        expect(code.locator(".code-keyword")).to_have_text(["def", "return"])
        expect(code).to_have_text(CODE, use_inner_text=False)
        assert_accessible(page)
        browser.shoot("markdown-390")

        # The arrow keys lead to the button that copies the code.
        text.locator("a").nth(1).focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.locator(".code-copy:focus")).to_have_text("Скопировано")
        assert page.evaluate("navigator.clipboard.readText()") == CODE

        # A whole message is copied as typed, a part of it as it is seen.
        page.evaluate("getSelection().selectAllChildren(document.querySelector('#messages'))")
        page.keyboard.press("Control+KeyC")
        assert f" Борис: {TEXT}" in page.evaluate("navigator.clipboard.readText()")
        page.evaluate(
            """() => {
                const [from, to] = ["blockquote", "pre"].map(name => document.querySelector(name));
                getSelection().setBaseAndExtent(from, 0, to, 1);
            }"""
        )
        page.keyboard.press("Control+KeyC")
        assert page.evaluate("navigator.clipboard.readText()") == f"цитата\n3. три\n{CODE}"
