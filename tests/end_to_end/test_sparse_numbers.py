"""A log in which nine of ten numbers are of no messages, through all doors."""

from contextlib import AbstractContextManager
from pathlib import Path

from playwright.sync_api import Browser, expect

from chat_protocol.address import Address
from tests.cli_client.terminal_session import ENTER, TerminalSession, client_at
from tests.end_to_end.conftest import PATIENCE, PageUser, open_page
from tests.end_to_end.services import gateway_to
from tests.support.processes import Program, running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_chromium
from tests.tcp_server.sqlite_log import open_history, say_sparsely

pytestmark = needs_chromium

expect.set_options(timeout=PATIENCE)


def fill(log: Path, first: int, last: int) -> None:
    """Add messages that say a tenth of their number, and some numbers behind them."""
    with open_history(log) as history:
        say_sparsely(history, *[f"№ {number}" for number in range(first, last + 1)])
        history.skip_to(history.last + 5)
        history.commit()


def serve(log: Path, port: int = 0) -> AbstractContextManager[Program]:
    return running("tcp_server", "--host=127.0.0.1", f"--port={port}", f"--history={log}")


def test_messages_are_counted_and_found(chromium: Browser, tmp_path: Path) -> None:
    log = tmp_path / "history.db"
    fill(log, 1, 700)
    with serve(log) as server:
        room = server.address
        with (
            gateway_to(room) as gateway,
            client_at(room, "--name", "Борис", lang="ru") as terminal,
            open_page(chromium, f"http://{gateway.address}/") as page,
        ):
            terminal.wait_for("Вы вошли как Борис.")
            page.enter("Вера")
            read_by_a_program(room)
            look_up_in(terminal)
            look_up_on(page)
            server.stop()
            fill(log, 701, 1300)
            with serve(log, room.port):
                catch_up_in(terminal)
                catch_up_on(page)
                say_by_a_program(room)


def read_by_a_program(room: Address) -> None:
    with JsonClient(room) as client:
        welcome = client.join("Гость", history=0)
        assert (welcome["last"], welcome["more"]) == (7005, True)
        read: list[int] = []
        before = welcome["last"] + 1
        while before > 1:
            client.say_json(type="history", before=before, limit=300)
            page = client.expect_json(type="history")
            read[:0] = [message["id"] for message in page["messages"]]
            before = page["first"]
            assert before == 1 or page["more"]
        assert read == list(range(10, 7001, 10))
    with JsonClient(room) as client:
        since = {"epoch": welcome["epoch"], "id": 1003}
        welcome = client.join("Гость", session=welcome["session"], since=since)
        assert (len(welcome["messages"]), welcome["missed"]) == (500, 100)


def say_by_a_program(room: Address) -> None:
    with JsonClient(room) as client:
        client.join("Новый гость", history=0)
        client.say_json(type="say", ref="r", text="после пропуска")
        client.expect_json(type="ack", id=13_006)


def look_up_in(terminal: TerminalSession) -> None:
    terminal.type("/show 4000", ENTER)
    for number in range(397, 402):
        terminal.wait_for(f"№ {number}")
    terminal.type("/show 4005", ENTER)
    terminal.wait_for("Сообщения #4005 нет.")


def look_up_on(user: PageUser) -> None:
    page = user.page
    page.evaluate("location.hash = '4000'")
    expect(page.locator(".highlighted .message-text")).to_have_text("№ 400")
    around = user.texts()
    at = around.index("№ 400")
    assert around[at - 5 : at + 3] == [f"№ {number}" for number in range(395, 403)]
    page.evaluate("location.hash = '4005'")
    expect(page.locator("#toast")).to_have_text("Сообщения #4005 здесь нет")
    show_earlier(user, 250)
    expect(page.locator(".highlighted .message-text")).to_have_text("№ 451")
    page.locator("#newest-button").click()
    expect(page.locator(".message-text").last).to_be_in_viewport()


def catch_up_in(terminal: TerminalSession) -> None:
    terminal.wait_for("№ 1300")
    terminal.type("/history", ENTER)
    terminal.wait_for("№ 800")


def catch_up_on(user: PageUser) -> None:
    expect(user.page).to_have_title("(600) Oneroom")
    gap = user.page.locator(".unread + .gap")
    expect(gap).to_contain_text("100")
    gap.get_by_role("button").click()
    expect(user.page.locator(".unread + .message .message-text")).to_have_text("№ 701")
    expect(user.page.locator(".gap")).to_have_count(0)
    show_earlier(user, 600)
    expect(user.page.locator(".highlighted .message-text")).to_have_text("№ 701")
    user.shoot("sparse-numbers")


def show_earlier(user: PageUser, count: int) -> None:
    user.page.fill("#composer-text", f"/history {count}")
    user.page.press("#composer-text", "Enter")
