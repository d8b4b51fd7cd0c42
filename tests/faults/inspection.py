"""What one server of a room says of what moderators have decided, and what it has on its disk."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from time import time
from typing import Any

from chat_protocol.address import Address
from chat_protocol.messages import Bye, Error, Event, Join, Moderate, Say, Welcome
from tests.faults.acts import Acted
from tests.faults.decisions import Decided, Sanction, Words, milliseconds
from tests.faults.wires import Opener, Wire
from tests.support.raw import JsonClient
from tests.support.timing import TIMEOUT

_NEAR = 60
"""Seconds by which two servers may differ in how long a mute lasts: they are asked one after the other."""


def check_server(
    address: Address, password: str, state: Decided, moderators: set[str], searched: Mapping[str, int]
) -> Iterator[str]:
    """Yield in what a server differs from `state`: bans, mutes, the topic, who is a moderator.

    `searched` are words of deleted messages with their numbers: a search must not find these.
    """
    with JsonClient(address, timeout=TIMEOUT) as client:
        welcome = client.join("inspector", history=0)
        client.say_json(type="authenticate", password=password)
        role = _next(client, "role")
        client.say_json(type="bans")
        bans = _next(client, "bans")["bans"]
        for text, number in searched.items():
            client.say_json(type="search", query=text, limit=100)
            if number in {message["id"] for message in _next(client, "found")["messages"]}:
                yield f"#{number} is deleted, and is found by {text!r}"
        client.leave()
    now = round(time() * 1000)
    in_force = {name: ban for name, ban in state.bans.items() if not ban.is_over(now)}
    listed = {
        one["target"]: Sanction(one["by"], one["text"], one["until"] and milliseconds(one["until"]))
        for one in bans
    }
    if listed != in_force:
        yield f"the bans are {listed}, and not {in_force}"
    left = {name: (mute.until or 0) / 1000 - now / 1000 for name, mute in state.mutes.items()}
    left = {name: seconds for name, seconds in left.items() if seconds > 0}
    muted = {one["name"]: one["seconds"] for one in role.get("muted", ())}
    if left.keys() != muted.keys() or any(abs(left[name] - muted[name]) > _NEAR for name in left):
        yield f"the mutes are {muted}, and not {left}"
    topic = welcome.get("topic")
    if state.is_topic_known and (topic and (topic["id"], topic["text"])) != state.topic:
        yield f"the topic is {topic}, and not {state.topic}"
    marked = {one["name"] for one in welcome.get("marked", ()) if one.get("moderator")}
    if marked != moderators:
        yield f"the moderators are {marked}, and not {moderators}"


def _next(client: JsonClient, kind: str) -> dict[str, Any]:
    """Return the next event of a type."""
    while (event := client.read_json())["type"] != kind:
        assert event["type"] != "error", event
    return event


def check_banned(name: str, session: str, doors: Sequence[Opener]) -> Iterator[str]:
    """Yield at which doors a banned person is not refused."""
    for number, opener in enumerate(doors):
        events = _join(opener(), name, session)
        if [getattr(event, "code", "") or getattr(event, "reason", "") for event in events] != ["banned"] * 2:
            yield f"{name} is banned, and at door {number} there came {events}"


def check_muted(name: str, session: str, doors: Sequence[Opener]) -> Iterator[str]:
    """Yield at which doors a muted person is not refused to speak."""
    for number, opener in enumerate(doors):
        wire = opener()
        try:
            welcome, *_ = _join(wire, name, session, close=False)
            wire.send(Say(f"<{name.replace(' ', '-')}-muted-{number}> не слышно", f"muted-{number}"))
            answer = _wait_for(wire, Error)
        finally:
            wire.close()
        if not isinstance(welcome, Welcome) or answer[-1].code != "muted":
            yield f"{name} is muted, and at door {number} there came {welcome} and {answer}"


def _join(wire: Wire, name: str, session: str, *, close: bool = True) -> list[Event]:
    """Join, and return the first events: up to the welcome or the farewell."""
    try:
        wire.send(Join(name, session, history=0))
        return _wait_for(wire, Welcome | Bye)
    finally:
        if close:
            wire.close()


def _wait_for(wire: Wire, kind: Any) -> list[Any]:
    events: list[Event] = []
    while not any(isinstance(event, kind) for event in events):
        received = wire.receive()
        assert received, f"the connection has ended after {events}"
        events += received
    return events


def check_tail(log_file: Path, texts: Words) -> Iterator[str]:
    """Yield which deleted and edited texts the file of a running server has, in messages and in entries."""
    with closing(sqlite3.connect(f"file:{log_file}?mode=ro", uri=True, timeout=TIMEOUT)) as db:
        for query in ("SELECT position, data FROM tail", "SELECT id, text, notice, details FROM messages"):
            for row in db.execute(query):
                data = b" ".join(part.encode() if isinstance(part, str) else part for part in row[1:] if part)
                if words := texts.lingering(data):
                    yield f"{log_file.name} has {words}, which are gone: {query} ({row[0]})"


def check_files(files: Sequence[Path], texts: Words) -> Iterator[str]:
    """Yield which files of servers that have ended have deleted or edited texts in any table."""
    for file in files:
        copy = file.with_name(
            f"{file.name}.compact"
        )  # without what SQLite has left in the free part of a page
        with closing(sqlite3.connect(file)) as db:
            db.execute("VACUUM INTO ?", (str(copy),))
        if words := texts.lingering(copy.read_bytes()):
            yield f"{file.name} has {words}, which are gone"
        copy.unlink()


def check_records(files: Sequence[Path], acts: Sequence[Acted], said: set[str]) -> Iterator[str]:
    """Yield what is wrong in the records of moderators that servers have kept beside their logs.

    Every act that was acknowledged is in one of them: that of the server where it was asked for. What is
    there may have had no effect, and what was asked for again somewhere else is there twice.
    """
    recorded = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    lines = Counter((one["act"], one["by"], one.get("text", ""), one.get("seconds")) for one in recorded)
    for acted in acts:
        if isinstance(act := acted.act, Moderate) and not lines[act.act, acted.writer, act.text, act.seconds]:
            yield f"{act} was acknowledged, and is in no record"
    yield from [f"nobody has asked for {line}" for line in lines if line[2] and line[2] not in said]
