"""With `--durability full`, what was acknowledged survives a loss of power.

A library that is preloaded into the server records what it writes, syncs and sends. After each
acknowledgement, and at random moments, the power "fails": what was not synced is dropped, all of it
or some.
"""

import json
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from chat_protocol.messages import Message
from tcp_server.config import Config
from tcp_server.log.sqlite_history import SqliteHistory
from tcp_server.room.moderation.audit_log import AuditLog
from tcp_server.room.moderation.recorded import keys_of
from tcp_server.room.moderation.sanctions import Sanctions
from tcp_server.room.room import Room
from tests.faults.disk import Disk, Record, read_record
from tests.faults.test_faults import ROUNDS, SEED
from tests.support.processes import Program, running
from tests.support.raw import JsonClient
from tests.support.requirements import needs_cc, needs_proc

pytestmark = [needs_cc, needs_proc, pytest.mark.timeout(60 + 20 * ROUNDS)]

FLAGS = ("--host=127.0.0.1", "--port=0", "--durability")
PASSWORD = "страж"
HISTORY = Path("new", "folder", "room.db")
TEXT = "слово " * 600
EDITED = "иначе"
EMOJI = "👍"
SAYS = 700 if ROUNDS > 1 else 150
"""Messages in each run of the server; 700 are enough for a checkpoint in the middle, else there is one
at the end of the first run."""

CUTS = 4 * ROUNDS
"""Number of moments of each kind at which the power fails."""

Promises = dict[str, int]
"""The id of each command that is acknowledged, by its ref."""


def use(program: Program, first: int) -> None:
    """Say something, act on some of it, ban somebody and delete a message; wait for all acks."""
    ids: Promises = {}
    with JsonClient(program.address) as client:
        client.join(f"Анна {first}", history=0)
        for number in range(first, first + SAYS):
            client.say_json(type="say", ref=str(number), text=f"{number} {TEXT}")
            if number % 50 == 0:
                ids |= {event["ref"]: event["id"] for event in client.fence()}
        for said, id_ in [*ids.items()][:: SAYS // 15]:  # few enough for the limit of reactions
            client.say_json(type="react", ref=f"react {said}", id=id_, emoji=EMOJI)
            client.say_json(type="edit", ref=f"edit {said}", id=id_, text=f"{said} {EDITED}")
            if int(said) % 3 == 0:
                client.say_json(type="delete", ref=f"delete {said}", id=id_)
            client.fence()
        client.say_json(type="authenticate", password=PASSWORD)
        client.say_json(type="moderate", act="ban", target=f"Боб {first}", ref=f"ban {first}")
        client.say_json(type="moderate", act="delete", id=ids[str(first + 7)], ref=f"delete {first + 7}")
        client.fence()


def record_of(folder: Path, durability: str) -> tuple[Path, list[Record]]:
    """Return what a server does below a path that is started, stopped, started again and killed."""
    library, disk, record = folder / "recorder.so", folder / "disk", folder / "record"
    source = Path(__file__).with_name("recorder.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    disk.mkdir()
    recorded = {"LD_PRELOAD": str(library), "ONEROOM_RECORDED": str(disk), "ONEROOM_RECORD": str(record)}
    for first in (0, SAYS):
        with running(
            "tcp_server",
            *(*FLAGS, durability, "--history", str(disk / HISTORY)),
            env={**recorded, "ONEROOM_SERVER_MODERATOR_PASSWORD": PASSWORD},
        ) as program:
            use(program, first)
            if first:
                program.kill()
    return disk, read_record(record)


def acks(record: Record) -> Promises:
    """Return what is acknowledged by a send."""
    lines = record.data.splitlines() if record.what == "send" else []
    answers = [json.loads(line) for line in lines if line.startswith(b'{"type":"ack"')]
    return {answer["ref"]: answer["id"] for answer in answers}


def broken(folder: Path, promises: Promises) -> list[str]:
    """Return the refs of those that a server does not find which is started on what is left."""
    path = folder / HISTORY
    history = SqliteHistory(path, full=True)
    audit_log = AuditLog(path.with_name(path.name + ".audit.jsonl"))
    Room[str](Config(), history, audit_log, lambda *_: [], str)  # takes over what is recorded
    sanctions = Sanctions(history.sanctions)
    kept = {message.id: message for message in history.before(history.last + 1, 10 * SAYS)}
    history.close()
    lost = []
    for ref, number in promises.items():
        match ref.split():
            case ["ban", first]:
                found = sanctions.bans.people.find(keys_of(f"Боб {first}"), None, time.time()) is not None
                found &= number in kept
            case [act, said]:
                message = kept[promises[said]]
                found = message.deleted or (act != "delete" and is_done(act, message))
            case _:
                found = number in kept and (kept[number].deleted or kept[number].text.startswith(f"{ref} "))
        if not found:
            lost.append(ref)
    return lost


def is_done(act: str, message: Message) -> bool:
    """Return whether a message was edited, or has its reaction."""
    return EDITED in message.text if act == "edit" else len(message.reactions) == 1


def losses(tmp_path: Path, durability: str) -> Iterator[list[str]]:
    """Yield what is lost in each of the failures."""
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    root, records = record_of(tmp_path, durability)
    acked = [position for position, record in enumerate(records) if acks(record)]
    cuts = {acked[0], *rng.sample(acked, min(CUTS, len(acked))), *acked[-3:]}
    acts = [position for position in acked if any(" " in ref for ref in acks(records[position]))]
    cuts |= {*rng.sample(acts, min(CUTS, len(acts))), *rng.sample(range(acked[0], len(records)), CUTS)}
    disk, promises, number = Disk(root), Promises(), count()
    for position, record in enumerate(records):
        disk.do(record)
        promises |= acks(record)
        for chance in (None, rng) if position in cuts else ():
            left = tmp_path / f"left {next(number)}"
            disk.after_power_loss(left, chance)
            yield broken(left, promises)
            shutil.rmtree(left)


def test_full_durability_survives_a_power_failure(tmp_path: Path) -> None:
    for lost in losses(tmp_path, "full"):
        assert not lost


def test_normal_durability_does_not(tmp_path: Path) -> None:
    """As documented; and so the other test can see a loss."""
    assert any(losses(tmp_path, "normal"))
