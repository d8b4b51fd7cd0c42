"""Live messages over real connections: each dialect, a reader that follows, and a server that is killed."""

import itertools
from pathlib import Path
from typing import Any

from tests.support.processes import running
from tests.support.raw import PROMPT, JsonClient, RawClient
from tests.tcp_server.connection.programs import FLAGS

SECRET = "a secret that nobody guesses"


def until(client: JsonClient, **fields: Any) -> dict[str, Any]:
    """Read up to an event with these fields."""
    while True:
        event = client.read_json()
        if fields.items() <= event.items():
            return event


def start(client: JsonClient, title: str) -> int:
    client.say_json(type="start", ref="start", title=title)
    return int(until(client, type="ack", ref="start")["id"])


def send(client: JsonClient, number: int, text: str, offset: int, **fields: Any) -> int:
    client.say_json(type="output", id=number, offset=offset, text=text, **fields)
    return int(until(client, type="received", id=number)["end"])


def read(client: JsonClient, number: int) -> tuple[str, dict[str, Any]]:
    text, offset = "", 0
    while True:
        client.say_json(type="body", ref="b", id=number, **{"from": offset})
        part = until(client, type="body", ref="b")
        text += part["text"]
        offset = part["from"] + len(part["text"].encode())
        if not part.get("more"):
            return text, part


def settings(tmp_path: Path, **more: object) -> tuple[str, ...]:
    flags = itertools.chain.from_iterable((f"--{name}", str(value)) for name, value in more.items())
    return (*FLAGS[:4], "--history", str(tmp_path / "log.db"), *flags)


def test_each_dialect_is_told_of_it(tmp_path: Path) -> None:
    with (
        running("tcp_server", *settings(tmp_path)) as server,
        JsonClient(server.address) as anna,
        JsonClient(server.address) as boris,
        RawClient(server.address) as lines,
        RawClient(server.address) as plain,
    ):
        assert "live" in anna.join("Анна")["can"]
        boris.join("Борис")
        lines.join_lines("Вера")
        plain.expect(PROMPT)
        plain.send("Глеб")
        lines.expect("Глеб присоединился к чату!\n")
        number = start(anna, "make test")
        lines.expect(f"Анна: ▸ #{number} make test\n")
        plain.expect("Анна: ▸ make test")
        until(boris, type="message", kind="live", live={"state": "open"})
        boris.say_json(type="body", id=number, follow=True)
        until(boris, type="body", end=0)
        assert send(anna, number, "\x1b[31mодин\x1b[2K\n", 0, tail="50 %") == 14
        assert until(boris, type="preview")["text"] == "\x1b[31mодин\n50 %"
        followed = until(boris, type="output")
        assert (followed["offset"], followed["text"], followed["tail"]) == (0, "\x1b[31mодин\n", "50 %")
        anna.say_json(type="end", ref="end", id=number, code=2)
        changed = until(boris, type="changed", act="end")["message"]["live"]
        assert (changed["state"], changed["code"], changed["bytes"], changed["lines"]) == ("failed", 2, 14, 1)
        assert lines.read_line() == f"Анна: ✘ #{number} make test, 0:00, код 2"
        lines.expect("Анна: | один\n")
        plain.expect("Анна: ✘ make test, 0:00")
        lines.send(f"/show #{number}\n")
        assert lines.read_line().endswith("Анна: ✘ make test, 0:00, код 2")
        lines.expect("    один\n")
        assert read(boris, number)[0] == "\x1b[31mодин\n"


def test_a_server_that_is_killed_has_what_was_proposed(tmp_path: Path) -> None:
    """What came within the last two seconds may be missing; the sender goes on from there, or jumps."""
    sent = [f"{number} {'x' * 990}\n" for number in range(400)]
    with running("tcp_server", *settings(tmp_path)) as server:
        with JsonClient(server.address) as anna:
            anna.join("Анна", session=SECRET)
            number = start(anna, "make")
            end = 0
            for first in range(0, 400, 10):
                end = send(anna, number, "".join(sent[first : first + 10]), end)
        server.process.kill()
        server.process.wait(10)
    with running("tcp_server", *settings(tmp_path)) as server, JsonClient(server.address) as anna:
        assert until_open(anna.join("Анна", session=SECRET), number)["bytes"] > end - 80_000
        kept = send(anna, number, "", 0)
        assert end - 80_000 < kept <= end
        whole = "".join(sent)
        assert read(anna, number)[0] == whole[:kept]
        assert send(anna, number, whole[end - 1000 :], end - 1000) == end if kept > end - 1000 else True
        assert send(anna, number, "ещё\n", end) == end + 7
        with JsonClient(server.address) as late:
            late.join("Вера")
            assert until(late, type="preview")["text"].endswith("ещё\n")
        anna.say_json(type="end", ref="end", id=number, code=0)
        until(anna, type="ack", ref="end")
        text, part = read(anna, number)
        assert text == whole[:kept] + whole[max(kept, end) :] + "ещё\n"
        assert part["end"] == end + 7
        assert part.get("left_out", [kept, end]) == [kept, end]


def until_open(welcome: dict[str, Any], number: int) -> dict[str, Any]:
    (live,) = [message["live"] for message in welcome["messages"] if message["id"] == number]
    assert live["state"] == "open"
    found: dict[str, Any] = live
    return found


def test_whoever_does_not_come_back_after_a_restart_has_lost_it(tmp_path: Path) -> None:
    with running("tcp_server", *settings(tmp_path)) as server:
        with JsonClient(server.address) as anna:
            anna.join("Анна", session=SECRET)
            number = start(anna, "make")
            assert send(anna, number, "x" * 15_000 + "\n", 0) == 15_001
        server.process.kill()
        server.process.wait(10)
    with running("tcp_server", *settings(tmp_path, grace=0.2)) as server, JsonClient(server.address) as boris:
        boris.join("Борис", history=0)
        changed = until(boris, type="changed", act="end")
        assert (changed["by"], changed["message"]["live"]["state"]) == ("Анна", "lost")


def test_a_flood_is_paced_and_what_others_say_comes_through(tmp_path: Path) -> None:
    with (
        running("tcp_server", *settings(tmp_path)) as server,
        JsonClient(server.address) as anna,
        JsonClient(server.address) as boris,
        JsonClient(server.address) as vera,
    ):
        for client, name in ((anna, "Анна"), (boris, "Борис"), (vera, "Вера")):
            client.join(name)
        number = start(anna, "yes")
        flood = "y\n" * 7000
        end = 0
        for _ in range(4):
            anna.say_json(type="output", id=number, offset=end, text=flood)
            end += len(flood)
        boris.say_json(type="say", ref="1", text="слышно?")
        until(vera, type="message", text="слышно?")
        assert until(anna, type="received", end=end)
