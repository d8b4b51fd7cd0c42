"""A person with the page in a real Chromium, who talks while faults happen; the rows are read at the end."""

from collections.abc import Mapping

from playwright.sync_api import expect

from chat_protocol.messages import Message
from tests.end_to_end.conftest import PATIENCE, PageUser, wait_until
from tests.faults.acts import original
from tests.faults.checker import Seen, Sent

_TALK = """name => {
  const field = document.querySelector("#composer-text");
  const said = globalThis.said = [];
  globalThis.talking = setInterval(() => {
    field.value = `<${name}-${said.length}> on the page`;
    said.push(field.value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    document.querySelector("#composer").requestSubmit();
  }, 500);
}"""

_STOP = "() => { clearInterval(globalThis.talking); return globalThis.said; }"

# The page has rows only around the reader: so it is read from the first message to the last.
_READ = """async ([first, last]) => {
  const transcript = document.querySelector("#transcript");
  const scroll = to => {
    transcript.scrollTop = to;
    return new Promise(done => requestAnimationFrame(done));
  };
  while (!document.querySelector(`#m${first}`)) await scroll(0);
  const rows = [];
  for (;;) {
    const shown = [...document.querySelectorAll("#messages .message[data-id]")].map(row =>
      [Number(row.dataset.id), row.querySelector(".message-text")?.textContent ?? ""]);
    const known = rows.length ? shown.findLastIndex(([id]) => id === rows.at(-1)[0]) : -1;
    rows.push(...shown.slice(known + 1));
    if (rows.some(([id]) => id === last)) return rows;
    await scroll(transcript.scrollHeight);
  }
}"""


class PageParticipant:
    """Says something twice a second. Owned by the thread of its browser."""

    def __init__(self, user: PageUser, name: str) -> None:
        """`name` is one word."""
        self.name = name
        self.sent = Sent()
        self._user = user
        user.enter(name)
        user.page.evaluate(_TALK, name)

    def finish(self, newest: int) -> None:
        """Say no more; wait until all that was said is sent, and a message of this number is there."""
        page = self._user.page
        self.sent.said += page.evaluate(_STOP)
        wait_until(page, f"document.querySelector('#m{newest}') !== null")
        expect(page.locator("#messages [data-state=pending]")).to_have_count(0, timeout=PATIENCE)

    def check_is_usable(self) -> None:
        """Wait until nothing tells of a loss, and what is typed now is sent."""
        page = self._user.page
        expect(page.locator("#connection")).to_have_attribute("data-state", "online", timeout=PATIENCE)
        expect(page.locator("#connection-text")).to_be_empty()
        expect(page.locator("#messages [data-state=failed]")).to_have_count(0)
        text = f"<{self.name}-last> typed by hand"
        self.sent.said.append(text)
        self._user.say(text)
        expect(page.locator(".message[data-state=sent]", has_text=text)).to_have_count(1, timeout=PATIENCE)

    def seen(self, log: Mapping[int, Message]) -> Seen:
        """Return the rows from top to bottom, each with the whole text that `log` has for its first word.

        What the page has as sent is noted as acknowledged.
        """
        there = [number for number, message in log.items() if not message.deleted]
        rows = []
        for number, shown in self._user.page.evaluate(_READ, [min(there), max(there)]):
            text = original(log[number].text) if number in log else ""
            words = original(shown).split(maxsplit=1)[:1]
            rows.append((number, text if words == text.split(maxsplit=1)[:1] else shown))
        own = {*self.sent.said}
        self.sent.acked |= {text: number for number, text in rows if text in own}
        return Seen(self.name, [rows])
