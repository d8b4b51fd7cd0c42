"""What a room on many servers would cost: `python -m benchmarks.cluster_model`.

A model with a few constants, which `make bench-cluster` measures: it computes the processor time of each
server and of Redis, and simulates one server to find how long people wait. Nothing is run.
"""

import argparse
import random
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple


class Constants(NamedTuple):
    """Seconds of processor time, but for the last two."""

    entry: float = 310e-6
    """Each server, for an entry of the stream: to read and decode it, and the commit."""
    message: float = 8e-6
    """Each server, for a message in it."""
    delivery: float = 4e-6
    """The server of a client, for one send to it, however many messages are in it."""
    redis_entry: float = 60e-6
    """Redis, for an entry."""
    redis_reader: float = 20e-6
    """Redis, for each server that reads it."""
    round_trip: float = 1e-3
    """Seconds from a proposal until its entry is read, on an idle network."""
    member: float = 1.1e3
    """Bytes of memory that each server has for each member of the room."""


class Room(NamedTuple):
    """A room, and how much is said in it."""

    people: int
    servers: int
    messages: float
    """A second."""


class Load(NamedTuple):
    """What a room costs: shares of one processor, seconds, bytes."""

    server: float
    redis: float
    p50: float
    p99: float
    memory: float


ROOMS: Final = (
    Room(1_000, 1, 20),
    Room(1_000, 3, 20),
    Room(10_000, 3, 20),
    Room(10_000, 10, 50),
    Room(100_000, 20, 20),
    Room(100_000, 40, 50),
    Room(1_000_000, 200, 20),
    Room(1_000_000, 400, 50),
)


def load(room: Room, is_like: Constants, seconds: float = 200.0, seed: int = 1) -> Load:
    """Simulate one of the servers of a room, whose messages come at random (a Poisson process)."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    here = room.people / room.servers
    waiting: list[float] = []  # when they were said
    waits: list[float] = []
    now = next_said = busy = 0.0
    entries = 0
    while now < seconds:
        while next_said <= now:
            waiting.append(next_said)
            next_said += chance.expovariate(room.messages)
        if not waiting:
            now = next_said
            continue
        took = is_like.entry + is_like.message * len(waiting) + is_like.delivery * here
        entries += 1
        busy += took
        now += took
        waits += [now - said + is_like.round_trip for said in waiting]
        waiting.clear()
    waits.sort()
    redis = entries / now * (is_like.redis_entry + is_like.redis_reader * room.servers)
    p50, p99 = (waits[int(share * (len(waits) - 1))] for share in (0.5, 0.99))
    return Load(busy / now, redis, p50, p99, room.people * is_like.member)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table. Return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster_model", description=__doc__)
    for name, value in Constants()._asdict().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=value)
    is_like = Constants(**vars(parser.parse_args(arguments)))
    print(
        "| people | servers | messages/s | server, of a processor | Redis | p50 ms | p99 ms | members, MB |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    for room in ROOMS:
        cost = load(room, is_like)
        print(
            f"| {room.people:,} | {room.servers} | {room.messages:.0f} |"
            f" {cost.server:.2f} | {cost.redis:.2f} |"
            f" {1e3 * cost.p50:.0f} | {1e3 * cost.p99:.0f} | {cost.memory / 1e6:.0f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
