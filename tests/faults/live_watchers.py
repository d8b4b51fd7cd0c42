"""Who watches a live message while faults happen, and what each of them should have in the end."""

import re
import sys
import threading
from typing import Final

from playwright.sync_api import Page, expect

from chat_client.client import Client, connect
from chat_client.errors import ConversationEnded
from chat_client.events import ClientEvent, Entered, MessageChanged, NewMessage
from chat_protocol.address import Address
from chat_protocol.messages import FollowedOutput, Live, Message
from chat_protocol.sgr import without_colours
from cli_client.live_text import for_terminal
from tcp_server.log.body import Body
from tcp_server.log.history import MAX_PAGE_BYTES
from tests.support.processes import Program, start
from tests.support.raw import JsonClient, RawClient
from tests.support.timing import TIMEOUT

_ALL: Final = 1 << 30
_GAP = re.compile(r"\[… ([\d,]+) bytes …\]")


def whole(lines: bytes) -> Body:
    """Return the body of all these lines."""
    body = Body()
    body.add(0, lines)
    return body


def parts(body: Body) -> tuple[int, str, str, int]:
    """Return the end of a body, its first and its last lines, and where these begin."""
    first = body.read(0, _ALL)[1]
    last_at, last = body.read(len(first), _ALL)
    return body.end, first.decode(), last.decode(), last_at


class JsonFollower:
    """A json client that follows the first live message that it is told of, to its end.

    Its thread follows; `message` and `body` are its own until `wait` has returned.
    """

    def __init__(self, address: Address, name: str) -> None:
        self._client: Client = connect(address, name)
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.message: Message | None = None
        self.body = Body()
        self._thread.start()

    def number(self) -> int:
        """Wait for a live message, and return its id."""
        assert self._started.wait(TIMEOUT), "no live message has begun"
        assert self.message
        return self.message.id

    def wait(self) -> Live:
        """Wait until it has ended and all of it is here; return how it stands."""
        self._thread.join(3 * TIMEOUT)
        assert not self._thread.is_alive(), f"{self.message}, {self.body.end} bytes"
        assert self.message
        assert self.message.live
        return self.message.live

    def close(self) -> None:
        """Leave."""
        self._client.close()
        self._thread.join(TIMEOUT)

    def _run(self) -> None:
        try:
            for event in self._client.events():
                self._on_event(event)
                if self._has_all():
                    return
        except ConversationEnded:
            return

    def _on_event(self, event: ClientEvent) -> None:
        known = self.message.id if self.message else None
        match event:
            case NewMessage(message) if message.live and known is None:
                self._follow(message)
            case Entered(rejoined=True, messages=missed):
                started = [self.message] if self.message else [each for each in missed if each.live]
                if started:
                    self._follow(started[0])
            case MessageChanged(message) if message.id == known:
                self.message = message
            case FollowedOutput(number, offset, text) if number == known:
                self.body.add(offset, text.encode())

    def _has_all(self) -> bool:
        live = self.message.live if self.message else None
        return live is not None and live.state != "open" and self.body.end >= live.bytes

    def _follow(self, message: Message) -> None:
        self.message = message
        more = True
        while more:
            answer = self._client.body(message.id, self.body.end, follow=True)
            if answer.end < self.body.end:  # the server was killed
                self.body = Body()
            else:
                self.body.add(answer.start, answer.text.encode())
                more = answer.more
        self._started.set()


def get(address: Address, number: int, *options: str) -> Program:
    """Start `oneroom get` with colours."""
    return start(
        *(sys.executable, "-m", "cli_client", "get", f"--server={address}", "--color=always"),
        *("--timeout=100", *options, str(number)),
    )


def check_got(text: str, lines: bytes) -> None:
    """Fail unless `oneroom get` has written all of these lines but what it says is left out."""
    position = 0
    for line in text.split("\n")[:-1]:
        if gap := _GAP.fullmatch(line):
            position += int(gap[1].replace(",", ""))
            continue
        end = lines.index(b"\n", position) + 1
        assert f"{line}\n" == for_terminal(lines[position:end].decode(), colours=True), position
        position = end
    assert position == len(lines)


def follow_on_page(page: Page, number: int) -> None:
    """Unfold the message in the page."""
    row = page.locator(f"#m{number}")
    row.locator(".live-show").click()
    expect(row.locator(".live")).to_have_class(re.compile("open"))


def check_page(page: Page, number: int, state: str, body: Body) -> None:
    """Wait until the message on the page has ended, and has the lines of the body and no more."""
    row = page.locator(f"#m{number}")
    expect(row.locator(".live")).to_have_attribute("data-state", state)
    end, first, last, last_at = parts(body)
    newest = without_colours((last or first).splitlines()[-1])
    expect(row.locator(".live-part").last).to_contain_text(newest)
    left_out = last_at - len(first.encode())
    expect(row.locator(".live-gap")).to_have_count(int(left_out > 0))
    shown = page.evaluate(
        "number => [...document.querySelectorAll(`#m${number} .live-part`)].map(each => each.textContent)",
        number,
    )
    assert "\n".join(shown) + "\n" == without_colours(first + last), end


def check_lines(address: Address, number: int, sign: str, body: Body) -> None:
    """Fail unless a client of the lines dialect is shown how it has ended, and the end of the body."""
    with RawClient(address) as lines:
        lines.join_lines(f"lines {number}")
        lines.send(f"/show #{number}\n/who\n")
        said = lines.read_until("Сейчас в чате").decode()
    assert sign in said
    shown = "".join(re.findall(r"^    (.*\n)", said[said.rindex(f"ci: {sign} ") :], re.MULTILINE))
    _, first, last, last_at = parts(body)
    text = without_colours(first + ("[…]\n" if last_at > len(first.encode()) else "") + last)
    if len(text.encode()) > MAX_PAGE_BYTES:
        begin, _, shown = shown.partition("\n")
        assert begin == "[…]"
        assert len(shown.encode()) > MAX_PAGE_BYTES // 2
        assert text.endswith(shown)
    else:
        assert shown == text


def check_body(address: Address, number: int, lines: bytes) -> None:
    """Fail unless the room has these lines, the first and the last ones."""
    body = Body()
    with JsonClient(address, timeout=TIMEOUT) as client:
        client.join(f"reader {number}", history=0)
        more = True
        while more:
            client.say_json(type="body", ref="b", id=number, **{"from": body.end})
            while (part := client.read_json()).get("ref") != "b":
                pass
            body.add(part["from"], part["text"].encode())
            more = part.get("more", False)
        client.say_json(type="leave")
        client.read_to_end()
    assert parts(body) == parts(whole(lines))
