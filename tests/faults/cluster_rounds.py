"""Rounds of a fault in a room that three servers share: as `test_faults`, and all have the same log at last.

ONEROOM_FAULT_ROUNDS and ONEROOM_FAULT_SEED are as there.
"""

import random
from collections.abc import Callable
from pathlib import Path

from tests.faults.moderated_cluster import ModeratedCluster
from tests.faults.test_faults import ROUNDS, SEED

_RECOVERY = 20.0
"""Seconds within which all participants have all messages: longer than it takes to notice a dead server."""

Fault = Callable[[ModeratedCluster], None]


def inject(
    folder: Path,
    fault: Fault,
    *flags: str,
    server: str = "tcp_server",
    moderated: bool = False,
    afterwards: Fault = lambda _: None,
) -> None:
    """Inject a fault while the writers talk, `ROUNDS` times; check after each, and `afterwards` once."""
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    with ModeratedCluster(folder, rng, "--rate", "0", *flags, server=server, must=moderated) as environment:
        for number in range(ROUNDS):
            environment.talk()
            fault(environment)
            environment.give_up()
            took = environment.wait_until_recovered(_RECOVERY)
            environment.wait_for_room()
            decided = environment.wait_for_guests()
            for observed in range(len(environment.servers)):
                environment.observe(observed)
                environment.wait_until_members_agree()
                acts = environment.wait_until_messages_agree()
                verdict = environment.verdict()
                assert verdict.valid, f"seed {SEED}, server {observed}: {verdict}"
                wrong = environment.wrong_decisions(decided, observed)
                assert not wrong, f"seed {SEED}, server {observed}: {wrong}"
            wrong = [*environment.wrong_doors(decided), *environment.wrong_records(), *environment.errors()]
            assert not wrong, f"seed {SEED}: {wrong}"
            print(f"round {number + 1}: recovered after {took:.2f} s, {acts} acts, {environment.decisions()}")
        afterwards(environment)
        assert not (wrong := environment.stop_and_check_files()), f"seed {SEED}: {wrong}"
